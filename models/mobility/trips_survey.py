"""Private cars' days drawn from a household travel survey instead of normal laws.

Tables in data/trips (German mobility survey as prepared for emobpy 0.6.2, MIT): trips per day; departure half-hour by
purpose, for workers and others, by weekday, Saturday, Sunday; distance by duration. Distances in km, durations in min.

How a day is put together (A): as many departures as the survey says, in order of time; each goes where cars leave to at
that half-hour, never from home to home, and the last goes home. The way home is as long as the way out. A trip begins
when the one before is over and DWELL_H have passed, so that a day may run past midnight; the next begins at its end.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.drivers.population import day_stream, stream
from models.mobility.trip_parameters import TripParameters
from models.records.arrays import Bools, Floats, Ints
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL

FOLDER = Path(__file__).parents[1] / "data" / "trips"
PURPOSES = ("errands", "escort", "home", "leisure", "shopping", "workplace")
HOME, WORK = PURPOSES.index("home"), PURPOSES.index("workplace")
DAY_TYPES = ("weekdays", "saturday", "sunday")
KEYS_APART = 6
"""Between its streams and those of other laws, of one class."""
MOST_TRIPS = 5
"""The survey's last class; it stands for five or more."""
DWELL_H = 0.25
"""Least time between two trips (A)."""
FASTEST_KM_PER_H = 120.0
"""Where distance and duration of a class would be faster, the trip takes longer (A)."""
COMMERCIAL_SHARE = {"errands": 1.0, "escort": 0.5, "home": 0.0, "leisure": 0.5, "shopping": 1.0}
"""Trips of a purpose that lead to the commercial zone, the others to the residential one (A); work is the car's own."""


@dataclass(frozen=True)
class SurveyTables:
    """The survey's distributions; each sums to 1."""

    trips: Floats
    """[2, 6] of 0..5 trips on a weekday and on a day of the weekend."""
    departures: Floats
    """[2, 3, 48, 6] others and workers; day type; half-hour; purpose."""
    ways: Floats
    """[km classes, minute classes]"""
    km: Floats
    """[km classes] upper ends."""
    minutes: Floats
    """[minute classes] upper ends."""


@lru_cache(maxsize=1)
def survey_tables() -> SurveyTables:
    """The tables of data/trips, normalised."""
    per_day = _rows("TripsPerDay.csv")
    trips = np.zeros((2, MOST_TRIPS + 1))
    for row in per_day:
        trips[:, int(row["trip"])] = float(row["weekday"]), float(row["weekend"])
    departures = np.zeros((2, len(DAY_TYPES), 48, len(PURPOSES)))
    for kind, name in enumerate(("Free", "Worker")):
        for row in _rows(f"DepartureDestinationTrip_{name}.csv"):
            place = (kind, DAY_TYPES.index(row["days"]), int(float(row["time"]) * 2))
            departures[place] = [float(row[purpose]) for purpose in PURPOSES]
    table = _rows("DistanceDurationTrip.csv")
    minutes = [name for name in table[0] if name != "km"]
    ways = np.array([[float(row[name]) for name in minutes] for row in table])
    return SurveyTables(trips / trips.sum(axis=1, keepdims=True),
                        departures / departures.sum(axis=(2, 3), keepdims=True), ways / ways.sum(),
                        np.array([float(row["km"]) for row in table]), np.array([float(name) for name in minutes]))


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file))


def survey_day(p: TripParameters, n: int, index: int, day: int,
               seed: np.random.SeedSequence) -> tuple[Floats, Floats, Ints, Floats]:
    """Departure [h], duration [h], zone, distance [km], each [n, MOST_TRIPS]; zone -1 where there is no trip."""
    tables, weekday = survey_tables(), (p.first_weekday + day) % 7
    # Monday to Friday are 0, Saturday 1, Sunday 2
    day_type = max(weekday - 4, 0)
    # a stream of its own: the same cars by other laws of trips must not share draws
    u = day_stream(seed, "trips", index + KEYS_APART, day).random((n, 1 + 6 * MOST_TRIPS))
    who = stream(seed, "home_and_work", index).random((n, 2))
    is_worker = (who[:, 1] < p.worker_share).astype(np.int64)
    count = _draw(tables.trips[min(day_type, 1)][None, :].repeat(n, axis=0), u[:, 0])
    parts = u[:, 1:].reshape(n, 6, MOST_TRIPS)
    exists = np.arange(MOST_TRIPS) < count[:, None]
    half_hour = tables.departures[:, day_type].sum(axis=2)[is_worker]
    slot = np.stack([_draw(half_hour, parts[:, 0, k]) for k in range(MOST_TRIPS)], axis=1)
    wished_h = np.sort(np.where(exists, (slot + parts[:, 1]) / 2, np.inf), axis=1)
    purpose = _purposes(tables.departures[:, day_type][is_worker], wished_h, count, parts[:, 2])
    km, duration_h = _ways(tables, purpose, exists, parts[:, 3], parts[:, 4])
    # wishes are drawn independently, so a later one may fall into the trip before it
    depart_h = wished_h.copy()
    for k in range(1, MOST_TRIPS):
        depart_h[:, k] = np.maximum(depart_h[:, k], depart_h[:, k - 1] + duration_h[:, k - 1] + DWELL_H)
    zone = _zones(purpose, parts[:, 5], np.where(who[:, 0] < p.office_share, OFFICE, COMMERCIAL))
    return (np.where(exists, depart_h, 0.0), np.where(exists, duration_h, 0.0), np.where(exists, zone, -1),
            np.where(exists, km, 0.0))


def _draw(weights: Floats, u: Floats) -> Ints:
    """[n] class of each row of weights [n, classes] at quantile u [n]."""
    total = np.cumsum(weights, axis=1)
    passed = (total <= u[:, None] * total[:, -1:]).sum(axis=1)
    return np.asarray(np.minimum(passed, weights.shape[1] - 1), dtype=np.int64)


def _purposes(departures: Floats, wished_h: Floats, count: Ints, u: Floats) -> Ints:
    """[n, trips] where each trip goes; departures [n, 48, purposes]."""
    n = count.size
    purpose, here = np.full((n, MOST_TRIPS), HOME), np.full(n, HOME)
    for k in range(MOST_TRIPS):
        slot = np.minimum(np.where(np.isfinite(wished_h[:, k]), 2 * wished_h[:, k], 0), 47).astype(np.int64)
        weights = departures[np.arange(n), slot].copy()
        # a car at home drives elsewhere, and the last trip but one must not lead home, since the last one does
        must_leave = (here == HOME) | (k == count - 2)
        weights[must_leave, HOME] = 0.0
        weights[(here == WORK), WORK] = 0.0
        empty = weights.sum(axis=1) <= 0.0
        # a half-hour in which the survey saw none of the purposes that are left
        weights[empty, PURPOSES.index("leisure")] = 1.0
        here = np.where(k >= count - 1, HOME, _draw(weights, u[:, k]))
        purpose[:, k] = here
    return purpose


def _ways(tables: SurveyTables, purpose: Ints, exists: Bools, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """(km, hours) [n, trips]: uniform within the drawn classes; the way home as the last way out."""
    classes = tables.ways.ravel()
    drawn = np.searchsorted(np.cumsum(classes), u.ravel() * classes.sum(), side="right").reshape(u.shape)
    km_class, minute_class = np.divmod(np.minimum(drawn, classes.size - 1), tables.minutes.size)
    low_km, low_min = (np.concatenate([[0.0], ends[:-1]]) for ends in (tables.km, tables.minutes))
    km = low_km[km_class] + v * (tables.km - low_km)[km_class]
    hours = (low_min[minute_class] + v * (tables.minutes - low_min)[minute_class]) / 60
    hours = np.maximum(hours, km / FASTEST_KM_PER_H)
    for k in range(1, MOST_TRIPS):
        returns = (purpose[:, k] == HOME) & exists[:, k]
        # only straight back from the trip before is there a way out to copy
        first = purpose[:, k - 1] != HOME
        km[:, k] = np.where(returns & first, km[:, k - 1], km[:, k])
        hours[:, k] = np.where(returns & first, hours[:, k - 1], hours[:, k])
    return km, hours


def _zones(purpose: Ints, u: Floats, work_zone: Ints) -> Ints:
    share = np.array([COMMERCIAL_SHARE.get(name, 0.0) for name in PURPOSES])[purpose]
    zone = np.where(u < share, COMMERCIAL, RESIDENTIAL)
    return np.asarray(np.where(purpose == WORK, work_zone[:, None], zone), dtype=np.int64)
