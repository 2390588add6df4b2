"""Whose code a process is in, written where the process that watches it can read it when it has ended."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIZE = 4096
_pages: list[mmap.mmap] = []
"""None in a process that nobody watches."""


def shared_page() -> mmap.mmap:
    """Shared with the processes that are forked from now on."""
    _pages[:] = [mmap.mmap(-1, SIZE)]
    return _pages[0]


@contextmanager
def in_code_of(place: Callable[[], str]) -> Iterator[None]:
    """Within, the page says which code is asked; where there is none, `place` is not."""
    if not _pages:
        yield
        return
    _write(place())
    yield
    _write("")  # not where something was thrown: that is told with its own place, and nothing else follows


def told_on(page: mmap.mmap) -> str:
    """What stands there; empty outside of a user's code."""
    return page[:].rstrip(b"\0").decode("utf-8", errors="replace")


def _write(text: str) -> None:
    _pages[0][:] = text.encode()[:SIZE].ljust(SIZE, b"\0")
