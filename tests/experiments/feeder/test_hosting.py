"""Hosting: what counts as capacity, and that a stopped study goes on where it was."""

from pathlib import Path

import numpy as np
import pytest

from experiments.feeder.hosting import COLUMNS, append, capacities, capacity, interval, read_cases
from experiments.feeder.hosting_street import CHARGER_KW, STEP_H, STEPS, Day, at_once


def test_a_larger_share_does_not_count_after_one_that_fails() -> None:
    assert capacity({5: True, 10: True, 15: False, 20: True}) == 10
    assert capacity({5: False, 10: True}) == 0
    assert capacity({5: True, 10: True}) == 10


def test_rows_are_found_again_and_one_cut_off_is_not(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    for cars, keeps in ((5, 1), (10, 0)):
        append(dict(zip(COLUMNS, ("1", "all", "tariff", str(cars), str(keeps), "1.0", "230.0", ""), strict=True)), file)
    with file.open("a") as opened:
        opened.write("1,all,tariff")
    done = read_cases(file)
    assert set(done) == {("1", "all", "tariff", "5"), ("1", "all", "tariff", "10")}
    assert capacities(done, 50) == {("all", "tariff"): pytest.approx(np.array([0.1]))}


def test_quantiles_lie_in_their_intervals() -> None:
    value, low, high = interval(np.array([0.2, 0.4, 0.4, 0.6]), 0.5)
    assert low <= value <= high and value == pytest.approx(0.4)


def test_the_herd_waits_only_as_long_as_the_stay_allows() -> None:
    n = np.arange(2)
    day = Day(n, np.zeros((2, STEPS)), np.array([4, 4]), np.array([12, 20]), np.full(2, 3.0 * CHARGER_KW * STEP_H))
    late = at_once(day, 2, from_step=10)
    assert late.sum(axis=1) * STEP_H == pytest.approx(day.wanted_kwh)
    assert np.flatnonzero(late[0]).tolist() == [9, 10, 11] and np.flatnonzero(late[1]).tolist() == [10, 11, 12]
    assert at_once(day, 1)[1].sum() == 0.0
