"""What does not end is ended where it is, in the main thread and in others, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from testbed.users.patience import AGAIN_S, TooLong, ended_after

AT_ONCE_S, LONG_S = 0.05, 60.0
TRACED = """
import sys, threading
from testbed.users.patience import ended_after

def called():
    return 1

def traced():
    sys.settrace(lambda *_: None)
    ended_after(60.0, called)
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
    while True:
        pass


def ended() -> None:
    ended_after(AT_ONCE_S, endless)


def test_an_endless_loop_is_ended_in_the_main_thread():
    with pytest.raises(TooLong):
        ended()


def test_an_endless_loop_is_ended_in_another_thread():
    error, = in_thread(ended)
    assert isinstance(error, TooLong)


def test_traced_code_goes_on_after_a_block_that_ended_in_time():
    """Under a debugger or coverage it stood still for ever, in threads of notebooks and environments."""
    done = subprocess.run([sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=LONG_S, check=True)
    assert done.stdout == "gone on\n"


def cut_off_and_late() -> tuple[int, int]:
    """Of work that ends just as its time does: how often it was ended, and how often something was thrown later.

    It sleeps, so that another thread can look at the clock; what is thrown is kept, frames and all.
    """
    kept: list[TooLong] = []
    late = 0
    for turn in range(400):
        try:
            try:
                ended_after(1e-6 + 2e-5 * (turn % 40), lambda turn=turn: time.sleep(2e-5 * (turn % 50)))
            except TooLong as error:
                kept.append(error)
            sum(range(1000))
        except TooLong:
            late += 1
    time.sleep(1.2 * AGAIN_S)
    return len(kept), late


def test_nothing_is_thrown_after_work_of_the_main_thread():
    cut_off, late = cut_off_and_late()
    assert cut_off > 0 and late == 0


def test_nothing_is_thrown_after_work_of_another_thread_or_into_one_that_comes_later():
    before = set(threading.enumerate())
    (cut_off, late), = in_thread(cut_off_and_late)  # type: ignore[misc]
    assert cut_off > 0 and late == 0
    assert set(threading.enumerate()) <= before, "no clock goes on"


def test_an_alarm_that_was_set_before_is_set_again():
    heard: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert ended_after(LONG_S, lambda: 7) == 7
        time.sleep(0.5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
    assert heard == [signal.SIGALRM]
