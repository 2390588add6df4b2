"""Trips as somebody wrote them down: which car drives when, how far and where to, on which days of the week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Bools, Floats, Ints

MOST_TRIPS = 8
"""Of a car on a day."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Timetable:
    """Trips [R] in the order in which each car drives them; hours of the day, a trip may end on the next one."""

    cars: int
    """How many the trips are of."""
    car: Ints
    """0..cars-1"""
    on_day: Bools
    """[R, 7] driven on a Monday, ... a Sunday."""
    depart_h: Floats
    duration_h: Floats
    zone: Ints
    """Destination, index of its zone."""
    distance_km: Floats

    def table(self, weekday: int) -> tuple[Floats, Floats, Ints, Floats]:
        """Departure, duration, zone (-1: no trip) and distance [cars, trips of the car with most] on that day."""
        rows = np.flatnonzero(self.on_day[:, weekday])
        rows = rows[np.lexsort((self.depart_h[rows], self.car[rows]))]
        car = self.car[rows]
        # the number of each trip within its car: rows are sorted by car, so its first row is where it begins
        place = np.arange(rows.size) - np.searchsorted(car, car)
        shape = (self.cars, 1 + int(place.max(initial=0)))
        depart_h, duration_h, distance_km = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        zone = np.full(shape, -1, dtype=np.int64)
        depart_h[car, place], duration_h[car, place] = self.depart_h[rows], self.duration_h[rows]
        zone[car, place], distance_km[car, place] = self.zone[rows], self.distance_km[rows]
        return depart_h, duration_h, zone, distance_km


def timetable_day(trips: Timetable, n: int, weekday: int) -> tuple[Floats, Floats, Ints, Floats]:
    """The day of n cars, columns [n, trips]: the N-th drives as car N, after the last one as the first again."""
    who = np.arange(n) % trips.cars
    depart_h, duration_h, zone, distance_km = trips.table(weekday)
    return depart_h[who], duration_h[who], zone[who], distance_km[who]
