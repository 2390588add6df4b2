"""What the cars can still do until the end of the plan in force, on the plan's own rows and hours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.fleet.flexibility import cohort_flexibility, complying_cars
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.flexibility import CohortFlexibility, Sessions
from models.records.groups import Groups, cohort_row, rows_from_hour
from models.records.vehicles import DeclaredTable
from testbed.setup.expectations import Outlook

NEVER_S = -(2**62)
_BY_HOUR = ("x_min_kwh", "x_max_kwh", "pc_max_kw", "pd_max_kw", "pc_latest_kw", "pc_fresh_kw")
_BY_COHORT = ("eta_charge", "eta_discharge", "x_end_uncoordinated_kwh", "pc_leaving_kw")


@dataclass
class PlanWindow:
    """One district's plan in force: where each stay began within it, which terminal rule `match` refers to."""

    start_s: int
    energy_start_kwh: float
    """Stored in the enrolled cars plugged in as the plan began, times the assumed compliance."""
    since_s: Ints
    """[V] plug-in of the stay that `energy_kwh` belongs to; NEVER_S before any."""
    seen_s: Ints
    """[V] plan time or decision hour at which that stay was first seen."""
    energy_kwh: Floats
    """[V] energy at that instant."""

    @classmethod
    def begin(cls, now_s: int, cohorts: CohortFlexibility, vehicle_count: int) -> PlanWindow:
        """At a plan time."""
        return cls(now_s, cohorts.energy_start_kwh, np.full(vehicle_count, NEVER_S), np.zeros(vehicle_count, np.int64),
                   np.zeros(vehicle_count))

    def look(self, now_s: int, declared: DeclaredTable, energy_kwh: Floats) -> None:
        """Remember the energy [V] of stays seen for the first time."""
        # a car may leave and come back between two looks: only the instant of plug-in tells its stays apart
        is_new = declared.is_plugged & (self.since_s != declared.plugged_since_s)
        self.since_s = np.where(is_new, declared.plugged_since_s, self.since_s)
        self.seen_s = np.where(is_new, now_s, self.seen_s)
        self.energy_kwh = np.where(is_new, energy_kwh, self.energy_kwh)

    def end_level_kwh(self, stays: Sessions, vehicle: Ints, end_s: int) -> Floats:
        """[S] energy of each stay at end_s if it had charged at once since it was first seen in this plan."""
        before_kwh, since_s = self.energy_kwh[vehicle], self.seen_s[vehicle]
        hours = np.maximum(np.minimum(end_s, stays.departure_s) - since_s, 0) / SECONDS_PER_HOUR
        wish_kwh = np.maximum(np.minimum(stays.wanted_kwh, stays.max_kwh) - before_kwh, 0.0)
        return np.asarray(before_kwh + np.minimum(stays.eta_charge * stays.p_charge_max_kw * hours, wish_kwh))


def remaining_cohorts(window: PlanWindow, outlook: Outlook, horizon_h: int,
                      assumed_compliance: float | Floats) -> CohortFlexibility:
    """Cohorts [groups.cohort_count(horizon_h), horizon_h] of the plan in force with envelopes that start now.

    X = 0 at outlook.now_s from the measured energies; hours before it are empty. The terminal rules keep counting
    from the plan's beginning: `match` asks for the level that charging at once since then would have reached,
    `cyclic` for the energy stored then.
    """
    passed = (outlook.now_s - window.start_s) // SECONDS_PER_HOUR
    left, end_s = horizon_h - passed, window.start_s + horizon_h * SECONDS_PER_HOUR
    known, vehicle, coming = outlook.controllable()
    outside_kw = outlook.uncontrolled_kw()
    outside_kw = outside_kw[: left * (outside_kw.size // horizon_h)]
    now = cohort_flexibility(known, coming, outlook.now_s, left, assumed_compliance, outside_kw,
                             outlook.site.groups)
    stays_on = known.departure_s > end_s
    level_kwh = window.end_level_kwh(known, vehicle, end_s)
    asked = now.x_end_uncoordinated_kwh + _correction(known, level_kwh, stays_on, end_s, outlook.now_s, left,
                                                      assumed_compliance, outlook.site.groups)
    now = replace(now, energy_start_kwh=window.energy_start_kwh, x_end_uncoordinated_kwh=asked)
    return _aligned(now, window.start_s, passed, horizon_h, outlook.site.groups)


def _correction(known: Sessions, level_kwh: Floats, stays_on: Bools, end_s: int, now_s: int, left_h: int,
                assumed_compliance: float | Floats, groups: Groups) -> Floats:
    """[cohorts] from the level that charging at once from now on would reach to the one asked for since plan time."""
    rate_kw = known.eta_charge * known.p_charge_max_kw
    reach_kwh = rate_kw * (end_s - now_s) / SECONDS_PER_HOUR
    wish_kwh = np.maximum(np.minimum(known.wanted_kwh, known.max_kwh) - known.energy_kwh, 0.0)
    # what was lent since cannot all be returned in the time left: never ask for more than full power gives
    asked_kwh = np.minimum(level_kwh - known.energy_kwh, reach_kwh)
    change_kwh = (asked_kwh - np.minimum(wish_kwh, reach_kwh)) * stays_on
    rows = cohort_row(known.group, left_h, left_h)
    weights = complying_cars(known, assumed_compliance) * change_kwh
    return np.asarray(np.bincount(rows, weights, groups.cohort_count(left_h)), dtype=np.float64)


def _aligned(now: CohortFlexibility, plan_s: int, passed: int, horizon_h: int, groups: Groups) -> CohortFlexibility:
    """From rows and hours counted from now to those of the plan; what has passed is empty."""
    h = horizon_h
    cohorts = groups.cohort_count(h)
    rows = rows_from_hour(passed, h, cohorts)

    def by_hour(values: Floats) -> Floats:
        whole = np.zeros((cohorts, h))
        whole[rows, passed:] = values
        return whole

    def by_cohort(values: Floats, empty: float) -> Floats:
        whole = np.full((cohorts, *values.shape[1:]), empty)
        whole[rows] = values
        return whole

    # efficiencies of empty rows divide: 1 there, 0 elsewhere
    placed: dict[str, Any] = {name: by_hour(getattr(now, name)) for name in _BY_HOUR}
    placed |= {name: by_cohort(getattr(now, name), 1.0 if name.startswith("eta") else 0.0) for name in _BY_COHORT}
    steps = now.p_uncontrolled_step_kw.size // now.horizon_h
    return replace(
        now, start_s=plan_s, **placed,
        p_uncontrolled_kw=np.concatenate([np.zeros(passed), now.p_uncontrolled_kw]),
        p_uncontrolled_step_kw=np.concatenate([np.zeros(passed * steps), now.p_uncontrolled_step_kw]))
