"""Faults in the report: a table of what failed, and grey bands in charts over time where something did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from testbed.faults.told import FaultTold
from testbed.reporting.charts import Chart, is_over_time
from testbed.reporting.page import table

BAND = "rgba(120,120,120,0.18)"
SECONDS_PER_HOUR = 3600


def faults_section(faults: Sequence[FaultTold]) -> str:
    """What failed, where and when, and what was done meanwhile; empty where nothing did."""
    if not faults:
        return ""
    rows = [(str(i), *map(escape, (fault.kind, fault.place or "the whole system", fault.parameters or "-", fault.when,
                                   fault.answer))) for i, fault in enumerate(faults)]
    text = "<p>Charts over time have a grey band where something failed.</p>"
    return text + table(("", "fault", "where", "parameters", "when", "meanwhile"), rows, text_columns=(1, 2, 3, 4, 5))


def marked(chart: Chart, faults: Sequence[FaultTold]) -> Chart:
    """The chart with a band for each fault, if it is one over time."""
    if not faults or not is_over_time(chart):
        return chart
    bands = [{"type": "rect", "xref": "x", "yref": "paper", "x0": fault.from_s / SECONDS_PER_HOUR,
              "x1": fault.until_s / SECONDS_PER_HOUR, "y0": 0, "y1": 1, "fillcolor": BAND, "line": {"width": 0},
              "layer": "below"} for fault in faults]
    return replace(chart, layout={**chart.layout, "shapes": [*chart.layout.get("shapes", []), *bands]})
