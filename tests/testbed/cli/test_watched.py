"""A command with code of a user's own: whatever that code does to its process, the command says so."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from testbed.cli.watched import names_own_code
from testbed.results.reading import open_result
from testbed.users.last_call import in_code_of, shared_page, told_on
from tests.testbed import small_run

WATCHED = """
import os, signal, sys, time
from testbed.cli.watched import go_on_watched
from testbed.users.last_call import in_code_of
go_on_watched()
with in_code_of(lambda: "controller mine, step() of north in mine.py:30"):
    {inside}
"""
SAID = "testbed: controller mine, step() of north in mine.py:30: the process "
HEARS = ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); print(os.getpid(), flush=True); "
         "time.sleep(60)")


def started(inside: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WATCHED.format(inside=inside)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("inside", "code", "said"), [
    ("pass", 0, ""), ("sys.exit(3)", 3, ""), ("os._exit(0)", 1, f"{SAID}ended without a word, exit code 0\n"),
    ("os._exit(7)", 1, f"{SAID}ended without a word, exit code 7\n"),
    ("os.kill(os.getpid(), signal.SIGKILL)", 1, f"{SAID}was killed by SIGKILL\n"),
    ("signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, "")])
def test_the_end_of_the_work_is_that_of_the_command_or_is_told(inside: str, code: int, said: str) -> None:
    with started(inside) as command:
        assert command.communicate() == ("", said)
    assert command.returncode == code


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="no process can wait for signals here")
def test_a_signal_that_comes_when_all_is_done_ends_the_command_likewise() -> None:
    late = ("import atexit, os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); "
            "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n")
    code = late + WATCHED.format(inside="pass")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="no process can wait for signals here")
def test_work_that_was_told_to_stop_under_a_solver_ends_as_if_in_order() -> None:
    with started(HEARS.replace("sys.exit", "os._exit")) as command:
        assert command.stdout is not None and command.stdout.readline()
        command.send_signal(signal.SIGTERM)
        assert (command.wait(), command.stderr and command.stderr.read()) == (130, "")


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="no process can wait for signals here")
def test_signals_are_handed_on_and_no_work_outlives_its_command() -> None:
    with started(HEARS) as command:
        assert command.stdout is not None and int(command.stdout.readline()) != command.pid
        command.send_signal(signal.SIGTERM)
        assert command.wait() == 130
    with started(HEARS) as command:
        assert command.stdout is not None
        work = int(command.stdout.readline())
        command.kill()
        command.wait()
        until = time.monotonic() + 10
        while is_there(work) and time.monotonic() < until:
            time.sleep(0.01)
        assert not is_there(work)


def is_there(process: int) -> bool:
    """False for one that has ended and is only waited for."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"


def test_only_commands_that_name_a_file_of_python_are_watched() -> None:
    assert names_own_code(["run", "smoke", "--controller", "mine.py:Price(high=1)"])
    assert not names_own_code(["run", "smoke.yaml", "--controller", "bilayer"])


def test_the_page_says_whose_code_it_is_and_nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.users.last_call._pages", [])
    with in_code_of(lambda: pytest.fail("nobody watches")):
        pass
    page = shared_page()
    with in_code_of(lambda: "x" * 5000):
        assert told_on(page) == "x" * 4096
    assert told_on(page) == ""


@pytest.mark.slow
def test_a_controller_that_ends_the_process_of_a_run_is_told(tmp_path: Path) -> None:
    words = [word for setting in small_run.HOURLY for word in ("--set", setting)]
    done = subprocess.run([sys.executable, "-m", "testbed", "run", "smoke", "--controller",
                           small_run.PLAIN.replace(":Plain", ":Dying"), *words, "-o", str(tmp_path / "out.h5")],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"testbed: controller dying, step\(\) of feeder33 in \S+plain_controller.py:\d+: the process "
                        r"ended without a word, exit code \d+\n", done.stderr)
    assert open_result(tmp_path / "out.h5").status == "interrupted"
