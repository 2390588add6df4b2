"""Commands with code of a user's own go on in a child, whose end the process that was called tells whatever comes.

`os._exit(0)` in a controller, or in a library that it calls, ends Python at once: without this, with exit code 0.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Sequence

from testbed.cli.saying import STOPPED, say
from testbed.users.last_call import shared_page, told_on
from testbed.wiring.failure import end_of_process
from testbed.wiring.pulse import end_with_parent
from testbed.wiring.stopping import SIGNALS

IN_ORDER = b"."
FAILED = 1


def names_own_code(words: Sequence[str]) -> bool:
    """Whether a file of Python is named among the words of a command."""
    return any(".py" in word for word in words)


def go_on_watched() -> None:
    """Return in a child; the process that was called hands signals on to it, and ends as it does.

    Raises SystemExit there. Nothing happens where no process can wait for signals (macOS, Windows).
    """
    if not hasattr(signal, "sigwaitinfo"):
        return
    page, (reader, writer), parent = shared_page(), os.pipe(), os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*SIGNALS, signal.SIGCHLD})
    if child := os.fork():
        os.close(writer)
        code, is_told = _wait(child)
        if is_told and code == STOPPED:  # a solver at work keeps Python from ending in order
            sys.exit(STOPPED)
        sys.exit(_ended(code, reader, told_on(page)))
    os.close(reader)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    end_with_parent(parent)
    atexit.register(os.write, writer, IN_ORDER)


def _wait(child: int) -> tuple[int, bool]:
    """The status with which it ends, and whether it was told to stop.

    What a terminal sends has reached it too; what others send is handed on.
    """
    is_told = False
    while True:
        came = signal.sigwaitinfo({*SIGNALS, signal.SIGCHLD})
        is_told |= came.si_signo in SIGNALS
        if came.si_signo != signal.SIGCHLD and came.si_code <= 0:  # by a process, not by the kernel
            os.kill(child, came.si_signo)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), is_told


def _ended(code: int, reader: int, place: str) -> int:
    """The exit code; what has gone wrong is said."""
    os.set_blocking(reader, False)
    try:
        is_in_order = os.read(reader, 1) == IN_ORDER
    except BlockingIOError:  # a process that it has left behind holds the other end
        is_in_order = False
    if is_in_order and code >= 0:
        return code
    if code < 0:
        _end_likewise(-code)
    say(f"testbed: {place or 'outside of any controller'}: {end_of_process('the process', code)}")
    return FAILED


def _end_likewise(number: int) -> None:
    """By the same signal, where that asks a process to stop; it came before anybody could hear it."""
    if number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
