"""Who drives what: the vehicles of one district, drawn from a frozen parameter record.

Every random number has a place of its own: district -> class -> purpose (-> day), and within that row i
belongs to vehicle i of the class. So a larger fleet, more days or more districts change no vehicle's numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

import numpy as np

from models.drivers.plug_in_habit import PlugInHabit
from models.records.arrays import Floats, Ints, RecordError
from models.records.groups import PRIVATE, TAXI, VEHICLE_CLASSES
from models.records.vehicles import Vehicles

Span = tuple[float, float]
Strategy = Literal["dispatched", "charge_only", "free"]
"""What the cars of a class agree to: all, charging alone (a one-way charger), or nothing (no contract)."""

PURPOSES: tuple[str, ...] = ("vehicle", "trips", "home_and_work", "person", "stays", "zone_shock",
                            "expectation", "search", "declaration", "habit")
"""What a stream of random numbers is for; the place in this tuple is part of the seed."""
DAY_KEY_OFFSET = 10_000
"""Added to the day number in seeds, so that days before 0 have one too."""


def stream(seed: np.random.SeedSequence, purpose: str, *keys: int) -> np.random.Generator:
    """The generator of one purpose; `keys` are e.g. (class,) or (class, day). Leaves `seed` unchanged.

    Raises ValueError for an unknown purpose.
    """
    spawn_key = (*seed.spawn_key, PURPOSES.index(purpose), *keys)
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=spawn_key))


def day_stream(seed: np.random.SeedSequence, purpose: str, key: int, day: int) -> np.random.Generator:
    """The generator of one purpose, class (or other key) and day; day may be negative."""
    return stream(seed, purpose, key, day + DAY_KEY_OFFSET)


def district_seed(seed: int, district: int) -> np.random.SeedSequence:
    """Root of all random numbers of one district of a run; independent of the number of districts."""
    return np.random.SeedSequence(seed, spawn_key=(district,))


@dataclass(frozen=True)
class FleetParameters:
    """A district's fleet; spans are uniform. Numbers and tags: docs/model.md 8.6."""

    private: int
    taxi: int
    government: int
    private_capacity_kwh: Span = (50.0, 60.0)
    """(A)"""
    government_capacity_kwh: Span = (50.0, 60.0)
    """(A)"""
    taxi_capacity_kwh: Span = (60.0, 60.0)
    slow_charger_kw: Span = (7.0, 7.0)
    """Chargers of private and government cars (A)."""
    fast_charger_kw: Span = (30.0, 60.0)
    """Chargers of taxis (A)."""
    consumption_kwh_per_km: Span = (0.15, 0.20)
    """(K)"""
    eta_charge: float = 0.933
    """Of slow chargers: those of `charger_curves.CURVES["ac_onboard"]` at rated power (S)."""
    eta_discharge: float = 0.933
    fast_eta_charge: float = 0.95
    """(S)"""
    fast_eta_discharge: float = 0.95
    soc_min: float = 0.2
    soc_max: float = 0.9
    soc_floor_v2g: float = 0.35
    soc_wanted: Span = (0.8, 0.9)
    soc_initial: Span = (0.4, 0.6)
    """When the warm-up begins (A)."""
    slow_taper_start_soc: float = 1.0
    fast_taper_start_soc: float = 0.8
    age_years: Span = (0.5, 8.0)
    private_bidirectional_share: float = 1.0
    """Share with a bidirectional charger (A)."""
    taxi_bidirectional_share: float = 0.0
    government_bidirectional_share: float = 1.0
    enrolled_share: float = 1.0
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    """By class; `dispatched` where none is given."""
    habit: PlugInHabit | None = None
    """Plug-in habit of private cars, which then start with the charge typical of it instead of soc_initial."""

    def __post_init__(self) -> None:
        problems = [f"{name}={self.count_of(name)} is negative" for name in VEHICLE_CLASSES
                    if self.count_of(name) < 0]
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, (tuple, list)) and not 0 <= value[0] <= value[1]:
                problems.append(f"{item.name}={value} is not an increasing span of numbers >= 0")
        shares = (*(f"{name}_bidirectional_share" for name in VEHICLE_CLASSES), "enrolled_share", "eta_charge",
                  "eta_discharge", "fast_eta_charge", "fast_eta_discharge", "soc_min", "soc_max", "soc_floor_v2g")
        problems += [f"{name}={getattr(self, name):g} is outside 0..1" for name in shares
                     if not 0 <= getattr(self, name) <= 1]
        problems += [f"strategies.{name}={self.strategy_of(name)} is none of {', '.join(get_args(Strategy))}"
                     for name in VEHICLE_CLASSES if self.strategy_of(name) not in get_args(Strategy)]
        if problems:
            raise RecordError("fleet: " + "; ".join(problems))

    @property
    def counts(self) -> tuple[int, ...]:
        """Vehicles of each class, in the order of VEHICLE_CLASSES."""
        return tuple(self.count_of(name) for name in VEHICLE_CLASSES)

    def count_of(self, class_name: str) -> int:
        """Vehicles of one class, by its name in VEHICLE_CLASSES."""
        return int(getattr(self, class_name))

    def strategy_of(self, class_name: str) -> str:
        """What the cars of one class agree to, by its name in VEHICLE_CLASSES."""
        return self.strategies.get(class_name, "dispatched")


def draw_vehicles(parameters: FleetParameters, seed: np.random.SeedSequence) -> Vehicles:
    """The vehicles of a district, in blocks by class; any number of them, 0 included.

    Vehicle i of a class is the same whatever the number of vehicles (rows of one stream).
    """
    blocks = [_draw_class(parameters, index, seed) for index in range(len(VEHICLE_CLASSES))]
    return Vehicles(**{name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]})


def _draw_class(p: FleetParameters, class_index: int,
                seed: np.random.SeedSequence) -> dict[str, Floats | Ints]:
    name = VEHICLE_CLASSES[class_index]
    n = p.count_of(name)
    u = stream(seed, "vehicle", class_index).random((n, 8)).T
    is_taxi = class_index == TAXI
    p_max_kw = _uniform(p.fast_charger_kw if is_taxi else p.slow_charger_kw, u[1])
    is_bidirectional = (u[5] < getattr(p, f"{name}_bidirectional_share")) & (p.strategy_of(name) != "charge_only")
    return {
        "class_index": np.full(n, class_index, dtype=np.int64),
        "capacity_kwh": _uniform(getattr(p, f"{name}_capacity_kwh"), u[0]),
        "p_charge_max_kw": p_max_kw,
        "p_discharge_max_kw": p_max_kw * is_bidirectional,
        "eta_charge": np.full(n, p.fast_eta_charge if is_taxi else p.eta_charge),
        "eta_discharge": np.full(n, p.fast_eta_discharge if is_taxi else p.eta_discharge),
        "soc_min": np.full(n, p.soc_min),
        "soc_max": np.full(n, p.soc_max),
        "soc_floor_v2g": np.full(n, p.soc_floor_v2g),
        "soc_wanted": _uniform(p.soc_wanted, u[3]),
        "soc_initial": _initial_soc(p, class_index, u, seed),
        "taper_start_soc": np.full(n, p.fast_taper_start_soc if is_taxi else p.slow_taper_start_soc),
        "consumption_kwh_per_km": _uniform(p.consumption_kwh_per_km, u[2]),
        "age_years": _uniform(p.age_years, u[6]),
        "is_enrolled": (u[7] < p.enrolled_share) & (p.strategy_of(name) != "free"),
    }


def _initial_soc(p: FleetParameters, class_index: int, u: Floats, seed: np.random.SeedSequence) -> Floats:
    if p.habit is None or class_index != PRIVATE:
        return _uniform(p.soc_initial, u[4])
    own_soc = own_plug_in_soc(p.habit, u.shape[1], seed)
    return p.habit.initial_soc(own_soc, _uniform(p.soc_wanted, u[3]), np.full(u.shape[1], p.soc_min), u[4])


def own_plug_in_soc(habit: PlugInHabit, count: int, seed: np.random.SeedSequence) -> Floats:
    """[count] state of charge around which the driver of each private car plugs in."""
    return habit.own_soc(stream(seed, "habit", PRIVATE).standard_normal(count))


def _uniform(span: Span, u: Floats) -> Floats:
    return np.asarray(span[0] + (span[1] - span[0]) * u, dtype=np.float64)
