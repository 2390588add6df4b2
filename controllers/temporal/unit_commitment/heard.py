"""Long solves during which Ctrl-C, SIGTERM and SIGHUP are heard.

Python hears signals between two of its own instructions in the main thread; a solver has none for minutes. So the
solver works in a thread beside the main one, which waits.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")
STOPPED = 130
"""Exit code of a process that was told to stop, as shells have it."""
_abandoned: list[threading.Event] = []
"""One for each solve that was left while at work; set when it has ended after all."""


def heard(solve: Callable[[], Result]) -> Result:
    """What `solve` returns or raises; a signal's exception comes at once, and leaves the solver at work."""
    if threading.current_thread() is not threading.main_thread():
        return solve()  # Python hands no signals to other threads
    done = threading.Event()
    returned: list[Result] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            returned.append(solve())
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()
    try:
        threading.Thread(target=work, name="solver", daemon=True).start()
        done.wait()
    except BaseException:
        _abandoned.append(done)
        raise
    if raised:
        raise raised[0]
    return returned[0]


def _leave() -> None:
    """End the process here: taking Python down under a solver at work aborts it (C++'s std::terminate)."""
    if all(done.is_set() for done in _abandoned):
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(STOPPED)


atexit.register(_leave)
