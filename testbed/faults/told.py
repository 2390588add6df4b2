"""A fault as a record and a reader of results have it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultTold:
    """One fault of a run: what, where, from when until when, and what was done meanwhile."""

    kind: str
    place: str
    """As `district feeder33, line_to 6`; empty: the whole system."""
    parameters: str
    """All with their values, as `share=0.5`."""
    from_s: int
    """Of counted time."""
    until_s: int
    answer: str

    def __str__(self) -> str:
        day, rest = divmod(self.from_s, 86_400)
        end_day, end = divmod(self.until_s, 86_400)
        until = f"day {end_day + 1}, {_clock(end)}" if end_day > day else _clock(end)
        where = f" ({self.place})" if self.place else ""
        return f"{self.kind}{where}, day {day + 1}, {_clock(rest)} to {until}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
