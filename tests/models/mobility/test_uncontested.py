"""Cars that never wait: worked out as arrays, they do to the second what a process each would do."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drivers.behaviours import REFUSALS
from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.mobility import Mobility
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import DAY_S, TripWishes
from models.mobility.trips_home import MOST_HOME_TRIPS
from models.records.feeder import Site

TAXI = 1

ONE_BUS = Site(np.arange(3), np.array([90, 90, 90]), np.array([0, 90, 0]))
NO_OFFICE = Site(np.arange(3), np.array([90, 90, 0]), np.array([0, 90, 0]))
BUS_ZONE = np.array([-1, 0, 0, 0, 1, 1, 2, 2, 2, 2])
JUST_ENOUGH = Site(BUS_ZONE, np.array([5, 20, 20, 20, 30, 30, 1, 9, 20, 30]), np.array([0, 0, 0, 0, 4, 6, 0, 0, 0, 0]))
PLENTY = Site(BUS_ZONE, np.full(10, 70), np.where(BUS_ZONE == 1, 70, 0))
RANK = np.array([[-1, 2, 0, -1, 1, 1, 3, 0, 2, 1], [-1, 0, 0, 0, 1, 0, 0, 0, 0, 0]])
OUTAGES = {"compliance_mean": 0.4, "plug_in_probability": 0.8, "zone_shock_rho": 0.3}
AT_HOME = {"compliance_mean": 0.6, "private_stays_per_day": MOST_HOME_TRIPS + 1}
ONE_EACH = {behaviour.name: 1.0 for behaviour in REFUSALS}
ANY_REFUSAL = st.sampled_from([*({name: 1.0} for name in ONE_EACH), ONE_EACH])


class HalfHourTrips(TripWishes):
    """Everybody leaves and arrives at full half-hours, so that many meet at one instant."""

    def day(self, day):
        trips = super().day(day)
        depart_s, duration_s = (-(-table // 1800) * 1800 for table in (trips.depart_s, trips.duration_s))
        return replace(trips, depart_s=np.where(trips.exists, depart_s, -1), duration_s=duration_s)


class HomeTrips(TripWishes):
    """Days of cars that charge at home."""

    def __init__(self, class_index, seed):
        super().__init__(class_index, seed, TripParameters(trips="home"))


def mobility(site, seed, processes_for_all, cars=(40, 10, 20), wishes=TripWishes, **drivers):
    root = district_seed(seed, 0)
    vehicles = draw_vehicles(FleetParameters(*cars), root)
    return Mobility(vehicles, site, wishes(vehicles.class_index, root),
                    Drivers(vehicles, root, DriverParameters(**drivers)), -DAY_S, processes_for_all)


def tables(mobility, step_s, rank=None, days=3):
    """Everything that others see, step by step; charge moves about 0.3, where taxis begin to charge in between."""
    n = mobility._vehicles.count
    for now_s in range(-DAY_S, (days - 1) * DAY_S, step_s):
        soc = 0.2 + 0.3 * np.mod(np.arange(n) * 0.618 + now_s / DAY_S * 1.7, 1.0)
        declared, presence = mobility.declared(), mobility.advance(now_s + step_s, soc, rank if now_s >= 0 else None)
        yield now_s, {**{f.name: getattr(declared, f.name) for f in fields(declared)},
                      **{f.name: getattr(presence, f.name) for f in fields(presence)},
                      "free_slow": mobility.free_ports(0), "free_fast": mobility.free_ports(1)}


def assert_equal_lives(site, seed, step_s, rank=None, cars=(40, 10, 20), **drivers):
    """drivers: also wishes."""
    together, alone = (mobility(site, seed, for_all, cars, **drivers) for for_all in (False, True))
    assert not together._has_processes and alone._has_processes
    for (now_s, first), (_, other) in zip(tables(together, step_s, rank), tables(alone, step_s, rank), strict=True):
        for name, values in first.items():
            assert np.array_equal(values, other[name]), f"{name} at {now_s} s"


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=8)
@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([300, 900, 3600]), refusals=ANY_REFUSAL)
def test_every_second_is_the_same(seed, step_s, refusals):
    assert_equal_lives(ONE_BUS, seed, step_s, modes=refusals, **OUTAGES)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=8)
@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([300, 900, 3600]), refusals=ANY_REFUSAL)
def test_plugging_in_by_charge_is_the_same_too(seed, step_s, refusals):
    """Charge moves about 0.35, where drivers of this habit are undecided."""
    assert_equal_lives(ONE_BUS, seed, step_s, modes=refusals, habit=PlugInHabit(0.35, 0.1, 0.05), **OUTAGES)


@pytest.mark.parametrize("step_s", [900, 3600])
def test_home_days_are_the_same_too(step_s):
    assert_equal_lives(ONE_BUS, 7, step_s, wishes=HomeTrips, habit=PlugInHabit(0.35, 0.1, 0.05), **AT_HOME)


@settings(deadline=None, derandomize=True, max_examples=12)
@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([300, 900, 3600]), refusals=ANY_REFUSAL,
       site=st.sampled_from([JUST_ENOUGH, PLENTY]), ranks=st.sampled_from([None, 0, 1]))
@pytest.mark.slow
def test_the_same_port_is_found_among_many_buses(seed, step_s, refusals, site, ranks):
    rank = None if ranks is None else RANK - ranks
    assert_equal_lives(site, seed, step_s, rank, modes=refusals, guidance_acceptance=0.6, **OUTAGES)


def test_many_cars_at_one_instant_fill_the_buses_as_if_one_by_one():
    """At the first instant all are at home: the last ones find one bus only."""
    ports = np.array([5, 300, 3, 280, 800, 800, 300, 300, 300, 300])
    assert_equal_lives(Site(BUS_ZONE, ports, np.where(BUS_ZONE == 1, 40, 0)), 5, 3600, cars=(483, 60, 100),
                       **OUTAGES)


@pytest.mark.parametrize("seed", range(3))
def test_at_one_instant_ports_are_freed_first_and_then_taken_in_the_order_of_slots(seed):
    assert_equal_lives(JUST_ENOUGH, seed, 1800, wishes=HalfHourTrips)


def test_a_zone_without_ports_is_only_passed_through():
    assert_equal_lives(NO_OFFICE, 3, 900, **OUTAGES)


def test_cars_of_a_kind_that_may_meet_have_a_process_each_and_the_others_none():
    site = Site(np.arange(3), np.array([90, 59, 90]), np.array([0, 90, 0]))
    cars = mobility(site, 1, False)
    assert cars._waits.tolist() == [True, False]
    assert cars._uncontested is None and cars._taxis is not None
    assert not np.any(cars._vehicles.class_index[cars._processes._rows] == TAXI)


@pytest.mark.parametrize("rank", [None, np.array([[0, 1, 0, 2], [0, 0, 0, 0]])], ids=["own choice", "guided"])
def test_processes_and_arrays_in_one_district_are_the_same_as_processes_for_all(rank):
    site = Site(np.array([0, 0, 1, 2]), np.array([15, 15, 90, 90]), np.array([0, 0, 20, 0]))
    mixed, alone = (mobility(site, 4, for_all, **OUTAGES) for for_all in (False, True))
    waited = 0
    for (now_s, first), (_, other) in zip(tables(mixed, 900, rank), tables(alone, 900, rank), strict=True):
        waited += int(first["queue_length"].sum())
        for name, values in first.items():
            assert np.array_equal(values, other[name]), f"{name} at {now_s} s"
    assert waited > 0
