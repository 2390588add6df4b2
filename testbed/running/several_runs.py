"""Several controllers on the same scenario and seeds: a file for each run; a failed one keeps the others."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from testbed.results.reading import ResultError, open_result
from testbed.running.preflight import Request, result_name
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller
from testbed.wiring.failure import Failure

Progress = Callable[[int, int], None]
"""(steps done, steps in total)."""
Watch = Callable[[str], AbstractContextManager[Progress | None]]
"""Opens the progress display of a run, given its label."""


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

    @property
    def label(self) -> str:
        return f"{self.controller} seed {self.seed}"


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
            left = partial_text(self.path) or "no partial result"
            return f"testbed: {self.job.label} failed: {self.failure.text}; {left}"
        rate = self.job.hours / max(self.seconds, 1e-9)
        return (f"{self.job.label}: {self.job.hours} h simulated in {self.seconds:.1f} s "
                f"({rate:.2f} h/s), {self.path}")


def single_job(request: Request) -> Job:
    """The one run of a request whose output is a file."""
    return _job(request, 0, request.seeds[0], request.output)


def jobs(request: Request) -> list[Job]:
    """One job per seed and controller, each with its own file; all controllers of one seed first."""
    return [_job(request, i, seed, request.output / result_name(variant.name, seed))
            for seed in request.seeds for i, variant in enumerate(request.controllers)]


def _job(request: Request, index: int, seed: int, output: Path) -> Job:
    return Job(request.scenario.model_dump_json(), request.specs[index], request.controllers[index].name,
               seed, output, request.plan, request.scenario.hours_simulated)


def run_jobs(todo: Sequence[Job], workers: int = 1, watch: Watch | None = None) -> Iterator[Outcome]:
    """Run them all, yielding each outcome as it comes; with 2 workers or more each run has its own process.

    The results do not depend on `workers`. `watch` shows progress within a run (one worker only).
    """
    if workers == 1:
        for job in todo:
            with (watch or nullcontext)(job.label) as progress:
                outcome = carry_out(job, progress if callable(progress) else None)
            yield outcome
        return
    # spawn: a forked child would inherit the solvers' threads
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        waiting = [pool.submit(carry_out, job) for job in todo]
        try:
            for ended in as_completed(waiting):
                yield ended.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def carry_out(job: Job, progress: Progress | None = None) -> Outcome:
    """One run; what stops it becomes part of the outcome, so that the others go on."""
    from testbed.running.one_run import RunFailed, run_scenario  # noqa: PLC0415

    scenario = Scenario.model_validate_json(job.scenario_json).model_copy(update={"seed": job.seed})
    started = time.perf_counter()
    try:
        path = run_scenario(scenario, load_controller(job.spec), seed=job.seed, output=job.output,
                            plan=job.plan, progress=progress)
    except RunFailed as error:
        return Outcome(job, error.partial, time.perf_counter() - started, error.failure)
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
