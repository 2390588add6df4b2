"""A user's table with known columns: read as it is written, checked cell by cell, all mistakes told at once.

docs/tables.md says what may be in such a file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from models.records.arrays import Floats
from models.tables.mistakes import Mistakes, Place, shown
from models.tables.numbers import decimal_sign, is_blank, number
from models.tables.rows import split
from models.tables.table_format import TableFormat
from models.tables.text import read_text
from models.tables.times import TIMES_ALLOWED, Moment, clock_mistake, moment, parsed


class UserTable:
    """Rows of a file under the names that are asked for; what is wrong is gathered until `mistakes.refuse()`."""

    def __init__(self, file: Path, names: Mapping[str, Sequence[str]], needed: Sequence[str], numbers: Sequence[str],
                 form: TableFormat, *, only: str = "", text: str | None = None, others: str = "") -> None:
        """names: by each column's own name all that it may have in the file; numbers: columns that hold such.

        others: a regular expression of further columns, which hold numbers. TableError where the file cannot be read
        or has none of the `needed` columns; with `only`, which says in words what columns there may be, other
        ones are mistakes. text: what the file held, None to read it.
        """
        self.mistakes = Mistakes(file)
        text, encoding = read_text(file, form.encoding, self.mistakes) if text is None else (text, "utf-8")
        known = {name for several in names.values() for name in several}
        rows = split(text, lambda name: name in known or bool(others and re.fullmatch(others, name)), form.delimiter,
                     self.mistakes)
        self.places: Sequence[Place] = rows.places
        self._cells = {name: [row[i] for row in rows.cells] for i, name in enumerate(rows.header)}
        self.others = tuple(name for name in rows.header if others and name not in known and re.fullmatch(others, name))
        """Columns that `others` describes, in the order of the file."""
        self.unread = tuple(name for name in self._cells if name not in known and name not in self.others
                            and (name or any(self._cells[name])))
        """Columns that nobody asks for; those without a name only where something stands in them."""
        self.lacks: frozenset[str] = frozenset()
        """Needed columns that are missing, which is a mistake by itself: what follows from it is none."""
        self._named = self._columns({**names, **{name: (name,) for name in self.others}}, needed, only)
        sign = form.decimal_sign or self._sign([*numbers, *self.others])
        self.form = TableFormat(encoding, rows.delimiter, sign, form.time_zone)
        """As it was read."""

    @property
    def header(self) -> tuple[str, ...]:
        """Names of all columns, as the file has them."""
        return tuple(self._cells)

    @property
    def count(self) -> int:
        return len(self.places)

    def has(self, column: str) -> bool:
        """Whether the file has the column, under any of its names."""
        return column in self._named

    def cells(self, column: str) -> list[str]:
        """Texts of a column; empty ones where the file lacks it."""
        return self._cells[self._named[column]] if self.has(column) else [""] * self.count

    def numbers(self, column: str, most: float, *, is_needed: bool, least: float = 0.0,
                is_whole: bool = False) -> Floats:
        """[R] values from `least` to `most`; NaN where there is none, which is a mistake where each row needs one."""
        values = np.full(self.count, np.nan)
        for i, cell in enumerate(self.cells(column)):
            if is_blank(cell):
                self._blank(i, column, is_needed)
                continue
            try:
                value = number(cell, self.form.decimal_sign or "point")
                if not least <= value <= most:
                    raise ValueError("is out of range")
                if is_whole and not value.is_integer():
                    raise ValueError("is no whole number")
            except ValueError as error:
                self.wrong(i, column, f"{shown(cell)} {error}, allowed: {least:g} to {most:g}")
                continue
            values[i] = value
        return values

    def times(self, column: str, *, is_needed: bool) -> list[dt.datetime | None]:
        """[R] times; None where there is none, which is a mistake where each row needs one."""
        times: list[dt.datetime | None] = []
        for i, cell in enumerate(self.cells(column)):
            times.append(None)
            if is_blank(cell):
                self._blank(i, column, is_needed)
                continue
            try:
                times[i] = parsed(cell)
            except ValueError:
                self.wrong(i, column, f"{shown(cell)} is no time, allowed: {TIMES_ALLOWED}")
        return times

    def check_clock(self, *columns: Sequence[dt.datetime | None]) -> None:
        """Times whose local clock nobody can know are a mistake of the whole file: nothing else is told then."""
        if problem := clock_mistake([time for column in columns for time in column if time is not None],
                                    self.form.zone):
            self.mistakes.add(problem)
            self.mistakes.refuse()

    def moments(self, column: str, times: Sequence[dt.datetime | None],
                after: Sequence[Moment | None] | None = None) -> list[Moment | None]:
        """[R] the times on the local clock; of an hour that comes twice the one after `after` [R]."""
        zone, placed = self.form.zone, []
        for i, time in enumerate(times):
            before = after[i] if after is not None else None
            placed.append(self._moment(i, column, time, zone, before))
        return placed

    def rising_moments(self, column: str, times: Sequence[dt.datetime | None]) -> list[Moment | None]:
        """[R] the times on the local clock, each after the one in the row before."""
        zone, placed = self.form.zone, list[Moment | None]()
        for i, time in enumerate(times):
            placed.append(self._moment(i, column, time, zone, placed[-1] if placed else None))
        return placed

    def _moment(self, i: int, column: str, time: dt.datetime | None, zone: ZoneInfo | None,
                before: Moment | None) -> Moment | None:
        if time is None:
            return None
        try:
            return moment(time, zone, before.instant_s if before else None)
        except ValueError as error:
            self.wrong(i, column, f"{shown(self.cells(column)[i])} {error}")
            return None

    def notes(self) -> Iterator[str]:
        """How the file was read where that is not the plain way, and which of its columns were not."""
        odd = [f"encoding {self.form.encoding}" if self.form.encoding != "utf-8" else "",
               f"delimiter {self.form.delimiter}" if self.form.delimiter != "comma" else "",
               f"decimal {self.form.decimal_sign}" if self.form.decimal_sign != "point" else ""]
        if any(odd):
            yield f"read with {', '.join(filter(None, odd))}"
        if self.unread:
            yield f"columns not read: {', '.join(map(shown, self.unread))}"

    # ------------------------------------------------------------ columns
    def _columns(self, names: Mapping[str, Sequence[str]], needed: Sequence[str], only: str) -> dict[str, str]:
        """Our name -> the file's name of each column that is there."""
        there = {ours: [name for name in others if name in self._cells] for ours, others in names.items()}
        for ours, several in there.items():
            if len(several) > 1:
                self.mistakes.add(f"has {ours} twice: {' and '.join(several)}")
        if only and self.unread:
            self.mistakes.add(f"has unknown columns: {', '.join(map(shown, self.unread))}; allowed: {only}")
        if missing := [ours for ours in needed if not there[ours]]:
            header = ", ".join(shown(name) for name in self.header[:8])
            self.mistakes.add(f"lacks the columns {', '.join(missing)}; its header reads {header}")
            self.lacks = frozenset(missing)
        if needed and len(self.lacks) == len(needed):  # another table, or no header: its cells say nothing
            self.mistakes.refuse()
        return {ours: several[0] for ours, several in there.items() if several}

    def _sign(self, columns: Sequence[str]) -> str:
        try:
            return decimal_sign([cell for column in columns if self.has(column) for cell in self.cells(column)])
        except ValueError as error:
            self.mistakes.add(str(error))
            return "point"

    def _blank(self, i: int, column: str, is_needed: bool) -> None:
        if is_needed:
            self.wrong(i, column, "is empty; each row needs it")

    def wrong(self, i: int, column: str, text: str) -> None:
        """One mistake, of a cell; none where the whole column is missing."""
        if column in self.lacks:
            return
        self.mistakes.add(f"column {self._named.get(column, column)} {text}", self.places[i])
