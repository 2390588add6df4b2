"""A process that works for another: it shows that it lives, beside its work, and ends when the other has ended."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

PULSE = "pulse"
"""What a district's server is asked to be by whoever wants to know that it lives."""
PERIOD_S = 1.0
PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def pulse_file(folder: Path, name: str) -> Path:
    """Where the process of that name counts its beats."""
    return folder / f"{name}.pulse"


def beat_beside(folder: Path, name: str) -> None:
    """Count beats in a thread of this process; a solver that gives Python's lock away does not hold them up."""
    file = pulse_file(folder, name)

    def beat() -> None:
        for count in itertools.count():
            with suppress(OSError):  # the run is over, its folder gone; or no space: nothing to be done from here
                file.write_text(str(count), encoding="utf-8")
            time.sleep(PERIOD_S)

    threading.Thread(target=beat, daemon=True).start()


def end_with_parent(parent: int) -> None:
    """This process ends when the one of that number, which started it, has ended, however that came about.

    On Linux the kernel sees to it at once. Elsewhere a thread looks once a second, which a solver that keeps Python's
    lock can hold up until it is done.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before this was asked for
        os._exit(1)
    if sys.platform == "linux":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PERIOD_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
