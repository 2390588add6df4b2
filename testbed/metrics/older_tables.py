"""What a table of figures held before it is written anew."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from pathlib import Path


def left_out(table: Path, columns: Sequence[str], kept: Collection[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What stands in these columns of the table, each once, and is not among `kept`; empty without such a table."""
    try:
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = [tuple(row.get(name) or "" for name in columns) for row in csv.DictReader(file)]
    except (OSError, csv.Error):
        return []
    return [row for row in dict.fromkeys(rows) if any(row) and row not in kept]
