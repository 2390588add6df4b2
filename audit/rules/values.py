"""Values that are possible at all: numbers where there must be some, counts whole, flags 0 or 1, axes as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from audit.arrays import Told, at, full_name
from audit.finding import Check
from audit.registry import rule
from audit.run import Run


@rule("2.2")
def possible_values(run: Run) -> Iterator[Check]:
    """Values are numbers unless NaN says that there is none; counts are whole, flags 0 or 1, powers of one sign."""
    yield from _of("", at("system"), run.arrays)
    for d in run.districts:
        yield from _of(f"{d.name}: ", (*at("district"), *at("network")), d.arrays)
        yield from _of(f"{d.name}: ", at("traces"), d.traces or {})
    yield from _of("", at("plan"), run.plan)
    yield from _of("", at("reference"), run.reference)


def _of(place: str, told: tuple[Told, ...], arrays: Mapping[str, Any]) -> Iterator[Check]:
    for variable in told:
        values = arrays.get(variable.name)
        if values is None or variable.kind == "text" or not values.size:
            continue
        yield Check(f"{place}{full_name(variable)} is possible", _impossible(variable, values), 0.0, "")


def _impossible(told: Told, values: Any) -> Any:
    """1 where a value cannot be."""
    bad = np.isnan(values) & (not told.may_be_nan) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
    if told.kind in ("positive", "count"):
        bad |= values < -1e-6
    if told.kind in ("count", "whole"):
        bad |= np.isfinite(values) & (values != np.round(values))
    if told.kind == "flag":
        bad |= ~np.isin(values, (0, 1))
    # inf is a rating that is not there; elsewhere nothing is infinite
    if told.name not in ("transformer_rating_kva", "line_rating_a"):
        bad |= np.isinf(values)
    return bad.any(axis=tuple(range(1, values.ndim))).astype(np.float64) if values.ndim > 1 else bad.astype(float)
