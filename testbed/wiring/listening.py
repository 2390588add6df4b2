"""Who listens to the simulators of a run in this process: what each was given and what it said, step by step.

For environments that stand around a run. Nothing that is heard may be changed, and nothing of it reaches a controller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

Heard = Mapping[str, Mapping[str, Any]]
"""{entity: {datum: value}}"""


class Listener(Protocol):
    """Told before and after every step of every simulator of one run."""

    def before(self, simulator: str, now_s: int, inputs: Heard) -> None:
        """What the simulator is given for [now_s, now_s + dt)."""

    def after(self, simulator: str, now_s: int, values: Heard) -> None:
        """What it made of it."""


_listeners: dict[Path, Listener] = {}


@contextmanager
def heard_by(listener: Listener, output: Path) -> Iterator[None]:
    """The run that writes `output` is heard while the block lasts."""
    place = output.resolve()
    _listeners[place] = listener
    try:
        yield
    finally:
        del _listeners[place]


def listener_of(output: Path) -> Listener | None:
    """Who listens to the run that writes this file, if anybody does."""
    return _listeners.get(output)
