"""Hosting: what counts as capacity, and that a stopped study goes on where it was."""

from pathlib import Path

import numpy as np
import pytest

from experiments.feeder.hosting import COLUMNS, Case, _row, append, capacities, capacity, interval, read_cases
from experiments.feeder.hosting_street import (
    CHARGER_KW,
    NOON_H,
    STEP_H,
    STEPS,
    Day,
    Judge,
    Outcome,
    Street,
    at_once,
    drawn_day,
)


def test_a_larger_share_does_not_count_after_one_that_fails() -> None:
    assert capacity({5: True, 10: True, 15: False, 20: True}) == 10
    assert capacity({5: False, 10: True}) == 0
    assert capacity({5: True, 10: True}) == 10


def test_rows_are_found_again_and_one_cut_off_is_not(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    for cars, keeps in ((5, 1), (10, 0)):
        values = ("1", "all", "one", "tariff", str(cars), str(keeps), "1.0", "230.0", "")
        append(dict(zip(COLUMNS, values, strict=True)), file)
    with file.open("a") as opened:
        opened.write("1,all,one,tariff")
    done = read_cases(file)
    assert set(done) == {("1", "all", "one", "tariff", "5"), ("1", "all", "one", "tariff", "10")}
    assert capacities(done, 50) == {("all", "one", "tariff"): pytest.approx(np.array([0.1]))}


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


def test_where_houses_break_a_limit_capacity_is_0_and_the_limit_is_named() -> None:
    case = Case(1, "all", "one", "tariff", 5)
    row = _row(case, Outcome(1.0, "", "voltage at bus 34", 220.0))
    assert (row["keeps"], row["broken"]) == ("0", "without cars: voltage at bus 34")
    assert _row(case, Outcome(1.0, "", "", 220.0))["keeps"] == "1"


def test_the_same_power_on_three_phases_lowers_nobody_as_much() -> None:
    pytest.importorskip("opendssdirect")
    lowest = []
    for chargers in ("one", "three"):
        street = Street(chargers)
        judge = Judge(street, drawn_day(street, 1, everybody=True))
        evening, cars = int(18 - NOON_H), np.zeros((street.houses, STEPS))
        cars[:40, evening] = CHARGER_KW
        flow = judge.call(judge.p_kw + judge.cars_at_rows(cars), judge.q_kvar)
        without = judge.flow.p_source_kw[evening] - judge.flow.losses_kw[evening]
        with_cars = flow.p_source_kw[evening] - flow.losses_kw[evening]
        assert with_cars - without == pytest.approx(40 * CHARGER_KW, abs=0.5)
        lowest.append(flow.vm_pu[evening, 1 : 1 + street.houses].min())
    assert lowest[1] > lowest[0] + 0.01
