"""Voltages of all buses over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import Chart, Panel, heat_trace, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour, thin
from testbed.reporting.figure import ReportFigure


def voltage_map(runs: Sequence[Run], district: str) -> list[Chart]:
    """Voltage of each bus over time."""
    panels = []
    for run in runs:
        hours, values = thin(run, run.result.district(district, "vm_pu"), np.fmin)
        bus = list(run.result.bus_labels(district))
        panels.append(Panel(run.name, [heat_trace(hours, bus, values.T, "pu")]))
    return [panel_chart(f"Voltages: {district}", "AC voltage of what happened at each bus; dark is low.",
                        "bus number [1]", panels, last_hour(runs), {"type": "category", "nticks": 6},
                        "voltage [pu]", 200)]


FIGURES = (ReportFigure("voltage_map", "voltage", 30, "voltage of each bus over time", draw_network=voltage_map),)
