"""Days of private cars that charge at home: up to three tours from home and back, fitted to records of such cars.

A weekday of somebody who works begins, on most days, with a tour to work; every other day with an outing, if the car
moves at all. After each return it may go out again. A tour may run past midnight; the next day begins where it ended.
The laws' numbers are fitted (tag C) to what data/home says of plug-in hours, dwell and energy, together with the habit
of plugging in (models/drivers/plug_in_habit.py); the form of the laws is assumed (A). Distances are those that charging
at home covers: what is charged elsewhere is left out with the way that it serves.
"""

from __future__ import annotations

import numpy as np

from models.drivers.population import day_stream, stream
from models.mobility.trip_parameters import HomeDriving, TripParameters
from models.records.arrays import Bools, Floats, Ints
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL

MOST_TOURS = 3
MOST_HOME_TRIPS = 2 * MOST_TOURS
PLACES_APART = 3
"""Between two streams of one purpose and class."""
DAYS_OF_WEEK, FIRST_WEEKEND_DAY = 7, 5


EARLIEST_H, LATEST_H = 3.0, 23.5
"""Tours begin between these hours of their day (A)."""
LEAST_PAUSE_H, LEAST_AWAY_H, LEAST_VISIT_H = 0.25, 1.0, 0.1
"""At home between two tours; at work with the way; at a tour's destination (A)."""


def home_day(p: TripParameters, n: int, index: int, day: int, seed: np.random.SeedSequence
             ) -> tuple[Floats, Floats, Ints, Floats]:
    """Departure [h of the day], duration [h], zone, distance [km]; each [n, MOST_HOME_TRIPS]; zone -1 where unused."""
    h, random = p.home, day_stream(seed, "trips", index, day)
    normal = random.standard_normal((n, 2 + 3 * MOST_TOURS))
    # A stream of its own: drawn after the normals of n vehicles, these numbers would depend on n.
    u = day_stream(seed, "trips", index + PLACES_APART, day).random((n, 1 + MOST_TOURS))
    car_km, is_worker, work_zone = _cars(p, n, index, seed)
    is_weekend = (p.first_weekday + day) % DAYS_OF_WEEK >= FIRST_WEEKEND_DAY
    works = is_worker & (u[:, 0] < h.work_day_share) & (not is_weekend)
    goes = works | (u[:, 1] < h.outing_share[int(is_weekend)])
    columns: list[Ways] = []
    back_h = np.zeros(n)
    for tour in range(MOST_TOURS):
        of_tour = normal[:, 2 + 3 * tour:5 + 3 * tour].T
        if tour == 0:
            start_h, away_h = _first_tour(h, works, normal[:, :2].T, of_tour)
        else:
            start_h, away_h = _next_tour(h, back_h, of_tour)
            # a car that did not go out has nothing to come back from, so no later tour begins either
            goes = goes & (u[:, 1 + tour] < h.again_share) & (start_h < LATEST_H)
        to_work = works & (tour == 0)
        km = np.where(to_work, h.work_km, h.outing_km) * car_km * _log_normal_of_mean_1(h.km_scatter, of_tour[2])
        back_h, ways = _there_and_back(h, goes, start_h, away_h, km, np.where(to_work, work_zone, COMMERCIAL))
        columns.append(ways)
    depart_h, duration_h, zone, distance_km = (np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True))
    return depart_h, duration_h, zone.astype(np.int64), distance_km


def mean_km_per_day(p: TripParameters, cars: int = 2_000) -> float:
    """Over a week and this many cars of a seed of its own; tours that would begin too late leave no formula."""
    seed = np.random.SeedSequence(0)
    # simulated and not computed: tours that would begin too late are dropped, and that share has no closed form
    km = [home_day(p, cars, 0, day, seed) for day in range(DAYS_OF_WEEK)]
    return float(np.mean([np.where(zone >= 0, distance, 0.0).sum() / cars for _, _, zone, distance in km]))


Ways = tuple[Floats, Floats, Ints, Floats]
"""Departure, duration, zone, distance of the ways there and back, each [n, 2]."""


def _cars(p: TripParameters, n: int, index: int, seed: np.random.SeedSequence) -> tuple[Floats, Bools, Ints]:
    """[n] each: mean distance over the fleet's, whether it is driven to work, and the zone of that work."""
    u = stream(seed, "home_and_work", index).random((n, 2))
    is_worker, in_office = u[:, 0] < p.home.worker_share, u[:, 1] < p.office_share
    normal = stream(seed, "home_and_work", index + PLACES_APART).standard_normal(n)
    return (_log_normal_of_mean_1(p.home.car_scatter, normal), is_worker,
            np.where(in_office, OFFICE, COMMERCIAL))


def _first_tour(h: HomeDriving, works: Bools, own: Floats, of_tour: Floats) -> tuple[Floats, Floats]:
    """(start, away) [n] in hours; own [2, n] for work, of_tour [3, n] for outings."""
    start_h = np.where(works, h.work_start_h[0] + h.work_start_h[1] * own[0],
                       h.outing_start_h[0] + h.outing_start_h[1] * of_tour[0])
    work_h = np.maximum(h.work_away_h[0] + h.work_away_h[1] * own[1], LEAST_AWAY_H)
    away_h = np.where(works, work_h, h.outing_away_h[0] * np.exp(h.outing_away_h[1] * of_tour[1]))
    return np.clip(start_h, EARLIEST_H, LATEST_H), away_h


def _next_tour(h: HomeDriving, back_h: Floats, of_tour: Floats) -> tuple[Floats, Floats]:
    """(start, away) [n] in hours of the tour after a return at back_h."""
    pause_h = np.maximum(h.pause_h[0] * np.exp(h.pause_h[1] * of_tour[0]), LEAST_PAUSE_H)
    return back_h + pause_h, h.again_away_h[0] * np.exp(h.again_away_h[1] * of_tour[1])


def _there_and_back(h: HomeDriving, goes: Bools, start_h: Floats, away_h: Floats, km: Floats, zone: Ints
                    ) -> tuple[Floats, Ways]:
    """When each is back [n], and both ways."""
    way_h = km / 2 / h.speed_km_per_h
    # a long distance drawn with a short absence: the absence gives way, since the energy is what matters to charging
    away_h = np.maximum(away_h, 2 * way_h + LEAST_VISIT_H)
    back_h = start_h + away_h
    zones = np.where(goes[:, None], np.stack([zone, np.full_like(zone, RESIDENTIAL)], axis=1), -1)
    # `km` is there and back
    half_km = np.repeat(km[:, None] / 2, 2, axis=1)
    return back_h, (np.stack([start_h, back_h - way_h], axis=1), np.repeat(way_h[:, None], 2, axis=1), zones, half_km)


def _log_normal_of_mean_1(scatter: float, normal: Floats) -> Floats:
    return np.asarray(np.exp(scatter * normal - scatter**2 / 2), dtype=np.float64)
