"""What drivers wish: trips of each vehicle and day, exogenous and equal for all controllers.

A day's table has a fixed shape [V, TRIPS_PER_DAY] and depends on the seed, the class, the vehicle's
place within its class and the day only: not on the number of vehicles or days, nor on any decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.drivers.car_classes import Span
from models.drivers.population import class_key, day_stream, stream
from models.mobility.timetable import Timetable, timetable_day
from models.mobility.trip_parameters import THREE_LAWS, TripParameters
from models.mobility.trips_home import home_day
from models.mobility.trips_survey import survey_day
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL
from models.records.vehicles import TRIPS_PER_DAY

KM_PER_MILE = 1.609344
DAY_S = 86_400
DAYS_OF_WEEK = 7
KEYS_APART = 3
"""Between two streams of one purpose and class."""

REDRAWS = 6
"""Tries for a day whose arrival follows its departure; 3.5 % fail once, 2e-9 fail all."""


@dataclass(frozen=True)
class DayTrips:
    """Trips of one day, arrays [V, TRIPS_PER_DAY], in the order driven; zone -1 marks padding."""

    depart_s: Ints
    """Wished departure on the scenario's clock; -1 where padded."""
    duration_s: Ints
    zone: Ints
    """Destination, index of its zone; -1 where padded."""
    distance_km: Floats

    @property
    def exists(self) -> Bools:
        return np.asarray(self.zone >= 0)


Columns = tuple[Floats, Floats, Ints, Floats]
"""Departure [h], duration [h], zone, distance [km]; each [n, trips of the class]."""


class TripWishes:
    """The wishes of a district's vehicles on any day."""

    def __init__(self, class_index: Ints, seed: np.random.SeedSequence,
                 parameters: TripParameters | None = None) -> None:
        self.class_index = class_index
        self.parameters = parameters or TripParameters()
        self._seed = seed

    def day(self, day: int) -> DayTrips:
        """The trips of one day (0 begins at second 0); the same whenever and however often it is asked."""
        n = self.class_index.size
        depart_h = np.zeros((n, TRIPS_PER_DAY))
        duration_h, distance_km = np.zeros_like(depart_h), np.zeros_like(depart_h)
        zone = np.full((n, TRIPS_PER_DAY), -1, dtype=np.int64)
        for index, law in enumerate(self.parameters.laws or (self.parameters.trips, *THREE_LAWS[1:])):
            rows = np.flatnonzero(self.class_index == index)
            columns = self._drawn(law, rows.size, index, day)
            width = columns[0].shape[1]
            for table, values in zip((depart_h, duration_h, zone, distance_km), columns, strict=True):
                table[rows, :width] = values
        depart_s = np.rint(depart_h * SECONDS_PER_HOUR).astype(np.int64) + day * DAY_S
        duration_s = np.rint(duration_h * SECONDS_PER_HOUR).astype(np.int64)
        # classes have different numbers of trips; what is beyond a class's own says so by its zone
        exists = zone >= 0
        return DayTrips(depart_s=np.where(exists, depart_s, -1), duration_s=np.where(exists, duration_s, 0),
                        zone=zone, distance_km=np.where(exists, distance_km, 0.0))

    def _drawn(self, law: str | Timetable, count: int, index: int, day: int) -> Columns:
        if isinstance(law, Timetable):
            return timetable_day(law, count, (self.parameters.first_weekday + day) % DAYS_OF_WEEK)
        return LAWS[law](self.parameters, count, class_key(index), day, self._seed)


def _private_day(p: TripParameters, n: int, index: int, day: int, seed: np.random.SeedSequence) -> Columns:
    """Home -> work -> (errand ->) home; last arrival, first departure and distance are K."""
    random = day_stream(seed, "trips", index, day)
    # all tries are drawn at once: redrawing those that fail would shift the numbers of the vehicles after them
    normal = random.standard_normal((n, 2 * REDRAWS + 1))
    # A stream of its own: drawn after the normals of n vehicles, these numbers would depend on n.
    u = day_stream(seed, "trips", index + KEYS_APART, day).random((n, 2))
    first_h, last_h = _first_and_last(p, normal[:, 1:])
    km = np.exp(p.log_miles[0] + p.log_miles[1] * normal[:, 0]) * KM_PER_MILE
    has_errand = u[:, 0] < p.errand_share
    shares = np.where(has_errand[:, None], (0.5, 0.25, 0.25), (0.5, 0.0, 0.5))
    km_leg = km[:, None] * shares
    window_h = last_h - first_h
    usual_h = km_leg / p.usual_km_per_h
    # ways take at most 0.6 of the time between first departure and last arrival, so that some is left to stay (A)
    within_h = np.minimum(usual_h, 0.6 * window_h[:, None] * shares)
    duration_h = np.maximum(km_leg / p.fastest_km_per_h, within_h)
    errand_h = np.where(has_errand, np.minimum(_between(p.errand_h, u[:, 1]), 0.3 * window_h), 0.0)
    home_h = last_h - duration_h[:, 2]
    leave_work_h = np.maximum(home_h - errand_h - duration_h[:, 1], first_h + duration_h[:, 0])
    # A day too short for its distance ends later than wished.
    home_h = np.maximum(home_h, leave_work_h + duration_h[:, 1])
    work = stream(seed, "home_and_work", index).random(n) < p.office_share
    zone = np.stack([np.where(work, OFFICE, COMMERCIAL), np.where(has_errand, COMMERCIAL, -1),
                     np.full(n, RESIDENTIAL)], axis=1)
    return np.stack([first_h, leave_work_h, home_h], axis=1), duration_h, zone, km_leg


def _first_and_last(p: TripParameters, normal: Floats) -> tuple[Floats, Floats]:
    """First departure and last arrival [n] in hours: the first of REDRAWS pairs that does not cross."""
    first_h = p.first_departure_h[0] + p.first_departure_h[1] * normal[:, :REDRAWS]
    last_h = p.last_arrival_h[0] + p.last_arrival_h[1] * normal[:, REDRAWS:]
    is_good = (first_h >= 0) & (last_h > first_h)
    # argmax finds the first good pair, and column 0 where none is: such a day is squeezed into nothing below
    column = np.argmax(is_good, axis=1)[:, None]
    first = np.maximum(np.take_along_axis(first_h, column, axis=1)[:, 0], 0.0)
    return first, np.maximum(np.take_along_axis(last_h, column, axis=1)[:, 0], first)


def _government_day(p: TripParameters, n: int, index: int, day: int, seed: np.random.SeedSequence) -> Columns:
    """Office -> visit -> (office at noon) -> visit -> office, within 07-18 (K)."""
    u = day_stream(seed, "trips", index, day).random((n, 8))
    km = _between(p.government_km, u[:, 0])
    has_return = u[:, 1] < p.government_return_share
    out_h = _between((7.0, 9.0), u[:, 2])
    noon_h = _between((11.0, 12.0), u[:, 3])
    again_h = _between((13.0, 14.5), u[:, 4])
    back_h = _between((16.5, 17.5), u[:, 5])
    depart_h = np.stack([out_h, noon_h, again_h, back_h], axis=1)
    km_leg = np.where(has_return[:, None], km[:, None] / 4, km[:, None] / 3)
    # official visits are near: no way takes more than half an hour, whatever its distance (A)
    duration_h = np.minimum(np.broadcast_to(km_leg / p.usual_km_per_h, depart_h.shape), 0.5)
    visits = np.where(u[:, 6:8] < 0.5, COMMERCIAL, RESIDENTIAL)
    at_noon = np.where(has_return, OFFICE, -1)
    zone = np.stack([visits[:, 0], at_noon, visits[:, 1], np.full(n, OFFICE)], axis=1)
    return depart_h, duration_h, zone, np.where(zone >= 0, km_leg, 0.0)


def _taxi_day(p: TripParameters, n: int, index: int, day: int, seed: np.random.SeedSequence) -> Columns:
    """Shifts in chunks around two charges a day, all in the commercial zone; km in proportion to time."""
    u = day_stream(seed, "trips", index, day).random((n, 6))
    night_h, noon_h = _between(p.taxi_night_h, u[:, 0]), _between(p.taxi_noon_h, u[:, 1])
    begin_h = np.stack([u[:, 4] * PAUSE_H, night_h + _between(p.taxi_charge_h, u[:, 2]),
                        noon_h + _between(p.taxi_charge_h, u[:, 3])], axis=1)
    end_h = np.stack([night_h, noon_h, np.full(n, 24.0 - PAUSE_H)], axis=1)
    chunk_h = (end_h - begin_h) / TAXI_CHUNKS
    shift = np.repeat(np.arange(3), TAXI_CHUNKS)
    place = np.concatenate([np.arange(k) for k in TAXI_CHUNKS])
    depart_h = begin_h[:, shift] + place * chunk_h[:, shift]
    is_last = place == np.repeat(TAXI_CHUNKS, TAXI_CHUNKS) - 1
    # a shift runs up to its charge; between its chunks the taxi stands for a pause too short to plug in
    duration_h = chunk_h[:, shift] - np.where(is_last, 0.0, PAUSE_H)
    km = _between(p.taxi_km, u[:, 5])
    km_leg = km[:, None] * duration_h / duration_h.sum(axis=1, keepdims=True)
    return depart_h, duration_h, np.full(depart_h.shape, COMMERCIAL, dtype=np.int64), km_leg


PAUSE_H = 1 / 12
"""Five minutes between two chunks of a shift (A)."""
TAXI_CHUNKS = np.array([1, 3, 4])
"""Chunks before the night charge, between the charges, after the noon charge (A)."""

ClassTrips = Callable[[TripParameters, int, int, int, np.random.SeedSequence], Columns]
LAWS: dict[str, ClassTrips] = {"parametric": _private_day, "survey": survey_day, "home": home_day,
                               "taxi_shifts": _taxi_day, "official_visits": _government_day}
"""How days are drawn, by the word for it; each is given the key of its class's random numbers."""


def _between(span: Span, u: Floats) -> Floats:
    return np.asarray(span[0] + (span[1] - span[0]) * u, dtype=np.float64)
