"""Why a scenario cannot be run: its own values, and all that it names, opened and tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.network.source import source_of
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.wiring.run_spec import DAY_S, RunSpec

if TYPE_CHECKING:
    from testbed.scenario.record import Scenario

SECONDS_PER_HOUR = 3600


def scenario_or_mistakes(name: str, overrides: Sequence[str], seed: int | None, mistakes: list[str]) -> Scenario | None:
    """The scenario, None where it cannot even be read; every mistake is added to `mistakes`."""
    try:
        loaded = load_scenario(name, overrides, seed)
    except ScenarioError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
        return None
    known = len(mistakes)
    units, networks = _unit_mistakes(loaded), _network_mistakes(loaded)
    mistakes += units + _profile_mistakes(loaded) + _price_mistakes(loaded)
    mistakes += _session_mistakes(loaded)
    mistakes += _class_mistakes(loaded)
    mistakes += networks
    if loaded.faults:
        mistakes += _fault_mistakes(loaded, not units, not networks)
    if loaded.simulators and len(mistakes) == known:
        mistakes += _simulator_mistakes(loaded)
    return loaded


def _unit_mistakes(scenario: Scenario) -> list[str]:
    """Why the units that the scenario names cannot serve."""
    from models.records.arrays import RecordError  # noqa: PLC0415
    from testbed.setup.knowledge import thermal_units  # noqa: PLC0415

    try:
        thermal_units(scenario)
    except RecordError as error:
        return [f"units of scenario {scenario.name}: {error}"]
    return []


def _profile_mistakes(scenario: Scenario) -> list[str]:
    """Why the series that the scenario names cannot serve: a file that is missing, has gaps or is too short."""
    from models.system.profiles import ProfileError  # noqa: PLC0415
    from testbed.setup.profiles import build_profiles  # noqa: PLC0415

    try:
        profiles = build_profiles(scenario)
    except ProfileError as error:
        return [f"profiles of scenario {scenario.name}: {error}"]
    if profiles.forecast is not None and scenario.profiles.forecast_error != "off":
        return [f"profiles.forecast_error={scenario.profiles.forecast_error}: must be off, as "
                f"{scenario.profiles.file} has columns of forecasts"]
    if scenario.profiles.source != "csv" or profiles.repeats:
        return []
    return _span_mistakes(f"profiles {scenario.profiles.file}", scenario, profiles.first_s, profiles.end_s, 0)


def _class_mistakes(scenario: Scenario) -> list[str]:
    """Why trips and cars of the user's own cannot serve."""
    from testbed.setup.classes import class_mistakes  # noqa: PLC0415

    return class_mistakes(scenario)


def _price_mistakes(scenario: Scenario) -> list[str]:
    """Why prices of one's own cannot serve."""
    from models.system.own_prices import PriceError  # noqa: PLC0415
    from models.system.tariff import is_table_of_prices  # noqa: PLC0415
    from testbed.setup.prices import own_prices  # noqa: PLC0415

    if not is_table_of_prices(scenario.tariff.table):
        return []
    try:
        prices = own_prices(scenario)
    except PriceError as error:
        return [f"prices of scenario {scenario.name}: {error}"]
    days_back = int(scenario.tariff.foresight == "day_before")
    return [] if prices.repeats else _span_mistakes(f"prices {scenario.tariff.table}", scenario, prices.first_s,
                                                    prices.end_s, days_back)


def _span_mistakes(what: str, scenario: Scenario, first_s: int, end_s: int, days_back: int) -> list[str]:
    """Whether dated rows from first_s to end_s hold all that a run asks for, days_back before it included."""
    begin = -(scenario.days_before + days_back) * DAY_S
    end = scenario.days * DAY_S + scenario.planning.horizon_h * SECONDS_PER_HOUR
    if first_s <= begin and end <= end_s:
        return []
    has, needs = (f"from {a / SECONDS_PER_HOUR:g} h to {b / SECONDS_PER_HOUR:g} h" for a, b in
                  ((first_s, end_s), (begin, end)))
    return [f"{what}: has rows {has} after 00:00 of {scenario.profiles.start_date}, needed are rows {needs}: days "
            "before counted ones, these and planning.horizon_h"]


def _session_mistakes(scenario: Scenario) -> list[str]:
    """Why recorded sessions that the scenario names cannot be replayed."""
    if all(district.sessions is None for district in scenario.districts):
        return []
    from testbed.setup.recordings import recording_mistakes  # noqa: PLC0415 - loads the fleet's models

    return recording_mistakes(scenario)


def _network_mistakes(scenario: Scenario) -> list[str]:
    """Why networks that come from elsewhere, or series at their buses, cannot serve: unknown, not radial, with gaps."""
    elsewhere = [d for d in scenario.districts
                 if d.feeder and (source_of(d.feeder).last_bus is None or d.series.is_given or d.series.curtailable)]
    if not elsewhere:
        return []
    from testbed.setup.districts import network_mistakes  # noqa: PLC0415 - networks take a second to load

    return [f"district {d.name}: {mistake}" for d in elsewhere for mistake in network_mistakes(d, scenario)]


def _fault_mistakes(scenario: Scenario, has_units: bool, has_networks: bool) -> list[str]:
    """Why faults cannot be where they are said to be, as far as units and networks can serve."""
    from testbed.simulators.injecting import fault_mistakes  # noqa: PLC0415 - networks take a second to load

    return fault_mistakes(scenario, has_units, has_networks)


def _simulator_mistakes(scenario: Scenario) -> list[str]:
    """What simulators of others want to hear that is not recorded."""
    from testbed.peers.wires import WrongPeers, wires  # noqa: PLC0415

    spec, mistakes = RunSpec(scenario, "", scenario.seed, Path()), []
    for name in scenario.simulators:
        try:
            wires(spec, name)
        except WrongPeers as error:
            mistakes += error.mistakes
    return mistakes
