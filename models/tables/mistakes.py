"""All that is wrong with a user's table, told at once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from models.records.arrays import RecordError

MOST_TOLD = 20
LONGEST_CELL = 40


class Place(NamedTuple):
    """A row as people count it: rows of values from 1, lines of the file from 1, the header among them."""

    row: int
    line: int

    def __str__(self) -> str:
        return f"row {self.row} (line {self.line})"


class TableError(RecordError):
    """A table that cannot serve; the message names the file and each row and column, and says what is allowed."""


class Mistakes:
    """Gathers what is wrong with one file until `refuse`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._told: dict[tuple[int, str], None] = {}
        self._rows: set[Place] = set()

    def add(self, text: str, place: Place | None = None) -> None:
        """One mistake, of a row or of the whole file; told again it is still one."""
        self._told[(place.line, f"{place}: {text}") if place else (0, text)] = None
        self._rows |= {place} if place else set()

    def has(self, place: Place) -> bool:
        """Whether a row has any mistake."""
        return place in self._rows

    def refuse(self) -> None:
        """Raise TableError if there is any mistake: the first MOST_TOLD in the order of the file, and how many more."""
        if not self._told:
            return
        lines = [text for _, text in sorted(self._told, key=lambda told: told[0])]
        if len(lines) == 1:
            raise TableError(f"{shown_name(self._file)}: {lines[0]}")
        more = [f"and {len(lines) - MOST_TOLD} more"] if len(lines) > MOST_TOLD else []
        raise TableError(f"{shown_name(self._file)}: {len(lines)} mistakes\n  "
                         + "\n  ".join([*lines[:MOST_TOLD], *more]))


def shown(cell: str) -> str:
    """A cell as it may be printed: control characters escaped, long ones cut."""
    return repr(cell if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL] + "...")


def shown_name(file: Path) -> str:
    """A path as it may be printed."""
    return str(file) if str(file).isprintable() else repr(str(file))
