"""How many units are on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.metrics.inputs import units_on_per_hour
from testbed.reporting.charts import REFERENCE_COLOUR, Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, widths
from testbed.reporting.figure import ReportFigure


def units_on(runs: Sequence[Run]) -> list[Chart]:
    """Units on per hour against the no-car reference."""
    lines = []
    reference = next((r.result.reference for r in runs if r.result.reference is not None), None)
    if reference is not None:
        on = reference.committed.sum(axis=1)
        lines = [Line("reference without cars", np.arange(on.size + 1), np.append(on, on[-1]),
                      REFERENCE_COLOUR, "dot", 3)]
    for run, width in zip(runs, widths(len(runs)), strict=True):
        on = units_on_per_hour(run.result)
        lines.append(Line(run.name, np.arange(on.size + 1), np.append(on, on[-1]), run.colour, run.dash, width))
    whole = {"rangemode": "tozero", "tickformat": "d", "nticks": 6}
    against = f" The reference is {reference.name}." if reference is not None else ""
    return [line_chart("Units on", f"Most units on in any step of the hour.{against}", "thermal units on [1]", lines,
                       y_axis=whole)]


FIGURES = (ReportFigure("units_on", "commitment", 10,
                        "units on per hour, and those of the reference without cars", draw=units_on),)
