"""What a run is a pure function of: scenario, controller, seed, and a stored plan if one is replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.scenario.record import Scenario

DAY_S = 86_400


@dataclass(frozen=True)
class RunSpec:
    """Everything a simulator needs to build itself, in any process."""

    scenario: Scenario
    controller: str
    seed: int
    output: Path
    plan: Path | None = None
    pickled: Path | None = None
    """Where the controller lies for the run's own processes, if its words do not say all of it."""

    def to_json(self) -> str:
        return json.dumps({
            "scenario": self.scenario.model_dump(mode="json"), "controller": self.controller, "seed": self.seed,
            "output": str(self.output), "plan": str(self.plan) if self.plan else None,
            "pickled": str(self.pickled) if self.pickled else None,
        })

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        raw: dict[str, Any] = json.loads(text)
        plan, pickled = (Path(raw[key]) if raw[key] else None for key in ("plan", "pickled"))
        return cls(Scenario.model_validate(raw["scenario"]), raw["controller"], raw["seed"],
                   Path(raw["output"]), plan, pickled)

    @property
    def step_s(self) -> int:
        return self.scenario.step_s

    @property
    def warmup_s(self) -> int:
        """Everything before counted time: uncoordinated days, then days under the controller."""
        return self.scenario.days_before * DAY_S

    @property
    def start_s(self) -> int:
        """First instant in counted seconds."""
        return -self.warmup_s

    @property
    def control_s(self) -> int:
        """The midnight, in counted seconds, from which the controller acts; 0 without controlled warm-up days."""
        return -self.scenario.warmup_controlled_days * DAY_S

    @property
    def steps_counted(self) -> int:
        return self.scenario.days * DAY_S // self.step_s

    @property
    def steps_total(self) -> int:
        return self.steps_counted + self.warmup_s // self.step_s

    @property
    def is_separate(self) -> bool:
        return self.scenario.execution.mode == "separate_processes"

    @property
    def remote(self) -> dict[str, str]:
        """Addresses of the districts that are served elsewhere."""
        return self.scenario.execution.remote

    @property
    def horizon_h(self) -> int:
        return self.scenario.planning.horizon_h

    @property
    def binding_s(self) -> int:
        return self.scenario.planning.binding_h * 3600

    def is_controlled(self, now_s: int) -> bool:
        """True from the end of the uncoordinated warm-up on, in counted time and before it."""
        return now_s >= self.control_s

    def is_plan_time(self, now_s: int) -> bool:
        """True at the first controlled 00:00 and every binding period after it."""
        return self.is_controlled(now_s) and now_s % self.binding_s == 0

    def is_redispatch_time(self, now_s: int) -> bool:
        """True at each controlled hour between plan times, where the plan in force is brought up to date.

        A replayed plan is held as it was stored, so that lower layers meet equal targets.
        """
        return (self.scenario.planning.redispatch == "hourly" and self.plan is None
                and self.is_decision_time(now_s) and not self.is_plan_time(now_s))

    def is_decision_time(self, now_s: int) -> bool:
        """True at each controlled hour, when the lower layer re-solves."""
        return self.is_controlled(now_s) and now_s % 3600 == 0
