"""The lowest voltage over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import Chart, line_chart
from testbed.reporting.drawn_runs import Run, lines_of
from testbed.reporting.figure import ReportFigure


def lowest_voltage(runs: Sequence[Run], district: str) -> list[Chart]:
    """Lowest voltage of the feeder over time, with its lower limit."""
    lower = next(d["v_min_pu"] for d in runs[0].result.scenario["districts"] if d["name"] == district)
    lines = lines_of(runs, lambda r: np.fmin.reduce(r.result.district(district, "vm_pu"), axis=1))
    return [line_chart(f"Lowest voltage over time: {district}", f"Lowest of all buses; the lower limit is {lower:g} "
                       "pu.", "voltage [pu]", lines, [lower], digits=6)]


FIGURES = (ReportFigure("lowest_voltage", "voltage", 10,
                        "lowest voltage of the feeder over time, with its lower limit", draw_network=lowest_voltage),)
