"""Trips of a class of cars from a CSV file with one row per trip; all that is wrong is told, with row and column.

Columns and what may stand in them: docs/bring_your_own_data.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.mobility.stays import MIN_PLUGGED_S
from models.mobility.timetable import MOST_TRIPS, WEEKDAYS, Timetable
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.groups import ZONES
from models.tables.mistakes import TableError, shown
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

FOLDER = Path(__file__).parents[1] / "data" / "timetables"
SHIPPED = {file.stem: file for file in sorted(FOLDER.glob("*.csv"))}
"""Files that come along, by name."""
COLUMNS = ("car", "days", "departure", "arrival", "zone", "distance_km")
SPANS = {"daily": WEEKDAYS, "weekdays": WEEKDAYS[:5], "weekend": WEEKDAYS[5:]}
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|(24):(00)", re.ASCII)
MOST_KM, MOST_KM_PER_H = 2000.0, 200.0
"""More is refused: most likely metres or minutes (A)."""
HOURS_PER_DAY = 24
HOURS_PER_WEEK = HOURS_PER_DAY * len(WEEKDAYS)


@dataclass(frozen=True)
class TripLimits:
    """What the best car of a class can do, by which its trips are judged."""

    usable_kwh: float
    kwh_per_km: float
    charging_zones: tuple[int, ...]
    """Indices of the zones in which it finds chargers."""


def read_trips(name_or_path: str, form: TableFormat | None = None, limits: TripLimits | None = None,
               zones: tuple[str, ...] = ZONES) -> Timetable:
    """The trips of a shipped file (by its name) or of one's own; TableError names file, rows, columns, and why not."""
    path = SHIPPED.get(name_or_path, Path(name_or_path))
    try:
        table = UserTable(path, {**{name: (name,) for name in COLUMNS}, "source": ("source",)}, COLUMNS,
                          ("distance_km",), form or TableFormat(), only=", ".join((*COLUMNS, "source")))
        trips = _trips(table, zones)
        _check_week(table, trips, limits)
        table.mistakes.refuse()
    except TableError as error:
        known = "" if path.is_file() else f"; trips that come along are {', '.join(SHIPPED)}"
        raise TableError(f"trips {error}{known}") from None
    return trips


def _trips(table: UserTable, zones: tuple[str, ...]) -> Timetable:
    """What the cells say; NaN and -1 where they say nothing that can be used."""
    names = [cell.strip() for cell in table.cells("car")]
    for row in (row for row, name in enumerate(names) if not name):
        table.wrong(row, "car", "is empty; each row needs it")
    cars = list(dict.fromkeys(names))
    depart_h, arrive_h = _clock(table, "departure"), _clock(table, "arrival")
    for row in np.flatnonzero((depart_h == arrive_h) | (depart_h == HOURS_PER_DAY)).tolist():
        table.wrong(row, "arrival", f"{shown(table.cells('arrival')[row])} after a departure at "
                    f"{shown(table.cells('departure')[row])}: a trip begins before 24:00 and ends at another time of "
                    "day, at most a day later")
    # who arrives before he left arrives on the next day
    duration_h = np.where(arrive_h > depart_h, arrive_h - depart_h, arrive_h - depart_h + HOURS_PER_DAY)
    km = table.numbers("distance_km", MOST_KM, is_needed=True)
    for row in np.flatnonzero(km > MOST_KM_PER_H * duration_h).tolist():
        table.wrong(row, "distance_km", f"{km[row]:g} km in {duration_h[row]:g} h are more than {MOST_KM_PER_H:g} km/h")
    return Timetable(len(cars), np.array([cars.index(name) for name in names], dtype=np.int64), _days(table), depart_h,
                     duration_h, _zones(table, zones), km)


def _clock(table: UserTable, column: str) -> Floats:
    """[R] hours of the day."""
    hours = np.full(table.count, np.nan)
    for row, cell in enumerate(table.cells(column)):
        if match := CLOCK.fullmatch(cell.strip()):
            hour, minute = (int(part) for part in match.groups() if part is not None)
            hours[row] = hour + minute / 60
        else:
            table.wrong(row, column, f"{shown(cell)} is no time of day, allowed: 00:00 to 24:00")
    return hours


def _days(table: UserTable) -> Bools:
    """[R, 7]"""
    on_day = np.zeros((table.count, len(WEEKDAYS)), dtype=np.bool_)
    for row, cell in enumerate(table.cells("days")):
        words = cell.lower().split()
        if wrong := [word for word in words if word not in (*WEEKDAYS, *SPANS)]:
            table.wrong(row, "days", f"{shown(' '.join(wrong))} is no day, allowed: {', '.join((*SPANS, *WEEKDAYS))}")
        elif not words:
            table.wrong(row, "days", "is empty; each row needs it")
        for day in (day for word in words for day in SPANS.get(word, (word,)) if day in WEEKDAYS):
            on_day[row, WEEKDAYS.index(day)] = True
    return on_day


def _zones(table: UserTable, names: tuple[str, ...]) -> Ints:
    """[R] index into `names`, -1 where it is none."""
    zones = np.full(table.count, -1, dtype=np.int64)
    for row, cell in enumerate(table.cells("zone")):
        if cell.strip() in names:
            zones[row] = names.index(cell.strip())
        else:
            table.wrong(row, "zone", f"{shown(cell)} is no zone, allowed: {', '.join(names)}")
    return zones


# ---------------------------------------------------------------- a car's week
def _check_week(table: UserTable, trips: Timetable, limits: TripLimits | None) -> None:
    """Every car drives one trip after the other, not too many a day, and not farther than its battery reaches."""
    usable = np.array([not (table.lacks or table.mistakes.has(place)) for place in table.places])
    for car in range(trips.cars):
        week = sorted((HOURS_PER_DAY * day + float(trips.depart_h[row]), row)
                      for row in np.flatnonzero((trips.car == car) & usable).tolist()
                      for day in np.flatnonzero(trips.on_day[row]).tolist())
        told: set[int] = set()
        for row, text in (*_overlaps(table, trips, week), *_too_many(week)):
            if row not in told:
                table.wrong(row, "departure", text)
            told.add(row)
        if limits is not None and week and not told:
            _check_reach(table, trips, week, limits)


def _overlaps(table: UserTable, trips: Timetable, week: list[tuple[float, int]]) -> Iterator[tuple[int, str]]:
    """Trips that begin before the one before has ended; after Sunday comes Monday."""
    again = [*week, *((begin_h + HOURS_PER_WEEK, row) for begin_h, row in week[:1])]
    for (begin_h, row), (next_h, next_row) in pairwise(again):
        if len(week) > 1 and next_h < begin_h + trips.duration_h[row]:
            day = WEEKDAYS[int(next_h // HOURS_PER_DAY) % len(WEEKDAYS)]
            yield next_row, (f"{shown(table.cells('departure')[next_row])} on {day} is before its car has ended "
                             f"the trip of {table.places[row]}; trips of a car must not overlap")


def _too_many(week: list[tuple[float, int]]) -> Iterator[tuple[int, str]]:
    days = [int(begin_h // HOURS_PER_DAY) for begin_h, _ in week]
    for place, (_, row) in enumerate(week):
        if days[:place].count(days[place]) >= MOST_TRIPS:
            yield row, f"is trip {MOST_TRIPS + 1} of its car on {WEEKDAYS[days[place]]}, allowed: {MOST_TRIPS} a day"


def _check_reach(table: UserTable, trips: Timetable, week: list[tuple[float, int]], limits: TripLimits) -> None:
    """What is driven between two stays at chargers must fit into the battery of the class's best car."""
    km, told = 0.0, set[int]()
    # twice round the week: what is driven late on Sunday counts with what follows on Monday
    for place in range(2 * len(week)):
        begin_h, row = week[place % len(week)]
        km += float(trips.distance_km[row])
        if km * limits.kwh_per_km > limits.usable_kwh and row not in told:
            told.add(row)
            table.wrong(row, "distance_km", (
                f"makes {km:g} km since a charger was at hand: at least {km * limits.kwh_per_km:.1f} kWh, and the "
                f"largest battery of the class holds {limits.usable_kwh:.1f} kWh to drive with"))
        next_h = week[(place + 1) % len(week)][0]
        stay_h = (next_h - begin_h - float(trips.duration_h[row])) % HOURS_PER_WEEK
        is_charged = trips.zone[row] in limits.charging_zones and stay_h * SECONDS_PER_HOUR >= MIN_PLUGGED_S
        km = 0.0 if is_charged or len(week) == 1 else km
