"""Runs as figures show them: a colour each, step lines that reach the end, and what differences are from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats
from testbed.metrics.comparability import base_controller
from testbed.reporting.charts import Line
from testbed.results.layout import Array
from testbed.results.reading import Result

HEAT_COLUMNS = 200
"""Heat maps of longer runs show hours instead of steps."""


@dataclass(frozen=True)
class Run:
    """One controller in the figures."""

    name: str
    colour: str
    dash: str
    result: Result

    @property
    def hours(self) -> Floats:
        return np.asarray(self.result.time_s / 3600)


def with_end(run: Run, values: Array) -> tuple[Array, Array]:
    """Step means as a step line that reaches the end of its last step."""
    return np.append(run.hours, run.hours[-1] + run.result.step_h), np.append(values, values[-1])


def lines_of(runs: Sequence[Run], values: Callable[[Run], Array]) -> list[Line]:
    """A line per run."""
    return [Line(run.name, *with_end(run, values(run)), run.colour, run.dash, width)
            for run, width in zip(runs, widths(len(runs)), strict=True)]


def widths(count: int) -> Floats:
    """Earlier lines are wider, so that they show under later ones that cover them."""
    return np.linspace(min(1.6 + 0.8 * (count - 1), 5.0), 1.6, count)


def last_hour(runs: Sequence[Run]) -> float:
    """At which the longest run ends."""
    return max(float(run.hours[-1]) + run.result.step_h for run in runs)


def base_and_others(runs: Sequence[Run]) -> tuple[Run, list[Run]]:
    """The run that differences are from, as in the tables, and the rest."""
    name = base_controller(run.result.controller for run in runs)
    base = next(run for run in runs if run.result.controller == name)
    return base, [run for run in runs if run is not base]


def thin(run: Run, values: Array, extreme: np.ufunc) -> tuple[Array, Array]:
    """Columns of a heat map [T, rows], at their middle: steps, or the hours' extremes in long runs."""
    if values.shape[0] <= HEAT_COLUMNS:
        return run.hours + run.result.step_h / 2, values
    hour = (run.result.time_s // 3600).astype(int)
    starts = np.flatnonzero(np.diff(hour, prepend=hour[0] - 1))
    return hour[starts] + 0.5, extreme.reduceat(values, starts, axis=0)
