"""Sobol indices: a sample of uncertain inputs as points of a study, and shares of variance from its figures.

Inputs are independent and uniform. SALib makes the sample and the estimates (first order after Saltelli 2010, total
order after Jansen); it is told of unit intervals only, so an input may as well be a choice among levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.records.arrays import Floats

SAMPLE_SEED, BOOTSTRAP_SEED, RESAMPLES = 20260101, 1, 1000


@dataclass(frozen=True)
class Input:
    """What is uncertain: a range, or a choice among levels that are equally likely."""

    name: str
    low: float = 0.0
    high: float = 1.0
    levels: tuple[Any, ...] = ()
    """Of a choice; then low and high say nothing."""
    keys: Mapping[str, float | None] | None = None
    """Keys of the scenario that it sets: to its value (None), or to a count times its value. None: its own name."""

    def value(self, share: float) -> Any:
        """What stands at this share [0, 1) of its range, to five digits, or the level that does."""
        if self.levels:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        return float(f"{self.low + share * (self.high - self.low):.5g}")

    def settings(self, share: float) -> dict[str, Any]:
        """Keys of the scenario and what this input sets them to."""
        value = self.value(share)
        keys = self.keys if self.keys is not None else {self.name: None}
        return {key: value if count is None else round(count * value) for key, count in keys.items()}


@dataclass(frozen=True)
class Index:
    """How much of an output's variance an input explains: alone, and with all that it takes part in."""

    output: str
    input: str
    first: float
    first_ci95: float
    """Half width of SALib's bootstrap interval."""
    total: float
    total_ci95: float


def sample(inputs: Sequence[Input], samples: int) -> Floats:
    """[N (D + 2), D] shares of the ranges; scrambled with a fixed seed, so that N rows are the first of 2 N."""
    from SALib.sample import sobol  # noqa: PLC0415 - an optional dependency, slow to import

    rows = sobol.sample(_problem(inputs), samples, calc_second_order=False, seed=SAMPLE_SEED)
    return np.asarray(rows, dtype=np.float64)


def points(inputs: Sequence[Input], shares: Floats) -> tuple[list[dict[str, Any]], list[int]]:
    """The different points of a study, and for each row of the sample the place of its point.

    Rows are equal where a choice or a count falls on the same level twice: one run serves them.
    """
    different: list[dict[str, Any]] = []
    place: dict[tuple[Any, ...], int] = {}
    places = []
    for row in shares:
        point = {key: value for input_, share in zip(inputs, row, strict=True)
                 for key, value in input_.settings(float(share)).items()}
        if (values := tuple(point.values())) not in place:
            place[values] = len(different)
            different.append(point)
        places.append(place[values])
    return different, places


def indices(inputs: Sequence[Input], output: str, values: Floats) -> list[Index]:
    """An index per input from values [N (D + 2)]; NaN where the output never varies or does not apply."""
    if not np.all(np.isfinite(values)) or np.ptp(values) == 0:
        return [Index(output, input_.name, *[np.nan] * 4) for input_ in inputs]
    from SALib.analyze import sobol  # noqa: PLC0415

    analysed = sobol.analyze(_problem(inputs), values, calc_second_order=False, num_resamples=RESAMPLES,
                             conf_level=0.95, seed=BOOTSTRAP_SEED)
    columns = (analysed[name] for name in ("S1", "S1_conf", "ST", "ST_conf"))
    return [Index(output, input_.name, *map(float, row))
            for input_, row in zip(inputs, zip(*columns, strict=True), strict=True)]


def _problem(inputs: Sequence[Input]) -> dict[str, Any]:
    return {"num_vars": len(inputs), "names": [input_.name for input_ in inputs], "bounds": [[0.0, 1.0]] * len(inputs)}
