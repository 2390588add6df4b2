"""What can be had of two things at once: every controller at every point, and the front that none beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.records.arrays import Ints
from testbed.metrics.titles import title
from testbed.reporting.charts import LINES_PX, Chart, LegendEntry, axis_of, controller_colour, frame_of, label
from testbed.reporting.study.cases import StudyCases
from testbed.reporting.study.effects import Estimate, mean_at, serves_cars
from testbed.reporting.study.figure import StudyFigure
from testbed.reporting.study.words import point_text, with_unit

PAIRS = (("owners_cost_usd_adjusted", "operator_cost_usd_adjusted"),
         ("society_cost_usd_adjusted", "carbon_t"),
         ("society_cost_usd_adjusted", "departures_short_kwh"))
"""Figures of which less is better."""
FRONT = "front"
FRONT_COLOUR = "#999999"


@dataclass(frozen=True)
class Place:
    """A controller at a point."""

    controller: str
    text: str
    x: Estimate
    y: Estimate


def fronts(study: StudyCases) -> list[Chart]:
    """A chart per pair of figures that both vary."""
    return [chart for pair in PAIRS if (chart := _chart(study, *pair))]


def front(x: Sequence[float], y: Sequence[float]) -> Ints:
    """Places of those that no other beats in one and equals or beats in the other, by x; less is better."""
    order = np.lexsort((y, x))
    best, kept = np.inf, []
    for place in order:
        if y[place] < best:
            best = y[place]
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def _chart(study: StudyCases, across: str, up: str) -> Chart | None:
    places = [Place(name, point_text(study.axes, point), *(mean_at(study, figure, name, [point])
                                                           for figure in (across, up)))
              for name in study.controllers if serves_cars(study, name) for point in study.points]
    places = [place for place in places if place.x.seeds and place.y.seeds]
    if len(places) < 2 or not all(np.ptp([getattr(p, way).mean for p in places]) for way in "xy"):
        return None
    best = front([p.x.mean for p in places], [p.y.mean for p in places])
    line = {"type": "scatter", "mode": "lines", "name": FRONT, "x": [places[i].x.mean for i in best],
            "y": [places[i].y.mean for i in best], "hoverinfo": "skip",
            "line": {"color": FRONT_COLOUR, "width": 2, "dash": "dot", "shape": "hv"}}
    names = list(dict.fromkeys(place.controller for place in places))
    colours = {name: controller_colour(study.controllers.index(name)) for name in names}
    dots = [_dots([p for p in places if p.controller == name], name, colours[name]) for name in names]
    layout = frame_of(hovermode="closest", xaxis=axis_of(title={"text": with_unit(across)}, nticks=6),
                      yaxis=axis_of(title={"text": with_unit(up)}))
    return Chart(f"{title(across)} and {title(up)}: what can be had at once".capitalize(),
                 "Each controller at each point, mean over seeds with 95 % intervals; less is better. The dotted front "
                 "joins those that none beats in both. Across points it is a choice only where what is varied is "
                 "somebody's to choose.", [line, *dots], layout, LINES_PX + 60,
                 (*(LegendEntry(name, colours[name]) for name in names), LegendEntry(FRONT, FRONT_COLOUR, "dot")))


def _dots(places: Sequence[Place], controller: str, colour: str) -> dict[str, Any]:
    def bars(way: str) -> dict[str, Any]:
        told = [getattr(place, way) for place in places]
        return {"type": "data", "array": [it.ci95 if it.seeds > 1 else 0.0 for it in told], "thickness": 0.8,
                "width": 2}

    return {"type": "scatter", "mode": "markers", "name": label(controller), "marker": {"color": colour, "size": 8},
            "line": {"color": colour}, "x": [p.x.mean for p in places], "y": [p.y.mean for p in places],
            "error_x": bars("x"), "error_y": bars("y"), "text": [label(f"{controller}: {p.text}") for p in places],
            "hovertemplate": "%{text}<br>%{x:.6g}, %{y:.6g}<extra></extra>"}


STUDY_FIGURES = (StudyFigure("pareto_fronts", 50, "two costs of every controller at every point, and the front that "
                             "none beats", draw_whole=fronts),)
