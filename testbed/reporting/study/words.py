"""How points, values and figures of a study are called."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.metrics.registry import METRICS
from testbed.metrics.titles import title
from testbed.reporting.study.cases import Point, StudyCases, in_words

MOST_SHOWN = 3
"""Keys that a name of an input lists."""


def point_text(axes: Sequence[str], point: Point) -> str:
    """`drivers.enrolled_share 0.5, tariff.table beijing2015`; `as the scenario is` where nothing is varied."""
    return ", ".join(f"{key} {in_words(value)}" for key, value in zip(axes, point, strict=True)) or "as the scenario is"


def rest_text(study: StudyCases, axis: int, rest: Point) -> str:
    """The point on all axes but one, those left out on which nothing changes."""
    pairs = [(key, value) for key, value, place in zip(
        (*study.axes[:axis], *study.axes[axis + 1:]), rest, (p for p in range(len(study.axes)) if p != axis),
        strict=True) if len(study.values(place)) > 1]
    return ", ".join(f"{key} {in_words(value)}" for key, value in pairs)


def with_unit(metric: str) -> str:
    """`total cost to society [USD]`."""
    unit = METRICS[metric].unit
    return f"{title(metric)} [{unit}]"


def input_text(keys: Sequence[str]) -> str:
    """Keys that move together, as one input."""
    more = len(keys) - MOST_SHOWN
    return " + ".join(keys[:MOST_SHOWN]) + (f" + {more} more" if more > 0 else "")
