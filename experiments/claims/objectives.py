"""The four objectives of each plan, each apart, and its emissions, under both sets of emission curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controllers.port import Plan
from experiments.claims.plans import PlanJob, cars_mw, first_jobs, solve_all
from models.records.arrays import Floats
from models.system.units import EmissionSet, ten_units

CONTROLLERS = ("no_pev", "uncoordinated", "smart_charging", "temporal")
SCENARIOS = ("claims_day", "paper_day", "windy_day")
EMISSIONS: tuple[EmissionSet, ...] = ("linear", "quadratic")
EMISSION_FIELDS = ("emission_alpha_t_per_h", "emission_beta_t_per_mwh", "emission_gamma_t_per_mw2h")


@dataclass(frozen=True)
class Objectives:
    """One plan of one day; $ unless the name says otherwise."""

    scenario: str
    emissions: str
    controller: str
    operating_usd: float
    owners_usd: float
    """Tariff paid less earned, and wear; cars outside control pay for charging at once."""
    curtailment_usd: float
    carbon_usd: float
    carbon_t: float
    average_t_per_mwh: float
    """Of thermal energy."""
    marginal_t_per_mwh: float
    """Emissions of one more MWh, mean over hours weighted with charging."""
    charged_mwh: float
    discharged_mwh: float
    shortfall_mwh: float
    gap_rel: float


def measure(folder: Path, workers: int = 1, scenarios: Sequence[str] = SCENARIOS) -> list[Objectives]:
    """All combinations."""
    asked = [(scenario, emissions, name) for scenario in scenarios for emissions in EMISSIONS for name in CONTROLLERS]
    jobs = first_jobs([(scenario, name, ()) for scenario, _, name in asked], workers)
    cases = [(scenario, emissions, with_emissions(job, emissions))
             for (scenario, emissions, _), job in zip(asked, jobs, strict=True)]
    plans = solve_all([job for _, _, job in cases], folder, workers)
    return [_of(*case, plan) for case, plan in zip(cases, plans, strict=True)]


def with_emissions(job: PlanJob, emissions: EmissionSet) -> PlanJob:
    """The job with other emission curves."""
    curves, units = ten_units(emissions), job.knowledge.units
    changed = {name: getattr(curves, name) for name in EMISSION_FIELDS}
    return replace(job, knowledge=replace(job.knowledge, units=replace(units, **changed)))


def _of(scenario: str, emissions: str, job: PlanJob, plan: Plan) -> Objectives:
    charge, discharge = cars_mw(plan, job.view)
    outside_kwh = sum((d.p_uncontrolled_kw for d in job.view.districts), np.zeros(charge.size))
    paid_outside = float(outside_kwh @ job.view.price_charge_usd_per_kwh)
    return Objectives(
        scenario, emissions, job.controller, plan.operating_cost_usd, plan.owners_net_usd + paid_outside,
        plan.curtailment_usd, plan.carbon_cost_usd, plan.carbon_t,
        plan.carbon_t / float(plan.p_mw.sum()), _marginal(job, plan, charge), float(charge.sum()),
        float(discharge.sum()), float(plan.reserve_shortfall_mw.sum()), plan.gap_rel)


def _marginal(job: PlanJob, plan: Plan, weight: Floats) -> float:
    """dE/dP of one more MWh, weighted by hour; NaN without any weight.

    It falls on the units between their limits in proportion to 1/c, as at equal marginal fuel cost b + 2 c P.
    """
    units = job.knowledge.units
    rate = units.emission_beta_t_per_mwh[:, None] + 2.0 * units.emission_gamma_t_per_mw2h[:, None] * plan.p_mw
    inside = (plan.committed > 0) & (plan.p_mw < units.p_max_mw[:, None] - 1e-3) & (
        plan.p_mw > units.p_min_mw[:, None] + 1e-3)
    share = inside / units.cost_c_usd_per_mw2h[:, None]
    total = share.sum(axis=0)
    hourly = (rate * share).sum(axis=0) / np.where(total > 0, total, 1.0)
    usable = weight * (total > 0)
    return float(hourly @ usable / usable.sum()) if usable.sum() > 0 else float("nan")
