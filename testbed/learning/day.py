"""One run that stops before every controlled step and waits for the agents' actions.

The run goes on in a thread of its own, by the same code as any other: the same scenario, the same simulators, the same
file. Only one of the two threads works at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from controllers.learned.acting import ActionError, Projection, checked_action
from controllers.learned.observing import observation
from controllers.learned.policy import Policy, PolicyLayer
from controllers.port import SpatialKnowledge
from models.records.arrays import Floats
from testbed.learning.asked import Asked
from testbed.learning.rewards import Rewards
from testbed.results.reading import open_result
from testbed.wiring.listening import Heard, heard_by

LONGEST = 60
"""Of what stands in a message for actions."""


class Abandoned(Exception):
    """Nobody waits for this run any more."""


class AskedAgents(Policy):
    """Its actions come from agents outside of the run."""

    name = "agents"
    description = "cars do what learning agents say"

    def __init__(self, asked: Asked) -> None:
        self.acts_by, self.car_control = asked.acts_by, asked.car_control
        self.actions: dict[str, Floats] = {}
        self.layers: dict[str, PolicyLayer] = {}

    def act(self, district: str, observation: Floats) -> Floats:
        """What the district's agent said for this step."""
        return self.actions[district]

    def spatial(self, knowledge: SpatialKnowledge) -> PolicyLayer:
        """Kept, so that views can be told before the step."""
        self.layers[knowledge.district] = PolicyLayer(self, knowledge)
        return self.layers[knowledge.district]


@dataclass(frozen=True)
class Moment:
    """What agents are told between two steps; by district."""

    observations: dict[str, Floats]
    rewards: dict[str, float]
    """USD of the step before; 0 before counted time."""
    projections: dict[str, Projection]
    """Of the actions of the step before."""
    time_s: int
    """Counted time: negative during warm-up days under the controller."""
    is_over: bool


class Day:
    """A run between its first controlled step and its end."""

    def __init__(self, asked: Asked, seed: int, output: Path) -> None:
        self.asked, self.seed, self.output = asked, seed, output
        self._controller = AskedAgents(asked)
        self._rewards = Rewards(asked.scenario, asked.ledger, asked.districts)
        self._said: SimpleQueue[Moment | BaseException | None] = SimpleQueue()
        self._told: SimpleQueue[dict[str, Floats] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"day {seed}")
        self._last: Moment | None = None

    # ---------------------------------------------------------------- the agents' side
    def begin(self) -> Moment:
        """Up to the first controlled step. RunFailed where the run ends before."""
        self._thread.start()
        return self._next()

    def go_on(self, actions: Mapping[str, object]) -> Moment:
        """One step with these actions. ActionError with nothing done; RunFailed where the run ends in it."""
        names, size = self.asked.districts, self.asked.action_size
        if not isinstance(actions, Mapping) or set(actions) != set(names):
            given = ", ".join(map(str, actions)) if isinstance(actions, Mapping) else repr(actions)[:LONGEST]
            raise ActionError(f"actions: must be one for each of {', '.join(names)}; is for {given or 'none'}")
        checked = {name: checked_action(actions[name], size, f"action of {name}") for name in names}
        self._told.put(checked)
        return self._next()

    def abandon(self) -> None:
        """End the run; its file goes with its folder."""
        if self._thread.is_alive():
            self._told.put(None)
            self._thread.join()

    def _next(self) -> Moment:
        said = self._said.get()
        if isinstance(said, BaseException):
            self._thread.join()
            raise said
        if said is None:
            self._thread.join()
            said = self._end()
        self._last = said
        return said

    def _end(self) -> Moment:
        assert self._last is not None
        rewards = self._rewards.settle(open_result(self.output))
        return Moment(self._last.observations, rewards, self._projections(),
                      self.asked.scenario.days * 86_400, is_over=True)

    def _projections(self) -> dict[str, Projection]:
        return {name: layer.projection for name, layer in self._controller.layers.items()}

    # ---------------------------------------------------------------- the run's side, in its thread
    def _run(self) -> None:
        from testbed.running.one_run import run_scenario  # noqa: PLC0415 - loads the simulators

        scenario = self.asked.scenario.model_copy(update={"seed": self.seed})
        try:
            with heard_by(self, self.output):
                run_scenario(scenario, self._controller, seed=self.seed, output=self.output)
        except BaseException as error:  # to be raised where somebody waits
            self._said.put(error)
        else:
            self._said.put(None)

    def before(self, simulator: str, now_s: int, inputs: Heard) -> None:
        """Wait for actions where the lower layers are about to be asked under control."""
        if simulator != "spatial" or now_s < -86_400 * self.asked.scenario.warmup_controlled_days:
            return
        self._said.put(Moment(self._observations(now_s, inputs), self._rewards.pay(), self._projections(), now_s,
                              is_over=False))
        actions = self._told.get()
        if actions is None:
            raise Abandoned("the environment was closed or begun anew")
        self._controller.actions = actions

    def after(self, simulator: str, now_s: int, values: Heard) -> None:
        """Book what counts."""
        if now_s >= 0:
            self._rewards.book(simulator, values)

    def _observations(self, now_s: int, inputs: Heard) -> dict[str, Floats]:
        from testbed.simulators.spatial import feeder_view  # noqa: PLC0415 - loads the simulators

        seen: dict[str, Floats] = {}
        for name, layer in self._controller.layers.items():
            received: dict[str, Any] = dict(inputs[name])
            view = feeder_view(now_s, received, layer.knowledge.site.bus_count)
            seen[name] = observation(view, layer.knowledge)
        return seen
