"""Laws of willingness: it is nobody's decision but the driver's, and more of it never delivers less."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drivers.behaviours import REFUSALS
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.fleet.fleet import Fleet
from models.mobility.mobility import Mobility
from models.mobility.trip_parameters import PrivateTrips, TripParameters
from models.mobility.trips import TripWishes
from models.records.arrays import Floats
from models.records.feeder import Site

STEP, DAY = 1800, 86_400
SEED = district_seed(7, 0)
CARS = FleetParameters(private=25, taxi=0, government=5)
SITE = Site(np.array([-1, 0, 1, 2]), np.array([0, 40, 40, 40]), np.zeros(4, dtype=np.int64))
IN_PLACE = {behaviour.name: 1.0 for behaviour in REFUSALS if not behaviour.is_recorded}
"""Ways of refusing that leave stays as they are: ignores, overrides, telemetry lost."""
PRICES = np.full(24, 0.1)
ROUNDING_KWH = 1e-9
"""A step shared between two behaviours is added up in two parts."""


def _world(mean: float, seed: int) -> SimpleNamespace:
    vehicles = draw_vehicles(CARS, SEED)
    drivers = Drivers(vehicles, district_seed(seed, 0), DriverParameters(compliance_mean=mean, modes=IN_PLACE))
    mobility = Mobility(vehicles, SITE, TripWishes(vehicles.class_index, SEED), drivers, 0)
    return SimpleNamespace(vehicles=vehicles, mobility=mobility,
                           fleet=Fleet(vehicles, SITE.bus_zone, np.zeros(vehicles.count)))


def _delivered_kwh(mean: float, seed: int, told_kw: Floats) -> Floats:
    """[V] energy delivered as instructed over a day; told_kw [steps, V] are frozen.

    Each step begins at the same measured state whatever the drivers did before, so that the instruction is feasible or
    not for the same reasons: what is compared is willingness alone.
    """
    world, total = _world(mean, seed), np.zeros(CARS.private + CARS.government)
    soc = np.full(total.size, 0.6)
    for k, now_s in enumerate(range(0, DAY, STEP)):
        declared = world.mobility.declared()
        presence = world.mobility.advance(now_s + STEP, soc)
        world.fleet.energy_kwh = soc * world.vehicles.capacity_kwh
        step = world.fleet.step(now_s, STEP, told_kw[k], np.ones(total.size, dtype=np.int64), declared,
                                replace(presence, driven_kwh=np.zeros(total.size)), "on_arrival", PRICES, PRICES)
        here = declared.is_plugged & (presence.arrived_bus_index < 0)  # else the next stay's charging is in the sums
        asked_kwh = told_kw[k] * presence.stay_fraction * STEP / 3600  # until the departure, which is as declared
        came_kwh = np.where(asked_kwh >= 0, step.charged_kwh, step.discharged_kwh)
        total += here * np.minimum(came_kwh, np.abs(asked_kwh))
    return total


@settings(deadline=None, derandomize=True, max_examples=12)
@given(st.integers(0, 10_000), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_compliance_never_delivers_less_of_the_same_instructions(seed: int, first: float, other: float) -> None:
    told_kw = np.random.default_rng(seed).uniform(-7, 7, (DAY // STEP, CARS.private + CARS.government))
    low, high = (_delivered_kwh(mean, seed, told_kw) for mean in sorted((first, other)))
    assert np.all(high >= low - ROUNDING_KWH)


def test_compliance_matters_for_what_is_delivered() -> None:
    told_kw = np.full((DAY // STEP, CARS.private + CARS.government), -5.0)
    none, half, all_ = (_delivered_kwh(mean, 3, told_kw).sum() for mean in (0.0, 0.5, 1.0))
    assert none < half < all_


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(-1, 20))
def test_raising_compliance_only_wins_drivers(seed: int, first: float, other: float, day: int) -> None:
    """Who complies at a lower rate complies at a higher one, and the rest of the willingness is untouched."""
    vehicles = draw_vehicles(CARS, SEED)
    zone = np.zeros((vehicles.count, 9), dtype=np.int64)
    low, high = (Drivers(vehicles, district_seed(seed, 0), DriverParameters(compliance_mean=mean)).day(day, zone)
                 for mean in sorted((first, other)))
    assert np.all((high.behaviour == 0) | (low.behaviour != 0))
    assert np.all((high.behaviour == low.behaviour) | (high.behaviour == 0))
    for name in ("instant", "bus_choice", "accepts_guidance"):
        assert np.array_equal(getattr(low, name), getattr(high, name))


@pytest.mark.parametrize("trips", ["parametric", "survey", "home"])
def test_wishes_do_not_depend_on_compliance(trips: PrivateTrips) -> None:
    """Nothing about drivers enters the trips: they take a class, a seed and their own parameters."""
    vehicles = draw_vehicles(CARS, SEED)
    a, b = (TripWishes(vehicles.class_index, SEED, TripParameters(trips=trips)).day(1) for _ in range(2))
    assert np.array_equal(a.depart_s, b.depart_s) and np.array_equal(a.distance_km, b.distance_km)
