"""How far a study is, and its tables made of what lies in its folder, whoever carried out the cases."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from testbed.running.preflight import WrongRequest
from testbed.sweeping.alone import alone_in, cases_at_hand
from testbed.sweeping.case import PARTS, case_failure, case_record, clear_parts, is_complete
from testbed.sweeping.sweep import LISTING, Sweep, sweep_request, write_tables

MOST_TOLD = 5
"""Failed cases that are named."""


@dataclass(frozen=True)
class Standing:
    """Cases of a study by what has become of them."""

    completed: int
    failed: tuple[str, ...]
    """Key and cause of each."""
    at_hand: int
    """Of the others, how many somebody is at."""
    total: int

    @property
    def missing(self) -> int:
        return self.total - self.completed

    @property
    def lines(self) -> list[str]:
        """In words, with the first causes of failures."""
        left = self.total - self.completed - len(self.failed)
        counts = (f"{self.total} cases: {self.completed} completed, {len(self.failed)} failed, {self.at_hand} under "
                  f"way, {max(left - self.at_hand, 0)} open")
        more = len(self.failed) - MOST_TOLD
        return [counts, *(f"failed: {text}" for text in self.failed[:MOST_TOLD]),
                *([f"and {more} more"] if more > 0 else [])]


def standing(sweep: Sweep) -> Standing:
    """As it is now, from the records of the cases; nothing is written."""
    done = [case.key for case in sweep.cases if is_complete(sweep.folder, case.key)]
    complete = set(done)
    failures = ((case.key, case_failure(case_record(sweep.folder, case.key))) for case in sweep.cases
                if case.key not in complete)
    failed = tuple(f"{key} {failure.text}" for key, failure in failures if failure is not None)
    return Standing(len(done), failed, cases_at_hand(sweep.folder / PARTS), len(sweep.cases))


def collected(folder: Path) -> tuple[Path, Standing]:
    """Make the tables of the study whose cases lie there; the folder, and how far the study is.

    What killed processes left half-written goes, unless somebody writes there now. WrongRequest where it is no folder
    of a study.
    """
    sweep = sweep_request(_study_of(folder), folder)
    write_tables(sweep)
    with suppress(WrongRequest), alone_in(sweep.folder):
        clear_parts(sweep.folder)
    return sweep.folder, standing(sweep)


def _study_of(folder: Path) -> str:
    """File of the study, as it stands in its folder."""
    listing = folder / LISTING
    if not listing.is_file():
        raise WrongRequest([f"{folder}: is no folder of a study (it has no {LISTING}; `testbed sweep` writes it)"])
    try:
        file = json.loads(listing.read_text(encoding="utf-8"))["file"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WrongRequest([f"{listing}: cannot be read ({type(error).__name__}: {error})"]) from error
    if not isinstance(file, str):
        raise WrongRequest([f"{folder}: its study was described in Python, where `testbed.sweep` writes its tables"])
    return file
