"""What does not end is ended where it is, in the main thread and in others, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from testbed.simulators.patience import TooLong, ended_after

AT_ONCE_S, LONG_S = 0.05, 60.0
TRACED = """
import sys, threading
from testbed.simulators.patience import ended_after

def called():
    return 1

def traced():
    sys.settrace(lambda *_: None)
    with ended_after(60.0):
        called()
    called()
    print("gone on")

thread = threading.Thread(target=traced)
thread.start()
thread.join()
"""


def in_thread(work: Callable[[], object]) -> list[object]:
    """What it returns or throws in a thread that is not the main one."""
    told: list[object] = []

    def run() -> None:
        try:
            told.append(work())
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LONG_S)
    return told


def endless() -> None:
    with ended_after(AT_ONCE_S):
        while True:
            pass


def test_an_endless_loop_is_ended_in_the_main_thread():
    with pytest.raises(TooLong):
        endless()


def test_an_endless_loop_is_ended_in_another_thread():
    error, = in_thread(endless)
    assert isinstance(error, TooLong)


def test_traced_code_goes_on_after_a_block_that_ended_in_time():
    """Under a debugger or coverage it stood still for ever, in threads of notebooks and environments."""
    done = subprocess.run([sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=LONG_S, check=True)
    assert done.stdout == "gone on\n"


def test_no_exception_comes_after_the_block():
    """Blocks that end just as their time does: thrown within or not at all."""
    def many() -> tuple[int, int]:
        within = after = 0
        for turn in range(400):
            try:
                try:
                    with ended_after(2e-5 * (turn % 40)):
                        sum(range(20 * (turn % 50)))
                except TooLong:
                    within += 1
                sum(range(1000))
            except TooLong:
                after += 1
        return within, after

    (within, after), = in_thread(many)  # type: ignore[misc]
    assert within > 0 and after == 0
