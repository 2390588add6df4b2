"""Wishes: the published numbers, and independence of everything but seed, class, place and day."""

from __future__ import annotations

import numpy as np
import pytest

from models.drivers.population import district_seed
from models.drivers.willingness import STAYS_OF_CLASS
from models.mobility.trips import DAY_S, DayTrips, TripWishes
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL
from models.records.vehicles import TRIPS_PER_DAY

GOVERNMENT, PRIVATE, TAXI = 2, 0, 1

SEED = district_seed(3, 0)


def day_of(class_index: int, count: int, day: int = 0) -> DayTrips:
    return TripWishes(np.full(count, class_index), SEED).day(day)


def test_private_distance_is_in_miles_in_the_source() -> None:
    km = day_of(PRIVATE, 20_000).distance_km.sum(axis=1)
    assert np.median(km) == pytest.approx(np.exp(3.2) * 1.609344, rel=0.03)  # 39.5 km, not 24.5
    assert np.std(np.log(km)) == pytest.approx(0.88, rel=0.03)


def test_private_hours() -> None:
    """Unconditional means 8.92 and 17.6 h; without the 3.2 % of crossing pairs about 8.75 and 17.7 h."""
    trips = day_of(PRIVATE, 20_000)
    first_h = trips.depart_s[:, 0] / 3600
    last_h = (trips.depart_s[:, 2] + trips.duration_s[:, 2]) / 3600
    random = np.random.default_rng(0).standard_normal((2, 400_000))
    first, last = 8.92 + 3.24 * random[0], 17.6 + 3.4 * random[1]
    good = (last > first) & (first >= 0)
    assert np.mean(last <= first) == pytest.approx(0.032, abs=0.002)
    assert first_h.mean() == pytest.approx(first[good].mean(), abs=0.08)
    assert first_h.std() == pytest.approx(first[good].std(), abs=0.08)
    assert last_h.mean() == pytest.approx(last[good].mean(), abs=0.12)
    assert last_h.std() == pytest.approx(last[good].std(), abs=0.12)


def test_private_cars_commute_and_some_stop_on_the_way_home() -> None:
    trips = day_of(PRIVATE, 5_000)
    assert set(np.unique(trips.zone[:, 0])) == {COMMERCIAL, OFFICE}
    assert np.mean(trips.zone[:, 0] == OFFICE) == pytest.approx(0.7, abs=0.03)
    assert np.mean(trips.zone[:, 1] == COMMERCIAL) == pytest.approx(0.3, abs=0.03)
    assert np.all(trips.zone[:, 2] == RESIDENTIAL)
    np.testing.assert_array_equal(trips.zone[:, 0], day_of(PRIVATE, 5_000, 1).zone[:, 0])


@pytest.mark.parametrize("class_index", [PRIVATE, TAXI, GOVERNMENT])
def test_trips_of_a_day_do_not_overlap(class_index: int) -> None:
    trips = day_of(class_index, 3_000)
    end_s = np.zeros(3_000)
    for column in range(TRIPS_PER_DAY):
        exists = trips.exists[:, column]
        assert np.all(trips.depart_s[exists, column] >= end_s[exists] - 2)  # rounding to whole seconds
        end_s[exists] = (trips.depart_s + trips.duration_s)[exists, column]


def test_official_cars_drive_between_7_and_18() -> None:
    trips = day_of(GOVERNMENT, 2_000)
    assert trips.depart_s[trips.exists].min() >= 7 * 3600
    assert (trips.depart_s + trips.duration_s)[trips.exists].max() <= 18 * 3600
    assert np.all(trips.zone[:, 3] == OFFICE)
    assert np.mean(trips.zone[:, 1] == OFFICE) == pytest.approx(0.5, abs=0.05)


def test_taxis_pause_twice_to_charge() -> None:
    trips = day_of(TAXI, 2_000)
    assert trips.exists.all() and np.all(trips.zone == COMMERCIAL)
    end_h, depart_h = (trips.depart_s + trips.duration_s) / 3600, trips.depart_s / 3600
    for before, low, high in ((0, 2.0, 5.0), (3, 11.5, 14.5)):
        assert end_h[:, before].min() >= low - 0.001 and depart_h[:, before + 1].max() <= high + 0.001
        assert np.all(depart_h[:, before + 1] - end_h[:, before] >= 0.99)
    km = trips.distance_km.sum(axis=1)
    assert km.min() >= 200 and km.max() <= 300


@pytest.mark.parametrize("class_index", [PRIVATE, TAXI, GOVERNMENT])
def test_every_trip_has_a_stay_whose_willingness_is_drawn(class_index: int) -> None:
    used = np.flatnonzero(day_of(class_index, 500).exists.any(axis=0))
    assert used.max() + 1 == STAYS_OF_CLASS[class_index] - 1


def test_padding() -> None:
    trips = TripWishes(np.array([PRIVATE, TAXI, GOVERNMENT]), SEED).day(2)
    padding = ~trips.exists
    assert np.all(trips.depart_s[padding] == -1) and not trips.distance_km[padding].any()
    assert np.all(trips.depart_s[trips.exists] >= 2 * DAY_S)


def test_more_vehicles_and_any_order_of_days_change_nothing() -> None:
    classes = np.array([PRIVATE, TAXI, GOVERNMENT] * 50)
    few, many = TripWishes(classes[:60], SEED), TripWishes(classes, SEED)
    late = many.day(5)
    for day in (0, 5, -1):
        for name in ("depart_s", "duration_s", "zone", "distance_km"):
            np.testing.assert_array_equal(getattr(few.day(day), name), getattr(many.day(day), name)[:60])
    np.testing.assert_array_equal(many.day(5).depart_s, late.depart_s)
    assert np.any(many.day(4).depart_s - 4 * DAY_S != late.depart_s - 5 * DAY_S)
