"""Ctrl-C that cannot get lost."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def remembered_interrupts() -> Iterator[Callable[[], bool]]:
    """Ctrl-C raises KeyboardInterrupt as always, and the function given says whether it came.

    Needed because the exception may vanish: Python drops it inside a finaliser, and mosaik ends its run on it
    without a word. Where the shell has told us to ignore Ctrl-C (a job in the background), nothing changes.
    """
    before, came = signal.getsignal(signal.SIGINT), []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        # abandoned event loops would fill the screen with what is pending
        for name in ("asyncio", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        signal.default_int_handler(number, frame)

    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)


def heeding(is_interrupted: Callable[[], bool], say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` that raises a KeyboardInterrupt which vanished, for work that tells each of its steps."""
    def say_or_stop(text: str) -> None:
        if is_interrupted():
            raise KeyboardInterrupt
        say(text)
    return say_or_stop
