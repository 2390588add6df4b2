"""Which limits of the network a program writes: only those that may decide something.

An answer that keeps what was left out is the optimum of the whole problem. The voltage penalty price x max(0, threshold
- v) needs its column and rows only where v may lie on either side: where it lies below, the price stands on v itself,
which is never more than the penalty and equal to it at such an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Bools, Floats, Ints

NEAR = 1e-3
"""A written limit with more room than this (pu, pu^2, MW) is not written next hour."""
UNSURE_PU2 = 4e-3
"""Expected squared voltages nearer than this to the penalty's threshold may lie on either side: cars will differ."""
UNKNOWN_PU2 = 2.5e-2
"""The same in periods for which the cars' powers are not even expected."""


@dataclass(frozen=True)
class Penalty:
    """Rows low >= threshold - v of the voltage penalty [L T]: the price of low is what each costs."""

    row: Ints
    """Among the limits."""
    low: Ints
    """Column of each."""
    v: Ints
    threshold_pu2: float


@dataclass(frozen=True)
class Limits:
    """Inequalities that need not be written until they matter: (5), (6), (7) and the voltage penalty."""

    period: Ints
    """[limits] of each."""
    penalty: Penalty | None

    @property
    def size(self) -> int:
        return int(self.period.size)


@dataclass(frozen=True)
class Choice:
    """[limits]"""

    written: Bools
    below: Bools
    """Rows of the penalty that are not written because v lies below the threshold."""

    def with_written(self, rows: Bools) -> Choice:
        """These rows written as well."""
        return Choice(self.written | rows, self.below & ~rows)


def no_rows(limits: Limits) -> Bools:
    """[limits] none."""
    return np.zeros(limits.size, dtype=bool)


def whole_choice(limits: Limits) -> Choice:
    """Every limit written."""
    return Choice(~no_rows(limits), no_rows(limits))


def expected_choice(limits: Limits, penalty: Penalty, written: Bools, vm_pu: Floats, is_known: Bools) -> Choice:
    """`written`, and the penalty's rows as these voltages [L, T] ask for; NaN may lie on either side.

    is_known [T]: the voltages are those of powers that cars will have, as far as one knows.
    """
    above = vm_pu.ravel(order="F") ** 2 - penalty.threshold_pu2
    margin = np.where(is_known, UNSURE_PU2, UNKNOWN_PU2).repeat(vm_pu.shape[0])
    chosen, below = written.copy(), no_rows(limits)
    # written as `not far`, since a NaN voltage must be written and compares False
    chosen[penalty.row] = ~(np.abs(above) >= margin)
    below[penalty.row] = above <= -margin
    return Choice(chosen, below)


def hour_of_periods(layout: Layout) -> Ints:
    """[T] hour of each period, counted from the present one."""
    return np.maximum(np.arange(layout.periods) - layout.steps + 1, 0)


def shifted(limits: Limits, written: Bools, layout: Layout, hours: int) -> Bools:
    """Written limits moved to the periods that now cover their hour; a limit written in one step is in all."""
    order = np.argsort(limits.period, kind="stable")
    table = written[order].reshape(layout.periods, -1)
    hour = hour_of_periods(layout)
    # the present hour has several steps and was one period before, so what mattered is carried by hour
    by_hour = np.stack([table[hour == h].any(axis=0) for h in range(layout.hours + 1)])
    result = np.zeros(written.size, dtype=bool)
    result[order] = by_hour[np.minimum(hour + hours, layout.hours)].ravel()
    return result


def ahead(values: Floats, layout: Layout, hours: int) -> Floats:
    """Values [rows, T] moved to the periods that now cover their hour; NaN in hours that were not looked at."""
    hour = hour_of_periods(layout) + hours
    source = np.minimum(np.where(hour > 0, hour + layout.steps - 1, 0), layout.periods - 1)
    return np.where(hour <= layout.hours, values[:, source], np.nan)
