"""Who is told of a run's processes: those that stand still, die without a word, or are stopped with the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from testbed.running import large_blocks, rehearsal, several_runs, workers
from testbed.running.job import Job, Outcome
from testbed.running.preflight import WrongRequest
from testbed.running.stopped_children import StoppedChildren
from testbed.running.workers import Worker, Workers
from testbed.scenario.loading import load_scenario
from testbed.wiring.failure import Failure
from testbed.wiring.pulse import PERIOD_S


def job(folder: Path, name: str = "plain") -> Job:
    return Job(load_scenario("smoke").model_dump_json(), name, name, 1, folder / f"{name}.h5", None, 24, None)


# ---------------------------------------------------------------- processes that stand still
def test_a_child_that_stands_still_is_killed_after_patience_and_told() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        watch = StoppedChildren(2 * PERIOD_S)
        assert watch.kill_after_patience() == [] and watch.cause(child.pid) == ""
        os.kill(child.pid, signal.SIGSTOP)
        while psutil.Process(child.pid).status() != psutil.STATUS_STOPPED:
            pass
        assert watch.kill_after_patience() == []  # a second of two
        assert watch.kill_after_patience() == [child.pid]
        assert child.wait(10) == -signal.SIGKILL
        assert watch.cause(child.pid) == (f"its process {child.pid} stood still for {2 * PERIOD_S:g} s "
                                          "(execution.patience_s) and was killed")
    finally:
        child.kill()
        child.wait()


def test_a_child_that_goes_on_again_begins_anew() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        watch = StoppedChildren(2 * PERIOD_S)
        for _ in range(3):  # a second at a time
            os.kill(child.pid, signal.SIGSTOP)
            while psutil.Process(child.pid).status() != psutil.STATUS_STOPPED:
                pass
            assert watch.kill_after_patience() == []
            os.kill(child.pid, signal.SIGCONT)
            while psutil.Process(child.pid).status() == psutil.STATUS_STOPPED:
                pass
            assert watch.kill_after_patience() == []
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


# ---------------------------------------------------------------- runs side by side
class Elsewhere:
    """Stands for a process that ended as told."""

    def __init__(self, answer: Any, code: int = 0, stays: bool = False) -> None:
        self.has_ended, self.given, self.said = True, answer, list[str]()
        self.process: Any = SimpleNamespace(pid=4711, returncode=code, terminate=lambda: self.said.append("terminate"),
                                            wait=self._wait)
        self.stays = stays

    def _wait(self, seconds: float) -> None:
        self.said.append("wait")
        if self.stays:
            raise subprocess.TimeoutExpired("run", seconds)

    def answer(self) -> Any:
        if self.given is None:
            raise EOFError
        return self.given

    def kill(self) -> None:
        self.said.append("kill")


def test_a_run_whose_process_died_has_a_cause_and_the_others_their_outcome(tmp_path: Path) -> None:
    with Workers(60.0) as running:
        well, died = job(tmp_path, "well"), job(tmp_path, "died")
        running.jobs += [Worker(well, Elsewhere((well.output, 2.5, None)), 0.0),  # type: ignore[arg-type]
                         Worker(died, Elsewhere(None, -signal.SIGKILL), 0.0)]  # type: ignore[arg-type]
        first, second = running.ended()
        assert (first.path, first.seconds, first.failure) == (well.output, 2.5, None)
        assert second.failure == Failure("", 0, "its process 4711 was killed by SIGKILL") and second.seconds > 0
        assert running.jobs == []


def test_what_is_still_at_work_is_asked_to_stop_and_then_killed(tmp_path: Path) -> None:
    kept = [Elsewhere(None), Elsewhere(None, stays=True)]
    with pytest.raises(KeyboardInterrupt), Workers(60.0) as running:
        running.jobs += [Worker(job(tmp_path), apart, 0.0) for apart in kept]  # type: ignore[arg-type]
        raise KeyboardInterrupt
    assert [apart.said for apart in kept] == [["terminate", "wait", "kill"]] * 2


def test_no_more_runs_are_at_work_than_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []

    def begin(self: Workers, one: Job) -> None:
        self.jobs.append(Worker(one, Elsewhere((one.output, 1.0, None)), 0.0))  # type: ignore[arg-type]
        at_work.append(len(self.jobs))

    monkeypatch.setattr(Workers, "start", begin)
    todo = [job(tmp_path, f"r{i}") for i in range(5)]
    assert [outcome.job for outcome in several_runs.run_jobs(todo, 2)] == todo
    assert max(at_work) == 2
    assert list(several_runs.run_jobs([], 2)) == []


def test_the_answer_of_a_run_comes_back_without_its_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = job(tmp_path)
    lost = Failure("fleet", 60, "x")
    monkeypatch.setattr(workers, "carry_out", lambda given: Outcome(given, given.output, 3.0, lost))
    assert workers._ending(one) == (one.output, 3.0, lost)


# ---------------------------------------------------------------- the machine
def test_where_the_c_library_is_another_one_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def library(**functions: Any) -> Any:
        return SimpleNamespace(CDLL=lambda name: SimpleNamespace(**functions))

    monkeypatch.setattr(large_blocks, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(large_blocks, "ctypes", library())
    large_blocks.give_back_large_blocks(large_blocks.LONG_DAYS)
    monkeypatch.setattr(large_blocks, "ctypes", library(mallopt=lambda key, size: asked.append((key, size))))
    large_blocks.give_back_large_blocks(large_blocks.LONG_DAYS - 1)
    assert asked == []
    large_blocks.give_back_large_blocks(large_blocks.LONG_DAYS)
    assert asked == [(large_blocks.M_MMAP_THRESHOLD, large_blocks.LARGE_BYTES)]


def test_engines_that_disagree_are_told_before_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "engines_disagree", lambda spec: "two engines differ by 0.1 pu")
    with pytest.raises(WrongRequest, match=r"scenario smoke: two engines differ by 0\.1 pu"):
        rehearsal.rehearsed(load_scenario("smoke"))
