"""A figure along each axis of a study: mean over seeds with its interval, and the difference from the base."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from testbed.metrics.registry import METRICS
from testbed.metrics.titles import controller_title, title
from testbed.reporting.charts import Chart, LegendEntry, Panel, controller_colour, controller_dash, label, panel_chart
from testbed.reporting.study.cases import Point, StudyCases, in_words
from testbed.reporting.study.effects import Estimate, at, difference_at, is_full, mean_at, others, varied_axes
from testbed.reporting.study.figure import StudyFigure
from testbed.reporting.study.words import rest_text

MOST_PANELS = 4
"""Combinations of the other axes that are shown apart; of more the mean is shown, where the grid is complete."""
WIDE = 50.0
"""An axis whose largest value is so many times its smallest is logarithmic."""
PANEL_PX = 230
Told = Callable[[str, Sequence[Point]], Estimate]
"""(controller, points) -> what is drawn."""


@dataclass(frozen=True)
class Layer:
    """Points along an axis that make one panel: for each value those whose mean is shown."""

    title: str
    by_value: dict[str, tuple[Point, ...]]


def layers(study: StudyCases, axis: int) -> list[Layer]:
    """A panel per combination of the other axes; one with their mean where there are too many; none of a sample."""
    rests = others(study, axis)
    values, points = study.values(axis), set(study.points)
    if len(rests) <= MOST_PANELS:
        return [Layer(rest_text(study, axis, rest), {value: (point,) for value in values
                                                     if (point := at(rest, axis, value)) in points}) for rest in rests]
    if not is_full(study):
        return []
    return [Layer(f"mean over the {len(rests)} combinations of all else",
                  {value: tuple(at(rest, axis, value) for rest in rests) for value in values})]


def means(study: StudyCases, metric: str) -> list[Chart]:
    """The figure itself, a line per controller."""
    def told(controller: str, points: Sequence[Point]) -> Estimate:
        return mean_at(study, metric, controller, points)

    return [_chart(study, axis, title(metric), f"[{METRICS[metric].unit}]", study.controllers, told)
            for axis in varied_axes(study) if layers(study, axis)]


def differences(study: StudyCases, metric: str) -> list[Chart]:
    """The same less the base controller's, seed by seed."""
    rest = [name for name in study.controllers if name != study.base]

    def told(controller: str, points: Sequence[Point]) -> Estimate:
        return difference_at(study, metric, (controller, study.base), points)

    words = f"{title(metric)}: difference from {controller_title(study.base)}"
    return [_chart(study, axis, words, f"[{METRICS[metric].unit}]", rest, told)
            for axis in varied_axes(study) if rest and layers(study, axis)]


def _chart(study: StudyCases, axis: int, words: str, unit: str, controllers: Sequence[str], told: Told) -> Chart:
    shown = layers(study, axis)
    panels = [Panel(layer.title, [_trace(study, axis, name, layer, told) for name in controllers]) for layer in shown]
    key = study.axes[axis]
    caption = (f"Mean over {len(study.seeds)} seeds with its 95 % interval." if len(study.seeds) > 1 else
               "One seed: no interval.")
    legend = tuple(LegendEntry(name, *_style(study, name)) for name in controllers)
    return panel_chart(f"{words}, by {key}", caption, unit, panels, 0.0, panel_px=PANEL_PX, legend=legend,
                       x_axis=_x_axis(study, axis), y_axis={"zeroline": False})


def _x_axis(study: StudyCases, axis: int) -> dict[str, Any]:
    named = {"title": {"text": label(study.axes[axis])}}
    if not study.is_numeric(axis):
        return named | {"type": "category"}
    values = [float(value) for value in study.values(axis)]
    is_wide = values[0] > 0 and values[-1] / values[0] >= WIDE
    return named | ({"type": "log"} if is_wide else {})


def _style(study: StudyCases, controller: str) -> tuple[str, str]:
    place = study.controllers.index(controller)
    return controller_colour(place), controller_dash(place)


def _trace(study: StudyCases, axis: int, controller: str, layer: Layer, told: Told) -> dict[str, Any]:
    estimates = {value: told(controller, points) for value, points in layer.by_value.items()}
    known = {value: it for value, it in estimates.items() if it.seeds}
    colour, dash = _style(study, controller)
    is_numeric = study.is_numeric(axis)
    return {"type": "scatter", "mode": "lines+markers" if is_numeric else "markers", "name": label(controller),
            "x": [json.loads(value) if is_numeric else label(in_words(value)) for value in known],
            "y": [float(f"{it.mean:.7g}") for it in known.values()],
            "error_y": {"type": "data", "array": [float(f"{it.ci95:.4g}") if it.seeds > 1 else 0.0
                                                  for it in known.values()], "thickness": 1.2, "width": 4},
            "line": {"color": colour, "dash": dash, "width": 2}, "marker": {"color": colour, "size": 7}}


STUDY_FIGURES = (
    StudyFigure("curves", 10, "the figure along each axis, a line per controller, with 95 % intervals", draw=means),
    StudyFigure("difference_curves", 20, "the same less the base controller's, seed by seed", draw=differences),
)
