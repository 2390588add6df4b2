"""Hosting: what counts as capacity, and that a stopped study goes on where it was."""

from pathlib import Path

import numpy as np
import pytest

from controllers.spatial.three_phase.limits import KEPT
from experiments.feeder.hosting import (
    COLUMNS,
    MARGIN,
    Case,
    Setting,
    _row,
    append,
    capacity,
    hosted,
    interval,
    read_cases,
    stopping,
)
from experiments.feeder.hosting_street import (
    CHARGER_KW,
    NOON_H,
    STEP_H,
    STEPS,
    Coordinated,
    Day,
    Judge,
    Outcome,
    Street,
    at_once,
    drawn_day,
    forecast_of,
)


def test_a_larger_share_does_not_count_after_one_that_fails() -> None:
    assert capacity({5: True, 10: True, 15: False, 20: True}) == 10
    assert capacity({5: False, 10: True}) == 0
    assert capacity({5: True, 10: True}) == 10


def test_rows_are_found_again_and_one_cut_off_is_not(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    for cars, keeps in ((5, 1), (10, 0)):
        values = ("1", "all", "one", "1.05", "tariff", str(cars), str(keeps), "1.0", "230.0",
                  "" if keeps else "voltage at bus 9 is 0.93 pu, at least 0.94, period 1")
        append(dict(zip(COLUMNS, values, strict=True)), file)
    with file.open("a") as opened:
        opened.write("1,all,one,tariff")
    done = read_cases(file)
    assert set(done) == {("1", "all", "one", "1.05", "tariff", cars) for cars in ("5", "10")}
    row, = hosted(done, 50)
    assert (row.controller, row.source_pu, row.median, row.stopped_by) == ("tariff", 1.05, 0.1, "low voltage 1")


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
    case = Case(Setting(), 1, "tariff", 5)
    row = _row(case, Outcome(1.0, "", "voltage at bus 34", 220.0))
    assert (row["keeps"], row["broken"]) == ("0", "without cars: voltage at bus 34")
    assert stopping(row) == "houses alone: low voltage"
    assert _row(case, Outcome(1.0, "", "", 220.0))["keeps"] == "1"


@pytest.mark.parametrize(("keeps", "broken", "words"), [
    ("1", "", "nothing"), ("0", "", "energy missing"), ("0", "current at line.l2 phase 1 is 1.1", "current"),
    ("0", "voltage at bus 6 phase 3 is 1.1010 pu, at most 1.1, period 1; voltage at bus 7 is 0.9 pu, at least 0.94",
     "high voltage")])
def test_what_stops_a_street_is_told_in_words(keeps: str, broken: str, words: str) -> None:
    assert stopping({"keeps": keeps, "broken": broken}) == words


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


def test_a_lower_source_lowers_every_voltage_and_leaves_the_script_alone() -> None:
    pytest.importorskip("opendssdirect")
    lowest = [Street("one", source_pu) for source_pu in (1.05, 1.0)]
    volts = [Judge(street, drawn_day(street, 1, everybody=True)).flow.vm_pu[:, 1:] for street in lowest]
    assert np.all(volts[0] - volts[1] > 0.045) and np.all(volts[0] - volts[1] < 0.06)
    assert Street("one").house_kw == pytest.approx(lowest[0].house_kw)


def test_a_margin_that_even_charging_breaks_is_kept_and_all_wanted_energy_comes_in() -> None:
    pytest.importorskip("opendssdirect")
    street = Street()
    expected = forecast_of(street, drawn_day(street, 10, everybody=True))
    judge = Judge(street, expected)
    kept = KEPT[judge.network.watched.kind]
    plan, nothing = Coordinated(judge, expected, 25, margin=MARGIN), np.zeros(expected.load_kw.shape)
    p, q = plan.powers()
    assert np.any(judge.excess(plan._evenly(), nothing)[0] * kept + plan.margin > kept)
    assert np.all(judge.excess(p, q)[0] * kept + plan.margin <= kept)
    assert plan.delivers_all(p) and p.sum() * STEP_H == pytest.approx(expected.wanted_kwh[expected.order[:25]].sum())


@pytest.mark.slow
def test_who_may_give_back_brings_more_where_energy_is_missing_and_never_less() -> None:
    pytest.importorskip("opendssdirect")
    street = Street()
    day = drawn_day(street, 13, everybody=True)
    judge = Judge(street, day)
    energy = [Coordinated(judge, day, 50, gives_back, reactive).powers()[0].sum()
              for gives_back, reactive in ((False, False), (True, False), (True, True))]
    assert energy == sorted(energy) and energy[1] > 1.02 * energy[0] > 0.0
