"""Why cars did not do as told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.reporting.charts import (
    PART_COLOURS,
    Chart,
    LegendEntry,
    Panel,
    Part,
    area_traces,
    bar_chart,
    panel_chart,
)
from testbed.reporting.drawn_runs import Run, last_hour
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


def refusals_over_time(runs: Sequence[Run]) -> list[Chart]:
    """Cars that did not do as told in each step, by reason; only of runs that instruct cars."""
    reasons = [str(r) for r in runs[0].result.district(runs[0].result.districts[0], "reason")]
    counts = {run.name: np.sum([run.result.district(d, "refusals") for d in run.result.districts], axis=0)
              for run in runs}
    shown = [k for k in range(1, len(reasons)) if any(count[:, k].any() for count in counts.values())]
    told = [run for run in runs if counts[run.name][:, shown].any()]
    if not told:
        return []
    colours = [PART_COLOURS[i % len(PART_COLOURS)] for i in range(len(shown))]
    names = [reasons[k].replace("_", " ") for k in shown]
    panels = [Panel(run.name, area_traces(run.hours, [Part(name, counts[run.name][:, k], 0 * counts[run.name][:, k])
                                                      for name, k in zip(names, shown, strict=True)], i, colours))
              for i, run in enumerate(told)]
    legend = tuple(LegendEntry(name, colour) for name, colour in zip(names, colours, strict=True))
    return [panel_chart("Refusals over time", "Cars that did not do as told in each step, by reason, stacked; all "
                        "districts.", "cars [1]", panels, last_hour(told), legend=legend)]


FIGURES = (
    ReportFigure("refusals", "refusals", 10,
                 "vehicle-steps in which a car did not do as told, by reason", draw=refusals),
    ReportFigure("refusals_over_time", "refusals", 20, "the same step by step, for controllers that instruct cars",
                 draw=refusals_over_time),
)
