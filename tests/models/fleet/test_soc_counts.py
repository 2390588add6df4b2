"""Cars counted by class and state of charge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.fleet.soc_counts import SOC_BINS, soc_counts


def test_a_band_holds_its_lower_end_and_the_last_one_full_batteries() -> None:
    counts = soc_counts(np.array([0.0, 0.02, 0.5, 0.999, 1.0]), np.array([0, 0, 1, 1, 1]), 3)
    assert counts.shape == (3, SOC_BINS)
    assert [(int(c), int(b), int(counts[c, b])) for c, b in np.argwhere(counts)] == [
        (0, 0, 1), (0, 1, 1), (1, 25, 1), (1, 49, 2)]


@given(cars=st.lists(st.tuples(st.floats(-1e-9, 1 + 1e-9), st.integers(0, 3)), max_size=40))
def test_every_car_is_counted_once_and_in_its_class(cars: list[tuple[float, int]]) -> None:
    soc, kind = np.array([soc for soc, _ in cars]), np.array([kind for _, kind in cars], dtype=np.int64)
    counts = soc_counts(soc, kind, 4)
    assert counts.sum(axis=1).tolist() == [int((kind == k).sum()) for k in range(4)]
    middle = (np.arange(SOC_BINS) + 0.5) / SOC_BINS
    assert abs((counts @ middle).sum() - soc.sum()) <= len(cars) * (0.5 / SOC_BINS + 1e-6)
