"""Rules of circuits of three phases on a handful of volts, and alterations of each value that they look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.rules.phases import limits_of_customers, places_of_nodes, rows_of_circuits, unbalance
from audit.run import Run
from tests.audit.made import district, run, said

TURN = np.exp(2j * np.pi / 3)
VOLT = 230 * np.array([1, TURN**2, TURN]) + np.array([[4.6], [0.0]]) * np.array([1, TURN, TURN**2])
"""Two steps of a bus: 2 % of negative sequence, then none."""
HONEST: dict[str, Any] = {
    "node_base_v": np.full(3, 230.0), "v_node_re_v": VOLT.real, "v_node_im_v": VOLT.imag,
    "three_phase_node_1": [0], "three_phase_node_2": [1], "three_phase_node_3": [2],
    "unbalance_percent": [[2.0], [0.0]], "node_x": [5.0] * 3, "node_y": [7.0] * 3,
    "current_a": [[10.0, 30.0], [0.0, 5.0]],
    "conductor_rating_a": [100.0, 50.0], "conductor_bus": [2, 2], "line_loading_percent": [[0.0, 60.0], [0.0, 10.0]],
    "vm_pu": np.stack([np.ones(2), np.abs(VOLT[:, 0]) / 230], axis=1), "load_bus_kw": [[0.0, 4.0], [0.0, 1.0]],
    "p_bus_kw": [[0.0, 3.0], [0.0, 0.0]], "losses_kw": [0.2, 0.1], "p_slack_kw": [7.2, 1.1],
    "losses_change_mw": [1e-4, 0.0], "losses_base_kw": [0.1, 0.1], "tap_pu": [[1.0], [1.05]]}
HONEST["vm_pu"][:, 0] = np.abs(VOLT[:, 1]) / 230


def of(exact: bool = True, error: str = "off", **arrays: Any) -> Run:
    street = district({name: values for name, values in {**HONEST, **arrays}.items() if values is not None}, axes={
        "bus": [1, 2], "node": ["b.1", "b.2", "b.3"], "three_phase_bus": ["b"], "regulator": ["r"], "connection": [2]},
        attributes={"is_exact": exact}, feeder="dss:street")
    return run(street, steps=2, step_s=1800, profiles={"forecast_error": error})


def altered(name: str, at: tuple[int, ...], by: float) -> dict[str, Any]:
    values = np.array(HONEST[name], dtype=np.float64)
    values[at] += by
    return {name: values}


@pytest.mark.parametrize("rule", [unbalance, places_of_nodes, rows_of_circuits, limits_of_customers])
def test_honest_volts_contradict_nothing(rule: Any) -> None:
    assert said(rule, of()) == []
    for left_out in ("unbalance_percent", "node_x", "tap_pu"):
        assert said(rule, of(**{left_out: None})) == [], "files without it are left alone"


@pytest.mark.parametrize(("rule", "name", "at", "by", "told"), [
    (unbalance, "unbalance_percent", (1, 0), 0.1, "unbalance at b, 1: 0.1 %"),
    (places_of_nodes, "node_x", (2,), 3.0, "node_x of a bus, 2: 3"),
    (places_of_nodes, "node_y", (1,), -1.0, "node_y of a bus, 1: 1"),
    (rows_of_circuits, "line_loading_percent", (0, 1), 1.0, "loading before bus 2, 0: 1 %"),
    (rows_of_circuits, "conductor_rating_a", (1,), 10.0, "loading before bus 2, 0: 10 %"),
    (rows_of_circuits, "vm_pu", (1, 0), 0.01, "voltage of no node at bus 1, 1: 0.01 pu"),
    (rows_of_circuits, "losses_kw", (1,), 0.05, "losses, 1: 0.05 kW"),
    (rows_of_circuits, "p_slack_kw", (0,), 0.05, "losses, 0: 0.05 kW"),
    (rows_of_circuits, "losses_change_mw", (1,), 2e-4, "change of losses, 1: 0.2 kW"),
    (rows_of_circuits, "tap_pu", (1, 0), 0.2, "tap of r, 1: 0.05 pu"),
    (rows_of_circuits, "tap_pu", (0, 0), -0.25, "tap of r, 0: 0.05 pu")])
def test_an_altered_value_is_told_by_place_and_step(rule: Any, name: str, at: tuple[int, ...], by: float, told: str
                                                    ) -> None:
    assert f"street: {told}" in said(rule, of(**altered(name, at, by)))


def test_losses_of_circuits_whose_loads_are_no_constant_powers_are_not_in_the_file() -> None:
    assert said(rows_of_circuits, of(exact=False, **altered("losses_kw", (1,), 0.05))) == []


# ---------------------------------------------------------------- limits of customers
LIMITS: dict[str, Any] = {"import_limit_kw": np.array([[9.0], [9.0]]), "export_limit_kw": np.array([[4.0], [4.0]]),
                          "told_connection_kw": np.array([[5.0], [-5.0]])}
"""The house draws 4 and 1 kW: cars may be told 5 and 8 kW at most, -8 and -5 at least."""


def test_what_keeps_the_limits_is_no_contradiction() -> None:
    assert said(limits_of_customers, of(**LIMITS)) == []
    assert said(limits_of_customers, of(**{name: np.full((2, 1), np.nan) for name in LIMITS})) == []


@pytest.mark.parametrize(("name", "step", "value", "told"), [
    ("told_connection_kw", 0, 5.5, ["told to cars at bus 2, 0: 0.5 kW"]),
    ("told_connection_kw", 1, -5.25, ["told to cars at bus 2, 1: 0.25 kW"]),
    ("import_limit_kw", 1, 9.5, ["import limit within an hour of bus 2, 1: 0.5 kW"]),
    ("export_limit_kw", 1, 4.5, ["export limit within an hour of bus 2, 1: 0.5 kW"])])
def test_limits_that_change_within_an_hour_or_are_not_kept_are_told(name: str, step: int, value: float,
                                                                   told: list[str]) -> None:
    values = LIMITS[name].copy()
    values[step] = value
    assert said(limits_of_customers, of(**LIMITS | {name: values})) == [f"street: {words}" for words in told]


def test_limits_that_leave_nothing_between_them_are_told() -> None:
    crossed = {"import_limit_kw": np.full((2, 1), -4.0), "export_limit_kw": np.full((2, 1), 3.0),
               "told_connection_kw": np.zeros((2, 1))}
    assert said(limits_of_customers, of(**crossed)) == ["street: between the limits of bus 2, 0: 1 kW"]


def test_who_forecasts_wrongly_may_tell_cars_too_much() -> None:
    beyond = LIMITS | {"told_connection_kw": np.full((2, 1), 50.0)}
    assert said(limits_of_customers, of(error="large", **beyond)) == []
    assert said(limits_of_customers, of(**beyond)) == ["street: told to cars at bus 2, 0: 45 kW"]
