"""Why cars did not do as told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import Chart, bar_chart
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figure import ReportFigure


def refusals(runs: Sequence[Run]) -> list[Chart]:
    """Vehicle-steps in which a car did not do as told, by reason."""
    reasons = [str(r) for r in runs[0].result.district(runs[0].result.districts[0], "reason")]
    counts = np.array([sum(run.result.district(d, "refusals").sum(axis=0) for d in run.result.districts)
                       for run in runs])
    parts = [(name.replace("_", " "), list(counts[:, k])) for k, name in enumerate(reasons) if k > 0]
    return [bar_chart("Refusals", "Vehicle-steps in which a car did not do as told, by reason; all districts. "
                      "Controllers that instruct no car have no refusals.", "vehicle-steps [1]",
                      [run.name for run in runs], [p for p in parts if np.sum(p[1]) > 0] or parts[:1])]


FIGURES = (ReportFigure("refusals", "refusals", 10,
                        "vehicle-steps in which a car did not do as told, by reason", draw=refusals),)
