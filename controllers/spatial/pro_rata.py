"""Every plugged car takes its share of its cohort's target; the network is not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from controllers.disaggregation import (
    assumed_departure_s,
    cohort_rows,
    fill,
    laxity_h,
    least_laxity,
    need_kw,
    plugged_power_kw,
    sorted_by_row,
    vehicle_limits_kw,
)
from controllers.port import FeederView, Setpoints, SpatialKnowledge
from controllers.spatial.none import unsolved
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints

TOLERANCE_KW = 1e-9
Sharing = Literal["plugged_kw", "least_laxity"]


@dataclass(frozen=True)
class Cars:
    """The plugged and enrolled cars of one step, arrays [N]; powers are means over the step."""

    index: Ints
    """Vehicle slot."""
    row: Ints
    """Cohort in the plan in force."""
    lo_kw: Floats
    hi_kw: Floats
    need_kw: Floats
    """Charging power that takes the car to what its driver wants; between max(lo_kw, 0) and hi_kw."""
    laxity: Floats
    p_charge_max_kw: Floats
    p_discharge_max_kw: Floats
    present_s: Floats
    """Seconds of this step until the declared departure."""
    rest_s: Floats
    """The same of the rest of this hour."""


class ProRata:
    """Shares of plugged kW, clipped to limits; what is left over goes to the least lax cars.

    sharing `least_laxity` shares by laxity from the start: less of the targets is lost later (C), but where
    power is drawn then depends on the cars' needs, so it is no baseline for placement.
    """

    def __init__(self, knowledge: SpatialKnowledge, sharing: Sharing = "plugged_kw") -> None:
        self.knowledge = knowledge
        self._sharing = sharing
        self._hour_s = -1
        self._charged_kwh = np.zeros(0)
        """[R] instructed in this hour so far."""
        self._discharged_kwh = np.zeros(0)
        self._above_urgent_kwh = 0.0
        """Instructed in this hour so far by all cohorts, charged less discharged, beyond what was expected of arrivals
        in a hurry: what has been used up of the hour's targets."""
        self._slack_kwh = 0.0
        self._compliance = knowledge.assumed_compliance
        """In this step."""

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """Set-points for [view.time_s, + step_s); those of a cohort sum to target / compliance.

        compliance: share of cars expected to follow; None: `assumed_compliance`.
        """
        k = self.knowledge
        self._compliance = k.assumed_compliance if compliance is None else compliance
        # mean kW over an hour are kWh of that hour
        hour = (view.time_s - view.plan_time_s) // SECONDS_PER_HOUR
        charge_kwh = view.pc_target_kw[:, hour] / self._compliance
        discharge_kwh = view.pd_target_kw[:, hour] / self._compliance
        cars = plugged_cars(k, view)
        self._begin_hour(view, cars, charge_kwh, discharge_kwh)
        now_share = self._share_of_rest(cars, charge_kwh.size)
        charge_kw = np.maximum(charge_kwh - self._charged_kwh, 0.0) * now_share
        # what earlier steps could not do is asked again: the hour's energy is the promise, not each step's power
        discharge_kw = np.maximum(discharge_kwh - self._discharged_kwh, 0.0) * now_share
        if self._sharing == "plugged_kw":
            mean_kw = share_pro_rata(charge_kw, discharge_kw, cars)
        else:
            mean_kw = least_laxity(charge_kw, discharge_kw, cars.row, cars.lo_kw, cars.hi_kw, cars.laxity)
            rest_h = (SECONDS_PER_HOUR - view.time_s % SECONDS_PER_HOUR) / SECONDS_PER_HOUR
            due_kwh = float((charge_kwh - discharge_kwh).sum()) - self._above_urgent_kwh
            wanted_kw = due_kwh / rest_h + self._urgent_kw(view)
            if self.knowledge.total_kept_by == "charging":
                wanted_kw = max(wanted_kw, float(mean_kw.sum()))  # what is too much stays so: nobody gives back for it
            mean_kw = balance_total(mean_kw, wanted_kw, cars)
        self._book(cars, mean_kw, self._urgent_kw(view))
        return self._answer(view, cars, mean_kw)

    def _urgent_kw(self, view: FeederView) -> float:
        """Expected power, in this step, of enrolled cars that charge at once on arrival; it is in no target."""
        urgent_kw = view.flexibility.p_urgent_kw
        period = view.time_s % SECONDS_PER_HOUR // self.knowledge.step_s
        return float(urgent_kw[period]) / self._compliance if urgent_kw.size else 0.0

    def _begin_hour(self, view: FeederView, cars: Cars, charge_kwh: Floats, discharge_kwh: Floats) -> None:
        hour_s = view.time_s - view.time_s % SECONDS_PER_HOUR
        if hour_s == self._hour_s:
            return
        self._hour_s = hour_s
        self._charged_kwh, self._discharged_kwh = np.zeros(charge_kwh.size), np.zeros(charge_kwh.size)
        self._above_urgent_kwh = 0.0
        left_s = hour_s + SECONDS_PER_HOUR - view.time_s
        k = self.knowledge
        lo_kw, hi_kw = _limits_kw(k, view, left_s)
        room = np.bincount(cars.row, hi_kw[cars.index], charge_kwh.size)
        give = np.bincount(cars.row, np.maximum(-lo_kw[cars.index], 0.0), charge_kwh.size)
        hours = left_s / SECONDS_PER_HOUR
        missing = np.maximum(charge_kwh - room * hours, 0.0) + np.maximum(discharge_kwh - give * hours, 0.0)
        # reported, not repaired: this layer shows what happens when nobody looks for another place
        self._slack_kwh = float(missing.sum() * self._compliance)

    def _share_of_rest(self, cars: Cars, rows: int) -> Floats:
        """Power now per energy still due in this hour [R], 1/h: earlier where cars leave within the hour."""
        now = np.bincount(cars.row, cars.p_charge_max_kw * cars.present_s, rows)
        rest = np.bincount(cars.row, cars.p_charge_max_kw * cars.rest_s, rows)
        # weighted by power and presence: a cohort whose cars leave in this quarter must have its energy before they do
        share: Floats = np.divide(now, rest, out=np.zeros(rows), where=rest > 0)
        return share * (SECONDS_PER_HOUR / self.knowledge.step_s)

    def _book(self, cars: Cars, mean_kw: Floats, urgent_kw: float) -> None:
        hours = self.knowledge.step_s / SECONDS_PER_HOUR
        self._above_urgent_kwh += (float(mean_kw.sum()) - urgent_kw) * hours
        rows = self._charged_kwh.size
        self._charged_kwh += np.bincount(cars.row, np.maximum(mean_kw, 0.0), rows) * hours
        self._discharged_kwh += np.bincount(cars.row, np.maximum(-mean_kw, 0.0), rows) * hours

    def _answer(self, view: FeederView, cars: Cars, mean_kw: Floats) -> Setpoints:
        k = self.knowledge
        mean_all_kw = np.zeros(k.vehicles.count)
        mean_all_kw[cars.index] = mean_kw
        is_dispatched = np.zeros(k.vehicles.count, dtype=np.int64)
        is_dispatched[cars.index] = 1
        bus = view.declared.bus_index[cars.index]
        expected_kw = mean_kw * self._compliance
        expected_bus_kw = np.bincount(bus, expected_kw, k.site.bus_count).astype(np.float64)
        setpoint_kw = plugged_power_kw(mean_all_kw, view.declared, view.time_s, k.step_s)
        return unsolved(k, view, setpoint_kw, is_dispatched, expected_bus_kw, self._slack_kwh)


def balance_total(mean_kw: Floats, wanted_kw: float, cars: Cars) -> Floats:
    """Mean powers [N] whose sum comes as near to wanted_kw as can be without taking any cohort below its target.

    The hour's targets are energies: wanted_kw is what is left of their sum, spread over what is left of the hour, so
    that a step that ran ahead of the mean is followed by steps that take less.

    A cohort whose cars are in a hurry draws more than its target, and one whose cars are full draws less; the
    system operator counts on the sum. What is too much is given back by idle or discharging cars, what is too
    little is taken by idle or charging ones, those with most time to spare first: their targets to come suffer least.
    """
    excess_kw = float(mean_kw.sum()) - wanted_kw
    if abs(excess_kw) <= TOLERANCE_KW:
        return mean_kw
    direction = 1.0 if excess_kw > 0 else -1.0
    order = np.argsort(-cars.laxity, kind="stable")
    room_kw = np.maximum(mean_kw - cars.lo_kw if direction > 0 else cars.hi_kw - mean_kw, 0.0)
    # cars that already do what is asked too much of are left alone: only idle or opposing ones make up for it
    room_kw *= direction * mean_kw <= 0
    return mean_kw - direction * fill(np.array([abs(excess_kw)]), room_kw, np.zeros_like(cars.row), order, 1)


def plugged_cars(knowledge: SpatialKnowledge, view: FeederView) -> Cars:
    """Plugged and enrolled cars with their cohort, limits and laxity as the step begins."""
    index = np.flatnonzero(view.declared.is_plugged & knowledge.vehicles.is_enrolled)
    vehicles, declared = knowledge.vehicles, view.declared
    lo_kw, hi_kw = _limits_kw(knowledge, view, knowledge.step_s)
    left_s = (assumed_departure_s(declared, view.time_s) - view.time_s)[index]
    rest_s = SECONDS_PER_HOUR - view.time_s % SECONDS_PER_HOUR
    return Cars(
        index=index,
        row=cohort_rows(vehicles, declared, knowledge.site, view.plan_time_s, knowledge.horizon_h)[index],
        lo_kw=lo_kw[index], hi_kw=hi_kw[index],
        need_kw=need_kw(vehicles, declared, view.soc, knowledge.step_s, lo_kw, hi_kw)[index],
        laxity=laxity_h(vehicles, declared, view.soc, view.time_s)[index],
        p_charge_max_kw=vehicles.p_charge_max_kw[index],
        p_discharge_max_kw=vehicles.p_discharge_max_kw[index],
        present_s=np.minimum(left_s, knowledge.step_s).astype(np.float64),
        rest_s=np.minimum(left_s, rest_s).astype(np.float64),
    )


def _limits_kw(knowledge: SpatialKnowledge, view: FeederView, dt_s: int) -> tuple[Floats, Floats]:
    """`vehicle_limits_kw` [V]; none below 0 where discharging is not allowed."""
    lo_kw, hi_kw = vehicle_limits_kw(knowledge.vehicles, view.declared, view.soc, view.time_s, dt_s,
                                     knowledge.at_bus_kw)
    return lo_kw if knowledge.may_discharge else np.maximum(lo_kw, 0.0), hi_kw


def share_pro_rata(charge_kw: Floats, discharge_kw: Floats, cars: Cars) -> Floats:
    """Mean powers [N] of cars from the powers [R] >= 0 asked of their cohorts.

    Each car takes its cohort's power times its share of plugged kW, clipped to its limits; what clipping left
    over or forced goes to, or is taken from, the others by least laxity. What charges cars beyond what their
    drivers want is shared likewise, once all of the cohort have that (C). A cohort that is asked for both at
    once has them shared by least laxity alone, since one car does not do both.
    """
    # the plan's sum may charge some cars of a cohort and discharge others
    asks_both = ((charge_kw > 0) & (discharge_kw > 0))[cars.row]
    forced_kw = np.maximum(cars.lo_kw, 0.0)
    needed_kw = np.maximum(cars.need_kw, forced_kw)
    rows = charge_kw.size
    # first up to what drivers want, then beyond: filled in one go, some cars would be full while others still lack
    # energy
    asked_kw = np.minimum(charge_kw, np.bincount(cars.row, needed_kw, rows))
    charge = _one_way(asked_kw, cars, cars.p_charge_max_kw, forced_kw, needed_kw, 1)
    beyond_kw = np.maximum(np.maximum(cars.hi_kw, forced_kw) - needed_kw, 0.0)
    charge = charge + _one_way(charge_kw - asked_kw, cars, cars.p_charge_max_kw, np.zeros_like(charge), beyond_kw, 1)
    give_kw = np.maximum(-cars.lo_kw, 0.0)
    discharge = _one_way(discharge_kw, cars, cars.p_discharge_max_kw, np.zeros_like(give_kw), give_kw, -1)
    mean_kw = charge - discharge
    both = np.flatnonzero(asks_both)
    if both.size:
        mean_kw[both] = least_laxity(charge_kw, discharge_kw, cars.row[both], cars.lo_kw[both],
                                     cars.hi_kw[both], cars.laxity[both])
    return mean_kw


def _one_way(target_kw: Floats, cars: Cars, weight_kw: Floats, least_kw: Floats, most_kw: Floats,
             direction: int) -> Floats:
    rows = target_kw.size
    plugged_kw = np.bincount(cars.row, weight_kw, rows)
    level: Floats = np.divide(target_kw, plugged_kw, out=np.zeros(rows), where=plugged_kw > 0)
    shared = np.clip(level[cars.row] * weight_kw, least_kw, most_kw)
    left_kw = target_kw - np.bincount(cars.row, shared, rows)
    # clipping leaves few cohorts short: sorting all cars for them would cost more than the sharing itself
    open_ = np.flatnonzero((np.abs(left_kw) > TOLERANCE_KW)[cars.row])
    if open_.size:
        row, order = cars.row[open_], sorted_by_row(cars.row[open_], direction * cars.laxity[open_])
        more = fill(np.maximum(left_kw, 0.0), (most_kw - shared)[open_], row, order, rows)
        less = fill(np.maximum(-left_kw, 0.0), (shared - least_kw)[open_], row, order[::-1], rows)
        shared[open_] += more - less
    return shared
