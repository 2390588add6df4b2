"""What the system operator sees at the first counted midnight, without a co-simulation around it.

For studies of single plans (Pareto fronts, reserve rules, emissions): the warm-up day is simulated with the run's
own simulators, stepped by hand, so that plugged cars, SOC, prices and forecasts are exactly those of a run
without controlled warm-up days: what such days leave takes a run to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from controllers.port import CarControl, Controller, SystemView, TemporalKnowledge
from models.mobility.mobility import without_garbage_collection
from testbed.running.world import entity_names
from testbed.scenario.parts.execution import Execution
from testbed.scenario.record import Scenario
from testbed.setup.districts import build_districts
from testbed.setup.given_controllers import given
from testbed.simulators.adapter import SYSTEM, Adapter, Inputs, Values
from testbed.simulators.before_first_step import initial_state, no_instructions
from testbed.simulators.fleet import FleetSimulator
from testbed.simulators.mobility import MobilitySimulator
from testbed.simulators.profiles import ProfilesSimulator
from testbed.simulators.temporal import TemporalSimulator
from testbed.wiring.crossings import Prices
from testbed.wiring.run_spec import RunSpec

A = TypeVar("A", bound=Adapter)


@dataclass(frozen=True)
class FirstView:
    """The first planning problem of a run."""

    knowledge: TemporalKnowledge
    view: SystemView
    car_control: CarControl


def first_view(scenario: Scenario, controller: Controller, seed: int | None = None) -> FirstView:
    """The first plan's inputs under this scenario and controller; seed: the scenario's own unless given.

    Equal to what the controller's upper layer is asked in a run (a test compares them). Seconds for 50,000 cars
    once the expected days are in the cache.
    """
    counted_at_once = scenario.model_copy(update={"warmup_controlled_days": 0})
    with given(controller, Execution(), Path()) as how:
        spec = RunSpec(counted_at_once, how.words, scenario.seed if seed is None else seed, Path())
        with without_garbage_collection():
            inputs = _midnight(spec)
        temporal = _built(TemporalSimulator(), spec)
        return FirstView(temporal.knowledge, temporal.view(0, inputs), controller.car_control)


def _built(simulator: A, spec: RunSpec) -> A:
    simulator.spec = spec
    simulator.entities = list(entity_names(spec, simulator.simulator))
    simulator.build(spec)
    return simulator


def _midnight(spec: RunSpec) -> dict[str, Values]:
    """Inputs of the upper layer at counted 00:00, after every car has charged on arrival through the warm-up."""
    profiles, mobility = _built(ProfilesSimulator(), spec), _built(MobilitySimulator(), spec)
    fleet = _built(FleetSimulator(), spec)
    state = {name: dict(initial_state(spec, district)) for name, district in build_districts(spec).items()}
    for now_s in range(spec.start_s, 0, spec.step_s):
        prices, moved = profiles.advance(now_s, {})[SYSTEM]["prices"], mobility.advance(now_s, state)
        done = fleet.advance(now_s, _fleet_inputs(spec, prices, moved))
        for name, values in state.items():
            values |= {key: done[name][key] for key in ("soc", "soc_reported")}
    system = profiles.advance(0, {})[SYSTEM]
    seen = mobility.advance(0, state)
    return {SYSTEM: {"forecast": system["forecast"], "prices": system["prices"], **initial_state(spec, None)},
            **{name: {"cohort_flexibility": seen[name]["cohort_flexibility"]} for name in state}}


def _fleet_inputs(spec: RunSpec, prices: Prices, moved: Inputs) -> dict[str, Values]:
    """No car gets an instruction during the warm-up."""
    return {name: {"prices": prices, "declared": moved[name]["declared"], "presence": moved[name]["presence"],
                   "instructions": no_instructions(district)}
            for name, district in build_districts(spec).items()}
