"""The price of wear inside the dispatch: the life average of a wear model, by class of car.

It holds for a life of equal days (`wear.v2g_kwh_per_day` to the grid beside the class's own driving), so it
does not move from day to day with the state of a car: the derivative at the present state would tell owners
of new batteries to wait a few years (docs/wear.md).
"""

from __future__ import annotations

import numpy as np

from models.mobility.timetable import Timetable
from models.mobility.trip_parameters import THREE_LAWS, TripParameters
from models.mobility.trips import DAYS_OF_WEEK, KM_PER_MILE
from models.mobility.trips_home import mean_km_per_day
from models.records.arrays import Floats
from models.wear import wear_model
from models.wear.contract import KELVIN_0C, LifeUse
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks
from testbed.setup.classes import fleet_parameters, laws_of_trips

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
    """[class] mean energy driven a day, from the laws of the trips or the trips as they are written."""
    laws = laws_of_trips(scenario) or (scenario.private_trips, *THREE_LAWS[1:])
    classes = fleet_parameters(scenario, None).classes
    return np.array([km_per_day(law) * float(np.mean(c.consumption_kwh_per_km))
                     for law, c in zip(laws, classes, strict=True)])


def km_per_day(law: str | Timetable) -> float:
    """Mean over cars and days."""
    p = TripParameters()
    if isinstance(law, Timetable):
        return float((law.distance_km * law.on_day.sum(axis=1)).sum() / (DAYS_OF_WEEK * law.cars))
    if law == "home":
        return mean_km_per_day(p)
    if law in KM_OF_LAW:
        return float(np.mean(getattr(p, KM_OF_LAW[law])))
    return float(np.exp(p.log_miles[0] + p.log_miles[1]**2 / 2) * KM_PER_MILE)


KM_OF_LAW = {"taxi_shifts": "taxi_km", "official_visits": "government_km"}
"""Daily distance of a law, where it is a span."""


def wear_price_of_groups(scenario: Scenario) -> Floats:
    """[G] $ per kWh drawn out of the battery; the same in every zone and for both ways of charging."""
    fleet, model = fleet_parameters(scenario, None), wear_model(scenario.wear.model)
    capacity, power = (np.array([np.mean(getattr(c, name)) for c in fleet.classes])
                       for name in ("capacity_kwh", "charger_kw"))
    driven = np.minimum(driven_kwh_per_day(scenario), capacity)
    by_class = np.concatenate([
        model.life_average_usd_per_kwh(capacity[i:i + 1], life_use(scenario, power[i]), driven[i:i + 1])
        for i in range(capacity.size)])
    return np.asarray(by_class[fleet.groups.class_of(np.arange(fleet.groups.count))])
