"""Nodal prices in the report: the feeder as a one-line diagram coloured by price, and prices by bus over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.records.arrays import Floats, Ints
from testbed.reporting.charts import SEQUENTIAL, Chart, Panel, heat_trace, label, numbers, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour, thin
from testbed.reporting.figure import ReportFigure
from testbed.reporting.tree import rows_of, tree_places
from testbed.results.reading import Result

PRICE = "nodal_price_usd_per_mwh"
LEVEL_PX, LEAST_PX, COLOUR_BAR_PX = 46, 230, 90


def has_prices(result: Result, district: str) -> bool:
    """True if some step of the feeder has nodal prices."""
    return bool(np.any(np.isfinite(result.district(district, PRICE))))


def diagrams(runs: Sequence[Run], district: str) -> list[Chart]:
    """One for each run that has nodal prices."""
    return [diagram(run, district) for run in _priced(runs, district) if run.result.holds(district, "bus_parent")]


def price_maps(runs: Sequence[Run], district: str) -> list[Chart]:
    """One of all runs that have nodal prices; empty if none has."""
    priced = _priced(runs, district)
    return [price_map(priced, district)] if priced else []


def _priced(runs: Sequence[Run], district: str) -> list[Run]:
    return [run for run in runs if has_prices(run.result, district)]


# ---------------------------------------------------------------- charts
def widest_step(price: Floats) -> int:
    """The step of [T, B] in which the dearest and the cheapest bus lie furthest apart."""
    spread = np.where(np.isfinite(price).all(axis=1), np.ptp(np.nan_to_num(price), axis=1), -1.0)
    return int(np.argmax(spread))


def diagram(run: Run, district: str) -> Chart:
    """The feeder with its nodal prices in the step of their widest spread."""
    result = run.result
    price, bus = np.asarray(result.district(district, PRICE)), result.district(district, "bus")
    step = widest_step(price)
    parent = rows_of(result.district(district, "bus_parent"), bus)
    x, y = tree_places(parent)
    hour = result.time_s[step] / 3600
    clock = f"{int(hour) % 24:02d}:{round(hour % 1 * 60):02d}"
    day = f" of day {int(hour) // 24 + 1}" if result.time_s[-1] >= 86_400 else ""
    nodes = {
        "type": "scatter", "mode": "markers+text", "x": numbers(x), "y": numbers(y), "text": [str(b) for b in bus],
        "textposition": "top center", "textfont": {"size": 10}, "cliponaxis": False,
        "marker": {"size": 13, "color": numbers(price[step]), "coloraxis": "coloraxis",
                   "line": {"width": 1, "color": "#444444"}},
        "customdata": numbers(price[step]),
        "hovertemplate": "bus %{text}: %{customdata} USD/MWh<extra></extra>"}
    levels = int(np.ptp(y)) + 1
    return Chart(
        f"Nodal prices on the feeder: {district}, {label(run.name)}",
        f"Price of one more MWh at each bus at {clock}{day}, the step in which they lie furthest apart "
        f"({np.ptp(price[step]):.1f} USD/MWh); the substation is at the left. Colour: price [USD/MWh].",
        [_lines(x, y, parent), nodes], _plain_layout(x, y), max(LEVEL_PX * levels, LEAST_PX) + COLOUR_BAR_PX)


def _lines(x: Ints, y: Ints, parent: Ints) -> dict[str, Any]:
    """Each line leaves its parent's column straight up or down, then runs to its bus."""
    points: list[tuple[float | None, float | None]] = []
    for node in range(1, parent.size):
        start = int(parent[node])
        points += [(float(x[start]), float(y[start])), (float(x[start]), float(y[node])),
                   (float(x[node]), float(y[node])), (None, None)]
    return {"type": "scatter", "mode": "lines", "x": [p[0] for p in points], "y": [p[1] for p in points],
            "line": {"color": "#888888", "width": 1.5}, "hoverinfo": "skip"}


def _plain_layout(x: Ints, y: Ints) -> dict[str, Any]:
    hidden = {"visible": False, "fixedrange": True}
    return {
        "autosize": True, "dragmode": False, "showlegend": False, "hovermode": "closest",
        "font": {"size": 12, "family": "system-ui, sans-serif"},
        "margin": {"l": 16, "r": 16, "t": 24, "b": COLOUR_BAR_PX},
        "plot_bgcolor": "#ffffff", "paper_bgcolor": "#ffffff",
        "xaxis": {**hidden, "range": [float(x.min()) - 0.6, float(x.max()) + 0.6]},
        "yaxis": {**hidden, "range": [float(y.min()) - 0.6, float(y.max()) + 0.8]},
        "coloraxis": {"colorscale": SEQUENTIAL, "colorbar": {
            "orientation": "h", "thickness": 10, "len": 0.9, "yref": "container", "y": 0, "yanchor": "bottom",
            "x": 0.5}}}


def price_map(runs: Sequence[Run], district: str) -> Chart:
    """What a MWh costs at each bus above the substation, over time."""
    panels = []
    for run in runs:
        result = run.result
        price = np.asarray(result.district(district, PRICE))
        hours, above = thin(run, price - price[:, :1], np.fmax)
        bus = list(result.bus_labels(district))
        panels.append(Panel(run.name, [heat_trace(hours, bus, above.T, "USD/MWh")]))
    return panel_chart(
        f"Nodal prices over time: {district}", "What one more MWh costs at a bus above the substation: losses, limits "
        "and low voltage. Blank: the layer had no optimum then.", "bus number [1]", panels,
        last_hour(runs), {"type": "category", "nticks": 6}, "price above the substation's [USD/MWh]", 200)


FIGURES = (
    ReportFigure("nodal_price_diagram", "prices", 20,
                 "the feeder coloured by nodal price, in the step of their widest spread", draw_network=diagrams),
    ReportFigure("nodal_price_map", "prices", 30,
                 "nodal prices above the substation's over time", draw_network=price_maps),
)
