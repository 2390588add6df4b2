"""One SimPy process per vehicle, charger ports as SimPy resources with queues: for cars that may have to wait.

At one instant ports are freed first, then cars come in the order of their slots; a waiting car gets a freed port
before any car that comes at that instant.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import simpy

from models.mobility.stays import DayDraws, may_plug_in, stay_times
from models.mobility.uncontested_taxis import TAXI_LOW_SOC, charging_departure_s
from models.records.arrays import Floats, Ints
from models.records.feeder import Site
from models.records.vehicles import Vehicles

Process = Generator[simpy.Event, Any, None]

Leg = tuple[int, int, int, float, int, float, float, float, bool]
"""depart_s, duration_s, zone, energy_kwh; its stay: behaviour, plug_in_soc, instant, bus_choice, guidance.

A plain tuple: the garbage collector stops watching those, and there are 200,000 a day.
"""


class DayLegs(NamedTuple):
    """One day of all vehicles with a process: v's legs are legs[first_leg[v]:first_leg[v + 1]]."""

    first_stays: list[Leg]
    """[V] the stays with which the simulation begins; empty on later days."""
    legs: list[Leg]
    first_leg: list[int]


class Clock(simpy.Environment):
    """Events at one instant happen in the order of their rank."""

    def at(self, instant_s: int, rank: int) -> simpy.Event:
        """An event of this rank (2 or more: SimPy's own come first)."""
        event = simpy.Event(self)
        # as simpy.Timeout does it, but with a rank: public Timeout has none, and order at one instant must not be
        # chance
        event._ok, event._value = True, None
        self.schedule(event, rank, instant_s - self.now)  # type: ignore[arg-type]
        return event

    def __deepcopy__(self, memo: dict[int, Any]) -> Clock:
        """As usual, but for SimPy's counter of events, an iterator that Python no longer copies."""
        other = Clock.__new__(Clock)
        memo[id(self)] = other
        memo[id(self._eid)] = count(next(self._eid))
        other.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return other


class Ports(simpy.Container):
    """The free ports of one bus and kind, with a queue.

    A Container, as simpy.Resource looks its users up in a list (too slow for 40,000 of them), and with an
    event only where somebody has to wait.
    """

    def take(self) -> bool:
        """Take a port at once if one is free (then no car is waiting)."""
        is_free = self._level >= 1
        if is_free:
            self._level -= 1
        return is_free

    def give_back(self) -> None:
        """Free a port: the first in the queue gets it."""
        self._level += 1
        # SimPy would look at both queues after every change; here only a freed port can serve anybody
        if self.get_queue:
            self._trigger_get(None)


class VehicleProcesses:
    """The cars `rows` of a district; what happens to them is gathered until `forget`."""

    def __init__(self, vehicles: Vehicles, rows: Ints, site: Site, start_s: int,
                 draws: Callable[[int], DayDraws], first_day: int) -> None:
        self._vehicles, self._rows, self._site, self._draws, self._first_day = vehicles, rows, site, draws, first_day
        self._clock = Clock(initial_time=start_s)
        self._ports = [_ports(self._clock, site.ports(kind)) for kind in range(site.groups.kind_count)]
        self._buses = [[_buses_of_zone(site, kind, zone) for zone in range(site.groups.zone_count)]
                       for kind in range(site.groups.kind_count)]
        self._guided: list[list[list[int]]] | None = None
        self._kind = vehicles.charger_kind.tolist()
        self._is_taxi = vehicles.groups.in_shifts[vehicles.class_index].tolist()
        self._soc = vehicles.soc_initial.copy()
        self._days: dict[int, DayLegs] = {}
        self._step_end_s = start_s
        self.plugged_in: list[tuple[int, int, int, int, int, int, int]] = []
        """vehicle, instant, bus, declared departure, behaviour, override, leaving."""
        self.unplugged: list[tuple[int, int]] = []
        """vehicle, instant."""
        self.driven: list[tuple[int, float]] = []
        for vehicle in rows.tolist():
            self._clock.process(self._life(vehicle, start_s))

    def settle(self, now_s: int) -> None:
        """SimPy runs nothing by itself: let all cars park and plug in at the first instant, before any is read."""
        with without_garbage_collection():
            while self._clock.peek() <= now_s:
                self._clock.step()

    def advance(self, until_s: int, soc: Floats, guidance_rank: Ints | None) -> None:
        """Run all events before until_s."""
        self._soc, self._step_end_s = soc.copy(), until_s
        self._guided = self._guided_buses(guidance_rank)
        with without_garbage_collection():
            self._clock.run(until=until_s)

    def forget(self) -> None:
        """Everybody has been told what happened."""
        self.plugged_in, self.unplugged, self.driven = [], [], []

    def free_ports(self, kind: int) -> Ints:
        """Free ports [B] of one kind."""
        ports = self._ports[kind]
        level = [ports[bus].level if bus in ports else 0 for bus in range(self._site.bus_count)]
        return np.array(level, dtype=np.int64)

    def queue_length(self) -> Ints:
        """[B] cars that wait for a port."""
        waiting = np.zeros(self._site.bus_count, dtype=np.int64)
        for ports in self._ports:
            for bus, port in ports.items():
                waiting[bus] += len(port.get_queue)
        return waiting

    # ------------------------------------------------------------ life of a vehicle
    def _comes(self, vehicle: int, instant_s: int) -> simpy.Event:
        return self._clock.at(instant_s, 2 + len(self._kind) + vehicle)

    def _leaves(self, vehicle: int, instant_s: int) -> simpy.Event:
        return self._clock.at(instant_s, 2 + vehicle)

    def _life(self, vehicle: int, start_s: int) -> Process:
        clock, day = self._clock, self._first_day
        leg = self._day(day).first_stays[vehicle]
        yield self._comes(vehicle, start_s)
        while True:
            legs, first = self._day(day).legs, self._day(day).first_leg
            for following in legs[first[vehicle]:first[vehicle + 1]]:
                departure_s, duration_s, _, energy_kwh, *_ = following
                # a car that comes later than it wanted to leave again drives on at once
                if departure_s > clock.now or self._needs_extra_charge(vehicle):
                    yield from self._stay(vehicle, leg, max(departure_s, int(clock.now)))
                yield self._comes(vehicle, int(clock.now) + duration_s)
                self._arrive(vehicle, energy_kwh)
                leg = following
            day += 1

    def _arrive(self, vehicle: int, energy_kwh: float) -> None:
        self.driven.append((vehicle, energy_kwh))
        self._soc[vehicle] -= energy_kwh / self._vehicles.capacity_kwh[vehicle]

    def _needs_extra_charge(self, vehicle: int) -> bool:
        return self._is_taxi[vehicle] and bool(self._soc[vehicle] < TAXI_LOW_SOC)

    def _stay(self, vehicle: int, leg: Leg, departure_s: int) -> Process:
        """Park from now to departure_s, plugged in if willing with this charge, long enough and a port is found."""
        clock, arrival_s = self._clock, int(self._clock.now)
        _, _, zone, _, behaviour, plug_in_soc, instant, _, _ = leg
        if self._is_taxi[vehicle]:
            departure_s = int(charging_departure_s(arrival_s, departure_s, self._needs_extra_charge(vehicle)))
        begin_s, leaves_s, override_s = map(int, stay_times(arrival_s, departure_s, behaviour, instant))
        if may_plug_in(departure_s - arrival_s, plug_in_soc):
            if begin_s > arrival_s:
                yield self._comes(vehicle, begin_s)
            kind = self._kind[vehicle]
            bus = self._choose_bus(kind, zone, leg)
            port = self._ports[kind].get(bus) if self._soc[vehicle] <= plug_in_soc else None
            # free ports are taken without an event: most cars never wait, and events are what costs
            if port is not None and (port.take() or (yield from self._wait(port, leaves_s))):
                if leaves_s >= self._step_end_s:
                    self.plugged_in.append((vehicle, int(clock.now), bus, departure_s, behaviour, override_s, leaves_s))
                    yield self._leaves(vehicle, leaves_s)
                    self.unplugged.append((vehicle, leaves_s))
                port.give_back()
        if leaves_s > clock.now:
            yield self._leaves(vehicle, leaves_s)

    def _wait(self, port: Ports, leaves_s: int) -> Generator[simpy.Event, Any, bool]:
        """Queue for a port until leaves_s; says whether the car has got it."""
        # whichever comes first, port or departure; a request that lost must leave the queue or it would take a port for
        # nobody
        request = port.get(1)
        yield request | self._clock.timeout(leaves_s - self._clock.now)
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
        # in proportion to free ports: as if the car took any one of them with equal chance
        place = bus_choice * sum(free)
        for bus, level in zip(buses, free, strict=True):
            if place < level:
                return bus
            place -= level
        # the draw that chose a free port chooses a queue: one number per stay, whatever the world makes of it
        return buses[int(bus_choice * len(buses))] if buses else -1

    # ------------------------------------------------------------ wishes, day by day
    def _day(self, day: int) -> DayLegs:
        """The legs of all these cars on one day, drawn when the first car needs them, kept for two days."""
        if day not in self._days:
            # a car driving past midnight still needs yesterday's legs
            self._days = {d: legs for d, legs in self._days.items() if d >= day - 1}
            self._days[day] = self._legs(day)
        return self._days[day]

    def _legs(self, day: int) -> DayLegs:
        drawn = self._draws(day)
        driven = np.zeros_like(drawn.exists)
        driven[self._rows] = drawn.exists[self._rows]
        before = (drawn.depart_s, drawn.duration_s, drawn.zone, drawn.energy_kwh)
        after = (drawn.behaviour, drawn.plug_in_soc, drawn.instant, drawn.bus_choice, drawn.accepts_guidance)
        on_trip = [a[:, -driven.shape[1]:][driven] for a in (*before, *after)]
        # the stay in which a car begins is no trip: no way and no energy, only a zone
        no_trip = np.zeros((driven.shape[0], 4), dtype=np.int64)
        no_trip[:, 2] = drawn.zone[:, 0]
        at_first: list[npt.NDArray[Any]] = [*no_trip.T, *(a[:, 0] for a in after)]
        return DayLegs(first_stays=_leg_list(at_first) if day == self._first_day else [], legs=_leg_list(on_trip),
                       first_leg=np.concatenate([[0], np.cumsum(driven.sum(axis=1))]).tolist())

    def _guided_buses(self, guidance_rank: Ints | None) -> list[list[list[int]]] | None:
        """Buses by [kind][zone], best first; None without guidance. Buses of rank -1 are not guided to."""
        if guidance_rank is None or np.all(guidance_rank < 0):
            return None
        return [[sorted((bus for bus in zone if rank[bus] >= 0), key=rank.__getitem__) for zone in zones]
                for zones, rank in zip(self._buses, guidance_rank.tolist(), strict=True)]


def _ports(clock: Clock, counts: Ints) -> dict[int, Ports]:
    """The ports of each bus that has any."""
    return {bus: Ports(clock, capacity=n, init=n) for bus, n in enumerate(counts.tolist()) if n > 0}


def _leg_list(columns: list[npt.NDArray[Any]]) -> list[Leg]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _buses_of_zone(site: Site, kind: int, zone: int) -> list[int]:
    buses: list[int] = np.flatnonzero((site.bus_zone == zone) & (site.ports(kind) > 0)).tolist()
    return buses


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
