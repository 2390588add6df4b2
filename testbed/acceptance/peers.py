"""Other engines' answers, recorded once in environments of their own (benchmarks/peers/), read from a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from testbed.acceptance.case import Case, CaseError
from testbed.acceptance.judging import Verdict, judged, judged_refusal

COLUMNS = ("engine", "version", "date", "case", "outcome", "quantity", "value", "words")
OUTCOMES = ("value", "refuses", "cannot")


@dataclass
class Recorded:
    """What one engine said to one case."""

    outcome: str
    values: dict[str, float] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class Peer:
    """An engine with what it said when."""

    name: str
    version: str
    date: str
    answers: dict[str, Recorded]

    def verdict(self, case: Case) -> Verdict:
        """Of a case; `cannot` where the engine was not asked, or has no part for it."""
        told = self.answers.get(case.name, Recorded("cannot", words="not asked"))
        if told.outcome == "cannot":
            return Verdict(case.name, self.name, "cannot", told.words)
        if told.outcome == "refuses":
            return judged_refusal(case, self.name, told.words)
        return judged(case, self.name, told.values)


def read_peers(files: Sequence[Path]) -> list[Peer]:
    """One engine a file; CaseError names file, row and value."""
    return [_peer(file) for file in files]


def _peer(file: Path) -> Peer:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CaseError([f"{file}: is no table of text in UTF-8: {error}"]) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise CaseError([f"{file}: must hold rows with the columns {', '.join(COLUMNS)}"])
    answers: dict[str, Recorded] = {}
    for number, row in enumerate(rows, 2):
        if row["outcome"] not in OUTCOMES:
            raise CaseError([f"{file}: line {number}: outcome {row['outcome']!r}, allowed: {', '.join(OUTCOMES)}"])
        answer = answers.setdefault(row["case"], Recorded(row["outcome"], words=row["words"]))
        if row["outcome"] == "value":
            try:
                answer.values[row["quantity"]] = float(row["value"])
            except (TypeError, ValueError):  # a row that ends before its value has None there
                raise CaseError([f"{file}: line {number}: value {row['value']!r} is no number"]) from None
    return Peer(rows[0]["engine"], rows[0]["version"], rows[0]["date"], answers)
