"""The price of wear inside the dispatch: the life average of a wear model, by class of car.

It holds for a life of equal days (`wear.v2g_kwh_per_day` to the grid beside the class's own driving), so it
does not move from day to day with the state of a car: the derivative at the present state would tell owners
of new batteries to wait a few years (docs/wear.md).
"""

from __future__ import annotations

import numpy as np

from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import KM_PER_MILE
from models.mobility.trips_home import mean_km_per_day
from models.records.arrays import Floats
from models.records.groups import GOVERNMENT, GROUP_COUNT, PRIVATE, TAXI, VEHICLE_CLASSES, class_of
from models.wear import wear_model
from models.wear.contract import KELVIN_0C, LifeUse
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks

MEAN_SOC = 0.6
"""Of resting and of cycles, in the life over which the price is averaged (A)."""


def life_use(scenario: Scenario, power_kw: float) -> LifeUse:
    """The scenario's life of a battery."""
    return from_blocks(
        LifeUse, scenario.wear, mean_soc=MEAN_SOC, kelvin=scenario.wear.celsius + KELVIN_0C, power_kw=power_kw,
        battery_usd_per_kwh=battery_usd_per_kwh(scenario))


def battery_usd_per_kwh(scenario: Scenario) -> float:
    """Price of a new battery per kWh of capacity."""
    return scenario.wear.battery_cny_per_kwh / scenario.tariff.cny_per_usd


def driven_kwh_per_day(scenario: Scenario) -> Floats:
    """[class] mean energy driven a day, from the laws of the trips."""
    p, kwh_per_km = TripParameters(), float(np.mean(scenario.fleet.consumption_kwh_per_km))
    km = np.zeros(len(VEHICLE_CLASSES))
    of_laws = float(np.exp(p.log_miles[0] + p.log_miles[1]**2 / 2) * KM_PER_MILE)
    km[PRIVATE] = mean_km_per_day(p) if scenario.private_trips == "home" else of_laws
    km[TAXI], km[GOVERNMENT] = np.mean(p.taxi_km), np.mean(p.government_km)
    return km * kwh_per_km


def wear_price_of_groups(scenario: Scenario) -> Floats:
    """[GROUP_COUNT] $ per kWh drawn out of the battery; the same in every zone and for both kinds of charger."""
    fleet, model = scenario.fleet, wear_model(scenario.wear.model)
    capacity, power = np.zeros(len(VEHICLE_CLASSES)), np.zeros(len(VEHICLE_CLASSES))
    for index, kwh, kw in ((PRIVATE, fleet.private_capacity_kwh, fleet.slow_charger_kw),
                           (TAXI, fleet.taxi_capacity_kwh, fleet.fast_charger_kw),
                           (GOVERNMENT, fleet.government_capacity_kwh, fleet.slow_charger_kw)):
        capacity[index], power[index] = np.mean(kwh), np.mean(kw)
    driven = np.minimum(driven_kwh_per_day(scenario), capacity)
    by_class = np.concatenate([
        model.life_average_usd_per_kwh(capacity[i:i + 1], life_use(scenario, power[i]), driven[i:i + 1])
        for i in range(len(VEHICLE_CLASSES))])
    return np.asarray(by_class[class_of(np.arange(GROUP_COUNT))])
