"""Zones, classes of cars and kinds of chargers; groups of cars, and their cohorts by hour of departure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.records.arrays import SECONDS_PER_HOUR, Bools, Ints, RecordError

AnyScalar = TypeVar("AnyScalar", bound=np.generic)

ZONES: tuple[str, ...] = ("residential", "commercial", "office")
"""The zones that laws of trips know; a scenario may have others of any name."""
RESIDENTIAL, COMMERCIAL, OFFICE = range(len(ZONES))
WAYS: tuple[str, ...] = ("one_way", "bidirectional")


@dataclass(frozen=True)
class ChargerKind:
    """A kind of charger, as far as it matters to who stands where."""

    name: str
    behind_transformer: bool = True
    """Fed through the bus's own MV/LV transformer; False: through one of its own."""


@dataclass(frozen=True)
class CarClass:
    """A class of cars, as far as it matters to how cars are grouped and when they charge."""

    name: str
    home_zone: int
    """Index into `Groups.zones` of where its cars stand before their first trip."""
    kind: int = 0
    """Index into `Groups.kinds` of the chargers that they use."""
    in_shifts: bool = False
    """As taxis: whoever is low goes to charge, and nobody leaves the plug out."""
    has_habit: bool = False
    """Whether a driver's plug-in habit decides when its cars are plugged in."""


SLOW, FAST = ChargerKind("slow"), ChargerKind("fast", behind_transformer=False)
"""The kinds that every scenario has; its own come after them."""


# ---------------------------------------------------------------- groups
@dataclass(frozen=True)
class Groups:
    """Classes of cars and kinds of chargers of a run; a group is (zone, class, one-way or bidirectional)."""

    classes: tuple[CarClass, ...]
    kinds: tuple[ChargerKind, ...] = (SLOW, FAST)
    zones: tuple[str, ...] = ZONES
    """Names; a zone is a set of buses."""

    def __post_init__(self) -> None:
        problems = [] if self.classes else ["there is no class"]
        for what, names in (("class", self.class_names), ("kind of charger", self.kind_names), ("zone", self.zones)):
            problems += [f"{what} {name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
        problems += [f"class {c.name}: kind={c.kind} is none of the {len(self.kinds)} kinds of chargers"
                     for c in self.classes if not 0 <= c.kind < len(self.kinds)]
        problems += [f"class {c.name}: home_zone={c.home_zone} is none of the {self.zone_count} zones"
                     for c in self.classes if not 0 <= c.home_zone < self.zone_count]
        if problems:
            raise RecordError("groups: " + "; ".join(problems))

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    @property
    def kind_names(self) -> tuple[str, ...]:
        return tuple(kind.name for kind in self.kinds)

    @property
    def class_count(self) -> int:
        return len(self.classes)

    @property
    def kind_count(self) -> int:
        return len(self.kinds)

    @property
    def zone_count(self) -> int:
        return len(self.zones)

    @property
    def count(self) -> int:
        """Groups."""
        return len(self.zones) * len(self.classes) * len(WAYS)

    @cached_property
    def kind_of_class(self) -> Ints:
        """[class]"""
        return np.array([c.kind for c in self.classes], dtype=np.int64)

    @cached_property
    def home_zone(self) -> Ints:
        """[class]"""
        return np.array([c.home_zone for c in self.classes], dtype=np.int64)

    @cached_property
    def in_shifts(self) -> Bools:
        """[class]"""
        return np.array([c.in_shifts for c in self.classes], dtype=np.bool_)

    @cached_property
    def has_habit(self) -> Bools:
        """[class]"""
        return np.array([c.has_habit for c in self.classes], dtype=np.bool_)

    @cached_property
    def behind_transformer(self) -> Bools:
        """[kind]"""
        return np.array([kind.behind_transformer for kind in self.kinds], dtype=np.bool_)

    def index(self, zone: Ints, vehicle_class: Ints, bidirectional: Bools | Ints) -> Ints:
        """Row of a group, 0..count-1: (zone * classes + class) * 2 + bidirectional; arguments share one shape."""
        return np.asarray((zone * len(self.classes) + vehicle_class) * len(WAYS) + bidirectional, dtype=np.int64)

    def zone_of(self, group: Ints) -> Ints:
        """Zone of each group; any shape."""
        return np.asarray(group // (len(self.classes) * len(WAYS)), dtype=np.int64)

    def class_of(self, group: Ints) -> Ints:
        """Class of the cars of each group; any shape."""
        return np.asarray(group // len(WAYS) % len(self.classes), dtype=np.int64)

    def kind_of(self, group: Ints) -> Ints:
        """Kind of charger of each group; any shape."""
        return np.asarray(self.kind_of_class[self.class_of(group)], dtype=np.int64)

    def names(self) -> tuple[str, ...]:
        """Readable name of each group, in the order of `index`."""
        return tuple(f"{zone}/{name}/{way}" for zone in self.zones for name in self.class_names for way in WAYS)

    def by_zone_class_way(self, values: npt.NDArray[AnyScalar]) -> npt.NDArray[AnyScalar]:
        """Values [..., count] as [..., zone, class, way]; a view."""
        return values.reshape(*values.shape[:-1], len(self.zones), len(self.classes), len(WAYS))

    def cohort_count(self, horizon_h: int) -> int:
        """Rows of cohorts: each group's departures in the hours of the horizon, and those beyond it."""
        return cohort_count(self.count, horizon_h)


THREE_CLASSES = Groups((CarClass("private", RESIDENTIAL, has_habit=True),
                        CarClass("taxi", COMMERCIAL, kind=1, in_shifts=True),
                        CarClass("government", OFFICE)))
"""The classes of the paper, where a scenario names none of its own."""


def is_bidirectional(group: Ints) -> Bools:
    """Whether the chargers of each group can discharge; any shape."""
    return np.asarray(group % len(WAYS) == 1)


def by_zone(values: npt.NDArray[AnyScalar], zones: int = len(ZONES)) -> npt.NDArray[AnyScalar]:
    """Values [groups or cohorts, ...] of so many zones as [zone, rows of that zone, ...]; a view."""
    return values.reshape(zones, -1, *values.shape[1:])


# ---------------------------------------------------------------- cohorts: groups by hour of departure
def cohort_count(groups: int, horizon_h: int) -> int:
    """Rows of cohorts of so many groups."""
    return groups * (horizon_h + 1)


def cohort_row(group: Ints, hour: int | Ints, horizon_h: int) -> Ints:
    """Row of the cohort of a group that leaves in an hour, 0..horizon_h; horizon_h: beyond the horizon."""
    return np.asarray(group * (horizon_h + 1) + hour, dtype=np.int64)


def group_of_row(row: Ints, horizon_h: int) -> Ints:
    """Group of each cohort."""
    return np.asarray(row // (horizon_h + 1), dtype=np.int64)


def hour_of_row(row: Ints, horizon_h: int) -> Ints:
    """Hour of departure of each cohort, 0..horizon_h."""
    return np.asarray(row % (horizon_h + 1), dtype=np.int64)


def by_group_and_hour(values: npt.NDArray[AnyScalar], horizon_h: int) -> npt.NDArray[AnyScalar]:
    """Values [cohorts, ...] as [groups, horizon_h + 1, ...]; a view."""
    return values.reshape(-1, horizon_h + 1, *values.shape[1:])


def rows_from_hour(hour: int, horizon_h: int, cohorts: int) -> Ints:
    """Rows of the cohorts, of that many in all, that leave in this hour or later."""
    return by_group_and_hour(np.arange(cohorts), horizon_h)[:, hour:].ravel()


def to_cohorts(per_group: npt.NDArray[AnyScalar], horizon_h: int) -> npt.NDArray[AnyScalar]:
    """The value of each cohort's group: [groups] to [cohorts]."""
    return np.repeat(per_group, horizon_h + 1)


def cohort_index(group: Ints, departure_s: Ints, start_s: int, horizon_h: int) -> Ints:
    """Row of the cohort of each stay, by its group and the hour of its declared departure from `start_s`.

    A departure exactly on an hour's end belongs to that hour; one already past to hour 0; one beyond the horizon to
    the last row, horizon_h. All arrays share one shape.
    """
    hour = -((start_s - departure_s) // SECONDS_PER_HOUR) - 1
    return cohort_row(group, np.clip(hour, 0, horizon_h), horizon_h)
