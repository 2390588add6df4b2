"""What a plan costs: the four objectives apart, from the plan's powers alone (numpy, true quadratic curves)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.temporal.unit_commitment.equations import stays_on
from controllers.temporal.unit_commitment.missing import Missing, Powers, missing_reserve
from controllers.temporal.unit_commitment.problem import KW_PER_MW, Case
from controllers.temporal.unit_commitment.stages import Dispatch, starts_and_stops
from models.records.arrays import Floats, Ints


@dataclass(frozen=True)
class Accounts:
    """Money over the horizon, unweighted, and the weighted objective."""

    operating_usd: float
    """F1: fuel and start-ups."""
    owners_usd: float
    """F2 at the tariff, whether or not the objective counts tariffs; negative = owners earn."""
    curtailment_usd: float
    """F3."""
    carbon_usd: float
    """F4."""
    carbon_t: float
    objective_usd: float
    """w1 F1 + w2 F2 + w3 F3 + w4 F4 + missing reserve - terminal value; F2 without tariffs if they are off."""
    reserve: Missing


def account(case: Case, u: Ints, d: Dispatch) -> Accounts:
    """The costs of the schedule `u` [U, H] with powers `d`."""
    k, view, rows = case.knowledge, case.view, case.rows
    start, _, hot = starts_and_stops(case, u)
    startup = (start * k.units.start_cold_usd[:, None]
               - hot * (k.units.start_cold_usd - k.units.start_hot_usd)[:, None]).sum()
    operating = float(k.units.fuel_cost_usd_per_h(d.p_mw.T, u.T).sum() + startup)
    tons = float(k.units.emissions_t_per_h(d.p_mw.T, u.T).sum())
    wear = float((rows.wear_usd_per_mwh / rows.eta_discharge)[rows.cohort] @ d.pd_mw)
    tariff = KW_PER_MW * float(view.price_charge_usd_per_kwh[rows.hour] @ d.pc_mw
                               - view.price_discharge_usd_per_kwh[rows.hour] @ d.pd_mw)
    cut = k.curtailment_penalty_usd_per_mwh * float(d.wind_cut_mw.sum() + d.pv_cut_mw.sum())
    carbon = k.carbon_price_usd_per_t * tons
    w1, w2, w3, w4 = k.weights
    weighted = w1 * operating + w2 * (wear + tariff * k.tariff_in_objective) + w3 * cut + w4 * carbon
    reserve = missing_reserve(case, Powers(u, d.p_mw, d.wind_cut_mw, d.pv_cut_mw, d.pc_mw, d.pd_mw, d.x_mwh))
    objective = weighted + float(reserve.usd.sum()) - terminal_value(case, d.x_mwh)
    return Accounts(operating, wear + tariff, cut, carbon, tons, objective, reserve)


def terminal_value(case: Case, x_mwh: Floats) -> float:
    """$ for energy held at the horizon's end (terminal: price), else 0."""
    if case.knowledge.terminal != "price":
        return 0.0
    return case.terminal_value_usd_per_mwh * float(np.sum(x_mwh[stays_on(case)]))
