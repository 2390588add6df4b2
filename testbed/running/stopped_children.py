"""Processes that this one has started, on this machine, and that somebody has stopped (SIGSTOP): killed in the end."""

from __future__ import annotations

import psutil

from testbed.wiring.pulse import PERIOD_S


class StoppedChildren:
    """Counts how long each has stood still; seconds in which this process itself was stopped do not count."""

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._still_s: dict[int, float] = {}
        self._killed: set[int | None] = set()

    def cause(self, pid: int | None) -> str:
        """Why that one was killed; empty if it was not killed here."""
        if pid not in self._killed:
            return ""
        return f"its process {pid} stood still for {self.patience_s:g} s (execution.patience_s) and was killed"

    def kill_after_patience(self) -> list[int]:
        """To be called once a second; kills those that stand still for longer than patience, and returns them."""
        stopped = {child.pid: child for child in psutil.Process().children(recursive=True) if _is_stopped(child)}
        self._still_s = {pid: self._still_s.get(pid, 0.0) + PERIOD_S for pid in stopped}
        over = [pid for pid, still_s in self._still_s.items() if still_s >= self.patience_s]
        for pid in over:
            stopped[pid].kill()
            self._killed.add(pid)
        return over


def _is_stopped(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
