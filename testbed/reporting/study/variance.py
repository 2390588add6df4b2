"""Shares of variance (Sobol indices) of a study's figures, from a complete grid or from a sample made for them.

    V_i  = Var(mean of Y given x_i) / Var(Y)            first order: the input alone
    V_Ti = 1 - Var(mean of Y given all but x_i) / Var(Y)  total order: with all that it takes part in

On a complete grid both are sums over all points, exact for inputs whose values are equally likely (Sobol 1993). Points
in the order of Saltelli's sample, blocks of rows A, A with x_i of B for each input, B, give the estimates of Saltelli
et al. (2010) and Jansen (1999). Rows equal to the one before them stand once in a study and are put back.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.records.arrays import Floats, Ints
from testbed.reporting.study.cases import Point, StudyCases
from testbed.reporting.study.effects import is_full, varied_axes
from testbed.reporting.study.words import input_text

RESAMPLES, BOOTSTRAP_SEED, NORMAL_95 = 1000, 1, 1.96
FEWEST_SEEDS, FEWEST_BLOCKS = 3, 8
"""Of which an interval, or an estimate, says anything."""


@dataclass(frozen=True)
class Shares:
    """Of one figure under one controller; arrays [input]."""

    inputs: tuple[str, ...]
    first: Floats
    total: Floats
    first_ci95: Floats
    """Half widths of bootstrap intervals; NaN where there are too few seeds."""
    total_ci95: Floats
    how: str
    """From what, in words."""


def shares(study: StudyCases, figure: str, controller: str) -> Shares | None:
    """None where the points are no such design, a case is missing, or the figure does not vary."""
    if len(varied_axes(study)) < 2:
        return None
    return _of_grid(study, figure, controller) if is_full(study) else _of_sample(study, figure, controller)


# ---------------------------------------------------------------- a complete grid
def _of_grid(study: StudyCases, figure: str, controller: str) -> Shares | None:
    axes = varied_axes(study)
    points = list(itertools.product(*(study.values(axis) for axis in range(len(study.axes)))))
    values = _by_seed(study, figure, controller, points)
    if not len(values):
        return None
    cube = values.reshape(len(values), *(len(study.values(axis)) for axis in axes))
    if not np.ptp(cube.mean(axis=0)):
        return None
    first, total = grid_shares(cube.mean(axis=0)[None])
    spread = _spread(lambda rows: grid_shares(cube[rows].mean(axis=1)), len(cube), FEWEST_SEEDS)
    return Shares(tuple(study.axes[axis] for axis in axes), first[0], total[0], *spread,
                  f"all combinations of values, mean of {len(cube)} seed{'s' * (len(cube) > 1)}")


def grid_shares(cubes: Floats) -> tuple[Floats, Floats]:
    """First and total order [R, input] of figures [R, values of input 1, values of input 2, ...]."""
    inputs = range(1, cubes.ndim)
    whole = cubes.var(axis=tuple(inputs))
    first = [cubes.mean(axis=tuple(j for j in inputs if j != i)).var(axis=1) for i in inputs]
    rest = [cubes.mean(axis=i).var(axis=tuple(range(1, cubes.ndim - 1))) for i in inputs]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array(first).T / whole[:, None], 1 - np.array(rest).T / whole[:, None]


def _by_seed(study: StudyCases, figure: str, controller: str, points: Sequence[Point]) -> Floats:
    """[seed, point] of the seeds that have all points."""
    rows = [[study.figures(point, controller, seed).get(figure, np.nan) for point in points] for seed in study.seeds]
    values = np.array(rows, dtype=float)
    return np.asarray(values[np.isfinite(values).all(axis=1)])


def _spread(shares_of: Callable[[Ints], tuple[Floats, Floats]], count: int, fewest: int) -> tuple[Floats, Floats]:
    """Half widths of both orders [input] over resamples of so many seeds or blocks."""
    rows = np.random.default_rng(BOOTSTRAP_SEED).integers(0, count, (RESAMPLES, count))
    known = [NORMAL_95 * np.nanstd(part, axis=0, ddof=1) for part in shares_of(rows)]
    first, total = known if count >= fewest else [np.full_like(part, np.nan) for part in known]
    return first, total


# ---------------------------------------------------------------- a sample in blocks
@dataclass(frozen=True)
class Blocks:
    """Saltelli's sample: places of points [block, input + 2] in the order A, A with x_i of B, B."""

    inputs: tuple[tuple[int, ...], ...]
    """Axes that move together."""
    places: Ints


def _of_sample(study: StudyCases, figure: str, controller: str) -> Shares | None:
    blocks = sample_blocks(study.points)
    if blocks is None:
        return None
    values = _by_seed(study, figure, controller, study.points)
    if not len(values) or not np.ptp(values.mean(axis=0)):
        return None
    rows = values.mean(axis=0)[blocks.places]
    first, total = sample_shares(rows[None])
    spread = _spread(lambda drawn: sample_shares(rows[drawn]), len(rows), FEWEST_BLOCKS)
    names = tuple(input_text([study.axes[axis] for axis in axes]) for axes in blocks.inputs)
    return Shares(names, first[0], total[0], *spread, f"a sample of {len(rows)} blocks")


def sample_shares(rows: Floats) -> tuple[Floats, Floats]:
    """First and total order [R, input] of figures [R, block, input + 2]."""
    y = rows - rows.mean(axis=(1, 2), keepdims=True)
    a, mixed, b = y[:, :, :1], y[:, :, 1:-1], y[:, :, -1:]
    whole = np.concatenate([a, b], axis=1).var(axis=(1, 2))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (b * (mixed - a)).mean(axis=1) / whole, 0.5 * ((a - mixed) ** 2).mean(axis=1) / whole


def sample_blocks(points: Sequence[Point]) -> Blocks | None:
    """The blocks of a sample whose different rows these points are, in their order; None where they are no sample."""
    read: list[tuple[int, dict[frozenset[int], int], int]] = []
    place = 0
    while place < len(points):
        block = _block(points, place)
        if block is None:
            return None
        read.append(block)
        place = block[2] + 1
    inputs = _together([axes for _, mixed, _ in read for axes in mixed], len(points[0]))
    if len(read) < FEWEST_BLOCKS or len(inputs) < 2:
        return None
    places = []
    for a, mixed, b in read:
        by_input = [next((row for axes, row in mixed.items() if axes <= set(group)), a) for group in inputs]
        places.append([a, *by_input, b])
    return Blocks(tuple(tuple(sorted(group)) for group in inputs), np.array(places))


def _block(points: Sequence[Point], start: int) -> tuple[int, dict[frozenset[int], int], int] | None:
    """Places of A, of the rows with some axes of B, and of B, for a block that begins here; None where none does."""
    first, mixed, seen = points[start], dict[frozenset[int], int](), set[int]()
    for place in range(start + 1, len(points)):
        axes = _differing(first, points[place])
        if axes & seen or not axes:
            is_last = axes == seen and all(points[row][axis] == points[place][axis]
                                           for group, row in mixed.items() for axis in group)
            return (start, mixed, place) if is_last else None
        mixed[axes] = place
        seen |= axes
    return None


def _differing(first: Point, second: Point) -> frozenset[int]:
    return frozenset(axis for axis, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])


def _together(groups: Sequence[frozenset[int]], axes: int) -> list[frozenset[int]]:
    """Axes that ever move together, as inputs in the order of their first axis."""
    inputs: list[set[int]] = [{axis} for axis in range(axes)]
    for group in groups:
        joined: set[int] = set().union(*(own for own in inputs if own & group))
        inputs = [own for own in inputs if not own & group] + [joined]
    moved = set().union(*groups) if groups else set()
    return sorted((frozenset(own) for own in inputs if own & moved), key=min)


def to_plain(values: Floats) -> list[Any]:
    """For charts: 0 where there is no interval."""
    return [float(v) if np.isfinite(v) else 0.0 for v in values]
