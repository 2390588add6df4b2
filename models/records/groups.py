"""Zones, classes of cars and kinds of chargers; groups of cars, and their cohorts by hour of departure."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.records.arrays import SECONDS_PER_HOUR, Bools, Ints

AnyScalar = TypeVar("AnyScalar", bound=np.generic)

ZONES: tuple[str, ...] = ("residential", "commercial", "office")
VEHICLE_CLASSES: tuple[str, ...] = ("private", "taxi", "government")
CHARGER_KINDS: tuple[str, ...] = ("slow", "fast")
RESIDENTIAL, COMMERCIAL, OFFICE = range(len(ZONES))
PRIVATE, TAXI, GOVERNMENT = range(len(VEHICLE_CLASSES))
WAYS: tuple[str, ...] = ("one_way", "bidirectional")
GROUPS_PER_ZONE = len(VEHICLE_CLASSES) * len(WAYS)
GROUP_COUNT = len(ZONES) * GROUPS_PER_ZONE


# ---------------------------------------------------------------- groups

def group_index(zone: Ints, vehicle_class: Ints, bidirectional: Bools | Ints) -> Ints:
    """Row of a (zone, class, one-way/bidirectional) group, 0..GROUP_COUNT-1.

    group = (zone * 3 + class) * 2 + bidirectional; all arguments share one shape.
    """
    groups = (zone * len(VEHICLE_CLASSES) + vehicle_class) * len(WAYS) + bidirectional
    return np.asarray(groups, dtype=np.int64)


def zone_of(group: Ints) -> Ints:
    """Zone of each group; any shape."""
    return np.asarray(group // GROUPS_PER_ZONE, dtype=np.int64)


def class_of(group: Ints) -> Ints:
    """Class of the cars of each group; any shape."""
    return np.asarray(group // len(WAYS) % len(VEHICLE_CLASSES), dtype=np.int64)


def is_bidirectional(group: Ints) -> Bools:
    """Whether the chargers of each group can discharge; any shape."""
    return np.asarray(group % len(WAYS) == 1)


def kind_of(group: Ints) -> Ints:
    """Charger kind of each group: taxis fast, all others slow; any shape."""
    return np.asarray(class_of(group) == TAXI, dtype=np.int64)


def by_zone(values: npt.NDArray[AnyScalar]) -> npt.NDArray[AnyScalar]:
    """Values [GROUP_COUNT or cohorts, ...] as [zone, rows of that zone, ...]; a view."""
    return values.reshape(len(ZONES), -1, *values.shape[1:])


def by_zone_class_way(values: npt.NDArray[AnyScalar]) -> npt.NDArray[AnyScalar]:
    """Values [..., GROUP_COUNT] as [..., zone, class, way]; a view."""
    return values.reshape(*values.shape[:-1], len(ZONES), len(VEHICLE_CLASSES), len(WAYS))


# ---------------------------------------------------------------- cohorts: groups by hour of departure
def cohort_count(horizon_h: int) -> int:
    """Rows of cohorts: each group's departures in the hours of the horizon, and those beyond it."""
    return GROUP_COUNT * (horizon_h + 1)


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
    """Values [cohorts, ...] as [GROUP_COUNT, horizon_h + 1, ...]; a view."""
    return values.reshape(GROUP_COUNT, horizon_h + 1, *values.shape[1:])


def rows_from_hour(hour: int, horizon_h: int) -> Ints:
    """Rows of the cohorts that leave in this hour or later."""
    return by_group_and_hour(np.arange(cohort_count(horizon_h)), horizon_h)[:, hour:].ravel()


def to_cohorts(per_group: npt.NDArray[AnyScalar], horizon_h: int) -> npt.NDArray[AnyScalar]:
    """The value of each cohort's group: [GROUP_COUNT] to [cohorts]."""
    return np.repeat(per_group, horizon_h + 1)


def cohort_index(group: Ints, departure_s: Ints, start_s: int, horizon_h: int) -> Ints:
    """Row of the cohort of each stay, by its group and the hour of its declared departure from `start_s`.

    A departure exactly on an hour's end belongs to that hour; one already past to hour 0; one beyond the horizon to
    the last row, horizon_h. All arrays share one shape.
    """
    hour = -((start_s - departure_s) // SECONDS_PER_HOUR) - 1
    return cohort_row(group, np.clip(hour, 0, horizon_h), horizon_h)


def group_names() -> tuple[str, ...]:
    """Readable name of each group, in the order of `group_index`."""
    return tuple(f"{zone}/{cls}/{way}" for zone in ZONES for cls in VEHICLE_CLASSES for way in WAYS)
