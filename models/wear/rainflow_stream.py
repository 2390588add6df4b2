"""Rainflow counting (ASTM E1049-85) in streaming form, all vehicles at once.

Gives the cycles that the `rainflow` package gives for the whole trace, but may be fed block by block. A
point has five channels, so that a cycle knows not only its depth and mean but its speed and temperature.
Closed cycles never change; the open ones (the residue) count as half cycles until they close. Extending a
trace therefore never takes a cycle away: at the instant a cycle closes, both ways of counting agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.records.arrays import Bools, Floats, Ints, RecordError

SOC, PATH, RATE_PATH, ELAPSED_S, KELVIN_S = range(5)
"""Channels of a point: SOC, and since the start: |change of SOC|, the same times its C-rate, s, kelvin s."""
CHANNELS = 5
STILL_SOC = 1e-9
"""A change of SOC in one step that is no motion but rounding."""
JOIN_SOC = 1e-4
"""Blocks of a trace must begin where the one before ended, to this."""
FIRST_STACK = 16


@dataclass(frozen=True)
class RainflowState:
    """Reversals not yet closed, the present point, and the way it moves; arrays over V vehicles."""

    stack: Floats
    """[5, V, S], the first `count` of each vehicle."""
    count: Ints
    live: Floats
    """[5, V] present end of the trace."""
    direction: Ints
    """-1, 0 (never moved) or 1."""


@dataclass(frozen=True)
class Cycles:
    """Counted cycles, arrays [N]."""

    row: Ints
    """Vehicle."""
    depth: Floats
    mean_soc: Floats
    c_rate: Floats
    """Mean |power| in units of the capacity per hour, weighted by energy: creeping on changes it little, so that an
    open cycle never wears less for going on."""
    kelvin: Floats
    number: Floats
    """1 for a cycle, 0.5 for a half one."""


def begin(soc: Floats) -> RainflowState:
    """A trace that begins at soc [V]."""
    live = np.zeros((CHANNELS, soc.size))
    live[SOC] = soc
    stack = np.zeros((CHANNELS, soc.size, FIRST_STACK))
    stack[:, :, 0] = live
    return RainflowState(stack, np.ones(soc.size, dtype=np.int64), live, np.zeros(soc.size, dtype=np.int64))


def feed(state: RainflowState, soc: Floats, step_s: float, kelvin: float | Floats) -> tuple[RainflowState, Cycles]:
    """Continue by soc [V, n], whose first column is the present point; gives the cycles that closed."""
    if np.any(np.abs(soc[:, 0] - state.live[SOC]) > JOIN_SOC):
        raise RecordError("rainflow: a block of a trace does not begin where the one before ended")
    points = _points(state.live, soc, step_s, kelvin)
    turns, direction = _turns(np.diff(soc, axis=1), state.direction)
    counter = _Counter(state.stack.copy(), state.count.copy())
    rows, columns = np.nonzero(turns)
    first = np.searchsorted(rows, np.arange(soc.shape[0]))
    # reversals of one vehicle depend on each other, those of different ones do not: all k-th ones go together
    rank = np.arange(rows.size) - first[rows]
    order = np.argsort(rank, kind="stable")
    edges = np.searchsorted(rank[order], np.arange(int(rank.max(initial=-1)) + 2))
    for begin_at, end_at in pairwise(edges):
        chosen = order[begin_at:end_at]
        counter.push(rows[chosen], points[:, rows[chosen], columns[chosen]])
    return RainflowState(counter.stack, counter.count, points[:, :, -1], direction), counter.cycles()


def residue(state: RainflowState) -> Cycles:
    """What the open cycles count for now, the present point taken as the trace's last reversal."""
    # copies, since the trace goes on from the state as it is
    counter = _Counter(state.stack.copy(), state.count.copy())
    moved = np.flatnonzero(state.direction)
    counter.push(moved, state.live[:, moved])
    for place in range(int(counter.count.max(initial=1)) - 1):
        rows = np.flatnonzero(counter.count > place + 1)
        counter.emit(rows, counter.stack[:, rows, place], counter.stack[:, rows, place + 1], np.full(rows.size, 0.5))
    return counter.cycles()


def _points(live: Floats, soc: Floats, step_s: float, kelvin: float | Floats) -> Floats:
    """[5, V, n] the channels at each point of the block."""
    moves = np.abs(np.diff(soc, axis=1))
    points = np.empty((CHANNELS, *soc.shape))
    points[SOC] = soc
    # channels are running sums, so that of any half cycle each is a difference of two points
    points[:, :, 0] = live
    profile = np.broadcast_to(kelvin, soc.shape)
    steps = (moves, moves * moves * (3600.0 / step_s), np.full(moves.shape, step_s),
             0.5 * step_s * (profile[:, 1:] + profile[:, :-1]))
    for channel, step in zip((PATH, RATE_PATH, ELAPSED_S, KELVIN_S), steps, strict=True):
        np.cumsum(step, axis=1, out=points[channel, :, 1:])
        points[channel, :, 1:] += live[channel, :, None]
    return points


def _turns(change: Floats, direction: Ints) -> tuple[Bools, Ints]:
    """Where the trace turns ([V, n - 1], at the point before each change), and its way at the end [V]."""
    way = np.where(np.abs(change) > STILL_SOC, np.sign(change), 0).astype(np.int8)
    way = np.concatenate([direction[:, None].astype(np.int8), way], axis=1)
    # a pause has no direction: the last motion counts, or each rest would be a reversal
    last_moved = np.maximum.accumulate(np.where(way != 0, np.arange(way.shape[1]), 0), axis=1)
    lasting = np.take_along_axis(way, last_moved, axis=1)
    return lasting[:, 1:] * lasting[:, :-1] < 0, lasting[:, -1].astype(np.int64)


class _Counter:
    """The stacks while they change, and the cycles they give."""

    def __init__(self, stack: Floats, count: Ints) -> None:
        self.stack, self.count = stack, count
        self._batches: list[tuple[Ints, Floats, Floats, Floats]] = []

    def push(self, rows: Ints, points: Floats) -> None:
        """Add one reversal [5, N] to each of rows [N], all different, and close what it closes."""
        if rows.size and int(self.count[rows].max()) == self.stack.shape[2]:
            # all stacks double together: few traces hold more open cycles, and arrays stay rectangular
            self.stack = np.concatenate([self.stack, np.zeros_like(self.stack)], axis=2)
        self.stack[:, rows, self.count[rows]] = points
        self.count[rows] += 1
        while rows.size:
            rows = self._close(rows[self.count[rows] >= 3])

    def _close(self, rows: Ints) -> Ints:
        """Close one range of each row where the last one is not smaller; gives the rows that changed."""
        top = self.count[rows]
        # ASTM's three-point rule: a range is closed by a following one that is at least as large
        closes = (np.abs(self.stack[SOC, rows, top - 1] - self.stack[SOC, rows, top - 2])
                  >= np.abs(self.stack[SOC, rows, top - 2] - self.stack[SOC, rows, top - 3]))
        rows, top = rows[closes], top[closes]
        a, b, c = (self.stack[:, rows, top - k] for k in (3, 2, 1))
        # The range with the trace's first point counts half, and only that point goes.
        is_first = top == 3
        self.emit(rows, a, b, np.where(is_first, 0.5, 1.0))
        self.stack[:, rows, top - 3] = np.where(is_first, b, c)
        self.stack[:, rows, top - 2] = c
        self.count[rows] = np.where(is_first, 2, top - 2)
        return rows

    def emit(self, rows: Ints, a: Floats, b: Floats, number: Floats) -> None:
        """Note the ranges from a to b [5, N]."""
        if rows.size:
            self._batches.append((rows, a, b, number))

    def cycles(self) -> Cycles:
        """All that was noted."""
        if not self._batches:
            return Cycles(np.zeros(0, dtype=np.int64), *(np.zeros(0) for _ in range(5)))
        row, number = (np.concatenate([batch[k] for batch in self._batches]) for k in (0, 3))
        a, b = (np.concatenate([batch[k] for batch in self._batches], axis=1) for k in (1, 2))
        change = b - a
        # channels are sums along the trace, so means over a cycle are differences of its two ends
        c_rate = change[RATE_PATH] / np.maximum(change[PATH], STILL_SOC)
        kelvin = change[KELVIN_S] / np.maximum(change[ELAPSED_S], 1.0)
        return Cycles(row, np.abs(change[SOC]), 0.5 * (a[SOC] + b[SOC]), c_rate, kelvin, number)
