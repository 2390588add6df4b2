"""A figure at all points of a sample, where no curve can be drawn through them."""

from __future__ import annotations

import json
from dataclasses import replace

from testbed.metrics.titles import title
from testbed.reporting.charts import Chart, LegendEntry, controller_colour, label, line_chart
from testbed.reporting.study.cases import StudyCases, in_words
from testbed.reporting.study.effects import mean_at, varied_axes
from testbed.reporting.study.figure import StudyFigure
from testbed.reporting.study.figures.curves import layers
from testbed.reporting.study.words import with_unit


def clouds(study: StudyCases, metric: str) -> list[Chart]:
    """A dot per point and controller along each axis that has no curves."""
    return [_cloud(study, metric, axis) for axis in varied_axes(study) if not layers(study, axis)]


def _cloud(study: StudyCases, metric: str, axis: int) -> Chart:
    is_numeric, key = study.is_numeric(axis), study.axes[axis]
    data = []
    for place, name in enumerate(study.controllers):
        told = {point: mean_at(study, metric, name, [point]) for point in study.points}
        known = {point: it.mean for point, it in told.items() if it.seeds}
        data.append({"type": "scatter", "mode": "markers", "name": label(name), "y": list(known.values()),
                     "x": [json.loads(point[axis]) if is_numeric else label(in_words(point[axis])) for point in known],
                     "marker": {"color": controller_colour(place), "size": 5, "opacity": 0.6}})
    x_axis = {"title": {"text": label(key)}} | ({} if is_numeric else {"type": "category"})
    chart = line_chart(f"{title(metric)} at all points, by {key}", "A dot per point, mean over seeds; all other axes "
                       "change from dot to dot.", with_unit(metric), [], x_axis=x_axis)
    legend = tuple(LegendEntry(name, controller_colour(i)) for i, name in enumerate(study.controllers))
    return replace(chart, data=data, legend=legend, layout=chart.layout | {"hovermode": "closest"})


STUDY_FIGURES = (StudyFigure("clouds", 25, "the figure at every point of a sample along each axis, a dot each",
                             draw=clouds),)
