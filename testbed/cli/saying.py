"""What commands say on stderr, and how much of a failure they show."""

from __future__ import annotations

import sys
from contextvars import ContextVar

from testbed.scenario.plain_text import cleaned

STOPPED = 130
"""Exit code after Ctrl-C, SIGTERM and SIGHUP."""
DEBUG: ContextVar[bool] = ContextVar("debug", default=False)
"""Whether failures come with Python's traceback."""


def say(text: str) -> None:
    """A line that is no result."""
    print(cleaned(text), file=sys.stderr, flush=True)


def tell(text: object) -> None:
    """A line of a result."""
    print(cleaned(str(text)))


def say_trace(trace: str) -> None:
    """Python's traceback if it was asked for, else how to ask."""
    say(trace if DEBUG.get() else "(`testbed --debug ...` shows where)")
