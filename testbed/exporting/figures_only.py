"""What is left of a result with `record: figures`: what was run, every figure, and the power system by the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from models.records.arrays import SECONDS_PER_HOUR
from testbed.metrics.comparability import optimised
from testbed.metrics.registry import METRICS
from testbed.results.groups import Place
from testbed.results.images import laid_out
from testbed.results.layout import FIGURES_GROUP, FIGURES_KEPT, Array
from testbed.results.reading import RUN_GROUP, Result, open_result
from testbed.wiring.attributes import Attribute, recorded

SUMS = ("USD", "t", "kWh", "MWh")
"""Units of what happens in a step; its hour has the sum."""
COUNTS = ("unit_starts", "emergency_starts")
STATES = ("on_before_h",)
"""As the hour begins."""
SMALL_BLOCK = 512


def keep_figures(path: Path, figures: Mapping[str, float]) -> None:
    """Put the small file in the place of the whole one, all at once; `figures` are those of the whole."""
    result = open_result(path)
    text = optimised(result)
    with result.held_open(), h5py.File(path, "r", locking=False) as whole, laid_out(path, SMALL_BLOCK) as small:
        for name, value in whole.attrs.items():
            small.attrs[name] = value
        small.attrs[FIGURES_KEPT] = text
        whole.copy(RUN_GROUP, small)
        _figures(small.create_group(FIGURES_GROUP), figures)
        _series(small, result)


def _figures(group: h5py.Group, figures: Mapping[str, float]) -> None:
    """NaN where a figure does not apply."""
    place = Place(group)
    _names(place, "metric", list(figures), "figure")
    place.filled("value", ("metric",), np.array(list(figures.values()), dtype=np.float64), "1",
                 "of the figure, in the unit beside it")
    place.filled("unit", ("metric",), _fixed([METRICS[name].unit for name in figures]), "1", "unit of the figure")


def _series(small: h5py.File, result: Result) -> None:
    """Of the system, by the hour: numbers in one array and those by unit in another, which takes a third of the room
    of a variable for each.
    """
    steps = max(SECONDS_PER_HOUR // result.step_s, 1)
    place = Place(small)
    place.axis("time", result.time_s[::steps], "s", "seconds since counted 00:00 at the hour's beginning")
    _names(place, "unit", list(result.unit_names), "thermal unit")
    held = [a for a in recorded("system") if result.holds_system(a.name)]
    _array(place, "system", [a for a in held if not a.dims], result, steps)
    _array(place, "by_unit", [a for a in held if a.dims == ("unit",)], result, steps)


def _array(place: Place, name: str, series: Sequence[Attribute], result: Result, steps: int) -> None:
    """[series, hour, ...], with unit and making of each beside it."""
    axis, made = f"{name}_series", [by_hour(a, result.system(a.name), steps) for a in series]
    _names(place, axis, [a.name for a in series], "series of the power system")
    values = place.group.create_dataset(f"{name}_hourly", data=np.stack([array for array, _ in made]).astype(float),
                                        compression="gzip", shuffle=True)
    place.on_axes(values, (axis, "time", *series[0].dims), "1", "in the unit beside it, an hour each")
    place.filled(f"{axis}_unit", (axis,), _fixed([a.unit for a in series]), "1", "unit of the series")
    place.filled(f"{axis}_made", (axis,), _fixed([how for _, how in made]), "1", "what was made of an hour's steps")


def _names(place: Place, name: str, values: Sequence[str], long_name: str) -> None:
    place.axis(name, _fixed(values), "1", long_name)


def _fixed(texts: Sequence[str]) -> Array:
    """Texts of one length, which take less room than those of any length."""
    return np.array([text.encode() for text in texts])


def by_hour(attribute: Attribute, values: Array, steps: int) -> tuple[Array, str]:
    """[hour, ...] of [step, ...], and what was made of an hour's steps: their sum, mean, maximum, or the first."""
    parts = values.reshape(-1, steps, *values.shape[1:])
    if attribute.unit in SUMS or attribute.name in COUNTS:
        return parts.sum(axis=1), "sum"
    if attribute.is_flag:
        return parts.max(axis=1), "maximum"
    return (parts[:, 0], "point") if attribute.name in STATES else (np.asarray(parts.mean(axis=1)), "mean")
