"""Zones, classes of cars and kinds of chargers; groups of cars, and their cohorts by hour of departure."""

from __future__ import annotations

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Bools, Ints

ZONES: tuple[str, ...] = ("residential", "commercial", "office")
VEHICLE_CLASSES: tuple[str, ...] = ("private", "taxi", "government")
CHARGER_KINDS: tuple[str, ...] = ("slow", "fast")
RESIDENTIAL, COMMERCIAL, OFFICE = range(len(ZONES))
PRIVATE, TAXI, GOVERNMENT = range(len(VEHICLE_CLASSES))
GROUP_COUNT = len(ZONES) * len(VEHICLE_CLASSES) * 2


def group_index(zone: Ints, vehicle_class: Ints, bidirectional: Bools | Ints) -> Ints:
    """Row of a (zone, class, one-way/bidirectional) group, 0..GROUP_COUNT-1.

    group = (zone * 3 + class) * 2 + bidirectional; all arguments share one shape.
    """
    groups = (zone * len(VEHICLE_CLASSES) + vehicle_class) * 2 + bidirectional
    return np.asarray(groups, dtype=np.int64)


def cohort_index(group: Ints, departure_s: Ints, start_s: int, horizon_h: int) -> Ints:
    """Row of the cohort of each stay: group * (horizon_h + 1) + hour of declared departure from `start_s`.

    A departure exactly on an hour's end belongs to that hour; one already past to hour 0; one beyond the horizon to
    the last row, horizon_h. All arrays share one shape.
    """
    hour = -((start_s - departure_s) // SECONDS_PER_HOUR) - 1
    return np.asarray(group * (horizon_h + 1) + np.clip(hour, 0, horizon_h), dtype=np.int64)


def group_names() -> tuple[str, ...]:
    """Readable name of each group, in the order of `group_index`."""
    ways = ("one_way", "bidirectional")
    return tuple(f"{zone}/{cls}/{way}" for zone in ZONES for cls in VEHICLE_CLASSES for way in ways)
