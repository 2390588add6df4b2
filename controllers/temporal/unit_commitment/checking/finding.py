"""What the independent judge of upper plans finds."""

from __future__ import annotations

from dataclasses import dataclass

POWER_MW = 1e-4


@dataclass(frozen=True)
class Violation:
    """One broken rule: its name, hour (0 = first of the plan, -1 = whole horizon), who, and by how much."""

    rule: str
    hour: int
    who: str
    amount: float

    def __str__(self) -> str:
        return f"{self.rule} hour {self.hour + 1} {self.who}: {self.amount:.6g}"
