"""Runs side by side, each in its own process; none outlives the command, and one that is lost costs only its run."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Self

from testbed.running.job import Job, Outcome, carry_out
from testbed.wiring.failure import Failure, end_of_process
from testbed.wiring.pulse import PERIOD_S, end_with_parent
from testbed.wiring.stopped_children import StoppedChildren
from testbed.wiring.stopping import heeded_signals, without_ctrl_c

GRACE_S = 10.0
"""For a run that was asked to stop to mark its file; then it is killed."""


@dataclass(frozen=True)
class Worker:
    """The process of one run."""

    job: Job
    process: BaseProcess
    said: Connection
    started_s: float


class Workers:
    """Runs at work; a context manager that ends what is left."""

    def __init__(self, patience_s: float) -> None:
        self.jobs: list[Worker] = []
        self._stopped = StoppedChildren(patience_s)
        self._context = multiprocessing.get_context("spawn")  # a forked child would inherit the solvers' threads

    def start(self, job: Job) -> None:
        """Begin one."""
        hears, says = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_run, args=(job, says, os.getpid()))
        with without_ctrl_c():
            process.start()
        says.close()
        self.jobs.append(Worker(job, process, hears, time.perf_counter()))

    def ended(self) -> Iterator[Outcome]:
        """The outcomes of those that end within a second."""
        wait([worker.said for worker in self.jobs], timeout=PERIOD_S)
        self._stopped.kill_after_patience()
        for worker in [job for job in self.jobs if job.said.poll()]:
            self.jobs.remove(worker)
            yield self._outcome(worker)

    def _outcome(self, worker: Worker) -> Outcome:
        try:
            said: Outcome = worker.said.recv()
            worker.process.join(GRACE_S)
            return said
        except EOFError:  # it ended before it could say how
            worker.process.join()
            cause = self._stopped.cause(worker.process.pid) or end_of_process(
                f"its process {worker.process.pid}", worker.process.exitcode)
            seconds = time.perf_counter() - worker.started_s
            return Outcome(worker.job, worker.job.output, seconds, Failure("", 0, cause))
        finally:
            worker.said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        """Ask those still at work to stop, so that they mark their files; kill those that do not."""
        for worker in self.jobs:
            worker.process.terminate()
        until = time.perf_counter() + GRACE_S
        for worker in self.jobs:
            worker.process.join(max(until - time.perf_counter(), 0.0))
            worker.process.kill()
            worker.process.join()


def _run(job: Job, says: Connection, parent: int) -> None:
    """In the worker: SIGTERM leaves the file marked, and nothing is printed."""
    end_with_parent(parent)
    try:
        with heeded_signals():
            says.send(carry_out(job))
    except KeyboardInterrupt:
        raise SystemExit(1) from None
