"""What a study's figures come to: means over seeds with intervals, paired differences, who pays least where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from testbed.metrics.of_runs import INTERVAL_HOLDS_ZERO, NOT_RESOLVED, ONE_SEED, half_width, is_resolved
from testbed.metrics.registry import METRICS
from testbed.reporting.study.cases import Point, StudyCases


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds."""

    mean: float
    """NaN without a value."""
    ci95: float
    """Half width of the mean's 95 % interval (Student); NaN with fewer than two seeds."""
    seeds: int
    note: str = ""
    """Of a difference, as in ComparisonRow."""

    @property
    def is_resolved(self) -> bool:
        """Of a difference: its sign is beyond doubt of gap and interval; never on one seed."""
        return self.mean != 0 and isfinite(self.mean) and self.note not in (NOT_RESOLVED, INTERVAL_HOLDS_ZERO, ONE_SEED)


def estimate(values: Sequence[float]) -> Estimate:
    """Of values, one a seed."""
    own = np.asarray(values, dtype=float)
    return Estimate(float(own.mean()) if own.size else np.nan, half_width(own), own.size)


def mean_at(study: StudyCases, figure: str, controller: str, points: Sequence[Point]) -> Estimate:
    """Mean over seeds of the mean over these points; seeds that lack one of them have no say."""
    return estimate(_over(study, points, lambda point, seed: study.figures(point, controller, seed).get(figure)))


def difference_at(study: StudyCases, figure: str, pair: tuple[str, str], points: Sequence[Point]) -> Estimate:
    """The first controller less the second, seed by seed, mean over these points."""
    first, second = pair

    def less(point: Point, seed: int) -> float | None:
        a, b = (study.figures(point, name, seed).get(figure) for name in pair)
        return None if a is None or b is None else a - b

    told = estimate(values := _over(study, points, less))
    if first == second or not values:
        return told
    gap = max(resolution(study.figures(point, name, seed)) for point in points for name in pair
              for seed in study.seeds if study.figures(point, name, seed))
    if METRICS[figure].moved_by_gap and not is_resolved(told.mean, gap):
        return Estimate(told.mean, told.ci95, told.seeds, NOT_RESOLVED)
    if told.seeds < 2:
        return Estimate(told.mean, told.ci95, told.seeds, ONE_SEED)
    note = INTERVAL_HOLDS_ZERO if abs(told.mean) <= told.ci95 else ""
    return Estimate(told.mean, told.ci95, told.seeds, note)


def _over(study: StudyCases, points: Sequence[Point],
          value: Callable[[Point, int], float | None]) -> list[float]:
    """A value per seed that has all points."""
    by_seed = ([value(point, seed) for point in points] for seed in study.seeds)
    return [float(np.mean(known)) for values in by_seed if len(known := [v for v in values if v is not None])
            == len(points) > 0]


def resolution(figures: Mapping[str, float]) -> float:
    """Twice the gap of a case's plans in USD, as `testbed.metrics.of_runs.resolution_usd` has it of a result."""
    gap = figures.get("plan_gap_max_rel", np.nan)
    return 2 * gap * abs(figures.get("objective_usd", 0.0)) if np.isfinite(gap) else 0.0


# ---------------------------------------------------------------- who pays least
@dataclass(frozen=True)
class Best:
    """Under whom somebody pays least at a point."""

    point: Point
    controller: str
    cost: Estimate
    next: str
    """Empty where there is no other."""
    saving: Estimate
    """The next best less this one, on the same seeds."""

    @property
    def is_resolved(self) -> bool:
        return bool(self.next) and self.saving.mean > 0 and self.saving.is_resolved


def best_at(study: StudyCases, figure: str, point: Point) -> Best | None:
    """Of controllers that serve cars and have this cost there; None without one."""
    means = {name: told for name in study.controllers if serves_cars(study, name)
             and (told := mean_at(study, figure, name, [point])).seeds}
    ranked = sorted(means, key=lambda name: means[name].mean)
    if not ranked:
        return None
    best, following = ranked[0], ranked[1] if len(ranked) > 1 else ""
    saving = difference_at(study, figure, (following, best), [point]) if following else Estimate(np.nan, np.nan, 0)
    return Best(point, best, means[best], following, saving)


def serves_cars(study: StudyCases, controller: str) -> bool:
    """False for one whose runs have no cars, which is no rival."""
    return any(case.figures.get("driven_mwh", 0.0) or case.figures.get("charged_mwh", 0.0)
               for case in study.completed if case.controller == controller)


# ---------------------------------------------------------------- points along an axis
def others(study: StudyCases, axis: int) -> tuple[Point, ...]:
    """Different values on all axes but this one."""
    return tuple(dict.fromkeys(without(point, axis) for point in study.points))


def without(point: Point, axis: int) -> Point:
    return point[:axis] + point[axis + 1:]


def at(rest: Point, axis: int, value: str) -> Point:
    """The point with this value put in."""
    return (*rest[:axis], value, *rest[axis:])


def is_full(study: StudyCases) -> bool:
    """True if every combination of the axes' values is a point."""
    count = 1
    for axis in range(len(study.axes)):
        count *= len(study.values(axis))
    return count == len(study.points)


def varied_axes(study: StudyCases) -> list[int]:
    """Places of the axes that have more than one value."""
    return [axis for axis in range(len(study.axes)) if len(study.values(axis)) > 1]
