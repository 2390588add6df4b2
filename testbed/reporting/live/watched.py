"""A result file while its run writes it: looked at again and again, and how that ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from testbed.metrics.inputs import networks
from testbed.reporting.charts import numbers
from testbed.reporting.feeder_view import packed, values_of
from testbed.reporting.live.panels import events, lines_of
from testbed.results.reading import Result, ResultError, open_result
from testbed.running.preflight import WrongRequest

GOING_ON = ("running", "unfinished")
"""Statuses of a file that may still be written; `unfinished`: by a process on another machine."""
MOST_FAILED_LOOKS = 10
"""In a row: a look may fall into the moment in which something is written."""


def result_to_watch(path: Path) -> Result:
    """The result that is being written there; WrongRequest, in a sentence, for anything else."""
    try:
        result = open_result(path)
        status, ending = result.status, result.ending
    except (ResultError, OSError, LookupError) as error:
        raise WrongRequest([str(error) if isinstance(error, ResultError) else
                            f"{path}: is damaged ({type(error).__name__}: {error})"]) from error
    if status not in GOING_ON:
        raise WrongRequest([f"{path}: nothing is left to follow: {ending}; `testbed report {path}` makes its page"])
    return result


@dataclass
class Watched:
    """What is known of the run so far: all that the page may ask for."""

    path: Path
    run: str
    """By which the file is known again."""
    written: int = 0
    total: int = 0
    ending: str = ""
    status: str = "running"
    hours: list[float] = field(default_factory=list)
    lines: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    feeders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Voltages and loadings [T, bus] by district and case."""
    events: list[tuple[str, str]] = field(default_factory=list)
    failed_looks: int = 0
    told_s: float = 0.0
    """When the page last asked."""
    is_told_all: bool = False
    """Whether a page has heard how it ended."""

    @property
    def is_over(self) -> bool:
        return self.status not in GOING_ON

    def look(self) -> None:
        """Take what the file has more than at the last look. Never raises: what is wrong becomes the ending."""
        try:
            result = open_result(self.path)
            if name_of(result) != self.run:
                self._end("replaced", f"{self.path}: was replaced by another run while it was watched")
                return
            with result.held_open():
                self._take(result)
            self.failed_looks = 0
        except ResultError as error:
            gone = not self.path.exists()
            self._end("vanished" if gone else "unreadable",
                      f"{self.path}: has vanished while it was watched" if gone else str(error))
        except (OSError, LookupError, ValueError, RuntimeError) as error:
            self.failed_looks += 1
            if self.failed_looks >= MOST_FAILED_LOOKS:
                self._end("unreadable", f"{self.path}: cannot be read any more ({type(error).__name__}: {error})")

    def _take(self, result: Result) -> None:
        written, before = result.steps_written, self.written
        self.total = result.steps_total
        if written > before:
            self.hours += numbers(result.time_s[before:] / 3600, 7)
            for panel, lines in lines_of(result).items():
                for name, values in lines.items():
                    self.lines.setdefault(panel, {}).setdefault(name, []).extend(numbers(values[before:]))
            for district in networks(result):
                self.feeders[district] = values_of(result, district)
            self.events += events(result, before)
            self.written = written
        self.status, self.ending = result.status, result.ending

    def _end(self, status: str, told: str) -> None:
        self.status, self.ending = status, told

    def since(self, first: int) -> dict[str, Any]:
        """What the page has not: steps from `first` on, and all of what goes with them."""
        self.told_s, self.is_told_all = time.monotonic(), self.is_told_all or self.is_over
        first = min(max(first, 0), self.written)
        return {"from": first, "written": self.written, "total": self.total, "status": self.status,
                "ending": self.ending, "over": self.is_over, "hours": self.hours[first:],
                "lines": {panel: {name: values[first:] for name, values in lines.items()}
                          for panel, lines in self.lines.items()},
                "feeders": {district: {case: packed_from(values, first) for case, values in cases.items()}
                            for district, cases in self.feeders.items()},
                "events": self.events}


def packed_from(values: tuple[str, Any], first: int) -> str:
    """Rows from `first` on as the page's script reads them; the scale stands with the values."""
    scale, rows = values
    return packed(np.asarray(rows)[first:], scale)


def name_of(result: Result) -> str:
    """By which a run's file is known again: its own name, and the process that it belongs to."""
    owner = result.owner
    return f"{result.run_id} {owner.to_json() if owner else ''}"


def watched(result: Result) -> Watched:
    """To be looked at from now on."""
    return Watched(result.path, name_of(result), total=result.steps_total)
