"""Ctrl-C, SIGTERM and SIGHUP are heard alike, even where the exception gets lost."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from testbed.wiring.stopping import SIGNALS, Stopped, cause_of_stop, heeded_signals, held_back_signals


@pytest.fixture(autouse=True)
def heard():
    """Workers of a parallel test run ignore SIGINT."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "cause"), [
    (signal.SIGINT, "stopped by Ctrl-C"), (signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGHUP, "stopped by SIGHUP")])
def test_each_signal_raises_and_is_named(number, cause):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as stopped, heeded_signals():
        os.kill(os.getpid(), number)
    assert cause_of_stop(stopped.value) == cause
    assert signal.getsignal(number) is before


def test_a_stop_that_somebody_swallowed_is_remembered():
    with heeded_signals() as stop:
        assert stop() == ""
        with contextlib.suppress(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop() == "SIGTERM"


def test_a_signal_that_was_to_be_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    with heeded_signals() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop() == ""


def test_other_threads_hear_nothing():
    told = []

    def work():
        with heeded_signals() as stop:
            told.append(stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [""]


def test_a_signal_that_is_held_back_is_heard_at_the_end():
    done = []
    with pytest.raises(Stopped, match="SIGTERM"), heeded_signals():
        with held_back_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("within")
        done.append("after")
    assert done == ["within"]


def test_where_no_signal_comes_nothing_is_heard_at_the_end_and_other_threads_hold_none_back():
    before = signal.getsignal(signal.SIGTERM)
    with held_back_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    seen = []

    def work():
        with held_back_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_stop_that_gets_lost_in_a_finaliser_is_not_written_on_the_screen(capsys):
    class Slow:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            sum(range(10))

    class Wrong:
        def __del__(self):
            raise ValueError("told")

    told = []
    before, sys.unraisablehook = sys.unraisablehook, lambda lost: told.append(str(lost.exc_value))
    try:
        with heeded_signals() as stop:
            Slow()
            assert stop() == "SIGTERM"
            Wrong()
    finally:
        sys.unraisablehook = before
    assert told == ["told"]


KILLED = """
import multiprocessing, os, signal
from testbed.wiring.stopping import without_ctrl_c
with without_ctrl_c():
    lock = multiprocessing.get_context("spawn").Lock()
print(os.environ.get("PYTHONWARNINGS"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("given", [None, "default"])
def test_what_a_killed_command_leaves_in_memory_is_cleared_without_a_word(given):
    around = os.environ | ({} if given is None else {"PYTHONWARNINGS": given})
    ended = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, timeout=60,
                           env={name: value for name, value in around.items() if given or name != "PYTHONWARNINGS"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGKILL, f"{given}\n", "")
