"""Whose work something is: a process, known again after it has ended, and not taken for another of the same number."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import psutil

CLOCK_S = 2.0
"""Two readings of one process's start may differ by this when the machine's clock was set."""

Presence = Literal["there", "gone", "elsewhere"]


@dataclass(frozen=True)
class Owner:
    """A process on a host."""

    host: str
    pid: int
    started_s: float
    """Seconds since 1970, as the system tells it."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Owner:
        """From what `to_json` gave."""
        return cls(str(raw["host"]), int(raw["pid"]), float(raw["started_s"]))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @property
    def presence(self) -> Presence:
        """Whether the process still runs; `elsewhere`: on another host, where nobody here can look."""
        if self.host != platform.node():
            return "elsewhere"
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started_s) < CLOCK_S
            return "there" if is_same and process.status() != psutil.STATUS_ZOMBIE else "gone"
        except psutil.NoSuchProcess:
            return "gone"
        except psutil.AccessDenied:  # somebody else's process, so not the one that wrote here
            return "gone"


def this_process() -> Owner:
    """The process that asks."""
    return _owner(os.getpid())


@cache
def _owner(pid: int) -> Owner:
    return Owner(platform.node(), pid, psutil.Process(pid).create_time())
