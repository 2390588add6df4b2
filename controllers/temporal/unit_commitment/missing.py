"""What reserve a plan's powers leave missing in each step, and what that costs; reserve.py has the equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.units.headroom import counted_of_plan_mw
from models.records.arrays import Floats, Ints


@dataclass(frozen=True)
class Powers:
    """What is known of a plan: units and renewables [U, H] and [H] in MW, cohorts [E] in MW and MWh."""

    u: Ints
    p_mw: Floats
    wind_cut_mw: Floats
    pv_cut_mw: Floats
    pc_mw: Floats
    pd_mw: Floats
    x_mwh: Floats


@dataclass(frozen=True)
class Missing:
    """Reserve missing by step [H * Q] in MW, at most the requirement, and its price by hour [H] in $."""

    mw: Floats
    usd: Floats
    """With what is missing beyond the requirement, at the price of shed load."""


def missing_reserve(case: Case, powers: Powers) -> Missing:
    """The least shortfall of the run's rule under these powers; load not served needs no reserve."""
    k, steps = case.knowledge, case.steps_per_hour
    charge, discharge = (_by_hour(case, power_mw) for power_mw in (powers.pc_mw, powers.pd_mw))
    running = counted_of_plan_mw(case, powers.u, powers.p_mw).sum(axis=0)
    cut = powers.wind_cut_mw + powers.pv_cut_mw
    served = powers.p_mw.sum(axis=0) + case.view.wind_mw + case.view.pv_mw - cut + discharge
    unserved = np.maximum(case.view.load_mw + case.uncontrolled_mw + charge - served, 0.0)
    # load that is shed anyway needs no reserve behind it, so it counts as if it were there
    firm = case.each_step(running - cut + unserved) + case.renewable_step_mw
    needed = case.load_step_mw + case.requirement_mw + case.uncontrolled_step_mw + charging_step_mw(case, powers.pc_mw)
    gap = np.maximum(needed - firm - _of_cars_mw(case, powers, discharge), 0.0)
    short = np.minimum(gap, case.requirement_mw)
    usd_per_h = k.reserve_curve.cost_usd_per_h(short, case.requirement_mw) + k.shed_usd_per_mwh * (gap - short)
    return Missing(short, usd_per_h.reshape(-1, steps).mean(axis=1))


def charging_step_mw(case: Case, pc_mw: Floats) -> Floats:
    """[H * Q] (U11e) the hour's mean and what cohorts draw beyond it in the step."""
    extra = case.rows.uneven_matrix(case.horizon_h, np.arange(case.rows.entries)) @ pc_mw
    return np.asarray(case.each_step(_by_hour(case, pc_mw)) + np.maximum(extra, 0.0), dtype=np.float64)


def _of_cars_mw(case: Case, powers: Powers, discharge: Floats) -> Floats:
    """[H * Q] what the rule counts of cars."""
    rule, phi = case.knowledge.reserve_rule, case.delivery_quantile
    if rule == "thermal_only" or case.rows.entries == 0:
        return np.zeros(case.load_step_mw.size)
    if rule != "deliverable":
        return case.each_step(discharge * (phi if rule == "scheduled_safely" else 1.0))
    return case.each_step(phi * discharge + _room_mw(case, powers, discharge))


def _room_mw(case: Case, powers: Powers, discharge: Floats) -> Floats:
    """[H] the largest h of (U11c): charging stops first, since that takes the least energy."""
    rows, phi = case.rows, case.delivery_quantile
    eta_d, eta_c = float(rows.eta_discharge.min(initial=1.0)), float(rows.eta_charge.max(initial=0.0))
    above = powers.x_mwh - rows.x_min_mwh
    all_, two_way, can_stop = (np.maximum(_by_hour(case, above * part), 0.0)
                               for part in (1.0, rows.pd_max_mw > 0, rows.may_stop))
    # charging stops first: a MW of it costs eta_c of energy, a MW of discharge 1 / eta_d
    less = np.minimum(phi * _by_hour(case, rows.may_stop * powers.pc_mw), np.minimum(can_stop, all_) / eta_c)
    more = np.minimum(phi * np.maximum(_by_hour(case, rows.pd_max_mw) - discharge, 0.0),
                      eta_d * np.minimum(two_way, all_ - eta_c * less))
    return np.asarray(less + more, dtype=np.float64)


def _by_hour(case: Case, values: Floats) -> Floats:
    return np.bincount(case.rows.hour, values, case.horizon_h).astype(np.float64)
