"""What a district's operator expects of cars: those plugged in now and those still to come, controlled or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.drivers.willingness import PriceResponse
from models.fleet.flexibility import (
    first_dispatched,
    overdue_until,
    port_shares,
    select,
    urgent_load_kw,
    without_discharging,
)
from models.fleet.free_load import at_once_kw, price_answer_kw
from models.mobility.expectation import DistrictInputs, ExpectedSessions
from models.mobility.session_replay import ReplayInputs, expected_replay, true_replay
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.system.tariff import Prices
from testbed.setup.districts import District
from testbed.setup.expected_days import ExpectedDays
from testbed.setup.given_controllers import controller_of, knows_truth, may_discharge
from testbed.setup.knowledge import driver_response, marginal_wear_usd_per_kwh
from testbed.setup.prices import build_tariff
from testbed.wiring.content_cache import cache_folder
from testbed.wiring.run_spec import DAY_S, RunSpec

NEAR_H = 3
"""Hours in which cars that answer prices are expected step by step."""
EXPECTATION_SEED = 20_160_118
"""Root of the simulated days behind sampled expectations: the same for all runs, no run's own."""


@dataclass(frozen=True)
class Behaviour:
    """What free cars are expected to do, and which share of the enrolled is expected to be free."""

    answers_price: bool
    free_share: float | Floats
    """One number, or by group [G]."""
    tariff: Prices
    response: PriceResponse
    wear_usd_per_kwh: Floats

    def free(self, stays: Sessions) -> Floats:
        """[S] share of each enrolled stay that is expected to be free."""
        share = np.asarray(self.free_share, dtype=np.float64)
        return share[stays.group] if share.ndim else np.full(stays.count, share)

    def load_kw(self, stays: Sessions, edges_s: Ints, cars: Floats, row: Ints, count: int) -> Floats:
        """Mean power [count, n] of these cars if free, times cars [S] and summed by row [S]."""
        if not self.answers_price:
            return at_once_kw(stays, edges_s, cars, row, count)
        hours = int(edges_s[-1] - edges_s[0]) // SECONDS_PER_HOUR
        begin_s = int(edges_s[0])
        return price_answer_kw(
            stays, edges_s, *self.tariff.known_usd_per_kwh(begin_s, hours), self.wear_usd_per_kwh[stays.group],
            self.response, cars, row, count)


@dataclass(frozen=True)
class Outlook:
    """Cars as seen from now_s: `known` are plugged in and enrolled, `coming` expected and enrolled.

    Stays to come begin as their cars plug in: a free car acts from there on, one under control from its first
    dispatched step on.
    """

    now_s: int
    step_s: int
    may_discharge: bool
    """Whether the controller's plans may let cars discharge; free drivers decide for themselves."""
    known: Sessions
    known_vehicle: Ints
    """[S] slots of `known`."""
    coming: Sessions
    known_outside: Sessions
    """Plugged in, not enrolled."""
    coming_outside: Sessions
    site: Site
    behaviour: Behaviour
    step_edges_s: Ints
    """[H * Q + 1] of all steps of the horizon."""
    period_edges_s: Ints

    def controllable(self) -> tuple[Sessions, Ints, Sessions]:
        """(`known`, their slots, `coming` as dispatched) that have an envelope: none where all are free."""
        if not np.any(np.asarray(self.behaviour.free_share) < 1.0):
            return select(self.known, slice(0)), self.known_vehicle[:0], select(self.coming, slice(0))
        known, coming = self.known, first_dispatched(self.coming, self.step_s)
        # else bounds would fall by discharging that this controller never asks for
        if not self.may_discharge:
            known, coming = without_discharging(known), without_discharging(coming)
        return known, self.known_vehicle, coming

    def uncontrolled_kw(self) -> Floats:
        """[H * Q] expected load of all cars outside control, by step.

        Cars that answer prices move with the hour: after the first hours theirs is each hour's mean.
        """
        if not self.behaviour.answers_price:
            return self._load_kw(self.known, self.coming, self.step_edges_s)[0]
        steps = np.arange(self.step_edges_s.size - 1)
        first = NEAR_H * SECONDS_PER_HOUR // self.step_s
        period = np.minimum(steps, first) + np.maximum(steps - first, 0) * self.step_s // SECONDS_PER_HOUR
        # answers to prices are worked out one period after the other: whole hours later on save most of the work
        edges_s = np.append(self.step_edges_s[np.unique(period, return_index=True)[1]], self.step_edges_s[-1])
        return np.asarray(self._load_kw(self.known, self.coming, edges_s)[0][period], dtype=np.float64)

    def uncontrolled_bus_kw(self) -> Floats:
        """[B, Q + N] the same by bus; cars to come are spread over the ports of their zone and kind."""
        return self._load_kw(self.known, self.coming, self.period_edges_s)[1]

    def uncontrolled_this_hour_bus_kw(self) -> Floats:
        """[B, Q + N] the same with the periods after the present hour left at 0: for layers that do not look ahead.

        Cars that answer prices weigh all hours until they leave, so for them nothing is saved.
        """
        if self.behaviour.answers_price:
            return self.uncontrolled_bus_kw()
        present = int(np.searchsorted(self.period_edges_s, self.now_s + SECONDS_PER_HOUR))
        by_bus = np.zeros((self.site.bus_count, self.period_edges_s.size - 1))
        by_bus[:, :present] = self._load_kw(self.known, self.coming, self.period_edges_s[: present + 1])[1]
        return by_bus

    def urgent_kw(self) -> Floats:
        """[Q + N] what enrolled cars in a hurry are expected to take from their first dispatched step on."""
        cars = (1.0 - self.behaviour.free(self.coming)) * self.coming.weight
        dispatched = first_dispatched(self.coming, self.step_s)
        return urgent_load_kw(dispatched, self.period_edges_s, cars, np.zeros_like(self.coming.group), 1).ravel()

    def _load_kw(self, known: Sessions, coming: Sessions, edges_s: Ints) -> tuple[Floats, Floats]:
        free = self.behaviour.free
        if not self.behaviour.answers_price:  # cars that come later take nothing yet
            coming = select(coming, coming.start_s < edges_s[-1])
        parts = ((known, free(known)), (self.known_outside, np.ones(self.known_outside.count)),
                 (coming, free(coming)), (self.coming_outside, np.ones(self.coming_outside.count)))
        shares = port_shares(self.site)
        buses, (zones, kinds) = self.site.bus_count, shares.shape[1:]
        count = buses + zones * kinds  # each bus, then each zone and kind for cars that have no bus yet
        by_row = np.zeros((count, edges_s.size - 1))
        for stays, share in parts:
            if share.any():
                by_row += self.behaviour.load_kw(stays, edges_s, share * stays.weight, self._row(stays, kinds), count)
        # cars under control wait for their first planned hour, but for what cannot wait
        waits = 1.0 - free(coming)
        if waits.any():
            by_row += urgent_load_kw(first_dispatched(coming, self.step_s), edges_s, waits * coming.weight,
                                     self._row(coming, kinds), count)
        by_zone = by_row[buses:].reshape(zones, kinds, -1)
        return by_row.sum(axis=0), by_row[:buses] + np.einsum("bzk,zkn->bn", shares, by_zone)

    def _row(self, stays: Sessions, kinds: int) -> Ints:
        groups = self.site.groups
        at_zone = self.site.bus_count + groups.zone_of(stays.group) * kinds + groups.kind_of(stays.group)
        row = np.where(stays.bus_index >= 0, stays.bus_index, at_zone)
        return np.asarray(row, dtype=np.int64)


class ExpectedCars:
    """Expected stays of one district over a run."""

    def __init__(self, spec: RunSpec, district: District, stays: ExpectedSessions) -> None:
        self.spec, self.site, self.stays = spec, district.site, stays
        self.knows_truth = knows_truth(spec)
        self.repeats = spec.scenario.planning.expectation == "sampled" and not self.knows_truth
        self.behaviour = _behaviour(spec)
        self.may_discharge = may_discharge(spec)
        self._by_start = np.argsort(stays.sessions.start_s, kind="stable")
        self._starts_s = stays.sessions.start_s[self._by_start]
        self.assumed_compliance = 1.0 if self.knows_truth else spec.scenario.planning.assumed_compliance
        """Of the enrolled cars of an outlook; the oracle's are those that comply."""

    def outlook(self, now_s: int, plugged: Sessions, is_enrolled: Bools, vehicle: Ints,
                ahead_h: int | None = None) -> Outlook:
        """From the stays of all cars plugged in now, which of them are enrolled, and their slots; each [S].

        With ahead_h only those to come within these hours, for callers that need nothing later.
        """
        if self.knows_truth:
            plugged, is_enrolled = known_truly(self.stays, now_s, plugged, is_enrolled, vehicle)
        plugged = overdue_until(plugged, now_s)
        coming, coming_enrolled = self._coming(now_s, ahead_h or self.spec.horizon_h)
        steps = np.arange(0, SECONDS_PER_HOUR, self.spec.step_s)
        hours = SECONDS_PER_HOUR * np.arange(1, self.spec.scenario.spatial.look_ahead_h + 1)
        return Outlook(
            now_s=now_s, step_s=self.spec.step_s, may_discharge=self.may_discharge,
            known=select(plugged, is_enrolled), known_vehicle=vehicle[is_enrolled],
            coming=select(coming, coming_enrolled),
            known_outside=select(plugged, ~is_enrolled), coming_outside=select(coming, ~coming_enrolled),
            site=self.site, behaviour=self.behaviour,
            step_edges_s=np.arange(now_s, now_s + self.spec.horizon_h * SECONDS_PER_HOUR + 1, self.spec.step_s),
            period_edges_s=now_s + np.concatenate([steps, hours]))

    def _coming(self, now_s: int, hours: int) -> tuple[Sessions, Bools]:
        """Stays that begin at now_s or later and within these hours; cars that came before now_s are plugged in."""
        # a sampled expectation is one mean day that comes again; the run's own days do not
        shift_s = now_s // DAY_S * DAY_S if self.repeats else 0
        first, last = np.searchsorted(self._starts_s, [now_s - shift_s, now_s - shift_s + hours * SECONDS_PER_HOUR])
        rows = np.sort(self._by_start[first:last])
        stays = select(self.stays.sessions, rows)
        moved = replace(stays, start_s=stays.start_s + shift_s, departure_s=stays.departure_s + shift_s)
        return moved, self.stays.is_enrolled[rows]


def known_truly(truth: ExpectedSessions, now_s: int, plugged: Sessions, is_enrolled: Bools,
                vehicle: Ints) -> tuple[Sessions, Bools]:
    """The plugged stays with their true departures, and which of them are under control to their end; oracle only.

    A stay is that of its slot which began last; where queues made it another one, the declared departure is kept.
    So it is for recorded sessions, of which no slot is told.
    """
    if not truth.vehicle.size or not vehicle.size:
        return plugged, is_enrolled
    order = np.lexsort((truth.sessions.start_s, truth.vehicle))
    owner, start_s = truth.vehicle[order], truth.sessions.start_s[order]
    begin_s = int(min(start_s.min(), now_s))
    # owner and instant in one number: one search finds each slot's last stay
    span_s = int(max(start_s.max(), now_s)) - begin_s + 1
    last = np.searchsorted(owner * span_s + start_s - begin_s, vehicle * span_s + now_s - begin_s, side="right") - 1
    row = order[np.maximum(last, 0)]
    fits = (last >= 0) & (truth.vehicle[row] == vehicle) & (truth.sessions.departure_s[row] > now_s)
    departure_s = np.where(fits, truth.sessions.departure_s[row], plugged.departure_s)
    return replace(plugged, departure_s=departure_s), is_enrolled & (truth.is_enrolled[row] | ~fits)


def build_expectation(spec: RunSpec, district: District) -> ExpectedCars:
    """Expected stays of the district: sampled from days of other seeds, or the run's own."""
    planning = spec.scenario.planning
    inputs = DistrictInputs(
        fleet=district.fleet_parameters, site=district.site, drivers=district.driver_parameters,
        trips=district.trip_parameters,
        step_s=spec.step_s, warmup_days=spec.scenario.warmup_days, start_s=spec.start_s)
    folder = cache_folder(spec.scenario)
    ahead = -(-planning.horizon_h // 24)
    controlled_days = spec.scenario.warmup_controlled_days + spec.scenario.days
    if district.replay is not None and district.vehicles.count:
        return ExpectedCars(spec, district, _of_recording(spec, district, district.replay, ahead))
    if knows_truth(spec):
        stays = ExpectedDays(folder, inputs).true(district.seed, controlled_days + ahead)
        return ExpectedCars(spec, district, _counted_from(stays, spec.control_s))
    if planning.expectation == "perfect":
        stays = ExpectedDays(folder, inputs).perfect(district.seed, controlled_days + ahead)
        return ExpectedCars(spec, district, _counted_from(stays, spec.control_s))
    # the district's place without the run's seed: equal for all runs, unlike between districts
    seed = np.random.SeedSequence(EXPECTATION_SEED, spawn_key=district.seed.spawn_key)
    # days under control are left out: they change no sample, and runs with other numbers of them share the cache
    like_any_run = replace(inputs, start_s=-spec.scenario.warmup_days * DAY_S)
    stays = ExpectedDays(folder, like_any_run).sampled(seed, planning.expectation_days,
                                                       planning.expectation_vehicles_max, planning.horizon_h)
    return ExpectedCars(spec, district, stays)


def _counted_from(stays: ExpectedSessions, midnight_s: int) -> ExpectedSessions:
    """Stays whose clock begins at the first planned midnight, on the counted clock, where it is midnight_s."""
    sessions = stays.sessions
    return replace(stays, sessions=replace(sessions, start_s=sessions.start_s + midnight_s,
                                           departure_s=sessions.departure_s + midnight_s))


def _of_recording(spec: RunSpec, district: District, replay: ReplayInputs, ahead: int) -> ExpectedSessions:
    """Recorded days before the first planned one, or the run's own, as declared, where the truth is known."""
    planning, days = spec.scenario.planning, spec.scenario.days + ahead
    if planning.expectation == "perfect" or knows_truth(spec):
        return true_replay(replay, district.vehicles, district.site, days, spec.step_s, spec.control_s)
    return expected_replay(replay, district.vehicles, district.site, planning.expectation_days, planning.horizon_h,
                           spec.step_s, spec.control_s)


def _behaviour(spec: RunSpec) -> Behaviour:
    scenario, controller = spec.scenario, controller_of(spec)
    planned_share = 1.0 if knows_truth(spec) else scenario.planning.assumed_compliance
    free_share = 1.0 if controller.car_control == "none" else 1.0 - planned_share
    return Behaviour(controller.free_behaviour == "price_response", free_share, build_tariff(scenario, spec.seed),
                     driver_response(scenario), marginal_wear_usd_per_kwh(scenario))
