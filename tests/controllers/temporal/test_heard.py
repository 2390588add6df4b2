"""A signal that comes while a solver is at work is heard at once, and the process ends in words of Python."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from controllers.temporal.unit_commitment import heard as heard_module
from controllers.temporal.unit_commitment.heard import STOPPED, heard
from testbed.cli import saying

HARD = """
import signal, sys
import cvxpy as cp
import numpy as np
from controllers.temporal.unit_commitment.milp import Milp, highs_options
from testbed.wiring.stopping import heeded_signals

rng = np.random.default_rng(0)
chosen, weight = cp.Variable(200, boolean=True), rng.integers(1, 100, (60, 200))
problem = cp.Problem(cp.Maximize(rng.integers(1, 100, 200) @ chosen), [weight @ chosen <= 0.4 * weight.sum(1)])
milp = Milp(problem)
with heeded_signals():
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        milp.solve(highs_options(0.0, 2**31 - 1))
    except KeyboardInterrupt as stopped:
        print("stopped by", stopped)
        sys.exit(1)
"""


def test_what_a_solve_returns_or_raises_is_what_its_caller_gets() -> None:
    assert heard(lambda: threading.current_thread() is threading.main_thread()) is False
    with pytest.raises(ZeroDivisionError):
        heard(lambda: 1 / 0)


def test_elsewhere_than_in_the_main_thread_no_other_thread_is_made() -> None:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(heard(threading.current_thread) is thread))
    thread.start()
    thread.join()
    assert seen == [True]


def test_a_solver_that_would_work_for_hours_is_left_at_the_signal() -> None:
    ended = subprocess.run([sys.executable, "-c", HARD], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (STOPPED, "stopped by SIGTERM\n", "")


def test_a_process_whose_solvers_have_all_ended_is_left_to_end_as_it_likes() -> None:
    """It would be gone at once: with a solver that was left and has ended since, and without any."""
    ended = threading.Event()
    ended.set()
    heard_module._abandoned.append(ended)
    try:
        heard_module._leave()
    finally:
        heard_module._abandoned.remove(ended)
    heard_module._leave()


def test_the_exit_code_is_the_command_lines_own() -> None:
    assert STOPPED == saying.STOPPED
