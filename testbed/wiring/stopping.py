"""Being asked to stop: Ctrl-C, SIGTERM (a scheduler, a shutdown) and SIGHUP (a terminal that was closed), all alike."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""SIGHUP is not there on Windows."""


class Stopped(KeyboardInterrupt):
    """Somebody asked this process to stop; the text is the signal's name."""


@contextmanager
def heeded_signals() -> Iterator[Callable[[], str]]:
    """Within, each of the signals raises Stopped, and the function given names the one that came; empty if none did.

    Needed because the exception may vanish: Python drops it inside a finaliser, and mosaik ends its run on it
    without a word. A signal that the shell has told us to ignore (a job in the background, `nohup`) stays ignored.
    Does nothing outside the main thread, where Python knows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: ""
        return
    came: list[str] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(signal.Signals(number).name)
        # abandoned event loops would fill the screen with what is pending
        for name in ("asyncio", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        raise Stopped(came[-1])

    with _handled_by(remember), _stops_told_once():
        yield lambda: came[-1] if came else ""


@contextmanager
def held_back_signals() -> Iterator[None]:
    """Within, no signal is heard; one that comes is heard at the end. For seconds that must not be cut short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    with _handled_by(lambda number, frame: came.append(number)):
        yield
    for number in came[:1]:
        signal.raise_signal(number)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """A signal that is ignored stays ignored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in (number for number, earlier in before.items() if earlier is not signal.SIG_IGN):
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def _stops_told_once() -> Iterator[None]:
    """Python writes an exception of a finaliser on the screen; a stop is told by who ends."""
    before = sys.unraisablehook

    def told(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, Stopped):
            before(lost)
    sys.unraisablehook = told
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Processes started within do not hear Ctrl-C: it is for the command, which ends them in order."""
    _start_tracker()  # what starts it unblocks Ctrl-C again
    with ctrl_c_blocked():
        yield


@contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """The same, for processes that are not multiprocessing's."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child inherits what is blocked
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Python's own process that clears away what killed processes leave in memory; in silence, since it is no fault."""
    given = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (given, "ignore:resource_tracker")))
    try:
        resource_tracker.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if given is not None:
            os.environ["PYTHONWARNINGS"] = given


def cause_of_stop(stopped: KeyboardInterrupt) -> str:
    """What is written into the file of a run that was stopped."""
    name = str(stopped) if isinstance(stopped, Stopped) else "SIGINT"
    return f"stopped by {'Ctrl-C' if name == 'SIGINT' else name}"
