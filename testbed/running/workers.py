"""Runs side by side, each in its own process; none outlives the command, and one that is lost costs only its run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from testbed.running.job import Job, Outcome, carry_out
from testbed.running.stopped_children import StoppedChildren
from testbed.setup.given_controllers import sent
from testbed.users.apart import Apart
from testbed.wiring.failure import Failure, end_of_process
from testbed.wiring.pulse import PERIOD_S

LOOK_S = 0.05
GRACE_S = 10.0
"""For a run that was asked to stop to mark its file; then it is killed."""


@dataclass(frozen=True)
class Worker:
    """The process of one run."""

    job: Job
    apart: Apart
    started_s: float


class Workers:
    """Runs at work; a context manager that ends what is left."""

    def __init__(self, patience_s: float) -> None:
        self.jobs: list[Worker] = []
        self._stopped = StoppedChildren(patience_s)

    def start(self, job: Job) -> None:
        """Begin one. ControllerError where its controller cannot be sent."""
        if job.held is not None:
            sent(job.held)  # refused here in words of its own
        self.jobs.append(Worker(job, Apart(_ending, job), time.perf_counter()))

    def ended(self) -> Iterator[Outcome]:
        """The outcomes of those that end within a second."""
        until = time.perf_counter() + PERIOD_S
        while not any(worker.apart.has_ended for worker in self.jobs) and time.perf_counter() < until:
            time.sleep(LOOK_S)
        self._stopped.kill_after_patience()
        for worker in [job for job in self.jobs if job.apart.has_ended]:
            self.jobs.remove(worker)
            yield self._outcome(worker)

    def _outcome(self, worker: Worker) -> Outcome:
        try:
            path, seconds, failure = worker.apart.answer()
            return Outcome(worker.job, path, seconds, failure)
        except EOFError:  # it ended before it could say how
            process = worker.apart.process
            cause = self._stopped.cause(process.pid) or end_of_process(f"its process {process.pid}", process.returncode)
            seconds = time.perf_counter() - worker.started_s
            return Outcome(worker.job, worker.job.output, seconds, Failure("", 0, cause))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        """Ask those still at work to stop, so that they mark their files; kill those that do not."""
        for worker in self.jobs:
            worker.apart.process.terminate()
        until = time.perf_counter() + GRACE_S
        for worker in self.jobs:
            with suppress(subprocess.TimeoutExpired):
                worker.apart.process.wait(max(until - time.perf_counter(), 0.0))
            worker.apart.kill()


def _ending(job: Job) -> tuple[Path, float, Failure | None]:
    """In the other process: the outcome without its job, whose controller need not come back."""
    outcome = carry_out(job)
    return outcome.path, outcome.seconds, outcome.failure
