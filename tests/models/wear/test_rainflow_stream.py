"""Streaming rainflow: the cycles of the `rainflow` package, in any blocks, for all vehicles at once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import rainflow
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records.arrays import RecordError
from models.wear.rainflow_stream import begin, feed, residue


def counted(soc: np.ndarray, blocks: int = 1) -> list[Counter]:
    """Cycles of each vehicle as (depth, mean) -> number, fed in that many blocks."""
    state, parts = begin(soc[:, 0]), []
    edges = np.linspace(0, soc.shape[1] - 1, blocks + 1).astype(int)
    for first, last in pairwise(edges):
        state, closed = feed(state, soc[:, first:last + 1], 900.0, 298.15)
        parts.append(closed)
    parts.append(residue(state))
    cycles = [Counter() for _ in soc]
    for part in parts:
        for row, depth, mean, number in zip(part.row, part.depth, part.mean_soc, part.number, strict=True):
            cycles[row][round(depth, 9), round(mean, 9)] += number
    return [_without_nothing(cycle) for cycle in cycles]


def _without_nothing(cycles: Counter) -> Counter:
    """The package also reports half cycles of depth 0."""
    return Counter({key: number for key, number in cycles.items() if key[0] > 0})


def by_package(trace: np.ndarray) -> Counter:
    cycles: Counter = Counter()
    for depth, mean, number, _, _ in rainflow.extract_cycles(trace):
        cycles[round(depth, 9), round(mean, 9)] += number
    return _without_nothing(cycles)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(1, 7), st.sampled_from([4, 20, 1000]))
def test_equals_the_package_in_any_blocks(seed: int, points: int, blocks: int, levels: int) -> None:
    """Few levels give plateaus and equal ranges, where counting rules differ if they are wrong."""
    soc = np.random.default_rng(seed).integers(0, levels + 1, (5, points)) / levels
    for ours, trace in zip(counted(soc, min(blocks, points - 1)), soc, strict=True):
        assert ours == by_package(trace)


def test_converging_trace_outgrows_the_first_stack() -> None:
    """40 open reversals, each range inside the one before, none ever closed."""
    swing = 0.5 * 0.95 ** np.arange(40) * (-1.0) ** np.arange(40)
    soc = 0.5 + swing[None, :]
    assert counted(soc)[0] == by_package(soc[0])


def test_driving_and_v2g_carry_their_own_depth() -> None:
    """A drive of 0.1 inside a V2G cycle of 0.4: the small cycle closes inside the large one."""
    soc = np.array([[0.9, 0.7, 0.8, 0.5, 0.9]])
    cycles = counted(soc)[0]
    assert cycles[0.1, 0.75] == 1.0
    assert cycles[0.4, 0.7] == 1.0


def test_cycle_knows_its_speed_and_temperature() -> None:
    """0.4 down in 2 h, a rest of 6 h that is no motion but belongs to what came before, 0.4 up in 1 h."""
    soc = np.array([[0.8, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.8]])
    kelvin = np.linspace(290.0, 299.0, 10)
    parts = residue(feed(begin(soc[:, 0]), soc, 3600.0, kelvin)[0])
    assert parts.number == pytest.approx([0.5, 0.5])
    assert parts.c_rate == pytest.approx([0.2, 0.4])
    assert parts.kelvin == pytest.approx([294.0, 298.5])


def test_block_that_does_not_join_is_refused() -> None:
    with pytest.raises(RecordError, match="does not begin where the one before ended"):
        feed(begin(np.array([0.5])), np.array([[0.6, 0.7]]), 900.0, 298.15)
