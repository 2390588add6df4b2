"""Rows of a CSV file as a table of a page: which columns, in which format, along which axes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from experiments.publishing.tables import PublishedError, Row
from testbed.cli.doc_rows import markdown

ANY_DIGIT = re.compile("[1-9]")
"""What rounds to nothing has no sign: -0.001 as a whole number is 0."""
Cell = Callable[[Row], str]


@dataclass(frozen=True)
class Column:
    """A column of a page's table: its head, and what it shows of a row."""

    head: str
    cell: Cell


def shown(text: str, form: str = "") -> str:
    """A cell: by Python's format if there is one, nothing where there is no finite number, words as they are."""
    if not text or not form:
        return text
    try:
        value = number(text)
    except ValueError as wrong:
        raise PublishedError(f"{text!r} is no number, so it has no format {form!r}") from wrong
    if not math.isfinite(value):
        return ""
    text = f"{value:{form}}"
    return (text if ANY_DIGIT.search(text) else f"{0.0:{form}}").replace("%", " %")


def number(text: str) -> float:
    """As people or Python wrote it: 1,234.5 is 1234.5; NaN where there is none."""
    return float("nan") if text in ("", "-") else float(text.replace(",", ""))


def column(head: str, name: str, form: str = "") -> Column:
    """One value of the row."""
    return Column(head, lambda row: shown(row[name], form))


def code(head: str, name: str) -> Column:
    """A name as code."""
    return Column(head, lambda row: f"`{row[name]}`" if row[name] else "")


def interval(head: str, name: str, half: str, form: str = ",.0f") -> Column:
    """Mean with its sign, and the half width of its interval."""
    return Column(head, lambda row: plus_minus(row, name, half, form))


def plus_minus(row: Row, name: str, half: str, form: str = ",.0f") -> str:
    """`+1,254 ± 165`; without a half width the mean alone."""
    mean, width = shown(row[name], f"+{form}"), shown(row.get(half, ""), form)
    return f"{mean} ± {width}" if width else mean


def bold(text: str) -> str:
    """Bold, if there is any."""
    return f"**{text}**" if text else ""


def listing(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """A line per row."""
    return markdown([column.head for column in columns], [[column.cell(row) for column in columns] for row in rows])


def cross(rows: Sequence[Row], down: Sequence[Column], across: Column, cell: Cell) -> str:
    """A line per different `down`, a column per different `across`; one row per place, none: empty."""
    places: dict[tuple[tuple[str, ...], str], Row] = {}
    for row in rows:
        place = (tuple(column.cell(row) for column in down), across.cell(row))
        if place in places:
            raise PublishedError(f"two rows at {', '.join(place[0])}, {place[1]}: {dict(row)}")
        places[place] = row
    lines, heads = (list(dict.fromkeys(place[axis] for place in places)) for axis in (0, 1))
    body = [[*line, *(cell(places[line, head]) if (line, head) in places else "" for head in heads)]  # type: ignore
            for line in lines]
    return markdown([*(column.head for column in down), *heads], body)  # type: ignore[list-item]


def figures_by(rows: Sequence[Row], forms: Mapping[str, str], controllers: Sequence[str] = ()) -> str:
    """Figures down, controllers across, from rows of `metrics.csv`; forms: format by figure, in this order."""
    at = {(row["metric"], row["controller"]): row for row in rows}
    names = controllers or list(dict.fromkeys(row["controller"] for row in rows))
    body = [[f"`{figure}`", *(shown(at[figure, name]["value"], form) for name in names)]
            for figure, form in forms.items()]
    return markdown(["", *(f"`{name}`" for name in names)], body)
