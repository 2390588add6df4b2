"""Single published numbers within prose: TABLE COLUMN [± COLUMN] [where KEY=VALUE, ...] [as FORMAT].

    layers.plans j_usd where name=bilayer as ,.0f
    compliance.costs usd ± ci95_usd where controller=bilayer, compliance=0.6 as +,.0f
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from experiments.publishing.markdown import shown
from experiments.publishing.tables import DATA, PublishedError, Row, read_table

GRAMMAR = re.compile(r"(?P<table>[\w.]+) (?P<column>.+?)(?: ± (?P<half>.+?))?(?: where (?P<where>.+?))?"
                     r"(?: as (?P<form>\S+))?")


@dataclass(frozen=True)
class Value:
    """One number of one row."""

    table: str
    column: str
    half: str
    where: tuple[tuple[str, str], ...]
    form: str

    def text(self, data: Path = DATA) -> str:
        """As it stands in the prose; PublishedError unless exactly one row and its columns are there."""
        row = self._row(data)
        if missing := [name for name in (self.column, self.half) if name and name not in row]:
            raise PublishedError(f"{self.table}: no column {', '.join(missing)}; there are {', '.join(row)}")
        mean = shown(row[self.column], self.form)
        return f"{mean} ± {shown(row[self.half], self.form.lstrip('+'))}" if self.half else mean

    def _row(self, data: Path) -> Row:
        rows = read_table(self.table, data).rows
        matching = [row for row in rows if all(_same(row.get(key), wanted) for key, wanted in self.where)]
        if len(matching) != 1:
            raise PublishedError(f"{self.table} where {', '.join('='.join(pair) for pair in self.where)}: "
                                 f"{len(matching)} rows, must be 1")
        return matching[0]


def parsed(text: str) -> Value:
    """The value that the words name; PublishedError if they do not follow the grammar."""
    match = GRAMMAR.fullmatch(text.strip())
    pairs = [pair.partition("=") for pair in re.split(r",\s*", match["where"] or "")] if match else []
    if match is None or not all(equals for _, equals, _ in pairs if match["where"]):
        raise PublishedError(f"value {text!r}: must be TABLE COLUMN [± COLUMN] [where KEY=VALUE, ...] [as FORMAT]")
    where = tuple((key.strip(), wanted.strip()) for key, equals, wanted in pairs if equals)
    return Value(match["table"], match["column"], match["half"] or "", where, match["form"] or "")


def _same(text: str | None, wanted: str) -> bool:
    """Equal as words or as numbers: 0.60 is 0.6."""
    if text is None or text == wanted:
        return text is not None
    try:
        return float(text) == float(wanted)
    except ValueError:
        return False
