"""Kinds of charts as plain plotly figures (dicts): lines over time, panels per controller, horizontal bars.

Nothing here imports plotly; its JavaScript draws the dicts in the browser.
Colours are safe for colour-blind readers; a controller keeps its colour in every chart.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from testbed.results.layout import Array

CONTROLLER_COLOURS = ("#4d4d4d", "#e69f00", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#882255")
"""Okabe and Ito's set; its yellow, too pale on white, is replaced."""
PART_COLOURS = ("#332288", "#44aa99", "#ddcc77", "#cc6677", "#88ccee", "#117733", "#aa4499", "#999933", "#882255",
                "#bbbbbb")
"""Tol's muted set: zones, classes, cost items, reasons."""
REFERENCE_COLOUR = "#999999"
SEQUENTIAL = "Cividis"
PANEL_PX, LINES_PX, BAR_PX = 150, 340, 46
COLOUR_BAR_PX = 100
"""Height below panels for the axis and a colour bar."""
PANEL_GAP_PX = 30
PANELS_PX, PANEL_MIN_PX = 690, 70
"""All panels of a chart, its title and its caption fit a printed page (A4 and Letter), unless there are so many panels
that each would be too low."""
HOURS_PER_DAY = 24


@dataclass(frozen=True)
class LegendEntry:
    """A name with its colour, and the dash of a line (`solid` for areas)."""

    name: str
    colour: str
    dash: str = "solid"


@dataclass(frozen=True)
class Chart:
    """A figure of the report: what plotly draws, and the sentence below it."""

    title: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    height_px: int
    legend: tuple[LegendEntry, ...] = ()
    """Set in HTML below the chart, where it wraps at any width."""


@dataclass(frozen=True)
class Line:
    """A step line over time; `values` [T]."""

    name: str
    hours: Array
    values: Array
    colour: str
    dash: str = "solid"
    width: float = 2.0


@dataclass(frozen=True)
class Panel:
    """One of several charts above each other that share the time axis."""

    title: str
    traces: list[dict[str, Any]] = field(default_factory=list)


def controller_colour(position: int) -> str:
    """Colour of the controller at this place of the report."""
    return CONTROLLER_COLOURS[position % len(CONTROLLER_COLOURS)]


def controller_dash(position: int) -> str:
    """More controllers than colours: the next round is dashed."""
    return "solid" if position < len(CONTROLLER_COLOURS) else "dash"


def numbers(values: Array, digits: int = 5) -> list[Any]:
    """Values for JSON, rounded to significant digits; None where NaN; nested like the array."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim > 1:
        return [numbers(row, digits) for row in array]
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in array]


def label(text: str) -> str:
    """Text for plotly, which reads some HTML in labels."""
    return html.escape(text, quote=False)


@dataclass(frozen=True)
class Part:
    """One colour of a stacked chart: `up` [T] above zero, `down` [T] (negative) below it."""

    name: str
    up: Array
    down: Array


# ---------------------------------------------------------------- axes and frames
def time_axis(last_hour: float) -> dict[str, Any]:
    """Hours of counted time; ticks that a phone can show."""
    if last_hour <= HOURS_PER_DAY:
        return {"title": {"text": "hour of the day [h]"}, "range": [0, HOURS_PER_DAY], "dtick": 4}
    return {"title": {"text": "hours since 00:00 of the first day [h]"}, "range": [0, last_hour],
            "dtick": HOURS_PER_DAY}


def is_over_time(chart: Chart) -> bool:
    """Whether its x axis is that of counted time, in hours."""
    title = chart.layout.get("xaxis", {}).get("title", {}).get("text", "")
    return title in {time_axis(hours)["title"]["text"] for hours in (HOURS_PER_DAY, 2 * HOURS_PER_DAY)}


def frame_of(**more: Any) -> dict[str, Any]:
    """A chart's layout, with what is particular to it."""
    # dragmode off: a finger on a chart must scroll the page
    return {"autosize": True, "dragmode": False, "font": {"size": 12, "family": "system-ui, sans-serif"},
            "margin": {"l": 62, "r": 12, "t": 24, "b": 44}, "hovermode": "x unified", "showlegend": False,
            "plot_bgcolor": "#ffffff", "paper_bgcolor": "#ffffff", **more}


def axis_of(**more: Any) -> dict[str, Any]:
    """An axis, with what is particular to it."""
    return {"gridcolor": "#e3e3e3", "zerolinecolor": "#888888", "linecolor": "#888888", "fixedrange": True,
            "automargin": True, **more}


# ---------------------------------------------------------------- lines over time
def line_chart(title: str, caption: str, unit_title: str, lines: Sequence[Line], limits: Sequence[float] = (),
               x_axis: dict[str, Any] | None = None, y_axis: dict[str, Any] | None = None, shape: str = "hv",
               digits: int = 5) -> Chart:
    """Lines over time (or over `x_axis`), with dashed horizontal limits."""
    data = [{"type": "scatter", "mode": "lines", "name": label(line.name), "x": numbers(line.hours),
             "y": numbers(line.values, digits), "hoverlabel": {"namelength": 30},
             "line": {"color": line.colour, "dash": line.dash, "width": line.width, "shape": shape}} for line in lines]
    last = max((float(line.hours[-1]) for line in lines if line.hours.size), default=HOURS_PER_DAY)
    layout = frame_of(
        xaxis=axis_of(**(x_axis or time_axis(last))), yaxis=axis_of(title={"text": unit_title}, **(y_axis or {})),
        shapes=[{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
                 "line": {"color": "#444444", "width": 1, "dash": "dash"}} for y in limits])
    legend = tuple(LegendEntry(line.name, line.colour, line.dash) for line in lines)
    return Chart(title, caption, data, layout, LINES_PX, legend)


# ---------------------------------------------------------------- panels
def panel_chart(title: str, caption: str, y_title: str, panels: Sequence[Panel], last_hour: float,
                y_axis: dict[str, Any] | None = None, colour_bar: str = "", panel_px: int = PANEL_PX,
                legend: tuple[LegendEntry, ...] = (), x_axis: dict[str, Any] | None = None) -> Chart:
    """Panels above each other on one time axis, or on `x_axis`; with `colour_bar` (its title) they share a colour
    scale.
    """
    count = max(len(panels), 1)
    panel_px = min(panel_px, max(PANELS_PX // count - PANEL_GAP_PX, PANEL_MIN_PX))
    inner = count * (panel_px + PANEL_GAP_PX)
    layout = frame_of(xaxis=axis_of(**(x_axis or time_axis(last_hour)), anchor=f"y{count}" if count > 1 else "y"),
                      annotations=[], hovermode="closest" if colour_bar else "x unified")
    data: list[dict[str, Any]] = []
    for i, panel in enumerate(panels):
        top = 1 - (i * (panel_px + PANEL_GAP_PX) + PANEL_GAP_PX) / inner
        bottom = 1 - (i + 1) * (panel_px + PANEL_GAP_PX) / inner
        key = f"y{i + 1}" if i else "y"
        layout[f"yaxis{i + 1}" if i else "yaxis"] = axis_of(
            **{"domain": [max(bottom, 0.0), top], "title": {"text": y_title}, **(y_axis or {}),
               **({"matches": "y"} if i else {})})
        layout["annotations"].append({"text": f"<b>{label(panel.title)}</b>", "xref": "paper", "yref": "paper",
                                      "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom",
                                      "showarrow": False})
        data += [trace | {"xaxis": "x", "yaxis": key} for trace in panel.traces]
    if colour_bar:
        layout["coloraxis"] = {"colorscale": SEQUENTIAL, "colorbar": {
            "orientation": "h", "thickness": 10, "len": 0.9,
            "yref": "container", "y": 0, "yanchor": "bottom", "x": 0.5}}
        layout["margin"] = layout["margin"] | {"b": COLOUR_BAR_PX}
        caption = f"{caption} Colour: {colour_bar}."
    frame = layout["margin"]["t"] + layout["margin"]["b"]
    return Chart(title, caption, data, layout, inner + frame, legend)


def heat_trace(hours: Array, rows: Sequence[str] | Array, values: Array, unit: str) -> dict[str, Any]:
    """Heat map with rows on y and time on x; `values` [rows, T]; NaN stays blank."""
    names = [label(r) if isinstance(r, str) else int(r) for r in rows]
    return {"type": "heatmap", "x": numbers(hours), "y": names, "z": numbers(values, 4), "coloraxis": "coloraxis",
            "hovertemplate": f"%{{y}}, hour %{{x:.2f}}: %{{z}} {unit}<extra></extra>", "hoverongaps": False}


def area_traces(hours: Array, parts: Sequence[Part], panel: int,
                colours: Sequence[str]) -> list[dict[str, Any]]:
    """Stacked steps over time, a colour per part."""
    traces: list[dict[str, Any]] = []
    for sign in ("up", "down"):
        for part, colour in zip(parts, colours, strict=True):
            traces.append({
                "type": "scatter", "mode": "lines", "name": label(part.name), "stackgroup": f"{sign}{panel}",
                "x": numbers(hours), "y": numbers(part.up if sign == "up" else part.down, 4), "fillcolor": colour,
                "line": {"width": 0, "shape": "hv", "color": colour}})
    return traces


# ---------------------------------------------------------------- bars
def bar_chart(title: str, caption: str, unit_title: str, rows: Sequence[str],
              parts: Sequence[tuple[str, Sequence[float]]]) -> Chart:
    """Horizontal stacked bars: a row per controller, a colour per part; negative parts go to the left."""
    data = [{"type": "bar", "orientation": "h", "name": label(name), "y": [label(row) for row in rows],
             "x": numbers(np.asarray(values)), "marker": {"color": PART_COLOURS[i % len(PART_COLOURS)]}}
            for i, (name, values) in enumerate(parts)]
    layout = frame_of(barmode="relative", hovermode="closest", xaxis=axis_of(title={"text": unit_title}, nticks=5),
                      yaxis=axis_of(autorange="reversed", type="category"))
    legend = tuple(LegendEntry(name, PART_COLOURS[i % len(PART_COLOURS)]) for i, (name, _) in enumerate(parts))
    frame = layout["margin"]["t"] + layout["margin"]["b"]
    return Chart(title, caption, data, layout, frame + BAR_PX * max(len(rows), 1), legend)
