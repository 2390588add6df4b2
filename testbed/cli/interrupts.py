"""A stop that vanished, for work that tells each of its steps (signals themselves: testbed.wiring.stopping)."""

from __future__ import annotations

from collections.abc import Callable


def heeding(is_stopped: Callable[[], str], say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` that raises a KeyboardInterrupt which vanished, for work that tells each of its steps."""
    def say_or_stop(text: str) -> None:
        if is_stopped():
            raise KeyboardInterrupt
        say(text)
    return say_or_stop
