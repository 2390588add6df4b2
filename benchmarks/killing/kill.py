"""What is done to which command, and what was seen of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

KINDS = ("one process", "with traces", "separate processes", "served districts", "compare", "sweep")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP")
LATEST = 1.4
"""The last instant, in durations of an undisturbed run: runs side by side take longer, and one may have ended."""
COMMAND, WORK = "command", "work of the command"
"""What was hit: the process that was called, or the child that it watches, since the controller is a user's file."""


@dataclass(frozen=True)
class Kill:
    """What is done to which command."""

    number: int
    kind: str
    signal: str
    target: str
    """`command`, or `process`: any other that belongs to it."""
    when: float
    """Share of the undisturbed run's duration."""

    @classmethod
    def of(cls, seed: int, number: int) -> Kill:
        """Kinds and signals in turn, so that each meets each; the rest is drawn."""
        draw = random.Random(f"{seed}-{number}")
        kind = KINDS[number % len(KINDS)]
        alone = kind in ("one process", "with traces")
        return cls(number, kind, SIGNALS[number // len(KINDS) % len(SIGNALS)],
                   "command" if alone or draw.random() < 0.4 else "process", LATEST * draw.random())


@dataclass
class Seen:
    """What was seen of a kill."""

    number: int
    kind: str
    signal: str
    target: str
    hit: str = ""
    """The process that was hit; empty if the command had ended before."""
    exit_code: int | None = None
    ended_s: float = 0.0
    """From the signal to the end of the command."""
    slowness: float = 1.0
    """Seconds that a CPU second took before the kill."""
    states: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    code: str = "not recorded"
    """The hash of the code that was killed: a study may go on after a change."""

    def __str__(self) -> str:
        line = (f"{self.kind}, {self.signal} to {self.hit or 'nothing (had ended)'}: exit code {self.exit_code} after "
                f"{self.ended_s:.1f} s; {', '.join(self.states) or 'no file'}")
        return line + "".join(f"\n    WRONG {what}" for what in self.wrong)
