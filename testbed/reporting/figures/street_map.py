"""A circuit of three phases by its coordinates: each customer's phases in the step in which one of them is lowest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.records.arrays import Floats
from testbed.metrics.published.phases import customers_v
from testbed.reporting.charts import SEQUENTIAL, Chart, label, numbers
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figure import ReportFigure
from testbed.reporting.tree import rows_of
from testbed.results.reading import Result

SYMBOLS = {"1": "circle", "2": "square", "3": "triangle-up"}
HEIGHT_PX = 460


def has_map(result: Result, district: str) -> bool:
    """True for a circuit whose script has coordinates."""
    return result.holds(district, "node_x") and bool(np.isfinite(result.district(district, "node_x")).any())


def street_maps(runs: Sequence[Run], district: str) -> list[Chart]:
    """One for each run."""
    return [street_map(run, district) for run in runs if has_map(run.result, district)]


def street_map(run: Run, district: str) -> Chart:
    """The circuit from above in the step of the lowest voltage of any customer."""
    result = run.result
    volts, _ = customers_v(result, district)
    step = int(np.argmin(volts.min(axis=1)))
    at = result.district(district, "port_at")
    node = [str(result.district(district, "node")[i]) for i in at]
    x, y = (values[at] for values in _places(result, district))
    data = [_lines(result, district), *(_customers(phase, node, x, y, volts[step]) for phase in SYMBOLS)]
    second = int(result.time_s[step])
    return Chart(
        f"The street: {district}, {label(run.name)}",
        f"Voltage to earth at each customer's phases on day {second // 86_400 + 1} at {second // 3600 % 24:02d}:"
        f"{second // 60 % 60:02d}, when the lowest of all was {volts[step].min():.1f} V; places as the circuit's own "
        "coordinates have them. Circle: phase 1, square: phase 2, triangle: phase 3.", data, _layout(), HEIGHT_PX)


def _places(result: Result, district: str) -> tuple[Floats, Floats]:
    """[node] from the westernmost and the southernmost one: pages carry few digits."""
    x, y = (result.district(district, name) for name in ("node_x", "node_y"))
    return x - np.nanmin(x), y - np.nanmin(y)


def _customers(phase: str, node: Sequence[str], x: Floats, y: Floats, volt: Floats) -> dict[str, Any]:
    mine = [i for i, name in enumerate(node) if name.rsplit(".", 1)[1] == phase]
    return {"type": "scatter", "mode": "markers", "name": f"phase {phase}", "x": numbers(x[mine]),
            "y": numbers(y[mine]), "text": [node[i] for i in mine], "customdata": numbers(volt[mine]),
            "hovertemplate": "%{text}: %{customdata} V<extra></extra>",
            "marker": {"symbol": SYMBOLS[phase], "size": 10, "color": numbers(volt[mine]), "coloraxis": "coloraxis",
                       "line": {"width": 1, "color": "#444444"}}}


def _lines(result: Result, district: str) -> dict[str, Any]:
    """From every bus with a place straight to its parent."""
    node, (xs, ys) = result.district(district, "node"), _places(result, district)
    place = {str(name).rsplit(".", 1)[0]: (float(x), float(y)) for name, x, y in zip(node, xs, ys, strict=True)}
    rows = [place.get(str(name).split(" ")[0], (np.nan, np.nan)) for name in result.district(district, "bus_name")]
    parent = rows_of(result.district(district, "bus_parent"), result.district(district, "bus"))
    points: list[tuple[float | None, float | None]] = []
    for row in np.flatnonzero(parent >= 0):
        ends = (rows[parent[row]], rows[row])
        if ends[0] != ends[1] and np.isfinite(ends).all():
            points += [*ends, (None, None)]
    return {"type": "scatter", "mode": "lines",
            "x": [None if x is None else round(x, 2) for x, _ in points],
            "y": [None if y is None else round(y, 2) for _, y in points],
            "line": {"color": "#888888", "width": 1.5}, "hoverinfo": "skip"}


def _layout() -> dict[str, Any]:
    hidden = {"visible": False}
    return {
        "autosize": True, "showlegend": False, "hovermode": "closest",
        "font": {"size": 12, "family": "system-ui, sans-serif"}, "margin": {"l": 16, "r": 16, "t": 16, "b": 16},
        "plot_bgcolor": "#ffffff", "paper_bgcolor": "#ffffff",
        "xaxis": hidden, "yaxis": {**hidden, "scaleanchor": "x"},
        "coloraxis": {"colorscale": SEQUENTIAL, "colorbar": {"title": {"text": "V"}, "thickness": 10}}}


FIGURES = (ReportFigure("street_map", "voltage", 15,
                        "a circuit of three phases by its coordinates, each customer's phases at the lowest voltage",
                        draw_network=street_maps),)
