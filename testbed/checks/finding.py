"""A broken rule of a result, and how rules on arrays over time report theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats


@dataclass(frozen=True)
class Violation:
    """One broken rule: its name, the first step in which it is broken (-1: the whole run), who, the largest amount."""

    rule: str
    step: int
    who: str
    amount: float

    def __str__(self) -> str:
        return f"{self.rule} step {self.step} {self.who}: {self.amount:.6g}"


def worst(rule: str, excess: Floats, names: Sequence[str], tolerance: float) -> Iterator[Violation]:
    """One violation per column of excess [T, names] that passes the tolerance anywhere; NaN passes it too."""
    broken = ~(excess <= tolerance)
    for i in np.flatnonzero(broken.any(axis=0)):
        most = float(np.nanmax(excess[:, i], initial=-np.inf))
        yield Violation(rule, int(np.argmax(broken[:, i])), names[int(i)], most)
