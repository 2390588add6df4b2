"""Cars that never wait: worked out at once, they do to the second what a process each would do."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drivers import DriverParameters, Drivers
from models.mobility import Mobility
from models.population import TAXI, FleetParameters, district_seed, draw_vehicles
from models.records import Site
from models.trips import DAY_S, TripWishes

ONE_BUS = Site(np.arange(3), np.array([90, 90, 90]), np.array([0, 90, 0]))
NO_OFFICE = Site(np.arange(3), np.array([90, 90, 0]), np.array([0, 90, 0]))
OUTAGES = {"compliance_mean": 0.4, "plug_in_probability": 0.8, "zone_shock_rho": 0.3}


def mobility(site, seed, processes_for_all, cars=(40, 10, 20), **drivers):
    root = district_seed(seed, 0)
    vehicles = draw_vehicles(FleetParameters(*cars), root)
    return Mobility(vehicles, site, TripWishes(vehicles.class_index, root),
                    Drivers(vehicles, root, DriverParameters(**drivers)), -DAY_S, processes_for_all)


def tables(one, step_s, days=2):
    """Everything that others see, step by step."""
    soc = np.full(one._vehicles.count, 0.5)
    for now_s in range(-DAY_S, (days - 1) * DAY_S, step_s):
        declared, presence = one.declared(), one.advance(now_s + step_s, soc)
        yield now_s, {**{f.name: getattr(declared, f.name) for f in fields(declared)},
                      **{f.name: getattr(presence, f.name) for f in fields(presence)},
                      "free_slow": one.free_ports(0), "free_fast": one.free_ports(1)}


def assert_equal_lives(site, seed, step_s, **drivers):
    together, alone = (mobility(site, seed, for_all, **drivers) for for_all in (False, True))
    assert together._free_rows.size == 60 and alone._free_rows.size == 0
    for (now_s, one), (_, other) in zip(tables(together, step_s), tables(alone, step_s), strict=True):
        for name, values in one.items():
            assert np.array_equal(values, other[name]), f"{name} at {now_s} s"


@settings(deadline=None, derandomize=True, max_examples=8)
@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([300, 900, 3600]), mode=st.sampled_from(
    [(1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0), (0, 0, 0, 1, 0, 0), (1, 1, 1, 1, 1, 1)]))
def test_every_second_is_the_same(seed, step_s, mode):
    assert_equal_lives(ONE_BUS, seed, step_s, mode_weights=mode, **OUTAGES)


def test_a_zone_without_ports_is_only_passed_through():
    assert_equal_lives(NO_OFFICE, 3, 900, **OUTAGES)


@pytest.mark.parametrize("site", [
    Site(np.arange(3), np.array([90, 59, 90]), np.array([0, 90, 0])),
    Site(np.array([0, 0, 1, 2]), np.array([90, 90, 90, 90]), np.array([0, 0, 90, 0])),
], ids=["fewer ports than cars", "two buses to choose from"])
def test_cars_that_may_meet_have_a_process_each(site):
    assert mobility(site, 1, False)._free_rows.size == 0


def test_taxis_decide_as_they_go():
    cars = mobility(ONE_BUS, 1, False)
    assert not np.any(cars._vehicles.class_index[cars._free_rows] == TAXI)
