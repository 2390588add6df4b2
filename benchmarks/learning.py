"""How fast an environment steps against the bare run of the same policy: seconds of the processor per simulated step.

    python benchmarks/learning.py [SCENARIO]

Ends with 1 where the environment has less than 60 % of the bare run's speed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from controllers.learned.policy import Policy
from testbed.learning.environment import DispatchEnv
from testbed.running.one_run import run_scenario

POWER = 0.3
LEAST_SHARE = 0.6


class Steady(Policy):
    """The same power in every step."""

    name = "steady"
    description = "a part of the rated power, always"

    def act(self, district: str, observation: object) -> list[float]:
        """A part of the rated power."""
        return [POWER]


def bare_s(env: DispatchEnv, seed: int) -> float:
    """Of a run under the policy."""
    scenario = env.asked.scenario.model_copy(update={"seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        run_scenario(scenario, Steady(), seed=seed, output=Path(folder) / "bare.h5")
        return time.process_time() - begun


def walked_s(env: DispatchEnv, day: int) -> float:
    """Of the same day as an episode."""
    action, is_over, begun = np.full(env.action_space.shape, POWER), False, time.process_time()
    env.reset(options={"day": day})
    while not is_over:
        _, _, is_over, _, _ = env.step(action)
    return time.process_time() - begun


def main() -> int:
    """0 if fast enough, else 1."""
    env = DispatchEnv(*(sys.argv[1:2] or ["smoke"]))
    steps = env.asked.scenario.days_before * 86_400 // env.asked.scenario.step_s
    steps += env.asked.scenario.days * 86_400 // env.asked.scenario.step_s
    bare_s(env, env.asked.seed_of(0))  # what later runs take from a cache
    bare, walked = (min(of(env, given) for _ in range(2)) for of, given in
                    ((bare_s, env.asked.seed_of(0)), (walked_s, 0)))
    env.close()
    share = bare / walked
    print(f"{env.asked.scenario.name}: bare run {1e3 * bare / steps:.2f} ms a step, environment "
          f"{1e3 * walked / steps:.2f} ms: {share:.0%} of the speed")
    return int(share < LEAST_SHARE)


if __name__ == "__main__":
    raise SystemExit(main())
