"""Figures of circuits of three phases by hand: a week of voltages at four nodes of three customers, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from testbed.metrics.published import phases
from testbed.metrics.published.phases import gini, limits_of, ten_minute_deviation_percent

STEP_S, WEEK_S = 300, 7 * 86_400
STEPS = WEEK_S // STEP_S
WINDOWS = STEPS // 2
"""Of ten minutes."""
DECLARED_V = 230.0
CUSTOMER = np.array([7, 7, 9, 11])
"""Of each of four ports: the first two are phases of one."""


class Circuit:
    """Stands for a result with one district of three phases, by its arrays."""

    def __init__(self, step_s: int = STEP_S, declared_v: float | None = None, **arrays: Any) -> None:
        self.step_s, self.arrays = step_s, arrays
        self.steps_written = next(iter(arrays.values())).shape[0]
        self.districts = ("street",)
        self.scenario = {"districts": [{"name": "street", "supply": {
            "declared_v": declared_v, "low_percent": 6.0, "high_percent": 10.0}}]}
        self.arrays |= {"node_base_v": np.full(6, DECLARED_V), "port_customer": CUSTOMER}

    @property
    def step_h(self) -> float:
        return self.step_s / 3600

    def has_network(self, district: str) -> bool:
        return True

    def holds(self, district: str, name: str) -> bool:
        return name in self.arrays

    def district(self, district: str, name: str) -> Any:
        return self.arrays[name]


def volts(factor: Any, **more: Any) -> Any:
    """Of factors [T, 4] of the declared voltage at the ports, which are the nodes 1 to 4 of six."""
    nodes = np.full((len(factor), 6), 0.5 * DECLARED_V)  # of a node without a customer nothing counts
    nodes[:, 1:5] = np.asarray(factor) * DECLARED_V
    return Circuit(v_node_re_v=0.6 * nodes, v_node_im_v=-0.8 * nodes, port_at=np.arange(1, 5), **more)


def week() -> Any:
    return np.ones((STEPS, 4))


def windows(count: int) -> slice:
    return slice(100, 100 + 2 * count)


# ---------------------------------------------------------------- EN 50160
def test_a_customer_fails_by_too_many_windows_or_by_one_too_far_off() -> None:
    factor = week()
    sixth, fourth = windows(round(0.06 * WINDOWS)), windows(round(0.04 * WINDOWS))
    factor[fourth, 0] = 0.88  # within 95 %, and not below -15 %
    factor[sixth, 2] = 0.88  # more than 5 % of the week
    factor[windows(1), 3] = 0.84
    result = volts(factor)
    assert phases.en50160_failing_customers(result) == 2
    assert phases.en50160_worst_percent(result) == pytest.approx(100 * (1 - round(0.06 * WINDOWS) / WINDOWS))
    factor[windows(1), 1] = 1.11  # beyond +10 % once: the other phase of the first customer
    assert phases.en50160_failing_customers(volts(factor)) == 3


def test_ten_minute_means_are_of_squares() -> None:
    """Half a window at 1, half at 1.2: sqrt(1.22) = 1.1045 is beyond 10 %, where the plain mean would not be."""
    factor = week()
    factor[100, 3] = 1.2
    off = ten_minute_deviation_percent(volts(factor), "street")
    assert off is not None and off.shape == (WINDOWS, 4)
    assert off[50, 3] == pytest.approx(100 * (np.sqrt(1.22) - 1)) and np.count_nonzero(np.abs(off) > 1e-9) == 1
    assert phases.en50160_failing_customers(volts(factor)) == 1


@pytest.mark.parametrize(("step_s", "steps"), [(900, WEEK_S // 900), (300, STEPS - 1), (420, WEEK_S // 420)])
def test_steps_that_do_not_divide_ten_minutes_and_less_than_a_week_tell_nothing(step_s: int, steps: int) -> None:
    result = volts(np.ones((steps, 4)), step_s=step_s)
    assert ten_minute_deviation_percent(result, "street") is None
    assert np.isnan(phases.en50160_worst_percent(result)) and np.isnan(phases.en50160_failing_customers(result))


# ---------------------------------------------------------------- supply
def test_outside_is_counted_by_customer_not_by_phase() -> None:
    factor = np.ones((4, 4))
    factor[1, :2] = 0.93  # both phases of one customer, below -6 %
    factor[2, 1], factor[2, 2], factor[3, 3] = 1.11, 1.09, 0.95
    result = volts(factor, step_s=1800)
    assert phases.supply_outside_customers(result) == 1
    assert phases.supply_outside_customer_h(result) == pytest.approx(2 * 0.5)
    assert phases.supply_min_v(result) == pytest.approx(0.93 * DECLARED_V)
    assert phases.supply_max_v(result) == pytest.approx(1.11 * DECLARED_V)
    other = volts(factor, step_s=1800, declared_v=DECLARED_V * 0.99)  # declared otherwise, other limits
    assert phases.supply_outside_customers(other) == 2


# ---------------------------------------------------------------- published limits
def limited(import_kw: Any, export_kw: Any, load_kw: Any, cars_kw: Any) -> Any:
    return Circuit(step_s=1800, import_limit_kw=np.array(import_kw), export_limit_kw=np.array(export_kw),
                   load_bus_kw=np.array(load_kw), p_bus_kw=np.array(cars_kw), bus=np.array([1, 2, 3]),
                   connection=np.array([3, 2]))


def test_what_limits_leave_is_what_they_allow_beside_the_load() -> None:
    """Connections are buses 3 and 2. Bus 3 draws 2 kW, bus 2 feeds in 1 kW; the second step has no limits."""
    none = [np.nan, np.nan]
    result = limited([[5.0, 4.0], none], [[1.0, 0.5], none], [[9.0, -1.0, 2.0]] * 2, [[9.0, 0.0, 3.5], [0.0, 1.0, 0.0]])
    assert phases.limits_import_kwh(result) == pytest.approx(0.5 * ((5 - 2) + (4 + 1)))
    assert phases.limits_export_kwh(result) == pytest.approx(0.5 * ((1 + 2) + 0.0))  # 0.5 - 1 is no room
    # bus 3 draws 5.5 of 5 kW, bus 2 feeds in 1 of 0.5 kW by itself
    assert phases.limits_broken_customer_h(result) == pytest.approx(0.5 * 2)
    assert phases.limits_gini(result) == pytest.approx(gini(np.array([6.0, 5.0])))


@pytest.mark.parametrize("arrays", [
    {"p_bus_kw": np.zeros((2, 3))},
    {"import_limit_kw": np.full((2, 2), np.nan), "export_limit_kw": np.full((2, 2), np.nan)}])
def test_where_no_limit_was_published_figures_do_not_apply(arrays: dict[str, Any]) -> None:
    result: Any = Circuit(**arrays)
    assert limits_of(result, "street") is None
    for figure in (phases.limits_import_kwh, phases.limits_export_kwh, phases.limits_gini,
                   phases.limits_broken_customer_h):
        assert np.isnan(figure(result))


@pytest.mark.parametrize(("values", "expected"), [
    ([3.0, 3.0, 3.0], 0.0), ([0.0, 0.0, 0.0, 8.0], 0.75), ([1.0, 3.0], 0.25), ([0.0, 0.0], 0.0), ([], 0.0)])
def test_gini_by_hand(values: list[float], expected: float) -> None:
    assert gini(np.array(values)) == pytest.approx(expected)
