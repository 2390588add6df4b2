"""An end to what does not end: after its time an exception is thrown where the code is.

By the system's alarm in the main thread, which also wakes code that sleeps or waits; in another thread (a notebook, a
served district) by Python between two of its instructions. Neither reaches into a library's own machine code: there
the exception waits until it returns.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TypeVar

R = TypeVar("R")
AGAIN_S = 1.0
"""Between two tries on code that swallows the exception."""
TRIES = 10


class TooLong(BaseException):
    """The time is over; no Exception, so that `except Exception` in a loop lets it through."""


def ended_after(patience_s: float, work: Callable[[], R]) -> R:
    """What `work` returns; TooLong is thrown within it once it has taken so many seconds.

    Work in the main thread that swallows it TRIES times ends the process: nothing else would. No `with` block: TooLong
    might be thrown between its end and what would stop the clock, and then again and again, into whatever comes after.
    """
    is_main = threading.current_thread() is threading.main_thread()
    return (_by_alarm if is_main and hasattr(signal, "setitimer") else _by_watcher)(patience_s, work)


def _by_alarm(patience_s: float, work: Callable[[], R]) -> R:
    tries = 0

    def ring(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal tries
        tries += 1
        if tries > TRIES:
            _give_up(frame)
        raise TooLong

    handler = signal.signal(signal.SIGALRM, ring)
    before = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, patience_s, AGAIN_S)
        return work()
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        except TooLong:  # thrown as the work ended; the next would come after AGAIN_S
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *before)


def _give_up(frame: FrameType | None) -> NoReturn:
    place = f" at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
    print(f"testbed: code{place} goes on after its time and swallows what should end it; the process ends",
          file=sys.stderr, flush=True)
    os._exit(1)


def _by_watcher(patience_s: float, work: Callable[[], R]) -> R:
    thread, is_over, lock = threading.get_ident(), threading.Event(), threading.Lock()

    def watch() -> None:
        wait_s = patience_s
        while not is_over.wait(wait_s):
            with lock:
                if not is_over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TooLong))
            wait_s = AGAIN_S

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        watcher.start()
        return work()
    finally:
        # An exception is never called back: CPython looks for one called back before each instruction from then on,
        # and where code is traced (a debugger, coverage) for ever before the same one. Rather it lands in here, since
        # none is thrown while the lock is held.
        try:
            with lock:
                is_over.set()
        except TooLong:
            is_over.set()
        watcher.join()
