"""Which units run, at what power, and what one more MWh costs meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from testbed.reporting.charts import Chart, LegendEntry, Panel, axis_of, heat_trace, label, numbers, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour, thin, with_end
from testbed.reporting.figure import ReportFigure

PRICES_PX, GAP_PX = 130, 34


def commitment(runs: Sequence[Run]) -> list[Chart]:
    """Power of each unit; blank where off; below it the marginal price on the same axis of time."""
    panels = []
    for run in runs:
        p_mw = np.where(run.result.system("committed") > 0, run.result.system("p_mw"), np.nan)
        hours, values = thin(run, p_mw, np.fmax)
        panels.append(Panel(run.name, [heat_trace(hours, run.result.unit_names, values.T, "MW")]))
    rows = len(runs[0].result.unit_names)
    chart = panel_chart("Commitment and prices", "Power of each thermal unit, blank where it is off; below it the "
                        "price of one more MWh of load.", "", panels, last_hour(runs),
                        {"autorange": "reversed", "type": "category"}, "power [MW]", 40 + 13 * rows)
    return [_with_prices(chart, runs)]


def _with_prices(chart: Chart, runs: Sequence[Run]) -> Chart:
    """The chart's panels moved up, and one of prices below them."""
    frame = chart.layout["margin"]["t"] + chart.layout["margin"]["b"]
    whole = chart.height_px - frame + PRICES_PX
    floor, count = PRICES_PX / whole, sum(key.startswith("yaxis") for key in chart.layout)
    layout: dict[str, Any] = dict(chart.layout)
    for key in [key for key in layout if key.startswith("yaxis")]:
        layout[key] = layout[key] | {"domain": [floor + (1 - floor) * end for end in layout[key]["domain"]]}
    top = (PRICES_PX - GAP_PX) / whole
    layout["annotations"] = [note | {"y": floor + (1 - floor) * note["y"]} for note in layout["annotations"]] + [
        layout["annotations"][0] | {"text": "<b>price of one more MWh</b>", "y": top}]
    layout[f"yaxis{count + 1}"] = axis_of(domain=[0, top], title={"text": "price [USD/MWh]"})
    layout["xaxis"] = layout["xaxis"] | {"anchor": f"y{count + 1}"}
    lines = [_price(run) | {"xaxis": "x", "yaxis": f"y{count + 1}"} for run in runs]
    legend = tuple(LegendEntry(run.name, run.colour, run.dash) for run in runs)
    return replace(chart, data=[*chart.data, *lines], layout=layout, height_px=chart.height_px + PRICES_PX,
                   legend=legend)


def _price(run: Run) -> dict[str, Any]:
    hours, price = with_end(run, run.result.system("marginal_price_usd_per_mwh"))
    return {"type": "scatter", "mode": "lines", "name": label(run.name), "x": numbers(hours), "y": numbers(price),
            "line": {"color": run.colour, "dash": run.dash, "width": 2, "shape": "hv"}}


FIGURES = (ReportFigure("commitment", "commitment", 20, "power of each unit, blank where it is off, over the price of "
                        "one more MWh", draw=commitment),)
