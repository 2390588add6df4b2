"""Days drawn from the survey: its own distributions come back, and days make sense."""

from __future__ import annotations

import numpy as np
import pytest

from models.drivers.population import district_seed
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import DAY_S, DayTrips, TripWishes
from models.mobility.trips_survey import DWELL_H, survey_tables
from models.records.arrays import Ints
from models.records.groups import ZONES

PRIVATE, TAXI = 0, 1

RESIDENTIAL, COMMERCIAL, OFFICE = range(len(ZONES))
HOUR = 3600
CARS = 20_000
WEDNESDAY, SATURDAY, SUNDAY = 2, 5, 6


def trips(day: int, cars: int = CARS, seed: int = 1, **changes: float) -> DayTrips:
    parameters = TripParameters(trips="survey", **changes)  # type: ignore[arg-type]
    return TripWishes(np.full(cars, PRIVATE), district_seed(seed, 0), parameters).day(day)


@pytest.fixture(scope="module")
def workday() -> DayTrips:
    return trips(WEDNESDAY)


def test_the_tables_are_distributions() -> None:
    t = survey_tables()
    assert t.trips.sum(axis=1) == pytest.approx([1, 1])
    assert t.departures.sum(axis=(2, 3)) == pytest.approx(np.ones((2, 3))) and t.ways.sum() == pytest.approx(1)


@pytest.mark.parametrize(("day", "row"), [(WEDNESDAY, 0), (SATURDAY, 1), (SUNDAY, 1)])
def test_trips_per_day_are_the_surveys(day: int, row: int) -> None:
    count = trips(day).exists.sum(axis=1)
    share = np.bincount(count, minlength=6) / CARS
    assert share == pytest.approx(survey_tables().trips[row], abs=0.01)


def _ends(t: DayTrips) -> Ints:
    return np.maximum(t.exists.sum(axis=1) - 1, 0)


def test_every_day_ends_at_home_and_begins_elsewhere(workday: DayTrips) -> None:
    moves = workday.exists[:, 0]
    last = np.take_along_axis(workday.zone, _ends(workday)[:, None], axis=1)[moves]
    assert set(last.ravel().tolist()) == {RESIDENTIAL}
    assert (workday.zone[moves, 0] != RESIDENTIAL).mean() > 0.6  # leisure and escort may lead to another home


def test_trips_follow_each_other(workday: DayTrips) -> None:
    arrival_s = workday.depart_s + workday.duration_s
    both = workday.exists[:, 1:]
    gap_s = (workday.depart_s[:, 1:] - arrival_s[:, :-1])[both]
    assert gap_s.min() >= DWELL_H * HOUR - 2 and (workday.depart_s[workday.exists] >= WEDNESDAY * DAY_S).all()


def test_some_days_run_past_midnight(workday: DayTrips) -> None:
    arrival_s = (workday.depart_s + workday.duration_s)[workday.exists] - WEDNESDAY * DAY_S
    assert 0 < (arrival_s > DAY_S).mean() < 0.03


def test_workers_go_to_work_on_weekdays() -> None:
    to_office = {day: (trips(day, worker_share=1.0).zone == OFFICE).any(axis=1).mean() for day in (WEDNESDAY, SUNDAY)}
    none = (trips(WEDNESDAY, worker_share=0.0).zone == OFFICE).any(axis=1).mean()
    assert to_office[WEDNESDAY] > 3 * to_office[SUNDAY] and none == 0.0


def test_first_departures_are_at_the_surveys_hours(workday: DayTrips) -> None:
    """Departures of two-trip days: the mean hour of leaving home and of coming back bracket the survey's mean."""
    two = workday.exists.sum(axis=1) == 2
    hours = (workday.depart_s[two, :2] - WEDNESDAY * DAY_S) / HOUR
    share = survey_tables().departures[:, 0].sum(axis=2)
    mean = float(np.array([0.4, 0.6]) @ (share @ (np.arange(48) / 2 + 0.25)))
    assert hours.mean() == pytest.approx(mean, abs=0.25)


def test_ways_are_the_surveys_and_lead_back(workday: DayTrips) -> None:
    two = workday.exists.sum(axis=1) == 2
    assert workday.distance_km[two, 0] == pytest.approx(workday.distance_km[two, 1])
    t = survey_tables()
    shares = np.histogram(workday.distance_km[two, 0], np.concatenate([[0], t.km]))[0] / two.sum()
    assert shares == pytest.approx(t.ways.sum(axis=1), abs=0.015)


def test_nobodys_day_depends_on_the_number_of_cars(workday: DayTrips) -> None:
    few = trips(WEDNESDAY, cars=50)
    for name in ("depart_s", "duration_s", "zone", "distance_km"):
        assert np.array_equal(getattr(few, name), getattr(workday, name)[:50])


def test_the_week_begins_where_the_scenario_says() -> None:
    days = [trips(day, cars=4_000, first_weekday=first).exists.any(axis=1).mean() for day, first in ((5, 0), (0, 5))]
    assert days == pytest.approx([0.4932, 0.4932], abs=0.03)


def test_other_classes_and_the_default_are_as_before() -> None:
    class_index = np.array([PRIVATE, TAXI, TAXI])
    plain, survey = (TripWishes(class_index, district_seed(1, 0), TripParameters(trips=kind)).day(3)
                     for kind in ("parametric", "survey"))
    assert np.array_equal(plain.depart_s[1:], survey.depart_s[1:])
    assert not np.array_equal(plain.depart_s[0], survey.depart_s[0])
