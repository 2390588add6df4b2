"""The last plan's schedule as a place to begin the search for the next: what of it is held, what is found anew.

Most days are like the day before, so its schedule, carried on, costs little more than the best one. It need not be
feasible: where it is repeated from an earlier day a unit may run or rest too shortly, and cars may have changed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from controllers.temporal.unit_commitment.problem import Case
from models.records.arrays import Bools, Floats, Ints

BESIDE_H = 2
"""Hours before and after a run or rest that is too short in which its unit is open as well."""
DIFFERS = 0.1
"""A relaxed unit this far from the last schedule is open: 0.35 costs 0.1 % more, 0.05 takes longer for nothing."""


def last_schedule(case: Case) -> Floats:
    """[U*H] `u` of the last plan, then `y` where rows are clusters."""
    single = case.view.last_committed
    if case.clusters is None:
        return single.ravel().astype(np.float64)
    before = np.zeros((single.shape[0], 1), dtype=np.int64)
    for members, hours_on in zip(case.clusters.members, case.clusters.hours_on, strict=True):
        before[members, 0] = hours_on > 0
    # of single units before they are summed: a start and a stop in one hour would cancel in the sum
    starts = np.maximum(np.diff(single, axis=1, prepend=before), 0)
    summed = [np.stack([of[m].sum(axis=0) for m in case.clusters.members]) for of in (single, starts)]
    return np.concatenate([of.ravel() for of in summed]).astype(np.float64)


def held(case: Case, relaxed: Floats) -> Floats:
    """[as `relaxed`] the last schedule, NaN where it is to be found anew: too short runs, and where `relaxed` differs.

    Numbers of running units of a cluster are held as they are.
    """
    schedule = last_schedule(case)
    # where today's relaxation disagrees with yesterday's schedule the day has changed: that part is searched anew
    is_open = np.abs(schedule - relaxed) > DIFFERS
    if case.clusters is None:
        is_open |= too_short(case).ravel()
    return np.where(is_open, np.nan, schedule)


def too_short(case: Case) -> Bools:
    """[U, H] hours in and beside runs and rests of the last schedule that break minimum times (no clusters)."""
    units, on = case.knowledge.units, case.view.last_committed
    out = np.zeros(on.shape, dtype=np.bool_)
    for i, (up, down) in enumerate(zip(units.min_up_h, units.min_down_h, strict=True)):
        for begin, end, runs, lasted_h in _runs(on[i], int(case.view.hours_on[i])):
            if end < on.shape[1] and lasted_h < (up if runs else down):
                out[i, max(begin - BESIDE_H, 0):end + BESIDE_H] = True
    return out


def _runs(on: Ints, hours_on: int) -> list[tuple[int, int, bool, int]]:
    """(first hour, hour after the last, whether on, hours it lasts with those before the plan) of one unit."""
    bounds = [0, *(np.flatnonzero(np.diff(on)) + 1).tolist(), on.size]
    spans = [(a, b, bool(on[a]), b - a) for a, b in pairwise(bounds)]
    begin, end, runs, lasted_h = spans[0]
    if runs == (hours_on > 0):
        return [(begin, end, runs, lasted_h + abs(hours_on)), *spans[1:]]
    return [(-1, 0, not runs, abs(hours_on)), *spans]  # what the plan inherits ends with its first hour
