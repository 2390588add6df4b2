"""The lowest voltage along the feeder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.records.arrays import Ints
from testbed.reporting.charts import Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, widths
from testbed.reporting.figure import ReportFigure
from testbed.results.reading import Result


def voltage_profile(runs: Sequence[Run], district: str) -> list[Chart]:
    """Lowest voltage of each bus over the whole run; the line breaks where the next bus hangs on another one."""
    lines = []
    for run, width in zip(runs, widths(len(runs)), strict=True):
        bus = run.result.district(district, "bus").astype(float)
        lowest = np.fmin.reduce(run.result.district(district, "vm_pu"), axis=0)
        starts = branch_starts(run.result, district)
        lines.append(Line(run.name, np.insert(bus, starts, bus[starts] - 0.5), np.insert(lowest, starts, np.nan),
                          run.colour, run.dash, width))
    return [line_chart(f"Lowest voltage along the feeder: {district}", "Lowest value of each bus over the run. Lines "
                       "break where a branch begins.", "voltage [pu]", lines,
                       x_axis={"title": {"text": "bus number [1]"}}, shape="hvh", digits=6)]


def branch_starts(result: Result, district: str) -> Ints:
    """Positions of buses that do not hang on the one before them; none where the file does not know."""
    if not result.holds(district, "bus_parent"):
        return np.zeros(0, dtype=np.int64)
    bus, parent = (np.asarray(result.district(district, name)) for name in ("bus", "bus_parent"))
    return np.flatnonzero(parent[1:] != bus[:-1]) + 1


FIGURES = (ReportFigure("voltage_profile", "voltage", 20,
                        "lowest voltage of each bus over the run", draw_network=voltage_profile),)
