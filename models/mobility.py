"""Where cars are: one SimPy process per vehicle, charger ports as SimPy resources with queues.

Cars that can never meet at a port (models/uncontested.py) are worked out day by day instead, with the same results.

Times are whole seconds on the scenario's clock. Events at exactly t belong to the step that begins at t; the
one exception are cars that stand plugged in when the simulation begins, which `declared()` shows at once.
Trips and willingness are exogenous (models/trips.py, models/drivers.py); what queues make of them is not.

Two rules keep at most one beginning stay per car and step: nobody plugs in for less than MIN_PLUGGED_S, and a
stay that would end within the step in which it begins is not plugged in at all (the car just parks).
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import simpy

from models.drivers import ARRIVES_LATE, LEAVES_EARLY, OVERRIDES, Drivers
from models.population import TAXI
from models.records import CHARGER_KINDS, ZONES, Bools, DeclaredTable, Floats, Ints, PresenceTable, Site, Vehicles
from models.trips import DAY_S, HOME_ZONE, TripWishes
from models.uncontested import MIN_PLUGGED_S, NEVER_S, SHIFT_MAX_S, SHIFT_SHARE, DayDraws, Happened, Uncontested

__all__ = ["MIN_PLUGGED_S", "NEVER_S", "Mobility", "without_garbage_collection"]

TAXI_LOW_SOC = 0.3
"""A taxi below it after a trip goes to charge between its regular charges (A)."""
TAXI_EXTRA_CHARGE_S = 2_400
"""(A)"""

NOTHING = Happened(np.zeros((6, 0), dtype=np.int64), np.zeros((2, 0), dtype=np.int64),
                   np.zeros(0, dtype=np.int64), np.zeros(0))

AnyScalar = TypeVar("AnyScalar", bound=np.generic)
AnyArray = npt.NDArray[Any]
Process = Generator[simpy.Event, Any, None]


Leg = tuple[int, int, int, float, int, bool, float, float, bool]
"""depart_s, duration_s, zone, energy_kwh; its stay: mode, plugs_in, instant, bus_choice, guidance.

A plain tuple: the garbage collector stops watching those, and there are 200,000 a day.
"""


class DayLegs(NamedTuple):
    """One day of all vehicles with a process: v's legs are legs[first_leg[v]:first_leg[v + 1]]."""

    first_stays: list[Leg]
    """[V] the stays with which the simulation begins; empty on later days."""
    legs: list[Leg]
    first_leg: list[int]


class Ports(simpy.Container):
    """The free ports of one bus and kind, with a queue.

    A Container, as simpy.Resource looks its users up in a list (too slow for 40,000 of them), and with an
    event only where somebody has to wait.
    """

    def take(self) -> bool:
        """Take a port at once if one is free (then nobody waits)."""
        is_free = self._level >= 1
        if is_free:
            self._level -= 1
        return is_free

    def give_back(self) -> None:
        """Free a port: the first in the queue gets it."""
        self._level += 1
        if self.get_queue:
            self._trigger_get(None)


class Mobility:
    """The vehicles of one district on their way between zones, buses and ports."""

    def __init__(self, vehicles: Vehicles, site: Site, wishes: TripWishes, drivers: Drivers,
                 start_s: int = 0, processes_for_all: bool = False) -> None:
        """start_s must be a midnight (a multiple of 86,400 s, maybe negative), else ValueError.

        processes_for_all: also cars that can never wait get a process of their own.
        """
        if start_s % DAY_S:
            raise ValueError(f"mobility must start at a midnight, not at start_s={start_s}")
        self.now_s = start_s
        self._vehicles, self._site, self._wishes, self._drivers = vehicles, site, wishes, drivers
        self._first_day = start_s // DAY_S
        self._days: dict[int, DayLegs] = {}
        self._drawn: dict[int, DayDraws] = {}
        self._env = simpy.Environment(initial_time=start_s)
        self._ports = [_ports(self._env, site.ports(kind)) for kind in range(len(CHARGER_KINDS))]
        self._buses = [[_buses_of_zone(site, kind, zone) for zone in range(len(ZONES))]
                       for kind in range(len(CHARGER_KINDS))]
        self._guided: list[list[list[int]]] | None = None
        self._kind = vehicles.charger_kind.tolist()
        self._is_taxi = (vehicles.class_index == TAXI).tolist()
        self._soc = vehicles.soc_initial.copy()
        self._step_end_s = start_s
        self._plugged_in: list[tuple[int, int, int, int, int, int]] = []
        self._unplugged: list[tuple[int, int]] = []
        self._driven: list[tuple[int, float]] = []
        n = vehicles.count
        self._bus_index = np.full(n, -1, dtype=np.int64)
        self._since_s, self._departure_s = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._mode, self._override_s = np.zeros(n, dtype=np.int64), np.full(n, NEVER_S, dtype=np.int64)
        waits = np.ones(n, dtype=np.bool_) if processes_for_all else self._can_wait()
        self._with_process, self._free_rows = np.flatnonzero(waits), np.flatnonzero(~waits)
        self._free: Uncontested | None = None
        self._next_free_day = self._first_day
        self._happened = NOTHING
        if self._free_rows.size:
            self._free = self._uncontested()
        with without_garbage_collection():
            self._settle_first_instant()

    # ------------------------------------------------------------ what others see
    def declared(self) -> DeclaredTable:
        """What drivers have said at the present instant; read-only copies [V]."""
        return DeclaredTable(bus_index=_read_only(self._bus_index), plugged_since_s=_read_only(self._since_s),
                             declared_departure_s=_read_only(self._departure_s),
                             soc_wanted=_read_only(self._vehicles.soc_wanted))

    def advance(self, until_s: int, soc: Floats, guidance_rank: Ints | None = None) -> PresenceTable:
        """Run all events in [now, until_s) and say what happened.

        soc [V] at the present instant; guidance_rank [2, B] by charger kind, 0 = best, -1 everywhere (or
        None) = no guidance. Raises ValueError if until_s is not later than the present instant.
        """
        if until_s <= self.now_s:
            raise ValueError(f"cannot advance to {until_s} s: the present instant is {self.now_s} s")
        self._soc = np.array(soc, dtype=np.float64)
        self._guided = self._guided_buses(guidance_rank)
        self._step_end_s = until_s
        with without_garbage_collection():
            self._env.run(until=until_s)
            self._happened = self._free_events(until_s, until_s)
            presence = self._presence(until_s)
            self._apply_events()
        self.now_s = until_s
        return presence

    def free_ports(self, kind: int) -> Ints:
        """Free ports [B] of CHARGER_KINDS[kind] at the present instant."""
        ports, rows = self._ports[kind], self._free_rows
        taken = rows[(self._bus_index[rows] >= 0) & (self._vehicles.charger_kind[rows] == kind)]
        level = [ports[bus].level if bus in ports else 0 for bus in range(self._site.bus_count)]
        return np.array(level, dtype=np.int64) - np.bincount(self._bus_index[taken], minlength=self._site.bus_count)

    # ------------------------------------------------------------ life of a vehicle
    def _settle_first_instant(self) -> None:
        """SimPy runs nothing of itself: let all cars park and plug in at start_s before anybody looks."""
        for vehicle in self._with_process.tolist():
            self._env.process(self._life(vehicle))
        while self._env.peek() <= self.now_s:
            self._env.step()
        self._happened = self._free_events(self.now_s + 1, self.now_s)
        self._apply_events()

    def _life(self, vehicle: int) -> Process:
        env, day = self._env, self._first_day
        leg = self._day(day).first_stays[vehicle]
        while True:
            legs, first = self._day(day).legs, self._day(day).first_leg
            for following in legs[first[vehicle]:first[vehicle + 1]]:
                departure_s, duration_s, _, energy_kwh, *_ = following
                if departure_s > env.now or self._needs_extra_charge(vehicle):
                    yield from self._stay(vehicle, leg, max(departure_s, int(env.now)))
                yield env.timeout(duration_s)
                self._arrive(vehicle, energy_kwh)
                leg = following
            day += 1

    def _arrive(self, vehicle: int, energy_kwh: float) -> None:
        self._driven.append((vehicle, energy_kwh))
        if self._is_taxi[vehicle]:
            self._soc[vehicle] -= energy_kwh / self._vehicles.capacity_kwh[vehicle]

    def _needs_extra_charge(self, vehicle: int) -> bool:
        return self._is_taxi[vehicle] and bool(self._soc[vehicle] < TAXI_LOW_SOC)

    def _stay(self, vehicle: int, leg: Leg, departure_s: int) -> Process:
        """Park from now to departure_s, plugged in if willing, long enough and a port is found."""
        env, arrival_s = self._env, int(self._env.now)
        _, _, zone, _, mode, plugs_in, instant, _, _ = leg
        if departure_s - arrival_s < MIN_PLUGGED_S and self._needs_extra_charge(vehicle):
            departure_s = arrival_s + TAXI_EXTRA_CHARGE_S
        dwell_s = departure_s - arrival_s
        shift_s = int(min(dwell_s * SHIFT_SHARE, SHIFT_MAX_S) * instant)
        leaves_s = departure_s - shift_s if mode == LEAVES_EARLY else departure_s
        if plugs_in and dwell_s >= MIN_PLUGGED_S:
            if mode == ARRIVES_LATE:
                yield env.timeout(shift_s)
            kind = self._kind[vehicle]
            bus = self._choose_bus(kind, zone, leg)
            port = self._ports[kind].get(bus)
            if port is not None and (port.take() or (yield from self._wait(port, leaves_s))):
                if leaves_s >= self._step_end_s:
                    override_s = arrival_s + int(dwell_s * instant) if mode == OVERRIDES else NEVER_S
                    self._plugged_in.append((vehicle, int(env.now), bus, departure_s, mode, override_s))
                    yield env.timeout(leaves_s - env.now)
                    self._unplugged.append((vehicle, leaves_s))
                port.give_back()
        if leaves_s > env.now:
            yield env.timeout(leaves_s - env.now)

    def _wait(self, port: Ports, leaves_s: int) -> Generator[simpy.Event, Any, bool]:
        """Queue for a port until leaves_s; says whether the car has got it."""
        request = port.get(1)
        yield request | self._env.timeout(leaves_s - self._env.now)
        if not request.triggered:
            request.cancel()
        return bool(request.triggered)

    def _choose_bus(self, kind: int, zone: int, leg: Leg) -> int:
        """The guided bus, else that of a random free port in the zone, else a random bus to queue at.

        -1 where the zone has no port of this kind.
        """
        buses, ports = self._buses[kind][zone], self._ports[kind]
        bus_choice, accepts_guidance = leg[7:]
        if self._guided and accepts_guidance:
            for bus in self._guided[kind][zone]:
                if ports[bus].level:
                    return bus
        free = [ports[bus].level for bus in buses]
        place = bus_choice * sum(free)
        for bus, level in zip(buses, free, strict=True):
            if place < level:
                return bus
            place -= level
        return buses[int(bus_choice * len(buses))] if buses else -1

    # ------------------------------------------------------------ cars that never wait
    def _can_wait(self) -> Bools:
        """[V] False where each zone has one bus with ports for all cars of a kind; taxis decide as they go."""
        kinds = self._vehicles.charger_kind
        can_wait = np.ones(kinds.size, dtype=np.bool_)
        for kind, zones in enumerate(self._buses):
            mine = kinds == kind
            ports = self._site.ports(kind)
            is_free = all(len(buses) <= 1 and all(ports[bus] >= mine.sum() for bus in buses) for buses in zones)
            can_wait[mine] = not is_free
        return can_wait | np.array(self._is_taxi, dtype=np.bool_)

    def _uncontested(self) -> Uncontested:
        of_kind = np.array([[buses[0] if buses else -1 for buses in zones] for zones in self._buses], dtype=np.int64)
        rows = self._free_rows
        return Uncontested(rows, of_kind[self._vehicles.charger_kind[rows]], self.now_s, self._draws(self._first_day))

    def _free_events(self, until_s: int, step_end_s: int) -> Happened:
        if self._free is None:
            return NOTHING
        while not self._free.knows(until_s):
            self._free.add_day(self._draws(self._next_free_day))
            self._next_free_day += 1
        return self._free.advance(until_s, step_end_s)

    # ------------------------------------------------------------ wishes, day by day
    def _day(self, day: int) -> DayLegs:
        """The legs of all vehicles on one day, drawn when the first car needs them, kept for two days."""
        if day not in self._days:
            self._days = {d: legs for d, legs in self._days.items() if d >= day - 1}
            self._days[day] = self._legs(day)
        return self._days[day]

    def _draws(self, day: int) -> DayDraws:
        """What all vehicles wish for on one day; kept for two days."""
        if day not in self._drawn:
            trips = self._wishes.day(day)
            home = np.array(HOME_ZONE, dtype=np.int64)[self._vehicles.class_index]
            zone = np.concatenate([home[:, None], trips.zone], axis=1)
            stays = self._drivers.day(day, zone)
            energy_kwh = trips.distance_km * self._vehicles.consumption_kwh_per_km[:, None]
            self._drawn = {d: drawn for d, drawn in self._drawn.items() if d >= day - 1}
            self._drawn[day] = DayDraws(trips.exists, trips.depart_s, trips.duration_s, energy_kwh, zone, stays.mode,
                                        stays.plugs_in, stays.instant, stays.bus_choice, stays.accepts_guidance)
        return self._drawn[day]

    def _legs(self, day: int) -> DayLegs:
        drawn = self._draws(day)
        driven = drawn.exists.copy()
        driven[self._free_rows] = False
        before = (drawn.depart_s, drawn.duration_s, drawn.zone, drawn.energy_kwh)
        after = (drawn.mode, drawn.plugs_in, drawn.instant, drawn.bus_choice, drawn.accepts_guidance)
        on_trip = [a[:, -driven.shape[1]:][driven] for a in (*before, *after)]
        no_trip = np.zeros((driven.shape[0], 4), dtype=np.int64)
        no_trip[:, 2] = drawn.zone[:, 0]
        at_first: list[AnyArray] = [*no_trip.T, *(a[:, 0] for a in after)]
        return DayLegs(first_stays=_rows(at_first) if day == self._first_day else [], legs=_rows(on_trip),
                       first_leg=np.concatenate([[0], np.cumsum(driven.sum(axis=1))]).tolist())

    # ------------------------------------------------------------ from events to arrays
    def _presence(self, until_s: int) -> PresenceTable:
        n = self._vehicles.count
        step_s = until_s - self.now_s
        is_plugged = self._bus_index >= 0
        stay_fraction, driven_kwh, arrived_fraction = is_plugged.astype(np.float64), np.zeros(n), np.zeros(n)
        departs = np.zeros(n, dtype=np.bool_)
        arrived = np.full((4, n), -1, dtype=np.int64)
        arrived[2] = arrived[3] = 0
        vehicle, instant_s = self._all_unplugged()
        stay_fraction[vehicle] = (instant_s - self.now_s) / step_s
        departs[vehicle] = True
        if self._driven:
            index, energy_kwh = np.array(self._driven).T
            driven_kwh += np.bincount(index.astype(np.int64), weights=energy_kwh, minlength=n)
        driven_kwh += np.bincount(self._happened.driver, weights=self._happened.driven_kwh, minlength=n)
        rows = self._all_plugged_in()
        vehicle, instant_s = rows[0], rows[1]
        arrived_fraction[vehicle] = (until_s - instant_s) / step_s
        arrived[1:, vehicle] = rows[[2, 3, 4]]
        return PresenceTable(
            stay_fraction=_read_only(stay_fraction), driven_kwh=_read_only(driven_kwh),
            arrived_fraction=_read_only(arrived_fraction), arrived_bus_index=_read_only(arrived[1]),
            mode=_read_only(self._mode), arrived_mode=_read_only(arrived[3]),
            override_s=_read_only(self._override_s), departs=_read_only(departs),
            arrived_departure_s=_read_only(arrived[2]), queue_length=_read_only(self._queue_length()))

    def _apply_events(self) -> None:
        """Bring the state of the present instant up to date with the events just run, and forget them."""
        vehicle, _ = self._all_unplugged()
        self._bus_index[vehicle], self._mode[vehicle], self._override_s[vehicle] = -1, 0, NEVER_S
        vehicle, since_s, bus, declared_s, mode, override_s = self._all_plugged_in()
        self._bus_index[vehicle], self._since_s[vehicle] = bus, since_s
        self._departure_s[vehicle], self._mode[vehicle] = declared_s, mode
        self._override_s[vehicle] = override_s
        self._plugged_in, self._unplugged, self._driven = [], [], []
        self._happened = NOTHING

    def _all_plugged_in(self) -> npt.NDArray[np.int64]:
        return np.concatenate([_columns(self._plugged_in, 6), self._happened.plugged_in], axis=1)

    def _all_unplugged(self) -> npt.NDArray[np.int64]:
        return np.concatenate([_columns(self._unplugged, 2), self._happened.unplugged], axis=1)

    def _queue_length(self) -> Ints:
        waiting = np.zeros(self._site.bus_count, dtype=np.int64)
        for ports in self._ports:
            for bus, port in ports.items():
                waiting[bus] += len(port.get_queue)
        return waiting

    def _guided_buses(self, guidance_rank: Ints | None) -> list[list[list[int]]] | None:
        """Buses by [kind][zone], best first; None without guidance. Buses of rank -1 are not guided to."""
        if guidance_rank is None or np.all(guidance_rank < 0):
            return None
        return [[sorted((bus for bus in zone if rank[bus] >= 0), key=rank.__getitem__) for zone in zones]
                for zones, rank in zip(self._buses, guidance_rank.tolist(), strict=True)]


def _ports(env: simpy.Environment, counts: Ints) -> dict[int, Ports]:
    """The ports of each bus that has any."""
    return {bus: Ports(env, capacity=n, init=n) for bus, n in enumerate(counts.tolist()) if n > 0}


def _rows(columns: list[AnyArray]) -> list[Leg]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _buses_of_zone(site: Site, kind: int, zone: int) -> list[int]:
    found: list[int] = np.flatnonzero((site.bus_zone == zone) & (site.ports(kind) > 0)).tolist()
    return found


def _columns(rows: list[Any], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, width).T


def _read_only(array: npt.NDArray[AnyScalar]) -> npt.NDArray[AnyScalar]:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """SimPy makes a million small objects; the cyclic collector would search them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
