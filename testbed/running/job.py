"""One run in words that any process understands: carried out, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from controllers.port import Controller
from testbed.results.reading import ResultError, open_result
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller
from testbed.wiring.failure import Failure

Progress = Callable[[int, int], None]
"""(steps done, steps in total)."""


@dataclass(frozen=True)
class Job:
    """One run of a comparison, in words that any process understands."""

    scenario_json: str
    spec: str
    controller: str
    seed: int
    output: Path
    plan: Path | None
    hours: int
    """Simulated hours, warm-up included."""
    held: Controller | None = field(default=None, compare=False)
    """The very object that is to run; None: one is made of `spec`."""

    @property
    def label(self) -> str:
        return f"{self.controller} seed {self.seed}"

    @property
    def patience_s(self) -> float:
        """Of its scenario, for processes that stand still."""
        return Scenario.model_validate_json(self.scenario_json).execution.patience_s


@dataclass(frozen=True)
class Outcome:
    """How one run ended."""

    job: Job
    path: Path
    """Its result; the partial one if it failed."""
    seconds: float
    failure: Failure | None = None
    """None if it completed."""

    @property
    def line(self) -> str:
        """One line for the user: what was done, or what failed and where the partial result is."""
        if self.failure:
            left = "" if self.failure.is_request else partial_text(self.path) or "no partial result"
            return f"testbed: {self.job.label} failed: {'; '.join(filter(None, (self.failure.text, left)))}"
        rate = self.job.hours / max(self.seconds, 1e-9)
        return (f"{self.job.label}: {self.job.hours} h simulated in {self.seconds:.1f} s "
                f"({rate:.2f} h/s), {self.path}")


def carry_out(job: Job, progress: Progress | None = None) -> Outcome:
    """One run; what stops it becomes part of the outcome, so that the others go on."""
    from testbed.running.one_run import RunFailed, run_scenario  # noqa: PLC0415
    from testbed.running.preflight import WrongRequest  # noqa: PLC0415

    scenario = Scenario.model_validate_json(job.scenario_json).model_copy(update={"seed": job.seed})
    started = time.perf_counter()
    try:
        controller = load_controller(job.spec) if job.held is None else job.held
        path = run_scenario(scenario, controller, seed=job.seed, output=job.output,
                            plan=job.plan, progress=progress)
    except RunFailed as error:
        return Outcome(job, error.partial, time.perf_counter() - started, error.failure)
    except WrongRequest as error:  # known only as its world was built; nothing was written
        return Outcome(job, job.output, time.perf_counter() - started, Failure("", 0, str(error), is_request=True))
    except Exception as error:  # told with its cause, and the exit code says so
        failure = Failure.of(error, word="unexpected ")
        return Outcome(job, job.output, time.perf_counter() - started, failure)
    return Outcome(job, path, time.perf_counter() - started)


def partial_text(path: Path) -> str:
    """What an unfinished run left in its file; empty if there is nothing of it (an older result is none)."""
    try:
        result = open_result(path)
    except ResultError:
        return f"unreadable remains: {path}" if path.is_file() else ""
    if result.status == "completed":
        return ""
    return f"partial result: {path} ({result.steps_written} of {result.steps_total} steps)"
