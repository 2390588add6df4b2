"""An agent that learns when one district's cars charge, with Stable-Baselines3, judged on days it has never seen.

    python -m experiments.system.trained_agent -o FOLDER [--steps 4000] [--seed 1] [--held-out 10]

Trains on weeks of the training split, keeps the policy that was best on weeks of the validation split, and compares it
with `uncoordinated` on held-out ones. FOLDER then has curve.csv, policy.zip, held_out.csv, answer.csv and the results.
All draws hang on --seed. Needs the extra `training`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium
import numpy as np

from controllers.learned.observing import NUMBERS
from controllers.learned.policy import Policy
from experiments.csv_rows import write_rows
from experiments.runs import exit_code, say
from models.records.arrays import Floats
from testbed.learning.asked import SEEDS, asked
from testbed.learning.environment import DispatchEnv
from testbed.metrics.of_runs import compute_metrics, half_width
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.running.preflight import WrongRequest
from testbed.setup.controller_loading import load_controller

if TYPE_CHECKING:
    from controllers.port import Controller

SCENARIO, LEDGER, MISSING = "smoke", "owners_cost_usd_adjusted", "departures_short_kwh"
WEEK = ("step_s=3600", "days=7", "warmup_controlled_days=0", "planning.redispatch=none", "planning.mip_gap=0.01",
        "districts=[{name: feeder33, feeder: ieee33, peak_scale: 0.83, private: 12, taxi: 2, government: 1}]")
"""One district, by the hour, units planned once a day and not to the last dollar, which owners do not pay: an episode
of 168 steps costs little."""
PLACE = {number.name: place for place, number in enumerate(NUMBERS)}
FEATURES = 8
VALIDATED_EVERY = 6
"""Episodes of training between two looks at the validation weeks."""
VALIDATION_WEEKS = 2


def features(observation: Floats) -> Floats:
    """[FEATURES] in about -1 to 1: time of day, how dear the hour is among the next twelve, and the cars' state."""
    seen = observation.astype(np.float64)
    prices = seen[PLACE["price_charge_0h"]: PLACE["price_charge_0h"] + 12]
    rated = max(seen[PLACE["cars_rated"]], 1e-6)
    least, most, need, left = (seen[PLACE[name]] for name in ("cars_least", "cars_most", "cars_need", "cars_left"))
    return np.array([
        seen[PLACE["hour_sin"]], seen[PLACE["hour_cos"]], 2 * float((prices < prices[0]).mean()) - 1,
        2 * float(prices[0] <= prices.min()) - 1, least / rated, most / rated,
        np.tanh(need / (rated * max(left, 1.0))), np.tanh(left / 12)])


class Week(NamedTuple):
    """One held-out week under both controllers."""

    seed: int
    uncoordinated_usd: float
    trained_agent_usd: float
    uncoordinated_missing_kwh: float
    trained_agent_missing_kwh: float


class Trained(Policy):
    """What a trained model says, in the features it was trained on."""

    name = "trained_agent"
    description = "a policy of Stable-Baselines3 that was trained on other weeks"

    def __init__(self, model: str = "policy.zip") -> None:
        self.model = model

    def act(self, district: str, observation: Floats) -> Any:
        """Its most likely action."""
        return _loaded(self.model).predict(features(observation).astype(np.float32), deterministic=True)[0]


@cache
def _loaded(model: str) -> Any:
    from stable_baselines3 import PPO  # noqa: PLC0415 - an extra

    return PPO.load(model, device="cpu")


class Weeks(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Weeks of a split one after the other, seen in features, paid in units of `usd`."""

    def __init__(self, env: DispatchEnv, weeks: int) -> None:
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Box(-2.0, 2.0, (FEATURES,), np.float32)
        self._weeks, self._next = weeks, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The next week; `seed` only begins the agent's own draws."""
        seen, told = self.env.reset(seed=seed, options={"day": self._next % self._weeks})
        self._next += 1
        return features(seen).astype(np.float32), told

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One hour."""
        seen, paid, is_over, is_cut, told = self.env.step(action)
        return features(seen).astype(np.float32), float(paid), is_over, is_cut, told


@dataclass
class Curve:
    """Reward of each episode; the best policy by the validation weeks."""

    rows: list[tuple[int, int, str, float]] = field(default_factory=list)
    best_usd: float = -np.inf

    def note(self, episode: int, steps: int, split: str, reward_usd: float) -> None:
        """One episode, or the mean of the validation weeks."""
        self.rows.append((episode, steps, split, reward_usd))
        say(f"episode {episode}, {steps} steps, {split}: {reward_usd:.3f} USD")


def train(steps: int, seed: int, folder: Path, overrides: Sequence[str] = ()) -> Curve:
    """Train for so many steps; the best policy is FOLDER/policy.zip, the curve FOLDER/curve.csv."""
    import torch  # noqa: PLC0415 - an extra
    from stable_baselines3 import PPO  # noqa: PLC0415

    torch.set_num_threads(1)  # sums in one order
    env, curve = Weeks(environment("training", overrides), weeks=1000), Curve()
    episode = steps_of(env)
    model = PPO("MlpPolicy", env, n_steps=episode, batch_size=min(episode, 56), n_epochs=10, gamma=0.98,
                learning_rate=1e-3, policy_kwargs={"net_arch": [32, 32]}, seed=seed, device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    for count in range(1, -(-steps // episode) + 1):
        model.learn(episode, reset_num_timesteps=False)
        curve.note(count, count * episode, "training", float(model.ep_info_buffer[-1]["r"]))
        if count % VALIDATED_EVERY == 0 or count * episode >= steps:
            _validate(model, curve, count, count * episode, folder, overrides)
    env.close()
    write_rows(("episode", "steps", "split", "reward_usd"), curve.rows, folder / "curve.csv")
    return curve


def _validate(model: Any, curve: Curve, episode: int, steps: int, folder: Path, overrides: Sequence[str]) -> None:
    """Keep the policy if it earns more than all before it on the validation weeks."""
    env = Weeks(environment("validation", overrides), weeks=VALIDATION_WEEKS)
    earned = float(np.mean([_earned(model, env) for _ in range(VALIDATION_WEEKS)]))
    env.close()
    curve.note(episode, steps, "validation", earned)
    if earned > curve.best_usd:
        curve.best_usd = earned
        model.save(folder / "policy.zip")


def _earned(model: Any, env: Weeks) -> float:
    seen, total, is_over = env.reset()[0], 0.0, False
    while not is_over:
        seen, paid, is_over, _, _ = env.step(model.predict(seen, deterministic=True)[0])
        total += paid
    return total


def environment(split: Any, overrides: Sequence[str] = ()) -> DispatchEnv:
    """Of one district's weeks."""
    return DispatchEnv(SCENARIO, [*WEEK, *overrides], ledger=LEDGER, split=split)


def steps_of(env: Weeks) -> int:
    """Steps of an episode."""
    scenario = env.env.unwrapped.asked.scenario  # type: ignore[attr-defined]
    return int(scenario.days * scenario.steps_per_day)


# ---------------------------------------------------------------- held-out weeks
def judged(folder: Path, weeks: int, overrides: Sequence[str] = ()) -> list[Week]:
    """Each held-out week under both controllers; also held_out.csv."""
    rows = []
    for week in range(weeks):
        seed = asked(SCENARIO, [*WEEK, *overrides], acts_by="district", ledger=LEDGER, split="held_out",
                     car_control="charge_only").seed_of(week)
        assert seed % 5 in SEEDS["held_out"]
        without, under = (_figures(controller, seed, folder, overrides) for controller in
                          (load_controller("uncoordinated"), Trained(str(folder / "policy.zip"))))
        rows.append(Week(seed, without[LEDGER], under[LEDGER], without[MISSING], under[MISSING]))
    write_rows(Week._fields, rows, folder / "held_out.csv")
    write_rows(Answer._fields, [answer(rows)], folder / "answer.csv")
    return rows


def _figures(controller: Controller, seed: int, folder: Path, overrides: Sequence[str]) -> dict[str, float]:
    scenario = asked(SCENARIO, [*WEEK, *overrides], acts_by="district", ledger=LEDGER, split="held_out",
                     car_control="charge_only").scenario.model_copy(update={"seed": seed})
    file = folder / f"{controller.name}-seed{seed}.h5"
    return compute_metrics(open_result(run_scenario(scenario, controller, seed=seed, output=file)))


class Answer(NamedTuple):
    """What the held-out weeks say together."""

    weeks: int
    uncoordinated_usd: float
    saved_usd: float
    """Owners, a week, in the mean."""
    saved_ci95_usd: float
    """Half width (Student)."""
    missing_kwh: float
    """A week, at departures."""
    uncoordinated_missing_kwh: float

    @property
    def word(self) -> str:
        """The verdict."""
        if self.saved_usd - self.saved_ci95_usd > 0:
            return "beats uncoordinated"
        lost = self.saved_usd + self.saved_ci95_usd < 0
        return "loses to uncoordinated" if lost else "is not told apart from uncoordinated"


def answer(rows: Sequence[Week]) -> Answer:
    """Means over the weeks, with the interval of what is saved."""
    saved = np.array([row.uncoordinated_usd - row.trained_agent_usd for row in rows])
    usual, missing, without = (float(np.mean([getattr(row, name) for row in rows])) for name in (
        "uncoordinated_usd", "trained_agent_missing_kwh", "uncoordinated_missing_kwh"))
    return Answer(len(rows), usual, float(saved.mean()), half_width(saved), missing, without)


def verdict(rows: Sequence[Week]) -> str:
    """Whether the policy is cheaper than `uncoordinated`, with its interval, and what it leaves undelivered."""
    it = answer(rows)
    return (f"the trained agent {it.word} on {it.weeks} held-out weeks: it saves owners {it.saved_usd:.2f} +- "
            f"{it.saved_ci95_usd:.2f} USD a week (95 %) of {it.uncoordinated_usd:.2f}; {it.missing_kwh:.1f} kWh a week "
            f"are missing at departures, under uncoordinated {it.uncoordinated_missing_kwh:.1f}")


def main(arguments: Sequence[str]) -> int:
    """Train, then judge."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.trained_agent", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    for name, usual in (("steps", 4000), ("seed", 1), ("held-out", 10)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args(arguments)
    if missing := [name for name in ("stable_baselines3", "torch") if find_spec(name) is None]:
        raise WrongRequest([f"package {', '.join(missing)} is not installed: pip install 'v2g-testbed[training]'"])
    if wrong := [f"--{name} {value}: must be 1 or more" for name, value in vars(given).items()
                 if isinstance(value, int) and name != "seed" and value < 1]:
        raise WrongRequest(wrong)
    train(given.steps, given.seed, given.output)
    print(verdict(judged(given.output, given.held_out)))
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
