"""From the text of a user's table to its rows, line by line: an open quote cannot swallow the rows after it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from models.tables.mistakes import Mistakes, Place, shown
from models.tables.table_format import DELIMITERS

LINE_END = re.compile(r"\r\n|\r|\n")


class Rows(NamedTuple):
    """Cells [R][C] under their header [C], and where each row stands."""

    delimiter: str
    """Name of it in DELIMITERS."""
    header: list[str]
    cells: list[list[str]]
    places: list[Place]


def split(text: str, is_known: Callable[[str], bool], delimiter: str | None, mistakes: Mistakes) -> Rows:
    """Every row that has a cell for each column; the others are mistakes. Known column names tell the delimiter.

    TableError for a table without header or rows.
    """
    lines = [(number, line) for number, line in enumerate(LINE_END.split(text), 1) if line.strip()]
    if not lines:
        mistakes.add("is empty: a header and rows are needed")
        mistakes.refuse()
    name = delimiter or _delimiter(lines[0][1], is_known)
    header = _header(lines[0][1], name, mistakes)
    if len(lines) == 1:
        mistakes.add("holds a header and no rows")
    rows = Rows(name, header, [], [])
    for row, (number, line) in enumerate(lines[1:], 1):
        place = Place(row, number)
        if cells := _checked(line, rows, place, mistakes):
            rows.cells.append(cells)
            rows.places.append(place)
    return rows


def _delimiter(line: str, is_known: Callable[[str], bool]) -> str:
    """The one that splits the header into the most of the known names; a comma where none does."""
    return max(DELIMITERS, key=lambda name: sum(map(is_known, set(_names(line, name)))))


def _names(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in _cells(line, delimiter)]
    except csv.Error:
        return []


def _header(line: str, delimiter: str, mistakes: Mistakes) -> list[str]:
    header = _names(line, delimiter)
    if not header:
        mistakes.add("the header has a quote that is not closed")
        mistakes.refuse()
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        mistakes.add(f"has columns twice: {', '.join(map(shown, twice))}")
        mistakes.refuse()
    return header


def _checked(line: str, rows: Rows, place: Place, mistakes: Mistakes) -> list[str]:
    """The cells of a line; empty where they do not fit the header."""
    try:
        cells = _cells(line, rows.delimiter)
    except csv.Error as error:
        mistakes.add(f"a quote is not closed on its line, or a cell is too long ({error})", place)
        return []
    if len(cells) == len(rows.header):
        return cells
    hint = "; a decimal comma would need quotes or another delimiter" if len(cells) > len(rows.header) else ""
    mistakes.add(f"has {len(cells)} cells, the header {len(rows.header)}, split at each {rows.delimiter}{hint}", place)
    return []


def _cells(line: str, delimiter: str) -> list[str]:
    reader: Iterator[list[str]] = csv.reader([line], delimiter=DELIMITERS[delimiter], strict=True,
                                             skipinitialspace=True)
    return next(reader)
