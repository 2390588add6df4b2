"""The operator of all districts as one Gymnasium environment, and each district's operator as a PettingZoo agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import ParallelEnv

from controllers.learned.acting import ActionError, ActsBy, checked_action
from controllers.learned.observing import LEAST, MOST, NUMBERS, Number
from controllers.port import CarControl
from testbed.learning.asked import MOST_DAYS, Asked, Split, asked, day_of
from testbed.learning.day import Day, Moment
from testbed.wiring.remains import temporary_folder

Observation = npt.NDArray[np.float32]
Info = dict[str, Any]


class _Days:
    """Runs one after the other in a folder of their own, for whoever steps through them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._kept = ExitStack()
        self._folder = self._kept.enter_context(temporary_folder("learning"))
        self._day: Day | None = None
        self._count = 0

    def begin(self, day: int) -> Moment:
        self.abandon()
        self._count += 1
        seed = self.asked.seed_of(day)
        self._day = Day(self.asked, seed, self._folder / f"{self._count}-seed{seed}.h5")
        with self._left_if_broken():
            return self._day.begin()

    def go_on(self, actions: Mapping[str, object]) -> Moment:
        if self._day is None:
            raise gymnasium.error.ResetNeeded("step() before reset(), or after the day was over")
        with self._left_if_broken():
            moment = self._day.go_on(actions)
        if moment.is_over:
            self._day = None
        return moment

    @contextmanager
    def _left_if_broken(self) -> Iterator[None]:
        """A day that failed, or was interrupted within a step, is over: what it says next would belong to no action."""
        try:
            yield
        except ActionError:
            raise
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        day, self._day = self._day, None
        if day is not None:
            day.abandon()

    def abandon(self) -> None:
        self._leave()
        for old in self._folder.glob("*.h5"):
            old.unlink()

    def close(self) -> None:
        self.abandon()
        self._kept.close()

    def info(self, moment: Moment, name: str) -> Info:
        """What stands beside an observation: the time, and what became of the last action in the district."""
        done = moment.projections[name]
        told: Info = {"time_s": moment.time_s, "asked_kw": done.asked_kw, "done_kw": done.done_kw,
                      "taken_off_kw": done.taken_off_kw, "reward_usd": moment.rewards[name]}
        if self._day is not None:
            told |= {"seed": self._day.seed, "split": self.asked.split}
        return told


def _observation_space(districts: int) -> spaces.Box:
    return spaces.Box(np.tile(LEAST, districts).astype(np.float32), np.tile(MOST, districts).astype(np.float32))


def _seen(values: Any) -> Observation:
    return np.asarray(values, dtype=np.float32)


class DispatchEnv(gymnasium.Env[Observation, npt.NDArray[np.float32]]):
    """One operator for all districts of a scenario; an episode is one run.

    scenario: name or file; overrides: as `--set`. acts_by: what an action is (`controllers.learned.acting`), districts
    in their order. ledger: the figure whose negative is paid, in units of `usd`. split: days for training, validation
    or held out. car_control: what the upper layer plans with. Raises WrongRequest with every mistake.

    >>> from testbed.learning.environment import DispatchEnv
    >>> env = DispatchEnv("smoke", ["step_s=3600"], acts_by="district")
    >>> env.action_space.shape, env.observation_names[0].name
    ((2,), 'feeder33.hour_sin')
    >>> env.close()
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as the library's

    def __init__(self, scenario: str = "smoke", overrides: Sequence[str] = (), *, acts_by: ActsBy = "district",
                 ledger: str = "society_cost_usd_adjusted", split: Split = "training",
                 car_control: CarControl = "charge_only", usd: float = 1.0) -> None:
        self.asked = asked(scenario, overrides, acts_by=acts_by, ledger=ledger, split=split, car_control=car_control,
                           usd=usd)
        self._days = _Days(self.asked)
        count = len(self.asked.districts)
        self.observation_space: spaces.Box = _observation_space(count)  # type: ignore[assignment]
        self.action_space: spaces.Box = spaces.Box(  # type: ignore[assignment]
            -1.0, 1.0, (count * self.asked.action_size,), np.float32)

    @property
    def observation_names(self) -> tuple[Number, ...]:
        """Name, unit, bounds and meaning of each entry of an observation."""
        return tuple(Number(f"{district}.{n.name}", n.unit, n.least, n.most, n.what)
                     for district in self.asked.districts for n in NUMBERS)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """A day of the split: `options={"day": 3}`, else one drawn; the same seed gives the same day, bit for bit."""
        super().reset(seed=seed)
        moment = self._days.begin(day_of(options, int(self.np_random.integers(MOST_DAYS))))
        return self._observation(moment), self._info(moment)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """One step of the world. ActionError for an action that is none; the step is not made then."""
        size = self.asked.action_size
        values = checked_action(action, len(self.asked.districts) * size)
        moment = self._days.go_on({name: values[place * size: (place + 1) * size]
                                   for place, name in enumerate(self.asked.districts)})
        reward = sum(moment.rewards.values()) / self.asked.usd
        return self._observation(moment), reward, moment.is_over, False, self._info(moment)

    def close(self) -> None:
        """End the run and remove its files."""
        self._days.close()

    def _observation(self, moment: Moment) -> Observation:
        return _seen(np.concatenate([moment.observations[name] for name in self.asked.districts]))

    def _info(self, moment: Moment) -> Info:
        return {name: self._days.info(moment, name) for name in self.asked.districts}


class DistrictsEnv(ParallelEnv[str, Observation, npt.NDArray[np.float32]]):  # type: ignore[misc]
    """One agent for each district, over the same world; arguments as for `DispatchEnv`.

    A district is paid for its own cars; the power system's part of the ledger is divided evenly.

    >>> from testbed.learning.environment import DistrictsEnv
    >>> env = DistrictsEnv("smoke", ["step_s=3600"])
    >>> env.possible_agents, env.action_space("rest").shape
    (['feeder33', 'rest'], (1,))
    >>> env.close()
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "districts_v0", "render_modes": []}

    def __init__(self, scenario: str = "smoke", overrides: Sequence[str] = (), *, acts_by: ActsBy = "district",
                 ledger: str = "society_cost_usd_adjusted", split: Split = "training",
                 car_control: CarControl = "charge_only", usd: float = 1.0) -> None:
        self.asked = asked(scenario, overrides, acts_by=acts_by, ledger=ledger, split=split, car_control=car_control,
                           usd=usd)
        self._days = _Days(self.asked)
        self.possible_agents = list(self.asked.districts)
        self.agents: list[str] = []
        size = self.asked.action_size
        self.observation_spaces = {name: _observation_space(1) for name in self.possible_agents}
        self.action_spaces = {name: spaces.Box(-1.0, 1.0, (size,), np.float32) for name in self.possible_agents}
        self._random = np.random.default_rng()

    def observation_space(self, agent: str) -> spaces.Box:
        """Of a district."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Box:
        """Of a district."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None
              ) -> tuple[dict[str, Observation], dict[str, Info]]:
        """As in `DispatchEnv`."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        moment = self._days.begin(day_of(options, int(self._random.integers(MOST_DAYS))))
        self.agents = list(self.possible_agents)
        return self._observations(moment), self._infos(moment)

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool],
                                                     dict[str, bool], dict[str, Info]]:
        """One step of the world with an action of every agent. ActionError for one that is none."""
        agents, moment = self.agents, self._days.go_on(actions)
        rewards = {name: moment.rewards[name] / self.asked.usd for name in agents}
        if moment.is_over:
            self.agents = []
        return (self._observations(moment), rewards, dict.fromkeys(agents, moment.is_over),
                dict.fromkeys(agents, False), self._infos(moment))

    def close(self) -> None:
        """End the run and remove its files."""
        self._days.close()

    def _observations(self, moment: Moment) -> dict[str, Observation]:
        return {name: _seen(values) for name, values in moment.observations.items()}

    def _infos(self, moment: Moment) -> dict[str, Info]:
        return {name: self._days.info(moment, name) for name in self.possible_agents}
