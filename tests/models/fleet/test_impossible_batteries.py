"""Batteries that cannot be are refused with car, key, value and what is allowed."""

import re

import numpy as np
import pytest

from models.fleet.battery import Batteries, refuse_impossible
from models.records.arrays import RecordError
from tests.models.fleet.fleet_case import cars, fleet_of

GOOD = {"capacity_kwh": 50.0, "p_charge_max_kw": 7.0, "p_discharge_max_kw": 7.0, "eta_charge": 0.9,
        "eta_discharge": 0.9, "max_kwh": 45.0, "floor_kwh": 15.0, "taper_start_soc": 0.8}


def two_cars(**of_second):
    return Batteries(**{name: np.array([value, of_second.get(name, value)]) for name, value in GOOD.items()})


def test_batteries_that_can_be_pass():
    refuse_impossible(two_cars(), np.array([0.0, 50.0]))


@pytest.mark.parametrize(("name", "value", "words"), [
    ("capacity_kwh", 0.0, "capacity_kwh=0, allowed: above 0"),
    ("p_charge_max_kw", -1.0, "p_charge_max_kw=-1, allowed: at least 0"),
    ("p_discharge_max_kw", -1.0, "p_discharge_max_kw=-1, allowed: at least 0"),
    ("eta_charge", 1.1, "eta_charge=1.1, allowed: above 0, at most 1"),
    ("eta_discharge", 0.0, "eta_discharge=0, allowed: above 0, at most 1"),
    ("floor_kwh", 46.0, "soc_floor=0.92, allowed: at most soc_max"),
    ("taper_start_soc", 1.5, "taper_start_soc=1.5, allowed: 0 to 1"),
])
def test_each_mistake_is_named(name, value, words):
    with pytest.raises(RecordError, match=re.escape(f"batteries: car 2: {words}")):
        refuse_impossible(two_cars(**{name: value}), np.array([10.0, 10.0]))


def test_a_charge_beyond_the_battery_is_named():
    with pytest.raises(RecordError, match=r"car 2: soc=1\.2, allowed: 0 to 1"):
        refuse_impossible(two_cars(), np.array([10.0, 60.0]))


def test_no_fleet_is_made_of_them():
    """Whatever names the cars: none of these is ever stepped."""
    with pytest.raises(RecordError, match=r"car 2: eta_charge=1\.1"):
        fleet_of(cars(2, eta_charge=np.array([0.9, 1.1])))
