"""Workers are forked from a process that has loaded everything and started nothing."""

import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

from testbed.sweeping.worker_template import METHOD, ONE_THREAD, prepare_workers

pytestmark = pytest.mark.skipif(METHOD != "forkserver", reason="workers are started anew here")


def threads_of(process: int) -> int:
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("Threads")]
    return int(line.split()[1])


def tell(pipe) -> None:
    pipe.send((os.getppid(), "testbed.simulators.feeder" in sys.modules, "distributed" in sys.modules,
               [os.environ.get(name) for name in ONE_THREAD], threads_of(os.getppid()),
               signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])))


@pytest.fixture
def fresh_template():
    """No such process from a test before, and none for a test after."""
    forkserver._forkserver._stop()
    yield
    forkserver._forkserver._stop()


def asked() -> tuple[int, bool, bool, list[str | None], int, bool]:
    context = multiprocessing.get_context(METHOD)
    near, far = context.Pipe()
    process = context.Process(target=tell, args=(far,))
    process.start()
    assert near.poll(60)
    answer = near.recv()
    process.join()
    return answer


def test_workers_find_everything_loaded_by_one_process_without_threads_and_ctrl_c(
        fresh_template, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    prepare_workers()
    assert dict(os.environ) == before, "the environment of the command is as it was"
    first, second = asked(), asked()
    assert first[0] != os.getpid() and first == second
    assert first[1:] == (True, True, ["1"] * len(ONE_THREAD), 1, True)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, []), "the command hears Ctrl-C"


def test_what_the_user_says_of_threads_holds(fresh_template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    prepare_workers()
    told = dict(zip(ONE_THREAD, asked()[3], strict=True))
    assert told["OMP_NUM_THREADS"] == "2" and told["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "2" and "MKL_NUM_THREADS" not in os.environ


def test_modules_of_the_working_folder_are_not_taken_for_ours(
        fresh_template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("models", "testbed", "distributed"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not ours')\n")
    monkeypatch.chdir(tmp_path)
    prepare_workers()
    assert asked()[1:3] == (True, True)
