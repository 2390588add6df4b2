"""A key goes from the scenario to the record that acts in one step, under one name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from controllers.port import SpatialKnowledge, TemporalKnowledge
from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import FleetParameters
from models.drivers.willingness import DriverParameters
from models.fleet.fleet import ChargingParameters
from models.mobility.trip_parameters import TripParameters
from models.records.objective import Objective as Terms
from models.system.forecast_error import ForecastErrors
from models.system.own_prices import read_prices
from models.system.own_profiles import csv_profiles
from models.system.power_system import PowerSystemParameters
from models.system.profiles import simbench_profiles, ten_unit_profiles
from models.system.tariff import Terms as TariffTerms
from models.system.unit_tables import units_of
from models.wear.contract import LifeUse
from testbed.scenario.loading import load_scenario
from testbed.scenario.parts.base import Part
from testbed.scenario.parts.district import District, Spatial
from testbed.scenario.parts.fleet import Drivers, Fleet, Habit
from testbed.scenario.parts.system import Objective, Planning, Profiles, System, Tariff
from testbed.scenario.parts.wear import Wear
from testbed.setup.blocks import from_blocks
from testbed.setup.classes import fleet_parameters
from testbed.setup.districts import driver_parameters, trip_parameters

ROOT = Path(__file__).resolve().parents[3]
TAKEN_BY: dict[type[Part], tuple[Callable[..., Any], ...]] = {
    Fleet: (FleetParameters, TripParameters, ChargingParameters), Habit: (PlugInHabit,),
    Drivers: (FleetParameters, DriverParameters), District: (FleetParameters,), Spatial: (SpatialKnowledge,),
    Objective: (TemporalKnowledge, PowerSystemParameters),
    System: (TemporalKnowledge, PowerSystemParameters, units_of), Planning: (TemporalKnowledge, SpatialKnowledge),
    Profiles: (ten_unit_profiles, csv_profiles, simbench_profiles, ForecastErrors), Tariff: (TariffTerms, read_prices),
    Wear: (LifeUse,)}
SOURCES = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "testbed").rglob("*.py"))
                    if "scenario" not in file.relative_to(ROOT).parts)
WITHIN_THE_SCENARIO = {"profile", "reserve_steps", "reserve_shortfall_usd_per_mwh", "currency"}
"""Fills other keys; two of the price curve that `demand_curve` makes; a name that demands a rate of exchange."""
BY_KIND = {f"{kind}_{key}" for kind in ("slow", "fast")
           for key in ("v2g_charger_usd_per_year", "charger_curve", "ports_per_bus")} | {"connection_loss_share"}
"""Read with the kind of charger as a word, or beside what is."""
BY_TERM = {f"weight_{term}" for term in Terms().names}
"""Read term by term."""
EVERY_KEY = [(block, name) for block in TAKEN_BY for name in block.model_fields]


def is_read(block: type[Part], name: str) -> bool:
    """Whether a record takes it by its name, or code reads it, here or of a result."""
    by_name = any(name in signature(taker).parameters for taker in TAKEN_BY[block])
    return by_name or bool(re.search(rf"\w\.{name}\b|, \"{name}\"\)|\[\"{name}\"\]", SOURCES))


def test_every_key_reaches_a_record_under_its_name_or_is_read_where_it_acts() -> None:
    elsewhere = WITHIN_THE_SCENARIO | BY_KIND | BY_TERM
    assert [f"{block.__name__}.{name}" for block, name in EVERY_KEY if name not in elsewhere
            and not is_read(block, name)] == []


def test_a_key_that_nobody_reads_is_found() -> None:
    assert not is_read(next(iter(TAKEN_BY)), "a_key_that_nobody" + "_reads")


CHANGED = [("fleet.private_capacity_kwh=[41,42]", "private_capacity_kwh", (41, 42)),
           ("fleet.taxi_bidirectional_share=0.3", "taxi_bidirectional_share", 0.3),
           ("fleet.slow_charger_kw=[3,4]", "slow_charger_kw", (3, 4)),
           ("drivers.enrolled_share=0.2", "enrolled_share", 0.2),
           ("districts.0.taxi=5", "taxi", 5), ("districts.0.strategies.private=free", "strategies",
            {"private": "free", "taxi": "dispatched", "government": "dispatched"}),
           ("fleet.trips=survey", "trips", "survey"), ("fleet.first_weekday=3", "first_weekday", 3),
           ("drivers.compliance_mean=0.4", "compliance_mean", 0.4),
           ("drivers.zone_outages_per_day=0.2", "zone_outages_per_day", 0.2),
           ("drivers.habit.mean_soc=0.4", "habit", PlugInHabit(mean_soc=0.4))]


@pytest.mark.parametrize(("override", "name", "value"), CHANGED, ids=[change[0] for change in CHANGED])
def test_what_is_set_is_what_the_record_holds(override: str, name: str, value: object) -> None:
    scenario = load_scenario("smoke", [override])
    cars = fleet_parameters(scenario, scenario.districts[0])
    records = (cars, driver_parameters(scenario), trip_parameters(scenario))
    assert value in [getattr(record, name) for record in records if hasattr(record, name)]


def test_without_a_district_there_are_no_cars() -> None:
    assert fleet_parameters(load_scenario("smoke"), None).counts == (0, 0, 0)


@dataclass(frozen=True)
class Wanted:
    mean_soc: float
    gap: float = 0.5


def test_given_fields_win_and_defaults_stay() -> None:
    assert from_blocks(Wanted, Habit(mean_soc=0.4)) == Wanted(0.4)
    assert from_blocks(Wanted, Habit(mean_soc=0.4), mean_soc=0.7, gap=1.0) == Wanted(0.7, 1.0)


def test_one_key_in_two_blocks_is_refused() -> None:
    with pytest.raises(TypeError, match="Wanted: two blocks have a key mean_soc"):
        from_blocks(Wanted, Habit(), Habit())


def test_a_function_takes_keys_as_arguments() -> None:
    """Its defaults stay where neither block nor caller gives the argument."""
    def described(mean_soc: float, scatter: float, gap: float = 0.5) -> str:
        return f"{mean_soc} {scatter} {gap}"
    assert from_blocks(described, Habit(mean_soc=0.4), scatter=0.1) == "0.4 0.1 0.5"
