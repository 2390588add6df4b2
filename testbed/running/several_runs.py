"""Several controllers on the same scenario and seeds: a file for each run; a failed one keeps the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from testbed.running.job import Job, Outcome, Progress, carry_out
from testbed.running.preflight import Request, result_name
from testbed.running.workers import Workers
from testbed.setup.given_controllers import label_of, words_of

Watch = Callable[[str], AbstractContextManager[Progress | None]]
"""Opens the progress display of a run, given its label."""


def single_job(request: Request) -> Job:
    """The one run of a request whose output is a file."""
    return _job(request, 0, request.seeds[0], request.output)


def jobs(request: Request) -> list[Job]:
    """One job per seed and controller, each with its own file; all controllers of one seed first."""
    return [_job(request, i, seed, request.output / result_name(label_of(variant), seed))
            for seed in request.seeds for i, variant in enumerate(request.controllers)]


def _job(request: Request, index: int, seed: int, output: Path) -> Job:
    given, controller = request.given[index], request.controllers[index]
    spec, held = (given, None) if isinstance(given, str) else (words_of(given), given)
    return Job(request.scenario.model_dump_json(), spec, label_of(controller), seed, output, request.plan,
               request.scenario.hours_simulated, held)


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
    waiting = list(todo)
    with Workers(min((job.patience_s for job in todo), default=0.0)) as running:
        while waiting or running.jobs:
            while waiting and len(running.jobs) < workers:
                running.start(waiting.pop(0))
            yield from running.ended()
