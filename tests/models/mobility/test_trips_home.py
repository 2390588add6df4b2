"""Days of cars that charge at home: tours that begin and end there, by the laws' own numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.drivers.population import district_seed
from models.mobility.trip_parameters import HomeDriving, TripParameters
from models.mobility.trips import DAY_S, DayTrips, TripWishes
from models.mobility.trips_home import EARLIEST_H, LATEST_H, LEAST_PAUSE_H, MOST_HOME_TRIPS, mean_km_per_day
from models.records.arrays import RecordError
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL

PRIVATE, TAXI = 0, 1

HOUR, CARS = 3600, 20_000
WEDNESDAY, SATURDAY = 2, 5
LAW = HomeDriving()


def trips(day: int, cars: int = CARS, seed: int = 1, **changes: object) -> DayTrips:
    parameters = TripParameters(trips="home", home=replace(LAW, **changes))  # type: ignore[arg-type]
    return TripWishes(np.full(cars, PRIVATE), district_seed(seed, 0), parameters).day(day)


@pytest.fixture(scope="module")
def workday() -> DayTrips:
    return trips(WEDNESDAY)


def test_every_tour_leads_out_and_home(workday: DayTrips) -> None:
    out, home = workday.zone[:, 0:MOST_HOME_TRIPS:2], workday.zone[:, 1:MOST_HOME_TRIPS:2]
    assert set(np.unique(out)) == {-1, COMMERCIAL, OFFICE} and set(np.unique(home)) == {-1, RESIDENTIAL}
    assert np.array_equal(out >= 0, home >= 0)
    assert np.array_equal(workday.distance_km[:, 0:6:2], workday.distance_km[:, 1:6:2])


def test_trips_follow_each_other_with_time_at_home(workday: DayTrips) -> None:
    arrive_s = workday.depart_s + workday.duration_s
    gap_s = (workday.depart_s[:, 1:] - arrive_s[:, :-1])[workday.exists[:, 1:]]
    assert gap_s.min() >= 0.1 * HOUR - 2
    again, back_s = workday.exists[:, 2:6:2], arrive_s[:, 1:5:2]
    at_home_s = workday.depart_s[:, 2:6:2] - back_s
    assert at_home_s[again].min() >= LEAST_PAUSE_H * HOUR - 2
    early = again & (back_s < WEDNESDAY * DAY_S + 13 * HOUR)  # later ones may find the day over
    assert np.median(at_home_s[early]) / HOUR == pytest.approx(LAW.pause_h[0], rel=0.05)


def test_tours_begin_on_their_day(workday: DayTrips) -> None:
    hour = (workday.depart_s - WEDNESDAY * DAY_S)[:, 0:6:2][workday.exists[:, 0:6:2]] / HOUR
    assert hour.min() >= EARLIEST_H and hour.max() <= LATEST_H + 1 / HOUR
    assert (workday.depart_s + workday.duration_s).max() > (WEDNESDAY + 1) * DAY_S  # some are back after midnight


def test_who_goes_to_work_and_when(workday: DayTrips) -> None:
    everybody = trips(WEDNESDAY, worker_share=1.0, work_day_share=1.0)
    start_h = (everybody.depart_s[:, 0] - WEDNESDAY * DAY_S) / HOUR
    assert (start_h.mean(), start_h.std()) == pytest.approx(LAW.work_start_h, rel=0.03)
    back_h = (everybody.depart_s[:, 1] + everybody.duration_s[:, 1] - everybody.depart_s[:, 0]) / HOUR
    assert back_h.mean() == pytest.approx(LAW.work_away_h[0], rel=0.02)
    assert 2 * everybody.distance_km[:, 0].mean() == pytest.approx(LAW.work_km, rel=0.05)
    assert np.mean(everybody.zone[:, 0] == OFFICE) == pytest.approx(TripParameters().office_share, abs=0.02)
    share = LAW.worker_share * LAW.work_day_share
    assert np.mean(workday.zone[:, 0] == OFFICE) == pytest.approx(share * TripParameters().office_share, abs=0.02)


@pytest.mark.parametrize(("day", "place"), [(WEDNESDAY, 0), (SATURDAY, 1), (SATURDAY + 7, 1), (SATURDAY - 7, 1)])
def test_who_leaves_home_without_work(day: int, place: int) -> None:
    moves = trips(day, worker_share=0.0).exists[:, 0].mean()
    assert moves == pytest.approx(LAW.outing_share[place], abs=0.01)


def test_nobody_works_on_a_weekend() -> None:
    assert np.array_equal(trips(SATURDAY).zone, trips(SATURDAY, worker_share=0.0).zone)
    assert not np.any(trips(SATURDAY).zone == OFFICE)


def test_the_weekday_of_the_first_day_can_be_chosen() -> None:
    wishes = TripWishes(np.full(CARS, PRIVATE), district_seed(1, 0), TripParameters(trips="home", first_weekday=5))
    assert not np.any(wishes.day(0).zone == OFFICE) and np.any(wishes.day(2).zone == OFFICE)


def test_a_car_is_the_same_in_every_fleet_and_on_every_asking() -> None:
    few, many = trips(WEDNESDAY, 50), trips(WEDNESDAY, 400)
    for name in ("depart_s", "duration_s", "zone", "distance_km"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:50])


def test_cars_differ_in_how_far_they_drive() -> None:
    km = np.stack([trips(day, 2_000).distance_km.sum(axis=1) for day in range(14)])
    even = np.stack([trips(day, 2_000, car_scatter=0.0).distance_km.sum(axis=1) for day in range(14)])
    assert km.mean(axis=0).std() > 1.3 * even.mean(axis=0).std()


def test_other_classes_drive_as_ever() -> None:
    classes = np.array([TAXI] * 5)
    seed = district_seed(1, 0)
    home, usual = (TripWishes(classes, seed, TripParameters(trips=kind)).day(1) for kind in ("home", "parametric"))
    assert np.array_equal(home.depart_s, usual.depart_s)


def test_mean_distance_is_that_of_a_fleet() -> None:
    km = np.mean([trips(day, 4_000).distance_km.sum() / 4_000 for day in range(7)])
    assert mean_km_per_day(TripParameters(trips="home")) == pytest.approx(km, rel=0.03)


def test_impossible_laws_are_named_all_at_once() -> None:
    with pytest.raises(RecordError, match=r"worker_share=1\.2 .*work_km=-1 .*speed_km_per_h=0 "):
        HomeDriving(worker_share=1.2, work_km=-1, speed_km_per_h=0)
