"""Who drives what: the vehicles of one district, drawn from a frozen parameter record.

Every random number has a place of its own: district -> class -> purpose (-> day), and within that row i
belongs to vehicle i of the class. So a larger fleet, more days or more districts change no vehicle's numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import get_args

import numpy as np

from models.drivers.car_classes import ClassParameters, Span, Strategy
from models.drivers.plug_in_habit import PlugInHabit
from models.records.arrays import Floats, Ints, RecordError
from models.records.groups import THREE_CLASSES, Groups
from models.records.vehicles import Vehicles

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


SPANS = ("private_capacity_kwh", "government_capacity_kwh", "taxi_capacity_kwh", "slow_charger_kw", "fast_charger_kw",
         "consumption_kwh_per_km", "soc_wanted", "soc_initial", "age_years")


@dataclass(frozen=True)
class FleetParameters:
    """A district's fleet; spans are uniform. Numbers and tags: docs/model.md 8.6."""

    private: int = 0
    taxi: int = 0
    government: int = 0
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
    groups: Groups = THREE_CLASSES
    own: tuple[ClassParameters, ...] = ()
    """Classes of the scenario's own in numbers, those of `groups`; they stand in place of the three above."""

    def __post_init__(self) -> None:
        if self.own and tuple(c.name for c in self.own) != self.groups.class_names:
            raise RecordError(f"fleet: numbers of the classes {', '.join(c.name for c in self.own)}, there are "
                              f"{', '.join(self.groups.class_names)}")
        names = THREE_CLASSES.class_names
        problems = [f"{name}={getattr(self, name)} is negative" for name in names if getattr(self, name) < 0]
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in SPANS and not 0 <= value[0] <= value[1]:
                problems.append(f"{item.name}={value} is not an increasing span of numbers >= 0")
        shares = (*(f"{name}_bidirectional_share" for name in names), "enrolled_share", "eta_charge",
                  "eta_discharge", "fast_eta_charge", "fast_eta_discharge", "soc_min", "soc_max", "soc_floor_v2g")
        problems += [f"{name}={getattr(self, name):g} is outside 0..1" for name in shares
                     if not 0 <= getattr(self, name) <= 1]
        problems += [f"strategies.{name}={self.strategy_of(name)} is none of {', '.join(get_args(Strategy))}"
                     for name in names if self.strategy_of(name) not in get_args(Strategy)]
        if problems:
            raise RecordError("fleet: " + "; ".join(problems))

    @property
    def counts(self) -> tuple[int, ...]:
        """Vehicles of each class, in the order of `groups.classes`."""
        return tuple(c.count for c in self.classes)

    @cached_property
    def classes(self) -> tuple[ClassParameters, ...]:
        """All classes in numbers, in the order of `groups.classes`."""
        return self.own or tuple(self._of_the_three(name) for name in self.groups.class_names)

    def _of_the_three(self, name: str) -> ClassParameters:
        is_fast = self.groups.kinds[self.groups.classes[self.groups.class_names.index(name)].kind].name == "fast"
        return ClassParameters(
            name, int(getattr(self, name)), getattr(self, f"{name}_capacity_kwh"),
            self.fast_charger_kw if is_fast else self.slow_charger_kw,
            self.fast_eta_charge if is_fast else self.eta_charge,
            self.fast_eta_discharge if is_fast else self.eta_discharge,
            self.fast_taper_start_soc if is_fast else self.slow_taper_start_soc,
            getattr(self, f"{name}_bidirectional_share"), self.consumption_kwh_per_km, self.soc_min, self.soc_max,
            self.soc_floor_v2g, self.soc_wanted, self.soc_initial, self.age_years, self.enrolled_share,
            self.strategy_of(name))

    def with_counts(self, counts: Sequence[int]) -> FleetParameters:
        """The same fleet with other numbers of cars, by class."""
        if self.own:
            return replace(self, own=tuple(replace(c, count=n) for c, n in zip(self.own, counts, strict=True)))
        private, taxi, government = counts
        return replace(self, private=private, taxi=taxi, government=government)

    def strategy_of(self, class_name: str) -> Strategy:
        """What the cars of one of the three classes agree to."""
        return self.strategies.get(class_name, "dispatched")


def class_key(index: int) -> int:
    """Of a class's random numbers; from the fourth class on apart, since laws of trips add up to 8 to it."""
    return index if index < len(THREE_CLASSES.classes) else 10 * index


def draw_vehicles(parameters: FleetParameters, seed: np.random.SeedSequence) -> Vehicles:
    """The vehicles of a district, in blocks by class; any number of them, 0 included.

    Vehicle i of a class is the same whatever the number of vehicles (rows of one stream).
    """
    blocks = [_draw_class(parameters, index, seed) for index in range(parameters.groups.class_count)]
    return Vehicles(**{name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]},
                    groups=parameters.groups)


def _draw_class(p: FleetParameters, index: int, seed: np.random.SeedSequence) -> dict[str, Floats | Ints]:
    c = p.classes[index]
    n = c.count
    # a column each, used or not: giving one figure in a table leaves all other draws as they were
    u = stream(seed, "vehicle", class_key(index)).random((n, 8)).T
    p_max_kw = _given(c, "charger_kw", _uniform(c.charger_kw, u[1]))
    is_bidirectional = _given(c, "bidirectional", (u[5] < c.bidirectional_share) * 1.0) * (c.strategy != "charge_only")
    soc_wanted = _given(c, "soc_wanted", _uniform(c.soc_wanted, u[3]))
    return {
        "class_index": np.full(n, index, dtype=np.int64),
        "capacity_kwh": _given(c, "capacity_kwh", _uniform(c.capacity_kwh, u[0])),
        "p_charge_max_kw": p_max_kw,
        "p_discharge_max_kw": p_max_kw * is_bidirectional,
        "eta_charge": np.full(n, c.eta_charge),
        "eta_discharge": np.full(n, c.eta_discharge),
        "soc_min": np.full(n, c.soc_min),
        "soc_max": np.full(n, c.soc_max),
        "soc_floor_v2g": np.full(n, c.soc_floor_v2g),
        "soc_wanted": soc_wanted,
        "soc_initial": _given(c, "soc_initial", _initial_soc(p, index, soc_wanted, u[4], seed)),
        "taper_start_soc": np.full(n, c.taper_start_soc),
        "consumption_kwh_per_km": _given(c, "consumption_kwh_per_km", _uniform(c.consumption_kwh_per_km, u[2])),
        "age_years": _given(c, "age_years", _uniform(c.age_years, u[6])),
        "is_enrolled": (u[7] < c.enrolled_share) & (c.strategy != "free"),
    }


def _given(c: ClassParameters, name: str, drawn: Floats) -> Floats:
    return drawn if c.given is None else c.given.of(name, drawn)


def _initial_soc(p: FleetParameters, index: int, soc_wanted: Floats, u: Floats, seed: np.random.SeedSequence) -> Floats:
    c = p.classes[index]
    if p.habit is None or not p.groups.has_habit[index]:
        return _uniform(c.soc_initial, u)
    own_soc = own_plug_in_soc(p.habit, u.size, seed, index)
    return p.habit.initial_soc(own_soc, soc_wanted, np.full(u.size, c.soc_min), u)


def own_plug_in_soc(habit: PlugInHabit, count: int, seed: np.random.SeedSequence, class_index: int = 0) -> Floats:
    """[count] state of charge around which the driver of each car of a class plugs in."""
    return habit.own_soc(stream(seed, "habit", class_key(class_index)).standard_normal(count))


def _uniform(span: Span, u: Floats) -> Floats:
    return np.asarray(span[0] + (span[1] - span[0]) * u, dtype=np.float64)
