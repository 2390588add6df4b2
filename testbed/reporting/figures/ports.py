"""How many cars are plugged in, and how many wait for a port."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import Chart, line_chart
from testbed.reporting.drawn_runs import Run, lines_of
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array


def plugged_in(runs: Sequence[Run]) -> list[Chart]:
    """Cars plugged in as each step begins, all districts."""
    return [line_chart("Cars plugged in", "As each step begins; all districts.", "cars [1]",
                       lines_of(runs, lambda run: _sum(run, "plugged_count")))]


def waiting(runs: Sequence[Run]) -> list[Chart]:
    """Cars that wait for a port as each step ends; nothing where none ever does."""
    if not any(_sum(run, "queue_count").any() for run in runs):
        return []
    return [line_chart("Cars waiting for a port", "As each step ends; all districts.", "cars [1]",
                       lines_of(runs, lambda run: _sum(run, "queue_count")))]


def _sum(run: Run, name: str) -> Array:
    """[T] over districts and groups."""
    values = [np.asarray(run.result.district(d, name)) for d in run.result.districts]
    return np.asarray(np.sum([v.reshape(v.shape[0], -1).sum(axis=1) for v in values], axis=0))


FIGURES = (
    ReportFigure("plugged_in", "cars", 21, "cars plugged in over time", draw=plugged_in),
    ReportFigure("waiting", "cars", 22, "cars waiting for a port over time, where any does", draw=waiting),
)
