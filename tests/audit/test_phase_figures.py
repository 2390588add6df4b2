"""Figures of circuits of three phases: volts, customers and limits small enough for the head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.phase_figures import NAMES, phase_figures
from tests.audit.made import district, run

VOLT = np.array([[230.0, 200.0, 230.0], [230.0, 230.0, 260.0]])
"""Two steps at three nodes; customer 7 stands at the first two, customer 9 at the third."""
STREET: dict[str, Any] = {
    "node_base_v": np.full(3, 230.0), "v_node_re_v": VOLT * 0.8, "v_node_im_v": VOLT * 0.6, "port_at": [0, 1, 2],
    "port_customer": [7, 7, 9], "current_a": [[50.0, 20.0], [80.0, 10.0]], "conductor_rating_a": [100.0, 20.0],
    "unbalance_percent": [[1.0, 2.5], [2.1, 0.5]], "neutral_current_a": [[5.0], [12.0]]}
SUPPLY = {"declared_v": None, "low_percent": 10.0, "high_percent": 10.0}


def figures(arrays: dict[str, Any], *more: Any, steps: int = 2, step_s: int = 1800, **supply: Any) -> dict[str, float]:
    street = district(arrays, axes={"bus": [1, 2, 3], "connection": [2, 3]}, supply=SUPPLY | supply)
    return phase_figures(run(street, *more, steps=steps, step_s=step_s))


def test_figures_by_hand() -> None:
    """200 V are 13 % below 230 V and 260 V 13 % above: half an hour of each customer."""
    told = figures(STREET)
    assert {name: value for name, value in told.items() if not np.isnan(value)} == pytest.approx({
        "unbalance_max_percent": 2.5, "unbalance_above_2_bus_h": 1.0, "supply_min_v": 200.0, "supply_max_v": 260.0,
        "supply_outside_customers": 2.0, "supply_outside_customer_h": 1.0, "phase_loading_max_percent": 100.0,
        "neutral_current_max_a": 12.0})


def test_volts_are_held_against_the_declared_ones_where_there_are_some() -> None:
    told = figures(STREET, declared_v=240.0, low_percent=20.0)
    assert (told["supply_outside_customers"], told["supply_outside_customer_h"]) == (0.0, 0.0)
    told = figures(STREET, declared_v=225.0, low_percent=20.0)
    assert (told["supply_outside_customers"], told["supply_outside_customer_h"]) == (1.0, 0.5)


def test_of_several_circuits_the_worst_or_the_sum_counts_and_what_none_tells_is_not_known() -> None:
    other = {**STREET, "v_node_re_v": VOLT * 0.8 - 10.0, "current_a": np.full((2, 2), 30.0)}
    del other["unbalance_percent"], other["neutral_current_a"]
    second = district(other, axes={"bus": [1, 2, 3]}, name="lane", supply=SUPPLY)
    told = figures(STREET, second)
    assert told["phase_loading_max_percent"] == pytest.approx(150.0) and told["neutral_current_max_a"] == 12.0
    assert told["supply_min_v"] == pytest.approx(np.hypot(150.0, 120.0)) and told["supply_max_v"] == pytest.approx(260)
    assert told["unbalance_above_2_bus_h"] == 1.0 and told["unbalance_max_percent"] == 2.5
    alone = phase_figures(run(second, steps=2, step_s=1800))
    assert np.isnan(alone["unbalance_max_percent"]) and np.isnan(alone["neutral_current_max_a"])
    assert alone["unbalance_above_2_bus_h"] == 0.0


def test_without_such_a_circuit_no_figure_is_known() -> None:
    for none in (phase_figures(run(steps=2)), phase_figures(run(district({}), steps=2))):
        assert tuple(none) == NAMES and np.isnan(list(none.values())).all()


# ---------------------------------------------------------------- a week by EN 50160
def week(off_percent: Any, step_s: int = 300) -> dict[str, float]:
    """A week of one node that lies so far off 230 V, by steps."""
    volt = 230.0 * (1 + np.asarray(off_percent, dtype=np.float64)[:, None] / 100)
    arrays = {**STREET, "v_node_re_v": volt, "v_node_im_v": 0 * volt, "node_base_v": [230.0], "port_at": [0],
              "port_customer": [7]}
    told = figures(arrays, steps=volt.shape[0], step_s=step_s)
    return {name: told[f"en50160_{name}"] for name in ("worst_percent", "failing_customers")}


WEEK = 7 * 288


@pytest.mark.parametrize(("low", "value", "worst", "fails"), [
    (100, -12.0, 100 * (1 - 50 / 1008), 0.0),  # 4.96 % of the ten minutes may be lower
    (102, -12.0, 100 * (1 - 51 / 1008), 1.0),
    (2, -16.0, 100 * (1 - 1 / 1008), 1.0), (2, 11.0, 100 * (1 - 1 / 1008), 1.0),
    (1, -18.0, 100.0, 0.0)])  # the mean of squares of five minutes at -18 % and five at 0 % is -9.4 %
def test_ten_minutes_of_a_week_lie_within_ten_percent_but_for_one_in_twenty(low: int, value: float, worst: float,
                                                                           fails: float) -> None:
    off = np.zeros(WEEK)
    off[:low] = value
    assert week(off) == pytest.approx({"worst_percent": worst, "failing_customers": fails})


@pytest.mark.parametrize(("steps", "step_s"), [(WEEK - 2, 300), (7 * 96, 900)])
def test_less_than_a_week_or_longer_steps_than_ten_minutes_say_nothing_of_it(steps: int, step_s: int) -> None:
    assert np.isnan(list(week(np.zeros(steps), step_s).values())).all()


# ---------------------------------------------------------------- limits of customers
LIMITS: dict[str, Any] = {
    "import_limit_kw": [[9.0, 9.0], [9.0, np.nan]], "export_limit_kw": [[4.0, 4.0], [4.0, np.nan]],
    "load_bus_kw": [[0.0, 3.0, 1.0], [0.0, 10.0, 1.0]], "p_bus_kw": [[0.0, 7.0, 0.0], [0.0, 0.0, 5.0]]}


def test_limits_leave_what_the_house_does_not_take() -> None:
    """6 + 8 kW to draw and 7 + 5 to feed in the first half hour, 0 and 14 of the first customer in the second; both
    houses draw more than they may once, one of them by its car."""
    told = figures({**STREET, **LIMITS})
    assert (told["limits_import_kwh"], told["limits_export_kwh"]) == pytest.approx((0.5 * 14.0, 0.5 * (12.0 + 14.0)))
    assert told["limits_broken_customer_h"] == pytest.approx(0.5 * 2)
    shares = np.array([6.0 + 7.0 + 0.0 + 14.0, 8.0 + 5.0])
    assert told["limits_gini"] == pytest.approx(abs(shares[0] - shares[1]) / 2 / shares.sum())


def test_where_nothing_is_left_to_anybody_it_is_shared_evenly() -> None:
    none = {**LIMITS, "import_limit_kw": np.zeros((2, 2)), "export_limit_kw": np.full((2, 2), -99.0)}
    told = figures({**STREET, **none})
    assert (told["limits_import_kwh"], told["limits_export_kwh"], told["limits_gini"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("arrays", [{}, {**LIMITS, "import_limit_kw": np.full((2, 2), np.nan)}])
def test_without_limits_nothing_of_them_is_known(arrays: dict[str, Any]) -> None:
    told = figures({**STREET, **arrays})
    assert np.isnan([told[name] for name in NAMES if name.startswith("limits_")]).all()
    assert not np.isnan(told["supply_min_v"])
