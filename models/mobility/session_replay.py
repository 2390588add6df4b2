"""Recorded sessions in place of simulated trips: the same port as `models.mobility.mobility.Mobility`.

Sessions fill vehicle slots: each takes the slot that has been free longest. A slot's car drives, before it arrives,
what its charger truly delivered then, and asks for what its driver requested; it leaves when the driver truly left,
having declared what he had said. A session that ends in the step in which it begins is a stay within it: the car
charges and is gone. Which stays refuse is drawn as for simulated cars (models/drivers/willingness.py); leaving early or
late stands in the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.drivers.behaviours import COMPLIED, is_recorded
from models.drivers.compliance import Reach
from models.drivers.willingness import STAYS_OF_CLASS, STAYS_PER_DAY, Drivers
from models.mobility.expectation import ExpectedSessions
from models.mobility.recorded_sessions import DAY_S, RecordedSessions
from models.mobility.stays import MIN_PLUGGED_S, NEVER_S, stay_times
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints, RecordError
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.records.groups import OFFICE
from models.records.vehicles import DeclaredTable, PresenceTable, Vehicles

LEAST_GAP_S = 7_200
"""Between two sessions of a slot: two of the longest steps."""
FIRST_DRAWS, LAST_DRAWS = 1, STAYS_OF_CLASS[0] - 1
"""Columns of draws that a day's sessions of a slot take in their order; more than these take the last one's. Column 0
is of the stay with which a simulation begins."""


@dataclass(frozen=True)
class ReplayInputs:
    """Which recorded sessions a district replays."""

    sessions: RecordedSessions
    first_s: int
    """Second of the recording that is counted second 0; a midnight."""

    def between(self, begin_s: int, end_s: int) -> RecordedSessions:
        """Sessions of MIN_PLUGGED_S or more that arrive in counted [begin_s, end_s), on the counted clock."""
        s = self.sessions
        moved = s.rows(self._arrives(begin_s, end_s) & (s.departure_s - s.arrival_s >= MIN_PLUGGED_S))
        shift = {name: getattr(moved, name) - self.first_s for name in ("arrival_s", "departure_s", "declared_s")}
        return RecordedSessions(**{**moved.__dict__, **shift})

    def too_short(self, begin_s: int, end_s: int) -> RecordedSessions:
        """The others that arrive then: below MIN_PLUGGED_S; on the clock of the recording."""
        s = self.sessions
        return s.rows(self._arrives(begin_s, end_s) & (s.departure_s - s.arrival_s < MIN_PLUGGED_S))

    def _arrives(self, begin_s: int, end_s: int) -> Bools:
        arrival_s = self.sessions.arrival_s - self.first_s
        return np.asarray((arrival_s >= begin_s) & (arrival_s < end_s))


def replay_notes(inputs: ReplayInputs, vehicles: Vehicles, begin_s: int, end_s: int) -> Iterator[str]:
    """What a run over counted [begin_s, end_s) leaves out of the recording, and what its cars cannot hold or take."""
    if (empty := -(begin_s + inputs.first_s) // DAY_S) > 0:
        yield (f"the first {empty} of {(end_s - begin_s) // DAY_S} simulated days lie before the recording: no car "
               "comes then")
    short, kept = inputs.too_short(begin_s, end_s), inputs.between(begin_s, end_s)
    if short.count:
        count, kwh = short.count + kept.count, short.delivered_kwh.sum() + kept.delivered_kwh.sum()
        yield (f"{short.count} of {count} sessions of the simulated days are left out, being shorter than "
               f"{MIN_PLUGGED_S // 60} min: {short.delivered_kwh.sum():.4g} of {kwh:.4g} kWh")
    slot = slots_of(kept, vehicles.count)
    usable_kwh = (vehicles.soc_max - vehicles.soc_min)[slot] * vehicles.capacity_kwh[slot] / vehicles.eta_charge[slot]
    power_kw, stay_h = vehicles.p_charge_max_kw[slot], (kept.departure_s - kept.arrival_s) / SECONDS_PER_HOUR
    for most_kwh, what in ((usable_kwh, "batteries hold"), (power_kw * stay_h, "chargers give in these stays")):
        above_kwh = np.maximum(kept.delivered_kwh - most_kwh, 0.0)
        if np.any(above_kwh > 0):
            yield (f"{np.count_nonzero(above_kwh)} of {kept.count} sessions of the simulated days took more than the "
                   f"district's {what}: {above_kwh.sum():.4g} of {kept.delivered_kwh.sum():.4g} kWh are not repeated")


def outlasts_its_step(sessions: RecordedSessions, step_s: int) -> Bools:
    """[S] False for sessions that end within the step in which they begin: nobody can dispatch those."""
    return np.asarray(sessions.departure_s >= (sessions.arrival_s // step_s + 1) * step_s)


def slots_of(sessions: RecordedSessions, slots: int) -> Ints:
    """[S] slot of each session (in order of arrival): the one free longest; RecordError where none is free."""
    # slots that were never used count as free the longest, so they are filled before any is used again
    free_s = np.full(slots, -NEVER_S, dtype=np.int64)
    slot = np.zeros(sessions.count, dtype=np.int64)
    for i in range(sessions.count):  # once, before the run
        first = int(np.argmin(free_s)) if slots else -1
        if not slots or free_s[first] > sessions.arrival_s[i]:
            raise RecordError(f"recorded sessions: {slots} cars are too few, at counted second {sessions.arrival_s[i]} "
                              "all of them are plugged in or just left; give the district more private cars")
        slot[i], free_s[first] = first, sessions.departure_s[i] + LEAST_GAP_S
    return slot


class SessionReplay:
    """Cars of one district that come and go as recorded; `now_s` begins at start_s, a midnight."""

    def __init__(self, vehicles: Vehicles, site: Site, drivers: Drivers, inputs: ReplayInputs, start_s: int,
                 end_s: int) -> None:
        self.now_s = start_s
        self._vehicles, self._site = vehicles, site
        self._recorded = inputs.between(start_s, end_s)
        self._slot = slots_of(self._recorded, vehicles.count)
        self._bus = buses_of(self._recorded, site)
        self._reach = Reach(drivers, site.bus_zone)
        self._behaviour, self._override_s = _willingness(self._recorded, self._slot, site.bus_zone[self._bus], drivers,
                                                    vehicles.is_enrolled)
        n = vehicles.count
        self._bus_index = np.full(n, -1, dtype=np.int64)
        self._since_s, self._departure_s = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._leaves_s = np.full(n, NEVER_S, dtype=np.int64)
        self._present_behaviour = np.full(n, COMPLIED, dtype=np.int64)
        self._present_override_s = np.full(n, NEVER_S, dtype=np.int64)
        self._soc_wanted = vehicles.soc_wanted.copy()

    def declared(self) -> DeclaredTable:
        """What drivers have said at the present instant; copies [V]."""
        return DeclaredTable(bus_index=self._bus_index.copy(), plugged_since_s=self._since_s.copy(),
                             declared_departure_s=self._departure_s.copy(), soc_wanted=self._soc_wanted.copy())

    def advance(self, until_s: int, soc: Floats, guidance_rank: Ints | None = None) -> PresenceTable:
        """Everything in [now, until_s); soc [V] at the present instant. Guidance is ignored: places are recorded."""
        now_s, step_s, v = self.now_s, until_s - self.now_s, self._vehicles
        r = self._recorded
        plugged = self._bus_index >= 0
        departs = plugged & (self._leaves_s < until_s)
        stay = np.where(plugged, np.clip((self._leaves_s - now_s) / step_s, 0.0, 1.0), 0.0)
        first, last = np.searchsorted(r.arrival_s, [now_s, until_s])
        here = np.arange(first, last)
        slot = self._slot[here]
        driven_kwh = drive_kwh(v, slot, r.delivered_kwh[here])
        arrives_soc = np.maximum(soc[slot] - driven_kwh / v.capacity_kwh[slot], v.soc_min[slot])
        # a request is energy on top of what is there on arrival: the state of charge it leads to depends on the drive
        wanted = wanted_soc(v, slot, arrives_soc, r.requested_kwh[here])
        # a session may begin and end within the step: it is plugged in for less than the rest of it
        within_s = np.minimum(r.departure_s[here], until_s) - r.arrival_s[here]
        arrived_bus = spread(v.count, slot, self._bus[here], elsewhere=-1)
        presence = PresenceTable(
            stay_fraction=stay, driven_kwh=spread(v.count, slot, driven_kwh),
            arrived_fraction=spread(v.count, slot, (until_s - r.arrival_s[here]) / step_s),
            arrived_stay_fraction=spread(v.count, slot, within_s / step_s),
            arrived_bus_index=arrived_bus, arrived_departure_s=spread(v.count, slot, r.declared_s[here]),
            arrived_soc_wanted=spread(v.count, slot, wanted),
            behaviour=self._reach.behaviours(self._present_behaviour, self._bus_index, now_s),
            arrived_behaviour=self._reach.behaviours(spread(v.count, slot, self._behaviour[here]), arrived_bus, now_s),
            override_s=self._present_override_s.copy(), departs=departs,
            queue_length=np.zeros(self._site.bus_count, dtype=np.int64))
        # those over within the step have been told of once and are not there for the next
        stays_on = outlasts_its_step(r.rows(here), step_s)
        self._apply(departs, here[stays_on], slot[stays_on], wanted[stays_on])
        self.now_s = until_s
        return presence

    def _apply(self, departs: Bools, here: Ints, slot: Ints, soc_wanted: Floats) -> None:
        r = self._recorded
        self._bus_index[departs], self._leaves_s[departs] = -1, NEVER_S
        self._present_behaviour[departs], self._present_override_s[departs] = COMPLIED, NEVER_S
        self._bus_index[slot], self._since_s[slot] = self._bus[here], r.arrival_s[here]
        self._departure_s[slot], self._leaves_s[slot] = r.declared_s[here], r.departure_s[here]
        self._present_behaviour[slot], self._present_override_s[slot] = self._behaviour[here], self._override_s[here]
        self._soc_wanted[slot] = soc_wanted


AnyScalar = TypeVar("AnyScalar", bound=np.generic)


def spread(count: int, slot: Ints, values: npt.NDArray[AnyScalar], elsewhere: int = 0) -> npt.NDArray[AnyScalar]:
    """[count] the values [N] at their slots."""
    column = np.full(count, elsewhere, dtype=values.dtype)
    column[slot] = values
    return column


def drive_kwh(v: Vehicles, slot: Ints, delivered_kwh: Floats) -> Floats:
    """Battery energy used before an arrival: what the charger then delivered, at most the usable battery [N]."""
    usable_kwh = (v.soc_max[slot] - v.soc_min[slot]) * v.capacity_kwh[slot]
    return np.minimum(delivered_kwh * v.eta_charge[slot], usable_kwh)


def wanted_soc(v: Vehicles, slot: Ints, soc_arrival: Floats, requested_kwh: Floats) -> Floats:
    """State of charge that a request leads to, at most soc_max [N]."""
    return np.minimum(soc_arrival + requested_kwh * v.eta_charge[slot] / v.capacity_kwh[slot], v.soc_max[slot])


def buses_of(sessions: RecordedSessions, site: Site) -> Ints:
    """[S] bus of each session's station: stations are dealt out to the slow ports of office buses (A), else of all."""
    has_port = site.slow_ports > 0
    office = has_port & (site.bus_zone == OFFICE)
    ports = np.repeat(np.arange(site.bus_count), site.slow_ports * (office if office.any() else has_port))
    if not ports.size:
        raise RecordError("recorded sessions: the district has no slow port")
    # stations go round the buses one port each, so that neighbours in the log do not all stand at one bus
    order = np.argsort(np.arange(ports.size) % max(int(site.slow_ports.max()), 1), kind="stable")
    return np.asarray(ports[order][sessions.station % ports.size], dtype=np.int64)


def _willingness(sessions: RecordedSessions, slot: Ints, zone: Ints, drivers: Drivers,
                 is_enrolled: Bools) -> tuple[Ints, Ints]:
    """(behaviour, override instant) [S]; the first stays of a day in a slot take that day's draws, in their order."""
    behaviour, instant = np.full(sessions.count, COMPLIED, dtype=np.int64), np.zeros(sessions.count)
    days = sessions.arrival_s // DAY_S
    for day in np.unique(days).tolist():
        rows = np.flatnonzero(days == day)
        order = rows[np.argsort(slot[rows], kind="stable")]
        place = np.arange(order.size) - np.searchsorted(slot[order], slot[order])
        zones = np.full((is_enrolled.size, STAYS_PER_DAY), -1, dtype=np.int64)
        zones[slot[order], FIRST_DRAWS + place] = zone[order]
        drawn = drivers.day(int(day), zones)
        # recorded slots may see more stays a day than simulated cars have draws for
        column = np.minimum(FIRST_DRAWS + place, LAST_DRAWS)
        behaviour[order], instant[order] = drawn.behaviour[slot[order], column], drawn.instant[slot[order], column]
    # leaving early or late is already in the recorded times: drawn on top it would count twice
    behaviour = np.where(is_recorded(behaviour), COMPLIED, behaviour)
    return behaviour, stay_times(sessions.arrival_s, sessions.departure_s, behaviour, instant).override_s


# ---------------------------------------------------------------- what an operator expects
def expected_replay(inputs: ReplayInputs, vehicles: Vehicles, site: Site, days: int,
                    horizon_h: int, step_s: int, before_s: int = 0) -> ExpectedSessions:
    """Stays expected after a midnight: the mean of up to `days` recorded days before that at before_s; as declared.

    Batteries are those of the fleet's mean car, full to soc_wanted before the drive. RecordError without earlier days.
    """
    used = days_to_expect_from(inputs, days, before_s)
    past = inputs.between(before_s - used * DAY_S, before_s)
    pieces = []
    for k in range(-(-horizon_h // 24)):
        # each past day stands for every day to come, at its own time of day
        shift = k * DAY_S - past.arrival_s // DAY_S * DAY_S
        kept = past.arrival_s + shift < horizon_h * 3600
        pieces.append((past.rows(kept), shift[kept]))
    parts = [_expected(p, shift, vehicles, site, 1.0 / used) for p, shift in pieces]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    can_be_told = np.concatenate([outlasts_its_step(p, step_s) for p, _ in pieces])
    return ExpectedSessions(Sessions.from_arrays(arrays), can_be_told)


def days_to_expect_from(inputs: ReplayInputs, days: int, before_s: int) -> int:
    """How many of up to `days` recorded days lie before the midnight at before_s; RecordError if none does."""
    used = min(days, (before_s + inputs.first_s) // DAY_S)
    if used < 1:
        raise RecordError("recorded sessions: the start leaves no day before the first planned one to expect from; "
                          "begin later")
    return int(used)


def true_replay(inputs: ReplayInputs, vehicles: Vehicles, site: Site, days: int, step_s: int,
                begin_s: int = 0) -> ExpectedSessions:
    """The run's own stays from begin_s over `days` counted days, as declared; for perfect expectation."""
    own = inputs.between(begin_s, days * DAY_S)
    arrays = _expected(own, np.zeros(own.count, dtype=np.int64), vehicles, site, 1.0)
    return ExpectedSessions(Sessions.from_arrays(arrays), outlasts_its_step(own, step_s))


def _expected(r: RecordedSessions, shift_s: Ints, v: Vehicles, site: Site, weight: float) -> dict[str, Floats | Ints]:
    """Columns of Sessions for recorded ones moved by shift_s, driven by the mean car of the fleet."""
    # a mean car must be of one group: the kind that most cars are of
    n, bidirectional = r.count, int(v.is_bidirectional.mean() >= 0.5)
    mean = {name: float(getattr(v, name).mean()) for name in
            ("capacity_kwh", "soc_wanted", "soc_min", "soc_max", "soc_floor_v2g", "p_charge_max_kw", "eta_charge",
             "eta_discharge", "p_discharge_max_kw")}
    energy = np.maximum(mean["soc_wanted"] * mean["capacity_kwh"] - r.delivered_kwh * mean["eta_charge"],
                        mean["soc_min"] * mean["capacity_kwh"])
    wanted = np.minimum(energy + r.requested_kwh * mean["eta_charge"], mean["soc_max"] * mean["capacity_kwh"])
    zone = site.bus_zone[buses_of(r, site)]
    private = np.zeros(n, dtype=np.int64)
    return {"group": site.groups.index(zone, private, np.full(n, bidirectional)),
            "bus_index": np.full(n, -1, dtype=np.int64), "start_s": r.arrival_s + shift_s,
            "departure_s": r.declared_s + shift_s, "energy_kwh": energy, "wanted_kwh": wanted,
            "max_kwh": np.full(n, mean["soc_max"] * mean["capacity_kwh"]),
            "floor_v2g_kwh": np.full(n, mean["soc_floor_v2g"] * mean["capacity_kwh"]),
            "p_charge_max_kw": np.full(n, mean["p_charge_max_kw"]),
            "p_discharge_max_kw": np.full(n, mean["p_discharge_max_kw"] * bidirectional),
            "eta_charge": np.full(n, mean["eta_charge"]), "eta_discharge": np.full(n, mean["eta_discharge"]),
            "weight": np.full(n, weight)}
