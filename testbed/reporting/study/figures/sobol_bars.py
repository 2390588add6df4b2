"""Which of the varied keys a figure depends on: shares of its variance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.records.arrays import Floats
from testbed.metrics.titles import controller_title, title
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, Panel, label, numbers, panel_chart
from testbed.reporting.study.cases import StudyCases
from testbed.reporting.study.figure import StudyFigure
from testbed.reporting.study.variance import Shares, shares, to_plain

ROW_PX, FRAME_PX = 34, 30
ORDERS = (("alone", PART_COLOURS[0]), ("with all that it takes part in", PART_COLOURS[1]))


def sobol_bars(study: StudyCases, metric: str) -> list[Chart]:
    """First and total order of each input, a panel per controller; nothing where the points do not tell them."""
    told = {name: part for name in study.controllers if (part := shares(study, metric, name))}
    if not told:
        return []
    first = next(iter(told.values()))
    chart = panel_chart(
        f"What {title(metric)} depends on", "Sobol indices: share of the variance that an input explains alone (first "
        f"order), and with all that it takes part in (total order), from {first.how}; bootstrap intervals of 95 % "
        "where there is enough to draw from.", "", [_panel(name, part) for name, part in told.items()], 0.0,
        {"type": "category", "autorange": "reversed"}, panel_px=FRAME_PX + ROW_PX * len(first.inputs),
        legend=tuple(LegendEntry(words, colour) for words, colour in ORDERS),
        x_axis={"title": {"text": "share of the variance [1]"}, "range": [-0.05, 1.1]})
    return [replace(chart, layout=chart.layout | {"barmode": "group", "hovermode": "closest"})]


def _panel(controller: str, told: Shares) -> Panel:
    return Panel(controller_title(controller), [_bars(told, *order) for order in (
        (told.first, told.first_ci95, *ORDERS[0]), (told.total, told.total_ci95, *ORDERS[1]))])


def _bars(told: Shares, values: Floats, ci95: Floats, words: str, colour: str) -> dict[str, Any]:
    return {"type": "bar", "orientation": "h", "name": label(words), "y": [label(name) for name in told.inputs],
            "x": numbers(values, 4), "marker": {"color": colour},
            "error_x": {"type": "data", "array": to_plain(ci95), "thickness": 1.2, "width": 4}}


STUDY_FIGURES = (StudyFigure("sobol_bars", 40, "shares of variance (Sobol indices) of a grid's or a sample's inputs",
                             draw=sobol_bars),)
