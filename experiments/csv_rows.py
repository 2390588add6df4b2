"""Rows of tables as CSV files, and as tables of Markdown pages."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The same as a table of a Markdown page."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def write_rows(head: Sequence[str], rows: Sequence[Sequence[object]], path: Path) -> None:
    """A CSV file with a header, and beside it the same as Markdown for the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
    path.with_suffix(".md").write_text(markdown(head, rows), encoding="utf-8")
