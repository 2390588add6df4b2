"""Optional limits of thermal units that tie a power to the one before (U18 to U21), and a tightening of them.

Units without such a limit, or with a ramp as wide as their range, get no constraint at all. In a cluster of n units P
is their total, and u - y units ran before and run on, y start, z stop: the sums of the single units' limits, which n
units can always keep together in total but perhaps not one by one. The limits of the first hour hold only where the
power before it is known, and at a fixed schedule a power too high to stop in time counts as the highest that is not:
the past cannot be mended. What counts as reserve knows nothing of ramps unless it must be reachable (headroom.py);
then P with its reserve takes the place of P where it is held down.
"""

from __future__ import annotations

import numpy as np

from controllers.rows.grid import times
from controllers.temporal.unit_commitment.inherited import POWER_KNOWN_MW
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.units.headroom import highest
from controllers.temporal.unit_commitment.variables import (
    Constraints,
    Equation,
    Variables,
    at_rows,
    before,
    first_hour,
    per_unit,
    start_and_stop_mw,
)
from models.records.arrays import Bools, Floats, Ints


def follows_power(case: Case) -> Bools:
    """[U] rows with a limit that can act."""
    units = case.knowledge.units
    ramp = np.minimum(units.ramp_up_mw_per_h, units.ramp_down_mw_per_h) < units.p_max_mw - units.p_min_mw
    return np.asarray(ramp | (np.minimum(units.p_startup_max_mw, units.p_shutdown_max_mw) < units.p_max_mw))


def _positions(case: Case, limited: Bools) -> Ints:
    """Flat positions of limited rows; the first hour only where the power before is known."""
    # NaN: a unit whose power before the plan was never seen, as at a run's first plan
    unknown = first_hour(case, np.isnan(case.inherited.p_before_mw)) > 0
    return np.setdiff1d(at_rows(case, limited), np.flatnonzero(unknown))


def _power_before(case: Case, v: Variables) -> Floats:
    # NaN rows are not among `_positions`, so that any number does
    power = np.nan_to_num(case.inherited.p_before_mw)
    if case.clusters is None and v.u.is_constant():
        power = np.minimum(power, highest_before_mw(case, np.asarray(v.u.value).reshape(-1, case.horizon_h)))
    return first_hour(case, power)


def highest_before_mw(case: Case, u: Floats | Ints) -> Floats:
    """[U] highest power just before the plan from which every stop of the schedule `u` [U, H] can be kept."""
    units = case.knowledge.units
    most = units.p_max_mw
    for on in u.T[::-1] > 0:
        # from the last hour back: before a stop at most SD, an hour earlier one ramp more
        most = np.where(on, np.minimum(most, units.p_max_mw) + units.ramp_down_mw_per_h, units.p_shutdown_max_mw)
    return np.asarray(most, dtype=np.float64)


def stops_too_soon(case: Case, u: Ints) -> bool:
    """True if the schedule `u` [U, H] stops a unit sooner than its known power before the plan allows."""
    excess = np.nan_to_num(case.inherited.p_before_mw) - highest_before_mw(case, u)
    return bool(np.any(excess > POWER_KNOWN_MW))


def ramp_up(case: Case, v: Variables) -> Constraints:
    """(U18) P(t) - P(t-1) <= RU (u - y) + SU y - Pmin z."""
    units = case.knowledge.units
    at = _positions(case, units.ramp_up_mw_per_h < units.p_max_mw - units.p_min_mw)
    if at.size == 0:
        return []
    rise = per_unit(case, np.nan_to_num(units.ramp_up_mw_per_h, posinf=0.0))[at]
    start, least = per_unit(case, start_and_stop_mw(case.knowledge.units)[0])[at], per_unit(case, units.p_min_mw)[at]
    change = (highest(case, v) - before(case) @ v.p)[at] - _power_before(case, v)[at]
    return [change <= times(rise, (v.u - v.y)[at]) + times(start, v.y[at]) - times(least, v.z[at])]


def ramp_down(case: Case, v: Variables) -> Constraints:
    """(U19) P(t-1) - P(t) <= RD (u - y) + SD z - Pmin y."""
    units = case.knowledge.units
    at = _positions(case, units.ramp_down_mw_per_h < units.p_max_mw - units.p_min_mw)
    if at.size == 0:
        return []
    fall = per_unit(case, np.nan_to_num(units.ramp_down_mw_per_h, posinf=0.0))[at]
    stop, least = per_unit(case, start_and_stop_mw(case.knowledge.units)[1])[at], per_unit(case, units.p_min_mw)[at]
    change = _power_before(case, v)[at] + (before(case) @ v.p - v.p)[at]
    return [change <= times(fall, (v.u - v.y)[at]) + times(stop, v.z[at]) - times(least, v.y[at])]


def startup_limit(case: Case, v: Variables) -> Constraints:
    """(U20) P(t) <= Pmax u(t) - (Pmax - SU) y(t)."""
    units = case.knowledge.units
    missing = units.p_max_mw - start_and_stop_mw(case.knowledge.units)[0]
    at = at_rows(case, missing)
    if at.size == 0:
        return []
    most, less = per_unit(case, units.p_max_mw)[at], per_unit(case, missing)[at]
    return [highest(case, v)[at] <= times(most, v.u[at]) - times(less, v.y[at])]


def shutdown_limit(case: Case, v: Variables) -> Constraints:
    """(U21) P(t-1) <= Pmax u(t-1) - (Pmax - SD) z(t)."""
    units = case.knowledge.units
    missing = units.p_max_mw - start_and_stop_mw(case.knowledge.units)[1]
    at = _positions(case, missing > 0)
    if at.size == 0:
        return []
    most, less = per_unit(case, units.p_max_mw)[at], per_unit(case, missing)[at]
    on_before = (before(case) @ v.u)[at] + first_hour(case, case.inherited.on)[at]
    power_before = (before(case) @ highest(case, v))[at] + _power_before(case, v)[at]
    return [power_before <= times(most, on_before) - times(less, v.z[at])]


def start_and_stop_limit(case: Case, v: Variables) -> Constraints:
    """(U22, redundant) P(t) <= Pmax u(t) - (Pmax - SU) y(t) - (Pmax - SD) z(t+1), for units with MU >= 2 h.

    No unit with MU >= 2 starts at t and stops at t+1, so (U20) and (U21) may be added up: an equal optimum.
    """
    units = case.knowledge.units
    less_start, less_stop = (units.p_max_mw - edge for edge in start_and_stop_mw(case.knowledge.units))
    at = at_rows(case, (units.min_up_h >= 2) & (np.maximum(less_start, less_stop) > 0))
    if at.size == 0:
        return []
    most = per_unit(case, units.p_max_mw)[at]
    stops_next = (before(case).T @ v.z)[at]
    return [highest(case, v)[at] <= times(most, v.u[at]) - times(per_unit(case, less_start)[at], v.y[at])
            - times(per_unit(case, less_stop)[at], stops_next)]


RAMPS: dict[str, Equation] = {
    "ramp_up": ramp_up, "ramp_down": ramp_down, "startup_limit": startup_limit, "shutdown_limit": shutdown_limit,
}
TIGHTENING: dict[str, Equation] = {"start_and_stop_limit": start_and_stop_limit}
