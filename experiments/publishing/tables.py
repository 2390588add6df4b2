"""A published table: one CSV file with its rows, and beside it a JSON record of what they came from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DATA = DOCS / "data"
CODE = re.compile(r"[0-9a-f]{16}|before [0-9a-f]{7,40}")
SHA256 = re.compile(r"[0-9a-f]{64}")

Row = Mapping[str, str]
"""A line of a CSV file by its header."""


class PublishedError(ValueError):
    """Published data, a page or a declaration that does not fit; the message names file, key and what is allowed."""


@dataclass(frozen=True)
class Record:
    """Where the rows of a table came from; PublishedError lists every mistake."""

    command: str
    code: str
    """Hash of the sources (`testbed.wiring.code_version`), or `before COMMIT` where it was not kept."""
    date: str
    """Day on which the command ended, ISO 8601."""
    minutes: float | None
    """Wall time over all its calls; None where it was not kept."""
    seeds: str
    scenario: str
    controllers: tuple[str, ...]
    sha256: str
    """Of the CSV file."""
    note: str = ""

    def __post_init__(self) -> None:
        if mistakes := [*self._mistakes()]:
            raise PublishedError("; ".join(mistakes))

    def _mistakes(self) -> Sequence[str]:
        checks = {
            "command: must not be empty": bool(self.command.strip()),
            f"code {self.code!r}: must be 16 hex digits or `before COMMIT`": bool(CODE.fullmatch(self.code)),
            f"date {self.date!r}: must be a day as in 2026-01-31": _is_day(self.date),
            f"minutes {self.minutes!r}: must be 0 or more, or null": _is_duration(self.minutes),
            f"sha256 {self.sha256!r}: must be 64 hex digits": bool(SHA256.fullmatch(self.sha256)),
        }
        return [text for text, is_right in checks.items() if not is_right]

    @property
    def caption(self) -> str:
        """Date, code, minutes, seeds and command in a line."""
        minutes = "minutes not kept" if self.minutes is None else f"{self.minutes:.3g} minutes"
        words = [self.date, f"code {self.code}", minutes, f"seeds {self.seeds}" if self.seeds else "", self.note]
        return f"{', '.join(word for word in words if word)}; `{self.command}`"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_duration(minutes: float | None) -> bool:
    return minutes is None or (math.isfinite(minutes) and minutes >= 0)


@dataclass(frozen=True)
class Table:
    """Rows and record."""

    name: str
    """EXPERIMENT.TABLE"""
    rows: tuple[Row, ...]
    record: Record


def csv_path(name: str, data: Path = DATA) -> Path:
    """Where the rows of EXPERIMENT.TABLE lie."""
    return data.joinpath(*name.split(".")).with_suffix(".csv")


def has_table(name: str, data: Path = DATA) -> bool:
    """Whether it was published."""
    return csv_path(name, data).is_file()


def read_table(name: str, data: Path = DATA) -> Table:
    """The table; PublishedError if the file or its record is missing, wrong, or not of these rows."""
    path = csv_path(name, data)
    if not path.is_file():
        raise PublishedError(f"{path}: no such table")
    record = read_record(path.with_suffix(".json"))
    content = path.read_bytes()
    if sha256_of(content) != record.sha256:
        raise PublishedError(f"{path}: its rows are not those that its record is about (sha256)")
    return Table(name, tuple(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))), record)


def read_record(path: Path) -> Record:
    """The record in a JSON file; PublishedError names what is wrong."""
    if not path.is_file():
        raise PublishedError(f"{path}: no record beside the table")
    said = json.loads(path.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Record)}
    if set(said) != names:
        raise PublishedError(f"{path}: keys must be {', '.join(sorted(names))}")
    try:
        return Record(**{**said, "controllers": tuple(said["controllers"])})
    except PublishedError as wrong:
        raise PublishedError(f"{path}: {wrong}") from wrong


def write_table(name: str, rows: Sequence[Row], about: Mapping[str, object], data: Path = DATA) -> Table:
    """Rows and record into their two files; `about` has the record's other fields."""
    path = csv_path(name, data)
    content = csv_of(rows).encode("utf-8")
    record = Record(**{**about, "sha256": sha256_of(content)})  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    return Table(name, tuple(rows), record)


def csv_of(rows: Sequence[Row]) -> str:
    """As CSV with a header; PublishedError without any row."""
    if not rows:
        raise PublishedError("a table without rows cannot be published")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_of_file(path: Path) -> list[Row]:
    """The lines of an experiment's own CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sha256_of(content: bytes) -> str:
    """Hex digits."""
    return hashlib.sha256(content).hexdigest()
