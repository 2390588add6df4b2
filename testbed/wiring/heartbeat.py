"""Progress of a running world: the recorder leaves the number of finished steps in a small file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "heartbeat"
PERIOD_S = 0.2


class Heartbeat:
    """Writes the number of finished steps, at most as often as it is read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._next_s = 0.0

    def beat(self, steps: int) -> None:
        """So many are finished."""
        now_s = time.perf_counter()
        if now_s >= self._next_s:
            self._file.write_text(str(steps), encoding="utf-8")
            self._next_s = now_s + PERIOD_S


def steps_done(folder: Path) -> int:
    """The number last left, 0 before the first."""
    path = folder / FILE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return int(text) if text else 0


@contextmanager
def watch(folder: Path, total: int, progress: Callable[[int, int], None]) -> Iterator[None]:
    """Call `progress(done, total)` a few times a second until the block ends."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(PERIOD_S):
            progress(steps_done(folder), total)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        progress(steps_done(folder), total)
