"""A figure over two axes of a study at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from testbed.metrics.numbers import readable
from testbed.metrics.titles import controller_title, title
from testbed.reporting.charts import Chart, Panel, label, numbers, panel_chart
from testbed.reporting.study.cases import Point, StudyCases, in_words
from testbed.reporting.study.effects import Estimate, difference_at, is_full, mean_at, varied_axes
from testbed.reporting.study.figure import StudyFigure
from testbed.reporting.study.words import with_unit

MOST_PAIRS = 3
ROW_PX, FRAME_PX = 30, 40
DOUBT = "~"
"""Behind a difference whose sign is in doubt."""


def heat_maps(study: StudyCases, metric: str) -> list[Chart]:
    """Of each pair of axes, up to three: differences from the base where there is one, else means.

    Of more axes than two the mean over the others, where the grid is complete; of two also where some points lack.
    """
    axes = varied_axes(study)
    if len(axes) < 2 or not (is_full(study) or (len(axes) == 2 and _is_dense(study, axes))):
        return []
    return [_map(study, metric, pair) for pair in list(itertools.combinations(axes, 2))[:MOST_PAIRS]]


def _is_dense(study: StudyCases, axes: Sequence[int]) -> bool:
    """True if at least half of the combinations are points."""
    first, second = (len(study.values(axis)) for axis in axes)
    return 2 * len(study.points) >= first * second


def _map(study: StudyCases, metric: str, pair: tuple[int, int]) -> Chart:
    across, down = sorted(pair, key=lambda axis: -len(study.values(axis)))
    rest = [name for name in study.controllers if name != study.base] if len(study.controllers) > 1 else []
    panels = [_panel(study, metric, (across, down), name, bool(rest)) for name in rest or study.controllers]
    words = f"{title(metric)}" + (f": difference from {controller_title(study.base)}" if rest else "")
    more = " Mean over all other axes." if len(varied_axes(study)) > 2 else ""
    chart = panel_chart(
        f"{words}, by {study.axes[across]} and {study.axes[down]}",
        f"Mean over seeds.{more} {DOUBT}: the sign is in doubt (interval, or gap of the plans)." if rest else
        f"Mean over seeds.{more}", label(study.axes[down]), panels, 0.0, {"type": "category"}, with_unit(metric),
        FRAME_PX + ROW_PX * len(study.values(down)),
        x_axis={"title": {"text": label(study.axes[across])}, "type": "category"})
    return replace(chart, layout=_around_zero(chart.layout)) if rest else chart


def _around_zero(layout: dict[str, object]) -> dict[str, object]:
    """Less than the base is blue, more is red."""
    axis = layout["coloraxis"]
    assert isinstance(axis, dict)
    return layout | {"coloraxis": axis | {"colorscale": "RdBu", "reversescale": False, "cmid": 0}}


def _panel(study: StudyCases, metric: str, axes: tuple[int, int], controller: str, is_difference: bool) -> Panel:
    across, down = (study.values(axis) for axis in axes)
    told = [[_cell(study, metric, controller, is_difference, _points(study, axes, (x, y))) for x in across]
            for y in down]
    return Panel(controller_title(controller), [{
        "type": "heatmap", "name": label(controller), "x": [label(in_words(x)) for x in across],
        "y": [label(in_words(y)) for y in down],
        "z": numbers(np.array([[it.mean for it in row] for row in told]), 6), "coloraxis": "coloraxis",
        "text": [[_text(it, is_difference) for it in row] for row in told], "texttemplate": "%{text}",
        "hovertemplate": "%{x}, %{y}: %{z}<extra></extra>", "hoverongaps": False, "xgap": 1, "ygap": 1}])


def _points(study: StudyCases, axes: tuple[int, int], values: tuple[str, str]) -> list[Point]:
    return [point for point in study.points if tuple(point[axis] for axis in axes) == values]


def _cell(study: StudyCases, metric: str, controller: str, is_difference: bool, points: Sequence[Point]) -> Estimate:
    if is_difference:
        return difference_at(study, metric, (controller, study.base), points)
    return mean_at(study, metric, controller, points)


def _text(told: Estimate, is_difference: bool) -> str:
    if not told.seeds:
        return ""
    return readable(told.mean, 3, "+" if is_difference else "") + (
        f" {DOUBT}" if is_difference and not told.is_resolved else "")


STUDY_FIGURES = (StudyFigure("heat_maps", 30, "the figure over two axes at once: differences from the base, or means",
                             draw=heat_maps),)
