"""What the lower layer plans behind a tap changer that has moved: the voltages of the step before its hour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.rules.placement import ac_of_the_plan, price_at_the_substation
from audit.run import Run
from tests.audit.made import district, run, said

R_PU, LOAD_KW, CARS_KW = 0.1, 200.0, 100.0
POSITION = np.array([0, 1, 2, 2])
"""Of half hours; in the second hour the layer counts with position 1, which it saw last."""


def planned(slack_pu: Any) -> tuple[np.ndarray, np.ndarray]:
    """(voltages [4, 2], losses kW) of 0.3 pu behind 0.1 pu: v (V - v) = r p."""
    slack = np.asarray(slack_pu, dtype=np.float64)
    v = (slack + np.sqrt(slack**2 - 4 * R_PU * 0.3)) / 2
    return np.stack([slack, v], axis=1), R_PU * (0.3 / v) ** 2 * 1e3


def of(seen_pu: Any, has_taps: bool = True, **arrays: Any) -> Run:
    vm_pu, losses_kw = planned(seen_pu)
    none = np.zeros((4, 2))
    base = {"bus_parent": [-1, 1], "line_r_pu": [0.0, R_PU], "line_x_pu": [0.0, 0.0], "shunt_g_pu": [0.0, 0.0],
            "shunt_b_pu": [0.0, 0.0], "line_turns_ratio": [1.0, 1.0], "load_bus_kw": np.tile([0.0, LOAD_KW], (4, 1)),
            "load_bus_kvar": none, "q_plan_bus_kvar": none, "vm_plan_ac_pu": vm_pu, "losses_plan_ac_kw": losses_kw,
            "bus_zone": [-1, 0], "vm_pu": none + 1.0, "vehicle_charged_kwh": [0.0] * 60,
            "vehicle_class_index": [0] * 60, "vehicle_is_bidirectional": [1] * 60,
            "vehicle_p_discharge_max_kw": [7.0] * 60}
    taps = {"tap_position": POSITION, "tap_slack_vm_pu": [0.98, 1.0, 1.02, 1.04]} if has_taps else {}
    street = district({**base, **taps, **arrays}, axes={"bus": [1, 2], "tap": [-1, 0, 1, 2]}, attributes={
        "v_slack_pu": 1.0}, feeder="mine.json")
    return run(street, steps=4, step_s=1800, profiles={"forecast_error": "off"})


def test_a_plan_counts_with_the_position_that_was_seen_before_its_hour() -> None:
    assert said(ac_of_the_plan, of([1.0, 1.0, 1.02, 1.02])) == []
    assert said(ac_of_the_plan, of([1.0] * 4, has_taps=False)) == [], "or with the slack's one voltage"
    assert said(ac_of_the_plan, of([1.0, 1.0, 1.04, 1.04])) == ["street: slack voltage of the plan, 2: 0.02 pu"]
    assert said(ac_of_the_plan, of([1.0, 1.0, 1.02, 1.02], has_taps=False)) == [
        "street: slack voltage of the plan, 2: 0.02 pu"]


def test_other_losses_than_those_of_the_voltages_or_cars_where_none_are_are_told() -> None:
    honest = of([1.0, 1.0, 1.02, 1.02])
    losses_kw = honest.districts[0]("losses_plan_ac_kw") * np.array([1, 1, 1.01, 1])
    found, = said(ac_of_the_plan, of([1.0, 1.0, 1.02, 1.02], losses_plan_ac_kw=losses_kw))
    assert found.startswith("street: losses of the plan, 2: ")
    found, = said(ac_of_the_plan, of([1.0, 1.0, 1.02, 1.02], bus_zone=[-1, -1]))
    assert found == "street: planned cars at bus 2, 0: 100 kW"
    wide = of([1.0, 1.0, 1.02, 1.02], vehicle_p_discharge_max_kw=[1.0] * 60)
    assert said(ac_of_the_plan, wide) == ["street: planned cars at bus 2, 0: 40 kW"]


def test_a_load_that_a_simulator_of_others_told_meets_no_plan_of_ours() -> None:
    told = of([1.0, 1.0, 1.04, 1.04])
    told = replace(told, scenario={**told.scenario, "simulators": {"meter": {"place": "profiles", "gives": {
        "load_mw": {}}}}})
    assert said(ac_of_the_plan, told) == []


# ---------------------------------------------------------------- the price at the substation
def priced(usd: Any, fallback: Any = (0, 0, 0, 0), marginal: float = 33.0) -> Run:
    street = district({"nodal_price_usd_per_mwh": np.asarray(usd)[:, None], "spatial_fallback": fallback,
                       "spatial_repaired": np.zeros(4)}, axes={"bus": [1]})
    plan = {"time_s": np.array([0, 3600, 7200, -1]),
            "marginal_price_usd_per_mwh": np.array([[marginal], [40.0], [50.0], [0.0]])}
    return run(street, steps=4, step_s=1800, plan=plan)


@pytest.mark.parametrize(("of_run", "told"), [
    (priced([33.0, 33.0, 40.0, 40.0]), []), (priced([np.nan] * 4), []),
    (priced([33.0, 34.0, 40.0, 40.0]), ["price within an hour, 0: 1"]),
    (priced([35.0, 35.0, 40.0, 40.0]), ["price as plan 0 is made, -1: 2 USD/MWh"]),
    (priced([35.0, 35.0, 40.0, 40.0], fallback=(1, 0, 0, 0)), []),  # where it fell back its price is of no plan
    (priced([1.0, 1.0, 40.0, 40.0], marginal=-5.0), [])])
def test_the_price_at_the_substation_is_the_plans_and_stays_for_its_hour(of_run: Run, told: list[str]) -> None:
    """The third plan begins after the run's last step."""
    assert said(price_at_the_substation, of_run) == [f"street: {words}" for words in told]
