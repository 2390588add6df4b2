"""Recorded sessions of a scenario looked at before a run: whether they can be replayed, and what is left out."""

from __future__ import annotations

from models.drivers.population import district_seed, draw_vehicles
from models.mobility.session_replay import ReplayInputs, days_to_expect_from, replay_notes, slots_of
from models.records.arrays import RecordError
from models.records.vehicles import Vehicles
from testbed.scenario.record import Scenario
from testbed.setup.classes import fleet_parameters
from testbed.setup.districts import replay_inputs
from testbed.wiring.run_spec import DAY_S


def recording_mistakes(scenario: Scenario) -> list[str]:
    """Why recordings cannot be replayed, a text for each district whose one cannot."""
    mistakes = []
    for i, district in enumerate(scenario.districts):
        try:
            if (inputs := replay_inputs(district, scenario)) is not None:
                _check(scenario, inputs, _vehicles(scenario, i))
        except RecordError as error:
            mistakes.append(f"district {district.name}: {str(error).removeprefix(f'district {district.name}: ')}")
    return mistakes


def recording_notes(scenario: Scenario) -> list[str]:
    """What is told of recordings that can be replayed: how files were read, what is left out, what cannot be served."""
    notes = []
    for i, district in enumerate(scenario.districts):
        if (inputs := replay_inputs(district, scenario)) is not None:
            told = (*inputs.sessions.notes, *replay_notes(inputs, _vehicles(scenario, i), *_span_s(scenario)))
            notes += [f"district {district.name}, sessions {district.sessions}: {note}" for note in told]
    return notes


def _check(scenario: Scenario, inputs: ReplayInputs, vehicles: Vehicles) -> None:
    slots_of(inputs.between(*_span_s(scenario)), vehicles.count)
    if scenario.planning.expectation == "sampled":
        days_to_expect_from(inputs, scenario.planning.expectation_days, -scenario.warmup_controlled_days * DAY_S)


def _vehicles(scenario: Scenario, i: int) -> Vehicles:
    return draw_vehicles(fleet_parameters(scenario, scenario.districts[i]), district_seed(scenario.seed, i))


def _span_s(scenario: Scenario) -> tuple[int, int]:
    return -scenario.days_before * DAY_S, scenario.days * DAY_S
