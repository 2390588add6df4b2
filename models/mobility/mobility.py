"""Where cars are: between zones, buses and ports.

Cars that may have to wait for a port have a SimPy process each (models/mobility/vehicle_processes.py). Where the zones
have ports for all cars of a charger kind, none of that kind ever waits, and those cars are computed as arrays,
with the same results (models/mobility/uncontested.py, models/mobility/uncontested_taxis.py; their buses:
models/mobility/port_choice.py).

Times are whole seconds on the scenario's clock. Events at exactly t belong to the step that begins at t; the
one exception are cars that stand plugged in when the simulation begins, which `declared()` shows at once.
Trips and willingness are exogenous (models/mobility/trips.py, models/drivers/willingness.py); what queues make of them
is not. At one instant ports are freed first, then cars come in the order of their slots.

Two rules keep at most one beginning stay per car and step: no car plugs in for less than MIN_PLUGGED_S, and a
stay that would end within the step in which it begins is not plugged in at all (the car just parks).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from models.drivers.compliance import Reach
from models.drivers.plug_in_habit import ALWAYS_SOC
from models.drivers.willingness import Drivers
from models.mobility.port_choice import Comers, FreePorts, Leavers
from models.mobility.stays import MIN_PLUGGED_S, NEVER_S, NO_FLOATS, NO_INTS, NO_STAYS, DayDraws, Happened, Stays
from models.mobility.trips import DAY_S, TripWishes
from models.mobility.uncontested import Uncontested
from models.mobility.uncontested_taxis import TAXI_EXTRA_CHARGE_S, TAXI_LOW_SOC, UncontestedTaxis
from models.mobility.vehicle_processes import VehicleProcesses, without_garbage_collection
from models.records.arrays import Bools, Floats, Ints
from models.records.feeder import Site
from models.records.vehicles import DeclaredTable, PresenceTable, Vehicles

__all__ = ["MIN_PLUGGED_S", "NEVER_S", "TAXI_EXTRA_CHARGE_S", "TAXI_LOW_SOC", "Mobility", "without_garbage_collection"]

AnyScalar = TypeVar("AnyScalar", bound=np.generic)


class _Events(NamedTuple):
    """All that happened in a step."""

    begun: Stays
    bus: Ints
    """Of each stay that begins."""
    gone: Ints
    """Vehicles that unplugged."""
    gone_s: Ints
    driver: Ints
    driven_kwh: Floats


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
        self._reach = Reach(drivers, site.bus_zone)
        self._next_day = start_s // DAY_S
        self._drawn: tuple[int, DayDraws] | None = None
        n = vehicles.count
        self._kind = vehicles.charger_kind
        self._bus_index = np.full(n, -1, dtype=np.int64)
        self._since_s, self._departure_s = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._behaviour, self._override_s = np.zeros(n, dtype=np.int64), np.full(n, NEVER_S, dtype=np.int64)
        self._leaves_s = np.full(n, NEVER_S, dtype=np.int64)
        """When the stay plugged in now ends; only of cars without a process."""
        self._waits = np.ones(site.groups.kind_count, dtype=np.bool_) if processes_for_all else self._can_wait()
        """[kinds] whose cars have a process each."""
        with_process = np.flatnonzero(self._waits[self._kind])
        self._free_ports = FreePorts(site)
        self._processes = VehicleProcesses(vehicles, with_process, site, start_s, self._draws, self._next_day)
        self._has_processes = with_process.size > 0
        self._uncontested, self._taxis = self._without_process()
        self._settle_first_instant()

    # ------------------------------------------------------------ what others see
    def declared(self) -> DeclaredTable:
        """What drivers have said at the present instant; read-only copies [V]."""
        return DeclaredTable(bus_index=_read_only(self._bus_index.copy()),
                             plugged_since_s=_read_only(self._since_s.copy()),
                             declared_departure_s=_read_only(self._departure_s.copy()),
                             soc_wanted=_read_only(self._vehicles.soc_wanted.copy()))

    def advance(self, until_s: int, soc: Floats, guidance_rank: Ints | None = None) -> PresenceTable:
        """Run all events in [now, until_s) and say what happened.

        soc [V] at the present instant; guidance_rank [kind, B] by charger kind, 0 = best, -1 everywhere (or
        None) = no guidance. Raises ValueError if until_s is not later than the present instant.
        """
        if until_s <= self.now_s:
            raise ValueError(f"cannot advance to {until_s} s: the present instant is {self.now_s} s")
        if self._has_processes:
            self._processes.advance(until_s, soc, guidance_rank)
        self._free_ports.guide(guidance_rank)
        events = self._events(until_s, until_s, soc)
        presence = self._presence(until_s, events)
        self._apply(events)
        self.now_s = until_s
        return presence

    def free_ports(self, kind: int) -> Ints:
        """Free ports [B] of `groups.kinds[kind]` at the present instant."""
        return self._processes.free_ports(kind) if self._waits[kind] else self._free_ports.by_bus(kind)

    # ------------------------------------------------------------ who needs a process
    def _can_wait(self) -> Bools:
        """[kinds] False where each zone has ports for all cars of a kind, or none at all."""
        can_wait = np.zeros(self._site.groups.kind_count, dtype=np.bool_)
        cars = np.bincount(self._kind, minlength=can_wait.size)
        for kind in range(can_wait.size):
            ports = self._ports_of_zones(kind)
            # all cars of the kind may come to one zone at once; a zone without ports has no queue either, its cars just
            # park
            can_wait[kind] = any(0 < count < cars[kind] for count in ports)
        return can_wait

    def _ports_of_zones(self, kind: int) -> list[int]:
        zones = range(self._site.groups.zone_count)
        return [int(self._site.ports(kind)[self._site.bus_zone == zone].sum()) for zone in zones]

    def _without_process(self) -> tuple[Uncontested | None, UncontestedTaxis | None]:
        is_taxi = self._vehicles.groups.in_shifts[self._vehicles.class_index]
        is_free = ~self._waits[self._kind]
        others, taxis = np.flatnonzero(is_free & ~is_taxi), np.flatnonzero(is_free & is_taxi)
        ports = np.array([self._ports_of_zones(kind) for kind in range(self._site.groups.kind_count)])
        has_port = (ports > 0)[self._kind]
        uncontested = Uncontested(others, has_port[others], self.now_s, self._draws(self._next_day), self._vehicles) \
            if others.size else None
        return uncontested, UncontestedTaxis(taxis, has_port[taxis], self.now_s, self._draws(self._next_day),
                                             self._vehicles.capacity_kwh[taxis]) if taxis.size else None

    def _settle_first_instant(self) -> None:
        self._processes.settle(self.now_s)
        # cars that stand plugged in at the start are shown at once, so one second is run before anybody reads
        self._apply(self._events(self.now_s + 1, self.now_s, self._vehicles.soc_initial))

    # ------------------------------------------------------------ wishes, day by day
    def _draws(self, day: int) -> DayDraws:
        """What all vehicles wish for on one day; the last one asked for is kept."""
        if self._drawn is None or self._drawn[0] != day:
            self._drawn = None
            trips = self._wishes.day(day)
            home = self._vehicles.groups.home_zone[self._vehicles.class_index]
            zone = np.concatenate([home[:, None], trips.zone], axis=1)
            stays = self._drivers.day(day, zone)
            energy_kwh = trips.distance_km * self._vehicles.consumption_kwh_per_km[:, None]
            self._drawn = day, DayDraws(trips.exists, trips.depart_s, trips.duration_s, energy_kwh, zone,
                                        stays.behaviour, stays.plug_in_soc, stays.instant, stays.bus_choice,
                                        stays.accepts_guidance)
        return self._drawn[1]

    def _add_day(self) -> None:
        """One more day for all cars without a process; after that only processes need its draws."""
        draws = self._draws(self._next_day)
        self._next_day += 1
        for cars in (self._uncontested, self._taxis):
            if cars is not None:
                cars.add_day(draws)
        if not self._has_processes:
            self._drawn = None

    # ------------------------------------------------------------ from events to arrays
    def _events(self, until_s: int, step_end_s: int, soc: Floats) -> _Events:
        parts = self._happened(until_s, step_end_s, soc)
        begun = Stays.join([NO_STAYS, *(part.begun for part in parts)])
        # of cars without a process; those with one report their own departures
        gone = np.flatnonzero(self._leaves_s < until_s)
        gone_s = self._leaves_s[gone]
        bus = self._free_ports.take(
            Comers(self._kind[begun.vehicle], begun.zone, begun.begin_s, begun.vehicle, begun.bus_choice,
                   begun.accepts_guidance),
            Leavers(self._kind[gone], self._bus_index[gone], gone_s))
        driver = np.concatenate([NO_INTS, *(part.driver for part in parts)])
        driven_kwh = np.concatenate([NO_FLOATS, *(part.driven_kwh for part in parts)])
        events = _Events(begun, bus, gone, gone_s, driver, driven_kwh)
        return self._as_declared(self._with_processes(events) if self._has_processes else events)

    def _as_declared(self, events: _Events) -> _Events:
        """The same with departures as drivers declare them, errors included; at least the shortest stay."""
        begun = events.begun
        # buses and true departures are settled by now: what a driver says changes what is planned, not what happens
        error_s = self._drivers.declaration_error_s(begun.vehicle, begun.declared_s)
        if not error_s.any():
            return events
        declared_s = np.maximum(begun.declared_s + error_s, begun.begin_s + MIN_PLUGGED_S)
        return events._replace(begun=begun._replace(declared_s=declared_s))

    def _happened(self, until_s: int, step_end_s: int, soc: Floats) -> list[Happened]:
        parts = []
        if self._taxis is not None:
            parts.append(self._taxis.advance(until_s, step_end_s, soc, self._add_day))
        if self._uncontested is not None:
            while not self._uncontested.knows(until_s):
                self._add_day()
            parts.append(self._uncontested.advance(until_s, step_end_s, soc))
        return parts

    def _with_processes(self, events: _Events) -> _Events:
        """The same with what happened to cars that have a process."""
        vehicle, since_s, bus, declared_s, behaviour, override_s, _ = _columns(self._processes.plugged_in, 7)
        n = vehicle.size
        never_s = np.full(n, NEVER_S, dtype=np.int64)  # a process says itself when it unplugs
        stays = Stays(since_s, vehicle, np.zeros_like(vehicle), declared_s, behaviour, override_s, never_s, np.zeros(n),
                      np.zeros(n, dtype=np.bool_), np.full(n, ALWAYS_SOC))
        gone, gone_s = _columns(self._processes.unplugged, 2)
        driver = np.array([v for v, _ in self._processes.driven], dtype=np.int64)
        driven_kwh = np.array([kwh for _, kwh in self._processes.driven])
        self._processes.forget()
        join = np.concatenate
        return _Events(Stays.join([events.begun, stays]), join([events.bus, bus]), join([events.gone, gone]),
                       join([events.gone_s, gone_s]), join([events.driver, driver]),
                       join([events.driven_kwh, driven_kwh]))

    def _presence(self, until_s: int, events: _Events) -> PresenceTable:
        n, step_s, begun = self._vehicles.count, until_s - self.now_s, events.begun
        stay_fraction, arrived_fraction = (self._bus_index >= 0).astype(np.float64), np.zeros(n)
        departs = np.zeros(n, dtype=np.bool_)
        # a car that leaves within the step is plugged in up to that instant, one that arrives from its instant on
        stay_fraction[events.gone] = (events.gone_s - self.now_s) / step_s
        departs[events.gone] = True
        arrived_fraction[begun.vehicle] = (until_s - begun.begin_s) / step_s
        # a car may leave and arrive in the same step, so the stay that begins has columns of its own
        arrived_bus = np.full(n, -1, dtype=np.int64)
        arrived_departure_s, arrived_behaviour = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        arrived_bus[begun.vehicle], arrived_behaviour[begun.vehicle] = events.bus, begun.behaviour
        arrived_departure_s[begun.vehicle] = begun.declared_s
        queue = (self._processes.queue_length() if self._has_processes
                 else np.zeros(self._site.bus_count, dtype=np.int64))
        return PresenceTable(
            stay_fraction=_read_only(stay_fraction),
            driven_kwh=_read_only(np.bincount(events.driver, events.driven_kwh, n).astype(np.float64)),
            arrived_fraction=_read_only(arrived_fraction), arrived_bus_index=_read_only(arrived_bus),
            behaviour=_read_only(self._reach.behaviours(self._behaviour, self._bus_index, self.now_s)),
            arrived_behaviour=_read_only(self._reach.behaviours(arrived_behaviour, arrived_bus, self.now_s)),
            override_s=_read_only(self._override_s.copy()), departs=_read_only(departs),
            arrived_departure_s=_read_only(arrived_departure_s),
            arrived_soc_wanted=_read_only(self._vehicles.soc_wanted.copy()),
            arrived_stay_fraction=_read_only(arrived_fraction.copy()), queue_length=_read_only(queue))

    def _apply(self, events: _Events) -> None:
        """Bring the state of the present instant up to date with the events just run."""
        gone, begun = events.gone, events.begun
        self._bus_index[gone], self._behaviour[gone] = -1, 0
        self._override_s[gone] = self._leaves_s[gone] = NEVER_S
        vehicle = begun.vehicle
        self._bus_index[vehicle], self._since_s[vehicle] = events.bus, begun.begin_s
        self._departure_s[vehicle], self._behaviour[vehicle] = begun.declared_s, begun.behaviour
        self._override_s[vehicle], self._leaves_s[vehicle] = begun.override_s, begun.leaves_s


def _columns(rows: list[Any], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, width).T


def _read_only(array: npt.NDArray[AnyScalar]) -> npt.NDArray[AnyScalar]:
    array.flags.writeable = False
    return array
