"""The trips of classes of cars that come along, written as files of one row per trip (models/data/timetables).

    python -m experiments.drivers.timetables

Commuters and shared cars leave at the quantiles of the household survey in data/trips and drive its distances; school
buses and delivery vans keep the hours and the ranges that are known of such fleets. A tag stands in each row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.mobility.trips_csv import COLUMNS, FOLDER
from models.mobility.trips_survey import DAY_TYPES, PURPOSES, survey_tables
from models.records.arrays import Floats

CARS, STREET_CARS = 12, 40
WORKERS, OTHERS = 1, 0
SURVEY = "hours and distances S (household survey, data/trips); which car has which A"
BUSES = "hours S (Oakland: out 6 to 9:30, home in the afternoon); distances A within 135 miles of range (S)"
HOLIDAYS = "A: moved once a week while there is no school"
VANS = "A: one tour a day from the depot, within the range of such vans"
STREET = "distances S (household survey, at least 12 and at most 45 km a way); hours A: the same every day"
SHARED = "hours and distances S (household survey, ways that are not to work); half an hour each S; five a day A"


@dataclass(frozen=True)
class Trip:
    """One row."""

    car: int
    days: str
    departure_h: float
    arrival_h: float
    zone: str
    distance_km: float

    def cells(self, source: str) -> tuple[str, ...]:
        """As they stand in the file."""
        return (str(self.car), self.days, _clock(self.departure_h), _clock(self.arrival_h), self.zone,
                f"{self.distance_km:.1f}", source)


def _clock(hour: float) -> str:
    minutes = round(hour * 12) * 5
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _at(weights: Floats, values: Floats, quantiles: Floats) -> Floats:
    """Values at these quantiles of a table of weights."""
    total = np.cumsum(weights) / weights.sum()
    return np.asarray(np.interp(quantiles, np.r_[0.0, total], np.r_[values[0], values]))


def _departures(who: int, purpose: str, quantiles: Floats) -> Floats:
    """Hours at which cars leave for a purpose on a working day."""
    table = survey_tables().departures[who, DAY_TYPES.index("weekdays"), :, PURPOSES.index(purpose)]
    return _at(table, np.arange(1, 49) / 2, quantiles)


def _distances(quantiles: Floats) -> Floats:
    return _at(survey_tables().ways.sum(axis=1), survey_tables().km, quantiles)


def commuters() -> Iterator[Trip]:
    """To work and back, and out for shopping on one day of the weekend; the farthest drive no farther than 60 km."""
    order = np.random.default_rng(1)
    q = (np.arange(CARS) + 0.5) / CARS
    out_h = np.clip(_departures(WORKERS, "workplace", q), 5.0, 9.5)
    # who leaves early comes home early: the hours away are near those of a working day
    back_h = out_h + 8.5 + order.permutation(np.linspace(-0.75, 1.25, CARS))
    km = order.permutation(np.clip(_distances(q), 3.0, 60.0))
    for car in range(CARS):
        way_h = 0.25 + km[car] / 60.0
        yield Trip(car, "weekdays", out_h[car], out_h[car] + way_h, "office", km[car])
        yield Trip(car, "weekdays", back_h[car], back_h[car] + way_h, "residential", km[car])
        yield Trip(car, "saturday", 10.0 + car / 4, 10.5 + car / 4, "commercial", 8.0)
        yield Trip(car, "saturday", 12.0 + car / 4, 12.5 + car / 4, "residential", 8.0)


def shared_cars() -> Iterator[Trip]:
    """Five rentals a day of half an hour each, between homes and shops."""
    order, rentals = np.random.default_rng(2), 5
    for car in range(CARS):
        begin_h = _departures(OTHERS, "shopping", (np.arange(rentals) + (car + 0.5) / CARS) / rentals)
        km = np.clip(_distances(order.random(rentals)), 2.0, 15.0)
        at_h = 0.0
        for rental in range(rentals):
            at_h = max(float(begin_h[rental]), at_h + 0.5)
            zone = ("commercial", "residential")[rental % 2] if rental < rentals - 1 else "residential"
            yield Trip(car, "daily", at_h, at_h + 0.5, zone, float(km[rental]))
            at_h += 0.5


def delivery_vans() -> Iterator[Trip]:
    """One tour from the depot and back; half of the vans drive on Saturdays, too."""
    for car in range(CARS):
        begin_h, away_h, km = 7.0 + 0.25 * (car % 6), 7.5 + 0.25 * (car % 5), 60.0 + 7.5 * (car * 5 % CARS)
        days = "weekdays saturday" if car % 2 else "weekdays"
        yield Trip(car, days, begin_h, begin_h + away_h, "commercial", km)


def school_buses() -> Iterator[Trip]:
    """To school in the morning and home in the afternoon, and each time back to the depot."""
    for car in range(CARS):
        morning_h, afternoon_h = 6.25 + car % 4 / 12, 14.0 + car % 6 / 12
        km = 28.0 + 2.0 * (car * 7 % CARS)
        yield Trip(car, "weekdays", morning_h, morning_h + 2.75, "office", km)
        yield Trip(car, "weekdays", afternoon_h, afternoon_h + 2.5, "office", km)


def school_buses_on_holiday() -> Iterator[Trip]:
    """They stand at the depot all week, but for a few kilometres."""
    for car in range(CARS):
        yield Trip(car, "monday", 9.0 + car / 6, 9.5 + car / 6, "office", 5.0)


def street_commuters() -> Iterator[Trip]:
    """Every day alike: away in the morning, at home again between 15:30 and 17:30; the distances of the survey."""
    order = np.random.default_rng(3)
    q = (np.arange(STREET_CARS) + 0.5) / STREET_CARS
    out_h, back_h = (order.permutation(first + 2.0 * q) for first in (6.5, 15.5))
    km = order.permutation(np.clip(_distances(q), 12.0, 45.0))
    for car in range(STREET_CARS):
        way_h = 0.5 if km[car] <= 25.0 else 0.75
        yield Trip(car, "daily", out_h[car], out_h[car] + way_h, "office", km[car])
        yield Trip(car, "daily", back_h[car] - way_h, back_h[car], "residential", km[car])


FILES = {"commuter_workplace": (commuters, SURVEY), "car_sharing": (shared_cars, SHARED),
         "delivery_van": (delivery_vans, VANS), "school_bus": (school_buses, BUSES),
         "school_bus_holidays": (school_buses_on_holiday, HOLIDAYS), "street_commuter": (street_commuters, STREET)}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (trips, source) in FILES.items():
        with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*COLUMNS, "source"])
            writer.writerows(trip.cells(source) for trip in trips())


if __name__ == "__main__":
    main()
