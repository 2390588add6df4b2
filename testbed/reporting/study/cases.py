"""A study as its folder tells it: axes, points, and the figures of every case."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from testbed.metrics.comparability import base_controller
from testbed.metrics.registry import METRICS
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest
from testbed.sweeping.case import VIOLATIONS, case_failure, case_record
from testbed.sweeping.study import load_study
from testbed.sweeping.sweep import AUDITED, LISTING, OPTIMISED, TABLE

BEFORE_AXES, STATUSES = ("case", "controller", "seed"), ("completed", "failed", "open")
Point = tuple[str, ...]
"""Values on the study's axes, as JSON."""


@dataclass(frozen=True)
class StudyCase:
    """One case of the table."""

    key: str
    controller: str
    seed: int
    point: Point
    status: str
    """completed, failed or open."""
    figures: Mapping[str, float]
    """All of a completed case that apply; empty of others."""
    optimised: str = ""
    violations: int = 0
    """Rules of the audit that it breaks."""
    cause: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class StudyCases:
    """All cases of a study in its order."""

    name: str
    axes: tuple[str, ...]
    metrics: tuple[str, ...]
    """Figures of the study's table."""
    cases: tuple[StudyCase, ...]
    scenarios: tuple[Mapping[str, Any], ...] = ()
    """Resolved scenario of each point of which a case is complete."""
    description: str = ""

    @cached_property
    def completed(self) -> tuple[StudyCase, ...]:
        return tuple(case for case in self.cases if case.status == "completed")

    @cached_property
    def controllers(self) -> tuple[str, ...]:
        """In the study's order."""
        return tuple(dict.fromkeys(case.controller for case in self.cases))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """In the study's order."""
        return tuple(dict.fromkeys(case.point for case in self.cases))

    @property
    def base(self) -> str:
        """The controller that differences are from."""
        return base_controller(self.controllers)

    def values(self, axis: int) -> tuple[str, ...]:
        """Different values of an axis, numbers in their order, others as they come."""
        texts = tuple(dict.fromkeys(point[axis] for point in self.points))
        return tuple(sorted(texts, key=float)) if self.is_numeric(axis) else texts

    def is_numeric(self, axis: int) -> bool:
        """True if all values of the axis are numbers."""
        return all(type(json.loads(text)) in (int, float) for text in {point[axis] for point in self.points})

    @cached_property
    def _figures(self) -> Mapping[tuple[Point, str, int], Mapping[str, float]]:
        """Of seeds that every controller with a complete case at the point has: else means would be of other days."""
        rivals, there = defaultdict[Point, set[str]](set), defaultdict[tuple[Point, int], set[str]](set)
        for case in self.completed:
            rivals[case.point].add(case.controller)
            there[case.point, case.seed].add(case.controller)
        return {(case.point, case.controller, case.seed): case.figures for case in self.completed
                if there[case.point, case.seed] == rivals[case.point]}

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(case.seed for case in self.cases))

    def figures(self, point: Point, controller: str, seed: int) -> Mapping[str, float]:
        """Of a case; empty where it, or its seed under another controller, is not complete."""
        return self._figures.get((point, controller, seed), {})

    def by_seed(self, figure: str, controller: str, point: Point) -> dict[int, float]:
        """A figure of all seeds that have it."""
        return {seed: values[figure] for seed in self.seeds
                if figure in (values := self.figures(point, controller, seed))}


def in_words(text: str) -> str:
    """A value of an axis as people read it: texts without their quotes."""
    value = json.loads(text)
    return value if isinstance(value, str) else text


# ---------------------------------------------------------------- from the folder
def is_study(folder: Path) -> bool:
    """True for a folder of a study."""
    return (folder / LISTING).is_file()


def study_cases(folder: Path) -> StudyCases:
    """What the folder of a study holds; WrongRequest where its table is missing, damaged or of another study."""
    table = folder / TABLE
    if not table.is_file():
        raise WrongRequest([f"{folder}: has no {TABLE} yet; `testbed collect {folder}` makes it of the cases there"])
    try:
        with table.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
    except (OSError, ValueError) as error:
        raise WrongRequest([f"{table}: cannot be read ({type(error).__name__}: {error})"]) from error
    if tuple(head[:3]) != BEFORE_AXES or "status" not in head or head[-2:] != [AUDITED, OPTIMISED]:
        raise WrongRequest([f"{table}: must have the columns {', '.join(BEFORE_AXES)}, axes, status, figures, "
                            f"{AUDITED}, {OPTIMISED}, as `testbed sweep` writes them; has {', '.join(head)[:300]}"])
    status = head.index("status")
    mistakes: list[str] = []
    cases = tuple(_cases(folder, table, rows, (len(head), status), mistakes))
    if mistakes:
        raise WrongRequest(mistakes)
    study = StudyCases(_name(folder), tuple(head[3:status]), tuple(n for n in head[status + 1:-2] if n in METRICS),
                       cases, tuple(_scenarios(folder, cases)), _description(folder))
    if not study.completed:
        raise WrongRequest([f"{folder}: none of its {len(cases)} cases is complete, so there is nothing to report; "
                            "`testbed sweep` runs them"])
    return study


def _cases(folder: Path, table: Path, rows: Sequence[Sequence[str]], shape: tuple[int, int],
           mistakes: list[str]) -> Iterator[StudyCase]:
    columns, status = shape
    for line, row in enumerate(rows, start=2):
        if wrong := _wrong(row, columns, status):
            mistakes.append(f"{table}: line {line}: {wrong}")
            continue
        record = case_record(folder, row[0])
        figures = {name: float(value) for name, value in record.get("metrics", {}).items() if value is not None}
        if row[status] == "completed" and not figures:
            mistakes.append(f"{table}: line {line}: case {row[0]} is called complete, but its figures are not in "
                            f"{folder / 'cases'}; `testbed collect {folder}` makes the table anew")
            continue
        failure = case_failure(record)
        yield StudyCase(row[0], row[1], int(row[2]), tuple(row[3:status]), row[status],
                        figures if row[status] == "completed" else {}, row[-1], len(record.get(VIOLATIONS, ())),
                        failure.text if failure and row[status] == "failed" else "")


def _wrong(row: Sequence[str], columns: int, status: int) -> str:
    """What is wrong with a line of the table; empty if nothing is."""
    if len(row) != columns:
        return f"has {len(row)} columns, must have {columns}"
    if not row[2].isdigit():
        return f"seed {row[2]!r}: must be a whole number"
    if row[status] not in STATUSES:
        return f"status {row[status]!r}: must be {', '.join(STATUSES)}"
    try:
        for value in row[3:status]:
            json.loads(value)
    except ValueError:
        return f"{value!r}: must be a value as JSON"
    return ""


def _name(folder: Path) -> str:
    return str(_listing(folder).get("name") or folder.name)


def _description(folder: Path) -> str:
    """From the study's file, where that is still there and readable."""
    try:
        return load_study(str(_listing(folder)["file"]))[0].description
    except (WrongRequest, LookupError):
        return ""


def _listing(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongRequest([f"{folder / LISTING}: cannot be read ({type(error).__name__}: {error})"]) from error
    return content if isinstance(content, dict) else {}


def _scenarios(folder: Path, cases: Sequence[StudyCase]) -> Iterator[Mapping[str, Any]]:
    """One of each point with a complete case, from its result."""
    seen = set[Point]()
    for case in cases:
        if case.status == "completed" and case.point not in seen:
            seen.add(case.point)
            try:
                yield open_result(folder / "cases" / f"{case.key}.h5").scenario
            except ResultError as error:
                raise WrongRequest([str(error)]) from error


Choose = Callable[[Point], bool]
"""Which points are meant."""
