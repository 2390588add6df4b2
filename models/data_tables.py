"""Reads the tables of models/data."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent / "data"


def read_columns(file_name: str) -> dict[str, list[str]]:
    """The CSV file of models/data as {column: its texts}."""
    with (FOLDER / file_name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}
