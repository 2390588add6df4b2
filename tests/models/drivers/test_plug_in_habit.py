"""Plugging in by charge and habit: the curve, its limits, and that draws belong to vehicles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.drivers.plug_in_habit import ALWAYS_SOC, EMPTY_SOC, NEVER_SOC, PlugInHabit
from models.drivers.population import FleetParameters, district_seed, draw_vehicles, own_plug_in_soc
from models.drivers.willingness import STAYS_PER_DAY, DriverParameters, Drivers
from models.records.arrays import RecordError
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL
from models.records.vehicles import Vehicles

GOVERNMENT, PRIVATE, TAXI = 2, 0, 1

SEED = district_seed(3, 0)
HABIT = PlugInHabit()
FLEET = FleetParameters(300, 20, 20, habit=HABIT)
AT_HOME = DriverParameters(habit=HABIT, compliance_mean=1.0)


def limits(vehicles: Vehicles, zone: int = RESIDENTIAL, parameters: DriverParameters = AT_HOME, day: int = 2):
    return Drivers(vehicles, SEED, parameters).day(day, np.full((vehicles.count, STAYS_PER_DAY), zone)).plug_in_soc


@pytest.mark.parametrize("soc", [0.3, 0.5, 0.57, 0.8])
def test_the_chance_is_a_logistic_curve_around_the_drivers_own_charge(soc: float) -> None:
    u = (np.arange(100_000) + 0.5)[None, :] / 100_000
    limit = HABIT.stay_limits(np.array([0.5]), u, np.array([0.0]))
    assert np.mean(soc <= limit) == pytest.approx(1 / (1 + np.exp((soc - 0.5) / HABIT.scatter_soc)), abs=1e-4)


def test_own_charges_are_spread_between_drivers() -> None:
    own = HABIT.own_soc(np.array([-1.0, 0.0, 2.0]))
    assert own == pytest.approx([HABIT.mean_soc - HABIT.spread_soc, HABIT.mean_soc,
                                 HABIT.mean_soc + 2 * HABIT.spread_soc])


def test_an_empty_car_is_plugged_in_whoever_drives_it() -> None:
    limit = HABIT.stay_limits(np.array([-0.5]), np.array([[0.5, 1.0]]), np.array([0.2]))
    assert limit == pytest.approx(np.full((1, 2), 0.2 + EMPTY_SOC))


def test_without_scatter_a_driver_always_decides_alike() -> None:
    sharp = replace(HABIT, scatter_soc=0.0)
    assert np.all(sharp.stay_limits(np.array([0.4]), np.array([[0.0, 0.3, 1.0]]), np.array([0.2])) == 0.4)


def test_a_driver_is_the_same_in_every_fleet_large_enough() -> None:
    few, many = (draw_vehicles(replace(FLEET, private=n), SEED) for n in (40, 300))
    assert np.array_equal(few.soc_initial[:40], many.soc_initial[:40])
    assert np.array_equal(limits(few)[:40], limits(many)[:40])


def test_days_differ_and_drivers_stay_themselves() -> None:
    cars = draw_vehicles(FLEET, SEED)
    second_day, other = limits(cars, day=2)[:300, :4], limits(cars, day=3)[:300, :4]
    assert not np.array_equal(second_day, other)
    assert np.corrcoef(second_day.mean(axis=1), other.mean(axis=1))[0, 1] > 0.8


@pytest.mark.parametrize("zone", [COMMERCIAL, OFFICE])
def test_private_cars_plug_in_at_home_alone_and_others_as_ever(zone: int) -> None:
    cars = draw_vehicles(FLEET, SEED)
    soc_limit = limits(cars, zone)
    assert np.all(soc_limit[cars.class_index == PRIVATE] == NEVER_SOC)
    assert np.all(soc_limit[cars.class_index == TAXI] == ALWAYS_SOC)
    assert np.all(soc_limit[cars.class_index == GOVERNMENT][:, :5] == ALWAYS_SOC)
    assert np.all(np.isfinite(limits(cars)[cars.class_index == PRIVATE][:, :4]))


@pytest.mark.parametrize("probability", [0.0, 0.6])
def test_a_chance_below_one_takes_from_all_and_leaves_the_curve(probability: float) -> None:
    cars = draw_vehicles(replace(FLEET, private=4_000), SEED)
    soc_limit = limits(cars, parameters=replace(AT_HOME, plug_in_probability=probability))[:4_000, :4]
    assert np.mean(soc_limit > NEVER_SOC) == pytest.approx(probability, abs=0.01)
    if probability:
        own = limits(cars)[:4_000, :4]
        assert np.quantile(soc_limit[soc_limit > NEVER_SOC], [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(own, [0.1, 0.5, 0.9]), abs=0.015)


def test_the_charge_at_the_start_lies_between_habit_and_wish() -> None:
    cars = draw_vehicles(replace(FLEET, private=4_000), SEED)
    private = cars.class_index == PRIVATE
    assert np.all(cars.soc_initial[private] <= cars.soc_wanted[private])
    assert np.all(cars.soc_initial[private] >= cars.soc_min[private])
    own = own_plug_in_soc(HABIT, 4_000, SEED)
    assert np.all(cars.soc_initial[private] >= np.minimum(own, cars.soc_wanted[private]))
    others = draw_vehicles(replace(FLEET, private=4_000, habit=None), SEED)
    assert np.array_equal(cars.soc_initial[~private], others.soc_initial[~private])
    assert np.array_equal(cars.capacity_kwh, others.capacity_kwh)


def test_impossible_habits_are_named_all_at_once() -> None:
    with pytest.raises(RecordError, match=r"mean_soc=3 .*spread_soc=-1 .*scatter_soc=2 "):
        PlugInHabit(mean_soc=3, spread_soc=-1, scatter_soc=2)
