"""Declared against intended departures: drivers may err, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.mobility import Mobility
from models.mobility.stays import MIN_PLUGGED_S
from models.mobility.trips import TripWishes
from models.records.arrays import Ints, RecordError
from models.records.feeder import Site

STEP, DAY = 900, 86_400
SEED = district_seed(3, 0)
CARS = draw_vehicles(FleetParameters(private=300, taxi=10, government=40), SEED)


def world(error_h: float, ports: int) -> Mobility:
    site = Site(np.array([-1, 0, 1, 2]), np.array([0, ports, ports, ports]), np.array([0, 40, 40, 40]))
    drivers = Drivers(CARS, SEED, DriverParameters(compliance_mean=1.0, declaration_error_h=error_h))
    return Mobility(CARS, site, TripWishes(CARS.class_index, SEED), drivers, 0)


def lived(mobility: Mobility) -> tuple[Ints, Ints, Ints, Ints]:
    """(vehicle, begin, declared departure, true departure) of all stays that begin and end within two days."""
    stays: list[tuple[int, int, int, int]] = []
    since: dict[int, tuple[int, int]] = {}
    for now_s in range(0, 2 * DAY, STEP):
        there = mobility.declared()
        done = mobility.advance(now_s + STEP, np.full(CARS.count, 0.6))
        for car in np.flatnonzero(done.departs):
            if (begun := since.pop(car, None)) is not None:
                stays.append((car, *begun, round(now_s + done.stay_fraction[car] * STEP)))
        after = mobility.declared()
        for car in np.flatnonzero(after.is_plugged & (after.plugged_since_s != there.plugged_since_s)):
            since[car] = (after.plugged_since_s[car], after.declared_departure_s[car])
    vehicle, begin, declared, true = np.array(stays, dtype=np.int64).T
    return vehicle, begin, declared, true


@pytest.mark.parametrize("ports", [400, 90])
def test_only_what_is_said_changes(ports: int) -> None:
    """With ports for all (arrays) and with few (processes)."""
    exact, erring = lived(world(0.0, ports)), lived(world(2.0, ports))
    for name, a, b in zip(("vehicle", "begin", "true"), (*exact[:2], exact[3]), (*erring[:2], erring[3]), strict=True):
        assert np.array_equal(a, b), name
    assert np.array_equal(exact[2], exact[3])
    error_h = (erring[2] - erring[3]) / 3600
    free = erring[2] > erring[1] + MIN_PLUGGED_S
    assert np.all(erring[2] >= erring[1] + MIN_PLUGGED_S)
    long = free & (erring[3] - erring[1] > 8 * 3600)  # short stays cannot be understated by much
    assert error_h[long].mean() == pytest.approx(0.0, abs=0.25) and error_h[long].std() == pytest.approx(2.0, abs=0.2)


def test_errors_belong_to_the_driver_and_the_day() -> None:
    drivers = Drivers(CARS, SEED, DriverParameters(declaration_error_h=1.0))
    some, at = np.array([3, 3, 3, 7]), np.array([8, 8, 32, 8]) * 3600
    first = drivers.declaration_error_s(some, at)
    assert first[0] == first[1] != first[2] and first[0] != first[3]
    for day in range(10):
        drivers.declaration_error_s(some, at + day * DAY)
    assert np.array_equal(drivers.declaration_error_s(some, at), first)


def test_an_error_below_zero_is_refused() -> None:
    with pytest.raises(RecordError, match="declaration_error_h=-1"):
        DriverParameters(declaration_error_h=-1.0)
