"""Which limits of the network a program writes: only those that may decide something.

An answer that keeps what was left out is the optimum of the whole problem. The voltage penalty price x max(0, threshold
- v) needs its column and rows only where v may lie on either side: where it lies below, the price stands on v itself,
which is never more than the penalty and equal to it at such an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.network_block import NetworkBlock
from models.records.arrays import Bools, Floats, Ints

NEAR = 1e-3
"""A written limit with more room than this (pu, pu^2, MW) is not written next hour."""
UNSURE_PU2 = 4e-3
"""Expected squared voltages nearer than this to the penalty's threshold may lie on either side: cars will differ."""
UNKNOWN_PU2 = 2.5e-2
"""The same in periods for which the cars' powers are not even expected."""


@dataclass(frozen=True)
class Choice:
    """[limit rows] of a network block."""

    written: Bools
    below: Bools
    """Rows of the penalty that are not written because v lies below the threshold."""

    def with_written(self, rows: Bools) -> Choice:
        """These rows written as well."""
        return Choice(self.written | rows, self.below & ~rows)


def no_rows(block: NetworkBlock) -> Bools:
    """[limit rows] none."""
    return np.zeros(block.limit_rows.size, dtype=bool)


def whole_choice(block: NetworkBlock) -> Choice:
    """Every limit written."""
    return Choice(~no_rows(block), no_rows(block))


def expected_choice(block: NetworkBlock, written: Bools, vm_pu: Floats, is_known: Bools) -> Choice:
    """`written`, and the penalty's rows as these voltages [L, T] ask for; NaN may lie on either side.

    is_known [T]: the voltages are those of powers that cars will have, as far as one knows.
    """
    penalty = block.penalty
    v, unsure = np.full(block.own.size, np.nan), np.zeros(block.own.size)
    v[block.v] = vm_pu.ravel(order="F") ** 2
    unsure[block.v] = np.where(is_known, UNSURE_PU2, UNKNOWN_PU2).repeat(vm_pu.shape[0])
    above, margin = v[penalty.v] - penalty.threshold_pu2, unsure[penalty.v]
    chosen, below = written.copy(), np.zeros(written.size, dtype=bool)
    chosen[penalty.row] = ~(np.abs(above) >= margin)
    below[penalty.row] = above <= -margin
    return Choice(chosen, below)


def hour_of_periods(layout: Layout) -> Ints:
    """[T] hour of each period, counted from the present one."""
    return np.maximum(np.arange(layout.periods) - layout.steps + 1, 0)


def shifted(block: NetworkBlock, written: Bools, layout: Layout, hours: int) -> Bools:
    """Written limits moved to the periods that now cover their hour; a limit written in one step is in all."""
    order = np.argsort(block.limit_period, kind="stable")
    table = written[order].reshape(layout.periods, -1)
    hour = hour_of_periods(layout)
    by_hour = np.stack([table[hour == h].any(axis=0) for h in range(layout.hours + 1)])
    result = np.zeros(written.size, dtype=bool)
    result[order] = by_hour[np.minimum(hour + hours, layout.hours)].ravel()
    return result


def ahead(values: Floats, layout: Layout, hours: int) -> Floats:
    """Values [rows, T] moved to the periods that now cover their hour; NaN in hours that were not looked at."""
    hour = hour_of_periods(layout) + hours
    source = np.minimum(np.where(hour > 0, hour + layout.steps - 1, 0), layout.periods - 1)
    return np.where(hour <= layout.hours, values[:, source], np.nan)
