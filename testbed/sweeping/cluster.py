"""Cases on Dask workers: a local cluster, or any scheduler by its address."""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import dask.config
from distributed import CancelledError, Client, Future, LocalCluster, as_completed
from distributed.comm.core import CommClosedError

from testbed.running.preflight import WrongRequest
from testbed.running.stopped_children import StoppedChildren
from testbed.sweeping.case import CaseOutcome, SchedulerLost, run_case, worker_sees
from testbed.sweeping.study import Case
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure
from testbed.wiring.pulse import PERIOD_S
from testbed.wiring.remains import run_folder
from testbed.wiring.stopping import held_back_signals, without_ctrl_c

WAIT_S = 60
"""For the first worker of a cluster."""
CASES_PER_THREAD, CASES_LEAST = 4, 16
"""Cases handed out at a time: enough that no worker waits, few enough that the scheduler's memory does not grow."""
QUIET = {"distributed.scheduler.worker-ttl": None, "distributed.worker.profile.enabled": False,
         "distributed.admin.tick.interval": "500ms", "distributed.admin.system-monitor.interval": "10s",
         "distributed.nanny.pre-spawn-environ": dict.fromkeys(
             ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1)}
"""A solver may keep a worker from its heartbeat for longer than the five minutes after which it counts as lost. Nobody
looks at Dask's profile of the workers, at its record of the machine, nor, fifty times a second, at its punctuality.
Workers share the cores, so each has one thread; Dask's own setting that gives memory back to the system at every
chance would cost a third of a case."""
LOST = "the Dask scheduler is gone; what was complete is kept, and the same command goes on"


@contextmanager
def connected(scheduler: str | None, workers: int | None, patience_s: float) -> Iterator[Client]:
    """A client of the scheduler at that address or of that scheduler file (*.json), or of `workers` processes
    started here (default: one a core), of which one that stands still for `patience_s` is killed.

    Raises WrongRequest if no scheduler answers or no worker comes.
    """
    with dask.config.set(QUIET):
        if scheduler is not None:
            with _client_of(scheduler) as client:
                yield client
            return
        count = workers or cores()
        with (run_folder() as folder, dask.config.set({"temporary-directory": str(folder)}), _watched(patience_s),
              _workers(count) as cluster, Client(cluster) as client):
            yield client


@contextmanager
def _workers(count: int) -> Iterator[LocalCluster]:
    """Processes that do not hear Ctrl-C: it is for the command, which ends them in order.

    Dask cannot end a cluster in order that has begun but in part, nor one whose end was cut short. What its workers
    write of their end is left out: the study itself tells what became of each case.
    """
    cluster = None
    try:
        with held_back_signals(), without_ctrl_c():
            cluster = _begun(count)
        yield cluster
    finally:
        if cluster is not None:
            with held_back_signals():
                cluster.close()


def _begun(count: int) -> LocalCluster:
    """SchedulerLost where a worker is killed before it can work."""
    try:
        return LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                            silence_logs=logging.CRITICAL)
    except RuntimeError as error:
        raise SchedulerLost(f"a worker's process was lost or stood still as it began ({error}); what was complete is "
                            "kept, and the same command goes on") from error


@contextmanager
def _watched(patience_s: float) -> Iterator[None]:
    """Within, workers that somebody has stopped are killed after patience; their cases are given to others."""
    stopped, over = StoppedChildren(patience_s), threading.Event()

    def look() -> None:
        while not over.wait(PERIOD_S):
            stopped.kill_after_patience()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def cores() -> int:
    """Cores that this process may use, where the system says so (Linux), else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _client_of(scheduler: str) -> Client:
    try:
        client = Client(_address(scheduler), timeout=WAIT_S / 4)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WrongRequest([f"--scheduler {scheduler}: no Dask scheduler answers there ({error})"]) from error
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError as error:
        client.close()
        raise WrongRequest([f"--scheduler {scheduler}: no worker has come within {WAIT_S} s"]) from error
    return client


def _address(scheduler: str) -> str:
    """The address itself, or what a scheduler file says."""
    if not scheduler.endswith(".json"):
        return scheduler
    return str(json.loads(Path(scheduler).read_text(encoding="utf-8"))["address"])


def check_workers(client: Client, folder: Path) -> None:
    """WrongRequest if a worker does not see the study's folder or has other code than this process."""
    token = folder / f".seen-{uuid.uuid4().hex}"
    token.write_text("", encoding="utf-8")
    try:
        answers = client.run(worker_sees, str(token), on_error="return")
    finally:
        token.unlink()
    mistakes = []
    for address, answer in answers.items():
        if isinstance(answer, CommClosedError):
            continue  # it was lost while it was asked; who comes in its place is started in the same way
        if isinstance(answer, BaseException):
            mistakes.append(f"worker {address}: cannot run the testbed: {type(answer).__name__}: {answer}")
        elif not answer[0]:
            mistakes.append(f"worker {address}: does not see {folder}; the folder must be shared by all machines")
        elif answer[1] != code_hash():
            mistakes.append(f"worker {address}: has other code (sources {answer[1]}, here {code_hash()})")
    if mistakes:
        raise WrongRequest(mistakes)


def carried_out(client: Client, cases: Sequence[Case], folder: Path, is_audited: bool = True) -> Iterator[CaseOutcome]:
    """Every case's outcome as it comes. A case whose worker dies is given to another, up to four times."""
    batch, waiting = uuid.uuid4().hex[:8], iter(cases)
    threads = sum(client.nthreads().values())
    by_future: dict[str, str] = {}

    def hand_out(count: int) -> list[Future[CaseOutcome]]:
        fresh: list[Future[CaseOutcome]] = []
        for case in islice(waiting, count):
            future = client.submit(run_case, case, str(folder), code_hash(), is_audited,
                                   key=f"case-{case.key}-{batch}", pure=False)
            by_future[str(future.key)] = case.key
            fresh.append(future)
        return fresh

    with _told_if_lost():
        pool = as_completed(hand_out(max(CASES_LEAST, CASES_PER_THREAD * threads)))
        for future in pool:
            key, error = by_future.pop(str(future.key)), future.exception()
            if isinstance(error, CancelledError):
                raise error
            pool.update(hand_out(1))
            if error is None:
                yield future.result()
            else:  # Dask's own: the worker died again and again
                yield CaseOutcome(key, 0.0, Failure("", 0, f"{type(error).__name__}: {error}".split("\n")[0]))


@contextmanager
def _told_if_lost() -> Iterator[None]:
    try:
        yield
    except (CancelledError, CommClosedError, TimeoutError) as error:
        raise SchedulerLost(LOST) from error
