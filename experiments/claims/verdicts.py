"""One claim, what is measured of it, and under which switches it holds; and rows of tables as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Holds = Literal["yes", "no", "partly", "not measured here"]


@dataclass(frozen=True)
class Verdict:
    """A line of the answer; texts are made of measured numbers."""

    claim: str
    measured: str
    holds: Holds
    switches: str


def write_rows(head: Sequence[str], rows: Sequence[Sequence[object]], path: Path) -> None:
    """A CSV file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
