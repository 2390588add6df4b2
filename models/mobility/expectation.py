"""What an operator expects of cars that are not yet plugged in: stays of simulated days with other seeds.

The same simulation with the run's own seed and all cars gives the perfect expectation, for comparison.
Every car charges at once to what it wants, without taper: minimal physics, enough for the energy at plug-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from models.drivers.population import PURPOSES, FleetParameters, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.mobility import Mobility
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import DAY_S, TripWishes
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.records.vehicles import PresenceTable, Vehicles


@dataclass(frozen=True)
class DistrictInputs:
    """All that determines the mobility of one district, apart from the seed."""

    fleet: FleetParameters
    site: Site
    drivers: DriverParameters = field(default_factory=DriverParameters)
    trips: TripParameters = field(default_factory=TripParameters)
    step_s: int = 900
    warmup_days: int = 1
    start_s: int = 0
    """Midnight at which the warm-up begins; counted time begins warmup_days later."""

    @property
    def counted_s(self) -> int:
        return self.start_s + self.warmup_days * DAY_S


@dataclass(frozen=True)
class ExpectedSessions:
    """Stays with start_s and departure_s counted from the counted midnight; arrays [S]."""

    sessions: Sessions
    is_enrolled: Bools
    vehicle: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Slot of each stay, only of `true_sessions`."""


def populate(inputs: DistrictInputs, seed: np.random.SeedSequence) -> tuple[Vehicles, Mobility]:
    """The district's vehicles and their mobility at inputs.start_s; seed is the district's."""
    vehicles = draw_vehicles(inputs.fleet, seed)
    wishes = TripWishes(vehicles.class_index, seed, inputs.trips)
    drivers = Drivers(vehicles, seed, inputs.drivers)
    return vehicles, Mobility(vehicles, inputs.site, wishes, drivers, inputs.start_s)


def expected_sessions(inputs: DistrictInputs, seed: np.random.SeedSequence, days: int = 20,
                      vehicles_max: int = 2_500, vehicles_min: int = 500,
                      horizon_h: int = 48) -> ExpectedSessions:
    """Stays that begin within horizon_h after a midnight, as a mean over `days` simulated days.

    weight = cars that one sampled car stands for / days. A fleet above vehicles_max is sampled, one below
    vehicles_min enlarged (with its ports). The seed is made different from any run's; give the same one to
    all runs, so that an answer that is kept serves them all. Raises ValueError for days < 1.
    """
    if days < 1:
        raise ValueError(f"days={days} must be at least 1")
    spawn_key = (*seed.spawn_key, PURPOSES.index("expectation"))
    # a spawn key of its own makes days that no run lives: an expectation from the run's own seed would be foresight
    other = np.random.SeedSequence(seed.entropy, spawn_key=spawn_key)
    sample = _sampled(inputs, vehicles_min, vehicles_max)
    simulated = simulate_sessions(sample, other, days + -(-horizon_h // 24) - 1)
    return _mean_day(inputs, sample, simulated, days, horizon_h)


def perfect_sessions(inputs: DistrictInputs, seed: np.random.SeedSequence, days: int) -> ExpectedSessions:
    """The run's own stays over `days` counted days: same seed, all cars, weight 1."""
    return simulate_sessions(inputs, seed, days).stays


def true_sessions(inputs: DistrictInputs, seed: np.random.SeedSequence, days: int) -> ExpectedSessions:
    """The run's own stays with their true departures, those of the warm-up included; for the oracle only.

    is_enrolled: under contract and complying throughout the stay. Only the energy at plug-in remains a guess (every
    car charging at once), since it depends on what the controller does.
    """
    vehicles, mobility = populate(inputs, seed)
    soc, declared = vehicles.soc_initial.copy(), mobility.declared()
    first = np.flatnonzero(declared.is_plugged)
    # Cars that are there at the start plugged in before it: an arrival at an instant belongs to the step from there on.
    rows: list[tuple[Ints, Ints, Ints, Floats, Ints]] = [(
        first, declared.bus_index[first], np.full(first.size, inputs.start_s - 1, dtype=np.int64), soc[first],
        declared.declared_departure_s[first])]
    left: list[tuple[Ints, Ints]] = []
    behaviours: list[Ints] = []
    for now_s in range(inputs.start_s, inputs.counted_s + days * DAY_S, inputs.step_s):
        presence = mobility.advance(now_s + inputs.step_s, soc)
        # behaviours of stays that stand at the start are known only from the first step's presence
        if not behaviours:
            behaviours.append(presence.behaviour[first])
        soc, at_plug_in = _charge_at_once(vehicles, presence, soc, inputs.step_s / SECONDS_PER_HOUR)
        gone = np.flatnonzero(presence.departs)
        left.append((gone, now_s + np.rint(presence.stay_fraction[gone] * inputs.step_s).astype(np.int64)))
        rows.append(_arrivals(presence, at_plug_in, now_s, now_s + inputs.step_s))
        behaviours.append(presence.arrived_behaviour[rows[-1][0]])
    vehicle, bus, start_s, energy, declared_s = map(np.concatenate, zip(*rows, strict=True))
    departure_s = _true_departures(vehicle, start_s, declared_s, *map(np.concatenate, zip(*left, strict=True)))
    sessions = _sessions(vehicles, inputs.site, vehicle, bus, start_s - inputs.counted_s, energy,
                         departure_s - inputs.counted_s)
    return ExpectedSessions(sessions, vehicles.is_enrolled[vehicle] & (np.concatenate(behaviours) == 0), vehicle)


# ---------------------------------------------------------------- simulation
@dataclass(frozen=True)
class SimulatedSessions:
    """Stays of a simulation, weight 1, and the vehicle [S] of each."""

    stays: ExpectedSessions
    vehicle: Ints


def simulate_sessions(inputs: DistrictInputs, seed: np.random.SeedSequence, days: int) -> SimulatedSessions:
    """All stays that begin in `days` >= 1 counted days (after the warm-up), every car charging at once."""
    vehicles, mobility = populate(inputs, seed)
    soc = vehicles.soc_initial.copy()
    rows: list[Arrivals] = []
    end_s = inputs.counted_s + days * DAY_S
    for now_s in range(inputs.start_s, end_s, inputs.step_s):
        until_s = min(now_s + inputs.step_s, end_s)
        presence = mobility.advance(until_s, soc)
        soc, at_plug_in = _charge_at_once(vehicles, presence, soc, (until_s - now_s) / SECONDS_PER_HOUR)
        if now_s >= inputs.counted_s:
            rows.append(_arrivals(presence, at_plug_in, now_s, until_s))
    vehicle, bus, start_s, soc_start, departure_s = map(np.concatenate, zip(*rows, strict=True))
    sessions = _sessions(vehicles, inputs.site, vehicle, bus, start_s - inputs.counted_s, soc_start,
                         departure_s - inputs.counted_s)
    return SimulatedSessions(ExpectedSessions(sessions, vehicles.is_enrolled[vehicle]), vehicle)


def _true_departures(vehicle: Ints, start_s: Ints, declared_s: Ints, gone: Ints, gone_s: Ints) -> Ints:
    """[S] the n-th stay of a vehicle ends with its n-th departure; one that has not ended, as declared."""
    # stays and departures of a vehicle alternate, so its n-th of each belong together, whatever happened between
    by_stay, by_end = np.lexsort((start_s, vehicle)), np.lexsort((gone_s, gone))
    number = {}
    for rows, owner in ((by_stay, vehicle), (by_end, gone)):
        first = np.searchsorted(owner[rows], owner[rows])
        number[id(rows)] = owner[rows] * declared_s.size + np.arange(rows.size) - first
    place = np.searchsorted(number[id(by_end)], number[id(by_stay)])
    known = np.minimum(place, max(by_end.size - 1, 0))
    # a stay that lasts beyond the simulation has no departure of its number, and keeps the declared one
    has_ended = (number[id(by_end)][known] == number[id(by_stay)]) if by_end.size else np.zeros(by_stay.size, bool)
    true_s = declared_s.copy()
    true_s[by_stay[has_ended]] = gone_s[by_end[known[has_ended]]]
    return true_s


def _charge_at_once(v: Vehicles, presence: PresenceTable, soc: Floats,
                    step_h: float) -> tuple[Floats, Floats]:
    """SOC [V] at the step's end and at the plug-in of stays beginning in it."""
    full_step = v.p_charge_max_kw * v.eta_charge * step_h / v.capacity_kwh
    soc = _towards_wanted(v, soc, full_step * presence.stay_fraction)
    # What the battery lacks is charged on the way, down to soc_min.
    after_driving = np.maximum(soc - presence.driven_kwh / v.capacity_kwh, v.soc_min)
    soc = np.where(presence.driven_kwh > 0, after_driving, soc)
    return _towards_wanted(v, soc, full_step * presence.arrived_fraction), soc


def _towards_wanted(v: Vehicles, soc: Floats, most: Floats) -> Floats:
    return np.asarray(soc + np.clip(v.soc_wanted - soc, 0.0, most), dtype=np.float64)


Arrivals = tuple[Ints, Ints, Ints, Floats, Ints]
"""vehicle, bus, start_s, soc, departure_s"""


def _arrivals(presence: PresenceTable, soc: Floats, now_s: int, until_s: int) -> Arrivals:
    vehicle = np.flatnonzero(presence.arrived_bus_index >= 0)
    plugged_s = np.rint(presence.arrived_fraction[vehicle] * (until_s - now_s)).astype(np.int64)
    return (vehicle, presence.arrived_bus_index[vehicle], until_s - plugged_s, soc[vehicle],
            presence.arrived_departure_s[vehicle])


def _sessions(v: Vehicles, site: Site, vehicle: Ints, bus: Ints, start_s: Ints, soc: Floats,
              departure_s: Ints) -> Sessions:
    capacity_kwh = v.capacity_kwh[vehicle]
    return Sessions(
        group=v.group_of(vehicle, site.bus_zone[bus]),
        bus_index=np.full(vehicle.size, -1, dtype=np.int64), start_s=start_s, departure_s=departure_s,
        energy_kwh=soc * capacity_kwh, wanted_kwh=v.soc_wanted[vehicle] * capacity_kwh,
        max_kwh=v.soc_max[vehicle] * capacity_kwh, floor_v2g_kwh=v.soc_floor_v2g[vehicle] * capacity_kwh,
        p_charge_max_kw=v.p_charge_max_kw[vehicle], p_discharge_max_kw=v.p_discharge_max_kw[vehicle],
        eta_charge=v.eta_charge[vehicle], eta_discharge=v.eta_discharge[vehicle],
        weight=np.ones(vehicle.size))


# ---------------------------------------------------------------- sampling
def _sampled(inputs: DistrictInputs, vehicles_min: int, vehicles_max: int) -> DistrictInputs:
    """The inputs with a fleet of vehicles_min..vehicles_max cars and ports in proportion."""
    total = sum(inputs.fleet.counts)
    wanted = min(max(total, vehicles_min), vehicles_max)
    if total in (0, wanted):
        return inputs
    factor = wanted / total
    # a class that exists keeps at least one car, else its weight would be lost with it
    counts = [max(1, round(n * factor)) if n else 0 for n in inputs.fleet.counts]
    # rounded up: a bus must not lose its last port, and queues must not become longer than in the real district
    slow, fast, *own = (np.ceil(inputs.site.ports(kind) * factor).astype(np.int64)
                        for kind in range(inputs.site.groups.kind_count))
    return replace(inputs, fleet=inputs.fleet.with_counts(counts),
                   site=replace(inputs.site, slow_ports=slow, fast_ports=fast, own_ports=tuple(own)))


def _mean_day(inputs: DistrictInputs, sample: DistrictInputs, simulated: SimulatedSessions, days: int,
              horizon_h: int) -> ExpectedSessions:
    """Each of the `days` midnights with the stays beginning within horizon_h after it, laid together."""
    arrays = simulated.stays.sessions.to_arrays()
    class_index = np.repeat(np.arange(len(sample.fleet.counts)), sample.fleet.counts)[simulated.vehicle]
    scale = np.array(inputs.fleet.counts) / np.maximum(sample.fleet.counts, 1)
    arrays["weight"] = scale[class_index] / days
    day = arrays["start_s"] // DAY_S
    pieces = []
    # a horizon of 48 h needs the mean day twice; the later one is the same sample moved on by a day
    for days_ahead in range(-(-horizon_h // 24)):
        start_s = arrays["start_s"] % DAY_S + days_ahead * DAY_S
        rows = np.flatnonzero((day >= days_ahead) & (day < days_ahead + days)
                              & (start_s < horizon_h * SECONDS_PER_HOUR))
        shift_s = start_s[rows] - arrays["start_s"][rows]
        piece = {name: values[rows] for name, values in arrays.items()}
        piece |= {"start_s": start_s[rows], "departure_s": piece["departure_s"] + shift_s,
                  "is_enrolled": simulated.stays.is_enrolled[rows]}
        pieces.append(piece)
    merged = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return ExpectedSessions(is_enrolled=merged.pop("is_enrolled"), sessions=Sessions.from_arrays(merged))


