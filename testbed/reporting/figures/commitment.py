"""Which units run, and at what power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import Chart, Panel, heat_trace, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour, thin
from testbed.reporting.figure import ReportFigure


def commitment(runs: Sequence[Run]) -> list[Chart]:
    """Power of each unit; blank where off."""
    panels = []
    for run in runs:
        p_mw = np.where(run.result.system("committed") > 0, run.result.system("p_mw"), np.nan)
        hours, values = thin(run, p_mw, np.fmax)
        panels.append(Panel(run.name, [heat_trace(hours, run.result.unit_names, values.T, "MW")]))
    rows = len(runs[0].result.unit_names)
    return [panel_chart("Commitment", "Power of each thermal unit; blank where it is off.", "", panels,
                        last_hour(runs), {"autorange": "reversed", "type": "category"}, "power [MW]", 40 + 13 * rows)]


FIGURES = (ReportFigure("commitment", "commitment", 20, "power of each unit; blank where it is off", draw=commitment),)
