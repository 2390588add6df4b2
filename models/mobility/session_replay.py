"""Recorded sessions in place of simulated trips: the same port as `models.mobility.mobility.Mobility`.

Sessions fill vehicle slots: each takes the slot that has been free longest. A slot's car drives, before it arrives,
what its charger truly delivered then, and asks for what its driver requested; it leaves when the driver truly left,
having declared what he had said. Which stays refuse is drawn as for simulated cars (models/drivers/willingness.py);
leaving early or late stands in the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.drivers.behaviours import COMPLIED, is_recorded
from models.drivers.compliance import Reach
from models.drivers.willingness import STAYS_OF_CLASS, STAYS_PER_DAY, Drivers
from models.mobility.expectation import ExpectedSessions
from models.mobility.recorded_sessions import DAY_S, RecordedSessions
from models.mobility.stays import MIN_PLUGGED_S, NEVER_S, stay_times
from models.records.arrays import Bools, Floats, Ints, RecordError
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.records.groups import OFFICE, PRIVATE, group_index
from models.records.vehicles import DeclaredTable, PresenceTable, Vehicles

LEAST_GAP_S = 7_200
"""Between two sessions of a slot: two of the longest steps."""
FIRST_DRAWS, LAST_DRAWS = 1, STAYS_OF_CLASS[PRIVATE] - 1
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
        arrival = s.arrival_s - self.first_s
        kept = (arrival >= begin_s) & (arrival < end_s) & (s.departure_s - s.arrival_s >= MIN_PLUGGED_S)
        moved = s.rows(kept)
        shift = {name: getattr(moved, name) - self.first_s for name in ("arrival_s", "departure_s", "declared_s")}
        return RecordedSessions(**{**moved.__dict__, **shift})


def outlasts_its_step(sessions: RecordedSessions, step_s: int) -> Bools:
    """[S] False for sessions that end within the step in which they begin: those are not plugged in."""
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
        # the same rule as for simulated cars: PresenceTable holds one beginning stay per car and step, and no end of it
        here = here[outlasts_its_step(r.rows(here), step_s)]
        slot = self._slot[here]
        driven = np.zeros(v.count)
        driven[slot] = drive_kwh(v, slot, r.delivered_kwh[here])
        arrived_bus = np.full(v.count, -1, dtype=np.int64)
        arrived_bus[slot] = self._bus[here]
        fraction, arrived_departure = np.zeros(v.count), np.zeros(v.count, dtype=np.int64)
        fraction[slot], arrived_departure[slot] = (until_s - r.arrival_s[here]) / step_s, r.declared_s[here]
        arrived_behaviour = np.zeros(v.count, dtype=np.int64)
        arrived_behaviour[slot] = self._behaviour[here]
        presence = PresenceTable(
            stay_fraction=stay, driven_kwh=driven, arrived_fraction=fraction, arrived_bus_index=arrived_bus,
            behaviour=self._reach.behaviours(self._present_behaviour, self._bus_index, now_s),
            arrived_behaviour=self._reach.behaviours(arrived_behaviour, arrived_bus, now_s),
            override_s=self._present_override_s.copy(), departs=departs, arrived_departure_s=arrived_departure,
            queue_length=np.zeros(self._site.bus_count, dtype=np.int64))
        self._apply(departs, here, slot, soc, driven)
        self.now_s = until_s
        return presence

    def _apply(self, departs: Bools, here: Ints, slot: Ints, soc: Floats, driven_kwh: Floats) -> None:
        r, v = self._recorded, self._vehicles
        self._bus_index[departs], self._leaves_s[departs] = -1, NEVER_S
        self._present_behaviour[departs], self._present_override_s[departs] = COMPLIED, NEVER_S
        self._bus_index[slot], self._since_s[slot] = self._bus[here], r.arrival_s[here]
        self._departure_s[slot], self._leaves_s[slot] = r.declared_s[here], r.departure_s[here]
        self._present_behaviour[slot], self._present_override_s[slot] = self._behaviour[here], self._override_s[here]
        # a request is energy on top of what is there on arrival: the state of charge it leads to depends on the drive
        arrives = np.maximum(soc[slot] - driven_kwh[slot] / v.capacity_kwh[slot], v.soc_min[slot])
        self._soc_wanted[slot] = wanted_soc(v, slot, arrives, r.requested_kwh[here])


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
    begin_s = max(before_s - days * DAY_S, -inputs.first_s)
    used = (before_s - begin_s) // DAY_S
    if used < 1:
        raise RecordError("recorded sessions: the start leaves no day before the first planned one to expect from; "
                          "begin later")
    past = _plugged_in(inputs.between(begin_s, before_s), step_s)
    ahead = -(-horizon_h // 24)
    pieces = []
    for k in range(ahead):
        shift = k * DAY_S - past.arrival_s // DAY_S * DAY_S
        piece = past.rows(past.arrival_s + shift < horizon_h * 3600)
        kept = past.arrival_s + shift < horizon_h * 3600
        pieces.append((piece, shift[kept]))
    parts = [_expected(p, shift, vehicles, site, 1.0 / used) for p, shift in pieces]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    sessions = Sessions.from_arrays(arrays)
    return ExpectedSessions(sessions, np.ones(sessions.count, dtype=np.bool_))


def true_replay(inputs: ReplayInputs, vehicles: Vehicles, site: Site, days: int, step_s: int,
                begin_s: int = 0) -> ExpectedSessions:
    """The run's own stays from begin_s over `days` counted days, as declared; for perfect expectation."""
    own = _plugged_in(inputs.between(begin_s, days * DAY_S), step_s)
    arrays = _expected(own, np.zeros(own.count, dtype=np.int64), vehicles, site, 1.0)
    return ExpectedSessions(Sessions.from_arrays(arrays), np.ones(own.count, dtype=np.bool_))


def _plugged_in(sessions: RecordedSessions, step_s: int) -> RecordedSessions:
    return sessions.rows(outlasts_its_step(sessions, step_s))


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
    return {"group": group_index(zone, private, np.full(n, bidirectional)),
            "bus_index": np.full(n, -1, dtype=np.int64), "start_s": r.arrival_s + shift_s,
            "departure_s": r.declared_s + shift_s, "energy_kwh": energy, "wanted_kwh": wanted,
            "max_kwh": np.full(n, mean["soc_max"] * mean["capacity_kwh"]),
            "floor_v2g_kwh": np.full(n, mean["soc_floor_v2g"] * mean["capacity_kwh"]),
            "p_charge_max_kw": np.full(n, mean["p_charge_max_kw"]),
            "p_discharge_max_kw": np.full(n, mean["p_discharge_max_kw"] * bidirectional),
            "eta_charge": np.full(n, mean["eta_charge"]), "eta_discharge": np.full(n, mean["eta_discharge"]),
            "weight": np.full(n, weight)}
