"""Known answers of pglib-uc's RTS-GMLC: 73 thermal units and 81 renewable ones over 48 hours, no cars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.system.pglib_uc import PglibCase
from models.system.unit_tables import shipped_case
from testbed.checks.known_answer import Check, at_most, near

MIP_GAP = 1e-3
NEVER_USD_PER_MWH = 1e5
"""Price of missing reserve in a problem that must not miss any."""
BEST_KNOWN_USD = {"rts_gmlc_2020-02-09": 2_167_849.38, "rts_gmlc_2020-07-06": 3_729_194.92}
"""No cost can lie below 2,167,639.58 and 3,728,834.82: proven bounds."""
SOURCE = "pglib-uc, rts_gmlc; best known cost and bound computed for this project (C)"


def static_problem(case: PglibCase, mip_gap: float = MIP_GAP) -> tuple[TemporalKnowledge, SystemView]:
    """A case as the upper layer is asked to plan it: all of it at once, nothing but operating cost."""
    hours = case.demand_mw.size
    none = np.zeros(hours)
    knowledge = TemporalKnowledge(
        units=case.units, horizon_h=hours, binding_h=hours,
        objective=Objective(owners=0.0, curtailment=0.0, carbon=0.0),
        carbon_price_usd_per_t=0.0, curtailment_penalty_usd_per_mwh=0.0, wear_usd_per_kwh=np.zeros(THREE_CLASSES.count),
        tariff_in_objective=False, reserve_rule="scheduled", reserve_fraction=0.0,
        reserve_curve=ReserveCurve.flat(NEVER_USD_PER_MWH), shed_usd_per_mwh=NEVER_USD_PER_MWH, terminal="free",
        tangents=2, mip_gap=mip_gap, district_names=(), headroom="reachable")
    view = SystemView(
        time_s=0, load_mw=case.demand_mw, wind_mw=case.renewable_most_mw, pv_mw=none, price_charge_usd_per_kwh=none,
        price_discharge_usd_per_kwh=none, districts=(), hours_on=case.units.initial_h, p_mw=case.units.initial_p_mw,
        renewable_least_mw=case.renewable_least_mw, reserve_mw=case.reserve_mw)
    return knowledge, view


def static_plan(case: PglibCase, mip_gap: float = MIP_GAP) -> Plan:
    """The plan of a case."""
    knowledge, view = static_problem(case, mip_gap)
    return UnitCommitment(knowledge, "none", Tuning(clusters=False)).plan(view)


def check_case(name: str) -> list[Check]:
    """Cost at most 0.1 % above the best known, the bound not above it, no reserve missing."""
    plan, best = static_plan(shipped_case(name)), BEST_KNOWN_USD[name]
    return [
        near(f"{name}: cost without cars [$]", best, plan.objective_usd, 1e-3 * best, SOURCE),
        at_most(f"{name}: bound above the best known cost [$]", max(plan.bound_usd - best, 0.0), 0.0, SOURCE),
        at_most(f"{name}: gap proven", plan.gap_rel, MIP_GAP, SOURCE),
        at_most(f"{name}: reserve missing [MW]", float(plan.reserve_shortfall_mw.max()), 1e-3, SOURCE),
    ]


SLOW: tuple[Callable[[], list[Check]], ...] = tuple(partial(check_case, name) for name in BEST_KNOWN_USD)
"""A minute of processor time each."""
