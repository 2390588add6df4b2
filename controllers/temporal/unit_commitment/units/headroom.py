"""How high a unit could go within the hour (U24): what of its capacity counts as reserve.

With headroom `capacity` a running unit's whole capacity counts. With `reachable` power and reserve together respect
start-up, shut-down and ramp limits, as in pglib-uc: the unknown P' = P + reserve takes the place of P in (U3) and
(U18) to (U22).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from controllers.rows.grid import times
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.variables import Constraints, Equation, Variables, per_unit, start_and_stop_mw
from models.records.arrays import Floats, Ints


def is_reachable(case: Case) -> bool:
    """Whether only what a unit could reach within the hour counts as reserve."""
    return case.knowledge.headroom == "reachable"


def highest(case: Case, v: Variables) -> Any:
    """[U*H] what the upper limits of a unit's power hold down: P, or P with its reserve."""
    return v.reach if is_reachable(case) else v.p


def counted_mw(case: Case, v: Variables) -> Any:
    """[U*H] what counts of each unit towards load and reserve."""
    return v.reach if is_reachable(case) else times(per_unit(case, case.knowledge.units.p_max_mw), v.u)


def reach_above_power(case: Case, v: Variables) -> Constraints:
    """(U24) P <= P'."""
    return [v.p <= v.reach] if is_reachable(case) else []


def counted_of_plan_mw(case: Case, u: Ints, p_mw: Floats) -> Floats:
    """[U, H] the same of an answer: Pmax of units on, or what limits leave of it."""
    units = case.knowledge.units
    most = np.asarray(units.p_max_mw[:, None] * u, dtype=np.float64)
    if not is_reachable(case):
        return most
    first, last = (edge[:, None] for edge in start_and_stop_mw(units))
    on = u > 0
    on_before = np.concatenate([(case.view.hours_on > 0)[:, None], on[:, :-1]], axis=1)
    before = np.concatenate([case.inherited.p_before_mw[:, None], p_mw[:, :-1]], axis=1)
    # NaN: a power before the plan that nobody measured cannot limit what follows
    climbed = np.where(np.isnan(before), np.inf, before + units.ramp_up_mw_per_h[:, None])
    stops = on & np.concatenate([~on[:, 1:], np.zeros((units.count, 1), dtype=np.bool_)], axis=1)
    most = np.minimum(most, np.where(on_before, climbed, first))
    # never below the power itself: what runs counts, even where a limit says that it could not
    return np.maximum(np.where(stops, np.minimum(most, last), most), p_mw) * on


HEADROOM: dict[str, Equation] = {"reach_above_power": reach_above_power}
