"""Classes of cars of a scenario in numbers: the three of its flat keys, or those that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.drivers.car_classes import ClassParameters, GivenCars
from models.drivers.cars_csv import read_cars
from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import FleetParameters
from models.drivers.willingness import STAYS_OF_CLASS, STAYS_PER_DAY
from models.mobility.timetable import Timetable
from models.mobility.trips_csv import SHIPPED, TripLimits, read_trips
from models.mobility.trips_home import MOST_HOME_TRIPS
from models.mobility.trips_survey import MOST_TRIPS
from models.records.arrays import RecordError
from models.records.groups import Groups
from models.tables.table_format import TableFormat
from testbed.scenario.car_groups import charger_numbers, groups_of
from testbed.scenario.files import file_digest
from testbed.scenario.parts.classes import LAWS_OF_TRIPS, USUAL_PORTS, VehicleClass, zones_of_kind
from testbed.scenario.parts.district import District
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks

STAYS_OF_LAW = {"parametric": STAYS_OF_CLASS[0], "survey": MOST_TRIPS + 1, "home": MOST_HOME_TRIPS + 1,
                "taxi_shifts": STAYS_OF_CLASS[1], "official_visits": STAYS_OF_CLASS[2]}
"""Draws of stays a day; STAYS_PER_DAY for trips as they are written."""


def groups_of_scenario(scenario: Scenario) -> Groups:
    """Classes of cars and kinds of chargers."""
    return groups_of(scenario.fleet.model_dump())


def fleet_parameters(scenario: Scenario, district: District | None) -> FleetParameters:
    """The scenario's fleet with this district's counts; no cars at all without a district."""
    fleet = from_blocks(
        FleetParameters, *([district] if district else []), scenario.fleet, scenario.drivers,
        groups=groups_of_scenario(scenario), own=_own(scenario, district),
        habit=habit(scenario) if district and district.sessions is None else None)
    if district is None or district.cars_file is None:
        return fleet
    cars = cars_of_file(scenario, district)
    return replace(fleet, own=tuple(replace(c, count=cars[c.name].count, given=cars[c.name]) for c in fleet.classes))


def habit(scenario: Scenario) -> PlugInHabit | None:
    """By which the scenario's private cars are plugged in."""
    return None if scenario.drivers.habit is None else from_blocks(PlugInHabit, scenario.drivers.habit)


def _own(scenario: Scenario, district: District | None) -> tuple[ClassParameters, ...]:
    """Classes that the scenario names; none where it has the three."""
    return tuple(_class(scenario, name, c, district.cars.get(name, 0) if district else 0)
                 for name, c in scenario.fleet.classes.items())


def _class(scenario: Scenario, name: str, c: VehicleClass, count: int) -> ClassParameters:
    fleet, charger = scenario.fleet, charger_numbers(scenario.fleet.model_dump(), c.charger)
    return ClassParameters(
        name, count, c.capacity_kwh, c.charger_kw or charger["power_kw"], charger["eta_charge"],
        charger["eta_discharge"], charger["taper_start_soc"], c.bidirectional_share,
        c.consumption_kwh_per_km or fleet.consumption_kwh_per_km, fleet.soc_min, fleet.soc_max, fleet.soc_floor_v2g,
        c.soc_wanted or fleet.soc_wanted, c.soc_initial or fleet.soc_initial, fleet.age_years,
        scenario.drivers.enrolled_share if c.enrolled_share is None else c.enrolled_share, c.strategy)


def ports_of_kind(district: District, kind: str, cars: int) -> int:
    """Ports of a kind at each bus that has any; without a number as many as there are cars."""
    ports = (district.ports_per_bus.get(kind, USUAL_PORTS) if kind not in ("slow", "fast")
             else getattr(district, f"{kind}_ports_per_bus"))
    return cars if ports is None else int(ports)


# ---------------------------------------------------------------- files of the user's own
def cars_of_file(scenario: Scenario, district: District) -> dict[str, GivenCars]:
    """Cars of the district's file by class; TableError names rows and columns."""
    assert district.cars_file is not None
    path = Path(district.cars_file)
    return _read_cars(path, file_digest(path), groups_of_scenario(scenario).class_names, scenario.fleet.soc_min,
                      scenario.fleet.soc_max, from_blocks(TableFormat, district.cars_format))


@lru_cache(maxsize=16)
def _read_cars(path: Path, content: str, classes: tuple[str, ...], soc_min: float, soc_max: float,
               form: TableFormat) -> dict[str, GivenCars]:
    return read_cars(path, classes, soc_min, soc_max, form)


def laws_of_trips(scenario: Scenario) -> tuple[str | Timetable, ...]:
    """By class: the law's name, or trips as they are written; empty where the scenario has the three classes.

    TableError names file, rows and columns of trips that cannot serve.
    """
    return tuple(_law(scenario, name, c) for name, c in scenario.fleet.classes.items())


def _law(scenario: Scenario, name: str, c: VehicleClass) -> str | Timetable:
    if c.trips in LAWS_OF_TRIPS:
        return scenario.private_trips if c.trips == "profile" else c.trips
    path = SHIPPED.get(c.trips, Path(c.trips))
    form = from_blocks(TableFormat, c.trips_format)
    return _read_trips(c.trips, file_digest(path), form, _limits(scenario, name, c), scenario.fleet.zones)


@lru_cache(maxsize=16)
def _read_trips(name_or_path: str, content: str, form: TableFormat, limits: TripLimits,
                zones: tuple[str, ...]) -> Timetable:
    return read_trips(name_or_path, form, limits, zones)


def _limits(scenario: Scenario, name: str, c: VehicleClass) -> TripLimits:
    """What the largest battery of the class with the least consumption can do, cars of files among them."""
    numbers, fleet = _class(scenario, name, c, 0), scenario.fleet
    zones = zones_of_kind(c.charger, fleet.charger_kinds.get(c.charger), fleet.zones)
    capacity_kwh, kwh_per_km = [numbers.capacity_kwh[1]], [numbers.consumption_kwh_per_km[0]]
    given = list(_given_cars(scenario, name))
    if given:
        is_drawn = any(district.cars.get(name) for district in scenario.districts)
        capacity_kwh, kwh_per_km = (
            [*np.concatenate([cars.of(key, np.full(cars.count, of_class)) for cars in given]).tolist(),
             *([of_class] if is_drawn else [])]
            for key, of_class in (("capacity_kwh", capacity_kwh[0]), ("consumption_kwh_per_km", kwh_per_km[0])))
    return TripLimits((numbers.soc_max - numbers.soc_min) * max(capacity_kwh), min(kwh_per_km),
                      tuple(fleet.zones.index(zone) for zone in zones))


def _given_cars(scenario: Scenario, name: str) -> Iterator[GivenCars]:
    """The class's cars that districts describe one by one; none of a file that cannot be read, which is told itself."""
    for district in (d for d in scenario.districts if d.cars_file is not None):
        try:
            cars = cars_of_file(scenario, district)[name]
        except RecordError:
            continue
        if cars.count:
            yield cars


def stays_per_day(scenario: Scenario) -> tuple[int, ...]:
    """By class, of draws; empty where the scenario has the three classes."""
    return tuple(STAYS_OF_LAW[law] if isinstance(law, str) else STAYS_PER_DAY for law in laws_of_trips(scenario))


def class_mistakes(scenario: Scenario) -> list[str]:
    """Why trips and cars of the user's own cannot serve, all files at once; empty if they can."""
    mistakes = []
    for name, c in scenario.fleet.classes.items():
        try:
            _law(scenario, name, c)
        except RecordError as error:
            mistakes.append(f"class {name}: {error}")
    for district in (d for d in scenario.districts if d.cars_file is not None):
        try:
            cars_of_file(scenario, district)
        except RecordError as error:
            mistakes.append(f"district {district.name}: {error}")
    return mistakes
