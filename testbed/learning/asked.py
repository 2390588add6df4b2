"""What an environment is asked for, checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from controllers.learned.acting import KINDS, ActsBy, action_size
from controllers.port import CarControl
from testbed.learning.rewards import STEP_SUMS
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.record import Scenario
from testbed.setup.classes import groups_of_scenario

Split = Literal["training", "validation", "held_out"]
SEEDS: dict[Split, tuple[int, ...]] = {"training": (0, 1, 2), "validation": (3,), "held_out": (4,)}
"""Of every five seeds in a row, those whose days are for training, for choosing, and for judging: none is in two."""
EVERY = 5
MOST_DAYS = 10_000
"""Days from which one is drawn."""
LAST_DAY = 10**12
"""That may be named; its seed is one of a run in every split."""


@dataclass(frozen=True)
class Asked:
    """Which world, what an action is, what is paid, on which days."""

    scenario: Scenario
    acts_by: ActsBy
    ledger: str
    split: Split
    car_control: CarControl
    usd: float = 1.0
    """In which rewards are paid."""

    @property
    def districts(self) -> tuple[str, ...]:
        return tuple(district.name for district in self.scenario.districts)

    @property
    def action_size(self) -> int:
        """Numbers of an action in one district."""
        return action_size(self.acts_by, self.scenario.planning.horizon_h, groups_of_scenario(self.scenario).count)

    def seed_of(self, day: int) -> int:
        """Seed of the run of that day of the split, counted from 0."""
        own = SEEDS[self.split]
        return EVERY * (day // len(own)) + own[day % len(own)]


def asked(scenario: str, overrides: Sequence[str], **choices: Any) -> Asked:
    """WrongRequest with every mistake."""
    mistakes = [f"{name}={choices[name]!r}: must be one of {', '.join(allowed)}" for name, allowed in
                (("acts_by", KINDS), ("ledger", tuple(STEP_SUMS)), ("split", get_args(Split)),
                 ("car_control", get_args(CarControl)))
                if choices[name] not in allowed]
    usd = choices.get("usd", 1.0)
    if not (isinstance(usd, int | float) and 0 < usd < math.inf):
        mistakes.append(f"usd={usd!r}: must be a number above 0")
    if isinstance(overrides, str):
        mistakes.append(f"overrides={overrides!r}: must be a list of such texts")
    try:
        checked = checked_scenario(str(scenario), () if isinstance(overrides, str) else overrides)
    except WrongRequest as wrong:
        raise WrongRequest([*mistakes, *wrong.mistakes]) from wrong
    if checked.execution.mode != "in_process" or checked.execution.remote:
        mistakes.append("execution: an environment runs in its own process, mode must be in_process, remote empty")
    if mistakes:
        raise WrongRequest(mistakes)
    return Asked(checked, **choices)


def day_of(options: dict[str, Any] | None, drawn: int) -> int:
    """The day that `reset` is asked for, else the one that was drawn. WrongRequest for what is no day."""
    day = (options or {}).get("day", drawn)
    if not isinstance(day, int | np.integer) or isinstance(day, bool) or not 0 <= day <= LAST_DAY:
        raise WrongRequest([f"options day={day!r}: must be a whole number from 0 to {LAST_DAY:,}"])
    return int(day)
