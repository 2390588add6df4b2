"""Charging that cannot wait: as late as it can be, in the first hour, and as cars leave."""

from __future__ import annotations

import numpy as np
import pytest

from models.fleet.flexibility import cohort_flexibility
from models.fleet.latest_charging import fresh_kw, latest_kw, leaving_kw, turn_h, wait_h
from models.records.arrays import Floats, Ints
from models.records.flexibility import Sessions
from models.records.groups import THREE_CLASSES
from tests.models.fleet.one_stay import session_envelope

HOUR, H = 3600, 6
ROWS = THREE_CLASSES.count * (H + 1)


def stays(departure_h: Floats, need_kwh: float = 8.0, start_h: float = 0.0, **changes: Floats) -> Sessions:
    """One-way cars of 5 kW and efficiency 0.8 that want need_kwh more: 2 h of charging for 8 kWh."""
    n = departure_h.size
    values = {"group": np.zeros(n, dtype=np.int64), "bus_index": np.zeros(n, dtype=np.int64),
              "start_s": np.full(n, int(start_h * HOUR)), "departure_s": (departure_h * HOUR).astype(np.int64),
              "energy_kwh": np.full(n, 20.0), "wanted_kwh": np.full(n, 20.0 + need_kwh), "max_kwh": np.full(n, 45.0),
              "floor_v2g_kwh": np.full(n, 20.0), "p_charge_max_kw": np.full(n, 5.0),
              "p_discharge_max_kw": np.zeros(n), "eta_charge": np.full(n, 0.8), "eta_discharge": np.full(n, 0.8),
              "weight": np.ones(n)}
    return Sessions(**(values | changes))


def rows_of(cars: Sessions) -> Ints:
    return np.ceil(cars.departure_s / HOUR).astype(np.int64) - 1


def test_a_car_that_waits_charges_at_its_limit_to_the_end() -> None:
    """2 h of charging before 3.5 h: from 1.5 h on, 5 kW."""
    car = stays(np.array([3.5]))
    assert wait_h(car)[0] == turn_h(car)[0] == pytest.approx(1.5)
    p_kw = latest_kw(car, rows_of(car), np.array([2.0]), HOUR * np.arange(H + 1), ROWS)[3]
    assert p_kw == pytest.approx([0.0, 5.0, 10.0, 5.0, 0.0, 0.0])


def test_who_may_give_need_not() -> None:
    """A car that could discharge first would have to charge earlier; what it must charge is the same without."""
    car = stays(np.array([3.5]), p_discharge_max_kw=np.array([5.0]), floor_v2g_kwh=np.array([10.0]))
    assert turn_h(car)[0] < 1.0
    assert wait_h(car)[0] == pytest.approx(1.5)
    hurried = stays(np.array([2.0]), p_discharge_max_kw=np.array([5.0]))
    assert wait_h(hurried)[0] == 0.0
    assert fresh_kw(hurried, rows_of(hurried), np.ones(1), 0, H, ROWS).sum() == 0


def test_it_is_the_rise_of_the_lower_envelope() -> None:
    car, at_s = stays(np.array([3.5]), need_kwh=7.0), HOUR * np.arange(H + 1)
    rise_kw = np.diff(session_envelope(car, at_s)[0][0]) / 0.8
    assert latest_kw(car, rows_of(car), np.ones(1), at_s, ROWS)[3] == pytest.approx(rise_kw)


@pytest.mark.parametrize(("departure_h", "start_h", "expected_kw"), [
    (2.0, 0.0, [5.0, 0.0]), (2.5, 0.0, [2.5, 0.0]), (3.0, 0.0, [0.0, 0.0]), (3.5, 1.0, [0.0, 2.5]),
])
def test_who_has_just_come_must_charge_at_once_as_far_as_it_cannot_wait(
        departure_h: float, start_h: float, expected_kw: list[float]) -> None:
    car = stays(np.array([departure_h]), start_h=start_h)
    p_kw = fresh_kw(car, rows_of(car), np.ones(1), 0, H, ROWS)
    assert p_kw.sum(axis=0)[:2] == pytest.approx(expected_kw)


def test_cars_leave_one_after_the_other() -> None:
    """Of two cars that leave in hour 1 one is there for a quarter, the other for three."""
    cars = stays(np.array([1.25, 1.75, 4.0]))
    p_kw = leaving_kw(cars, rows_of(cars), np.ones(3), 0, H, 4, THREE_CLASSES.cohort_count(H))
    assert p_kw[1] == pytest.approx([10.0, 5.0, 5.0, 0.0])
    assert p_kw[3] == pytest.approx([5.0] * 4)


def test_who_leaves_beyond_the_horizon_leaves_in_no_hour_of_it() -> None:
    car = stays(np.array([9.0]))
    assert leaving_kw(car, np.array([H]), np.ones(1), 0, H, 4, THREE_CLASSES.cohort_count(H)).sum() == 0


def test_cohorts_carry_it_and_the_load_by_step() -> None:
    cars = stays(np.array([1.25, 1.75, 4.0]))
    outside = np.arange(4.0 * H)
    flexible = cohort_flexibility(cars, stays(np.zeros(0)), 0, H, 0.5, outside)
    assert flexible.p_uncontrolled_kw == pytest.approx(outside.reshape(H, 4).mean(axis=1))
    assert flexible.p_uncontrolled_step_kw.tolist() == outside.tolist()
    assert flexible.pc_leaving_kw[1] == pytest.approx([5.0, 2.5, 2.5, 0.0])
    assert flexible.pc_fresh_kw[1, 0] == flexible.pc_latest_kw[1, 0] == pytest.approx(5.0)
