"""A fault as a record and a reader of results have it."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400

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

    @property
    def when(self) -> str:
        """As `day 1, 17:00 to 18:30`."""
        day, rest = divmod(self.from_s, DAY_S)
        end_day, end = divmod(self.until_s - 1, DAY_S)
        until = f"day {end_day + 1}, {_clock(end + 1)}" if end_day > day else _clock(end + 1)
        return f"day {day + 1}, {_clock(rest)} to {until}"

    def __str__(self) -> str:
        return f"{self.kind}{f' ({self.place})' if self.place else ''}, {self.when}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
