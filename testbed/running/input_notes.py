"""What is told of the tables that a scenario's user brought: how they were read, what is left out of them, and why."""

from __future__ import annotations

from collections.abc import Iterator

from models.system.tariff import is_table_of_prices
from models.system.unit_tables import unit_notes
from testbed.scenario.parts.simulators import Simulator
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import thermal_units, units_format
from testbed.setup.prices import own_prices
from testbed.setup.profiles import build_profiles

BEYOND_UNITS, OTHER_UNIT = 3.0, 100.0
"""Peak of the load over what all units give, and the other way round, that no system has (A)."""


def input_notes(scenario: Scenario) -> tuple[str, ...]:
    """A sentence each; none for a scenario without such tables. Raises what reading them raises."""
    notes = [f"profiles {scenario.profiles.file}: {note}" for note in build_profiles(scenario).notes]
    if scenario.profiles.source == "csv":
        notes += [f"profiles {scenario.profiles.file}: {note}" for note in _level_notes(scenario)]
    notes += [f"units {scenario.system.units}: {note}"
              for note in unit_notes(scenario.system.units, units_format(scenario))]
    if is_table_of_prices(scenario.tariff.table):
        notes += [f"prices {scenario.tariff.table}: {note}" for note in own_prices(scenario).notes]
    if any(district.series.is_given for district in scenario.districts):
        from testbed.setup.networks.loads import series_notes  # noqa: PLC0415 - networks take a second to load

        notes += series_notes(scenario)
    if any(district.sessions is not None for district in scenario.districts):
        from testbed.setup.recordings import recording_notes  # noqa: PLC0415 - loads the fleet's models

        notes += recording_notes(scenario)
    notes += _day_notes(scenario)
    notes += [f"simulator {name}: {_place_of(simulator)}" for name, simulator in scenario.simulators.items()]
    return tuple(notes)


def _level_notes(scenario: Scenario) -> Iterator[str]:
    """A load far above or below what all units together give: of another unit, most likely."""
    peak_mw, all_mw = build_profiles(scenario).load_peak_mw, float(thermal_units(scenario).p_max_mw.sum())
    if not all_mw / OTHER_UNIT < peak_mw < all_mw * BEYOND_UNITS:
        yield (f"load_mw peaks at {peak_mw:,.6g} where all units give {all_mw:,.6g} MW: are its numbers MW, and the "
               "units those of this system?")


def _day_notes(scenario: Scenario) -> Iterator[str]:
    """Tables whose first counted days are not the same one."""
    days = {"profiles.start_date": scenario.profiles.start_date}
    for i, district in enumerate(scenario.districts):
        days |= {f"districts.{i}.series.start_date": district.series.start_date,
                 f"districts.{i}.sessions_start_date": district.sessions_start_date}
    given = {key: day for key, day in days.items() if day is not None}
    if len(set(given.values())) > 1:
        yield "the first counted day is not the same in all tables: " + ", ".join(
            f"{key} = {day}" for key, day in given.items())


def _place_of(simulator: Simulator) -> str:
    """What it takes the place of."""
    at = f" of {simulator.district}" if simulator.district else ""
    return {"profiles": f"{', '.join(simulator.gives)}{at} are as it tells, forecasts as the scenario's own series say",
            "feeder": f"the power flow{at or ' of the network'} is as it tells", "added": "added"}[simulator.place]
