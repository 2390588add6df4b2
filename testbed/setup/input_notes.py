"""What is told of the tables that a scenario's user brought: how they were read, what is left out of them, and why."""

from __future__ import annotations

from models.system.tariff import is_table_of_prices
from models.system.unit_tables import unit_notes
from testbed.scenario.parts.simulators import Simulator
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import units_format
from testbed.setup.prices import own_prices
from testbed.setup.profiles import build_profiles


def input_notes(scenario: Scenario) -> tuple[str, ...]:
    """A sentence each; none for a scenario without such tables. Raises what reading them raises."""
    notes = [f"profiles {scenario.profiles.file}: {note}" for note in build_profiles(scenario).notes]
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
    notes += [f"simulator {name}: {_place_of(simulator)}" for name, simulator in scenario.simulators.items()]
    return tuple(notes)


def _place_of(simulator: Simulator) -> str:
    """What it takes the place of."""
    at = f" of {simulator.district}" if simulator.district else ""
    return {"profiles": f"{', '.join(simulator.gives)}{at} are as it tells, forecasts as the scenario's own series say",
            "feeder": f"the power flow{at or ' of the network'} is as it tells", "added": "added"}[simulator.place]
