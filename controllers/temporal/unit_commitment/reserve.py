"""Reserve in every step (docs/model.md 3.12): what is needed, what counts, and what is missing at its price.

Hours on and powers are hourly; load, wind, sun and charging that cannot wait differ from step to step. In the hour in
which cars leave, their charging is not spread evenly, and cars with time to spare do not lower it: a step is planned
with the larger of the hour's mean and the sum of what each cohort does then.

S = H * Q steps. The slack is in pieces: one per step of the demand curve, together at most the requirement r D; what
is missing beyond it is load shed, at that price.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from scipy import sparse

from controllers.rows.grid import times
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.units.headroom import counted_mw
from controllers.temporal.unit_commitment.variables import (
    Constraints,
    Equation,
    Variables,
    charging_mw,
    discharging_mw,
    unit_sum,
)
from models.records.arrays import Floats


# ------------------------------------------------------------------ hours and steps
def each_step(case: Case) -> sparse.csr_matrix:
    """[S, H] repeats an hourly value in the hour's steps."""
    return sparse.csr_matrix(sparse.kron(sparse.eye(case.horizon_h), np.ones((case.steps_per_hour, 1))))


def piece_sum(case: Case) -> sparse.csr_matrix:
    """[S, (K + 1) * S] adds the pieces of the slack in each step."""
    pieces = len(case.knowledge.reserve_curve.usd_per_mwh) + 1
    return sparse.csr_matrix(sparse.kron(np.ones((1, pieces)), sparse.eye(case.load_step_mw.size)))


def charging_in_steps(case: Case, v: Variables) -> Constraints:
    """(U11e) e >= sum_g (sigma_g - 1) Pc_g, e >= 0: charging of a step beyond its hour's mean.

    sigma is a cohort's power in the step over that mean: 1, but for those whose cars leave in this hour.
    """
    if not case.is_uneven or v.charge_at.size == 0:
        return []
    return [v.charge_extra >= extra_matrix(case, v) @ v.charge]


def extra_matrix(case: Case, v: Variables) -> sparse.csr_matrix:
    """[S, C] takes fractions of charging power to sum_g (sigma_g - 1) Pc_g."""
    beyond = case.rows.uneven_matrix(case.horizon_h, v.charge_at)
    return sparse.csr_matrix(beyond @ sparse.diags(case.rows.pc_max_mw[v.charge_at]))


# ------------------------------------------------------------------ the rules
def _units_less_cars_mw(case: Case, v: Variables) -> cp.Expression:
    """[H] sum_i u Pmax - curtailed - Pc; load not served needs nothing; P' for u Pmax where it must be reached."""
    running = unit_sum(case) @ counted_mw(case, v)
    return running - v.wind_cut - v.pv_cut + v.missing - charging_mw(case, v)


def thermal_only(case: Case, v: Variables) -> Constraints:
    """(U11a) R <= sum_i u Pmax - curtailed - Pc."""
    return [v.counted <= _units_less_cars_mw(case, v)]


def scheduled(case: Case, v: Variables) -> Constraints:
    """(U11b) right side + Pd: planned discharge counts in full."""
    return [v.counted <= _units_less_cars_mw(case, v) + discharging_mw(case, v)]


def scheduled_safely(case: Case, v: Variables) -> Constraints:
    """(U11d) right side + phi Pd: planned discharge counts as far as it can be trusted, nothing else of cars."""
    safe = times(case.delivery_quantile, discharging_mw(case, v))
    return [v.counted <= _units_less_cars_mw(case, v) + safe]


def deliverable(case: Case, v: Variables) -> Constraints:
    """(U11c) right side + phi Pd + h; h = more + less, more <= phi (Pdmax - Pd), less <= phi kappa Pc.

    kappa is the share of a cohort with an hour of laxity left; cars with less cannot stop charging for an hour.
    """
    rows, phi = case.rows, case.delivery_quantile
    if rows.entries == 0:
        return thermal_only(case, v)
    discharge, more, less = discharging_mw(case, v), v.stored_reserve[0], v.stored_reserve[1]
    # the limit counts all expected cars, scaled by compliance already; phi says how much of it can be trusted
    most = rows.hour_matrix(case.horizon_h, np.arange(rows.entries)) @ rows.pd_max_mw
    return [v.counted <= _units_less_cars_mw(case, v) + times(phi, discharge) + more + less,
            more <= times(phi, most - discharge), less <= times(phi, interruptible_mw(case, v))]


def reserve_energy(case: Case, v: Variables) -> Constraints:
    """(U11g) one hour of energy behind h: what cars hold above what they must, of those that could give it."""
    rows = case.rows
    if case.knowledge.reserve_rule != "deliverable" or rows.entries == 0:
        return []
    more, less = v.stored_reserve[0], v.stored_reserve[1]
    hour_sum = rows.hour_matrix(case.horizon_h, np.arange(rows.entries))
    above_min = times(rows.x_scale_mwh, v.x) - rows.x_min_mwh
    # energy of one-way cars cannot flow back, and cars that cannot stop have none to spare
    two_way = hour_sum @ sparse.diags((rows.pd_max_mw > 0) * 1.0)
    can_stop = hour_sum @ sparse.diags(rows.may_stop)
    # one pair of efficiencies for all cars, the worst of each, so that any car that is called has the hour's energy
    eta_d = float(rows.eta_discharge.min(initial=1.0))
    eta_c = float(rows.eta_charge.max(initial=0.0))
    return [
        more / eta_d <= two_way @ above_min,
        eta_c * less <= can_stop @ above_min,
        more / eta_d + eta_c * less <= hour_sum @ above_min,
    ]


def interruptible_mw(case: Case, v: Variables) -> cp.Expression:
    """[H] sum of kappa Pc."""
    if v.charge_at.size == 0:
        return np.zeros(case.horizon_h)
    part = (case.rows.may_stop * case.rows.pc_max_mw)[v.charge_at]
    return (case.rows.hour_matrix(case.horizon_h, v.charge_at) @ sparse.diags(part)) @ v.charge


RESERVE_RULES: dict[str, Equation] = {
    "thermal_only": thermal_only, "scheduled": scheduled, "scheduled_safely": scheduled_safely,
    "deliverable": deliverable,
}


def reserve(case: Case, v: Variables) -> Constraints:
    """(U11) R + Pw + Pv + s >= (1 + r) D + Punc + e in every step, R as the run's rule counts in its hour."""
    there = each_step(case) @ v.counted + case.renewable_step_mw + piece_sum(case) @ v.short
    # step by step: an hour's mean hides the step in which reserve is missing
    needed = case.load_step_mw + case.requirement_mw + case.uncontrolled_step_mw
    if case.is_uneven:
        return [*RESERVE_RULES[case.knowledge.reserve_rule](case, v), there >= needed + v.charge_extra]
    return [*RESERVE_RULES[case.knowledge.reserve_rule](case, v), there >= needed]


# ------------------------------------------------------------------ what is missing
def curve_steps(case: Case, v: Variables) -> Constraints:
    """(U11f) piece k of s <= its share of r D; the last one, load shed, has no limit."""
    # prices never fall from piece to piece, so the optimum fills them in order without binaries
    width = case.knowledge.reserve_curve.steps(case.requirement_mw)
    return [v.short[: width.size] <= width.ravel()]


def piece_usd_per_mw(case: Case) -> Floats:
    """[(K + 1) * S] price of each piece of the slack for the length of its step."""
    prices = (*case.knowledge.reserve_curve.usd_per_mwh, case.knowledge.shed_usd_per_mwh)
    return np.repeat(np.array(prices, dtype=np.float64), case.load_step_mw.size) / case.steps_per_hour


def shortfall_usd(case: Case, v: Variables) -> cp.Expression:
    """Missing reserve along the demand curve, and load shed beyond it."""
    return piece_usd_per_mw(case) @ v.short


RESERVE: dict[str, Equation] = {
    "reserve": reserve, "reserve_energy": reserve_energy, "charging_in_steps": charging_in_steps,
    "curve_steps": curve_steps,
}


def no_worse(case: Case, v: Variables, pc_mw: Floats, pd_mw: Floats, x_mwh: Floats) -> Constraints:
    """Another split of the same hourly Pc and Pd [E] under which no more reserve is missing than under this one."""
    # the even split may cost nothing in reserve either: each row keeps what the dispatch had
    rows, h = case.rows, case.horizon_h
    out: Constraints = []
    if case.is_uneven and v.charge_at.size:
        extra = rows.uneven_matrix(h, v.charge_at) @ pc_mw[v.charge_at]
        out.append(extra_matrix(case, v) @ v.charge <= np.maximum(extra, 0.0))
    if case.knowledge.reserve_rule == "deliverable" and rows.entries:
        add = rows.hour_matrix(h, np.arange(rows.entries))
        if v.charge_at.size:
            out.append(interruptible_mw(case, v) >= add @ (rows.may_stop * pc_mw))
        for part in (rows.may_stop, (rows.pd_max_mw > 0) * 1.0, np.ones(rows.entries)):
            out.append((add @ sparse.diags(part * rows.x_scale_mwh)) @ v.x >= add @ (part * x_mwh))
    return out
