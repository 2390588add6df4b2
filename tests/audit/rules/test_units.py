"""Rules of which units run and at which powers: emergency starts, hours carried on, planned powers with ramps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.finding import AuditError
from audit.rules.dispatch import planned_powers
from audit.rules.reserve import reserve
from audit.rules.units import emergency_order, emergency_starts, hours_on
from audit.run import Run
from tests.audit.made import district, run, said

HEAD = ("unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,cost_c_usd_per_mw2h,"
        "start_1_lag_h,start_1_usd")
UNITS = f"""{HEAD}
base,50,100,4,4,48,0,8,0,4,500
first,5,20,1,1,-9,0,30,0,1,70
second,5,20,1,1,-9,0,40,0,1,70
slow,5,20,2,2,-9,0,20,0,2,70
"""
"""Of the three that rest the first two are quick, the first is the cheaper; the last costs less and may not start."""
ON = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]])
SHED = np.array([15.0, 0.0, 10.0, 0.0])
P_MW = np.array([[100.0, 0, 0, 0], [100.0, 15, 0, 0], [100.0, 20, 0, 0], [100.0, 20, 10, 0]])
"""115 MW are asked for, then 115, 130, 130: each shortage is covered in the hour after."""


def of(text: str = UNITS, steps: int = 4, days: int = 0, rule: str = "thermal_only", **arrays: Any) -> Run:
    system = {"units": "mine.csv", "unit_copies": 1, "unit_scale": 1.0, "emissions": "linear", "ramps": "none",
              "reserve_rule": rule, "reserve_fraction": 0.1}
    planned = np.zeros((4, 4))
    planned[0] = 1.0
    before = np.array([[48.0, -9, -9, -9], [49, -10, -10, -10], [50, 1, -11, -11], [51, 2, -12, -12]])
    honest = {"committed": ON, "p_mw": P_MW, "shed_mw": SHED, "dump_mw": np.zeros(4), "on_before_h": before,
              "emergency_starts": [0.0, 1.0, 0.0, 1.0]}
    plan = {"time_s": np.array([0, -1]), "committed": np.stack([planned, planned]),
            "p_mw": np.stack([P_MW.T, P_MW.T])}
    return run(district({"discharge_kw": np.zeros((4, 2)), "charge_kw": np.zeros((4, 2))}), steps=steps, system=system,
               arrays=honest | arrays, plan=plan, inputs={"units": text}, attributes={"warmup_controlled_days": days})


def altered(values: Any, at: tuple[int, int], value: float) -> Any:
    new = np.array(values, dtype=np.float64)
    new[at] = value
    return new


# ---------------------------------------------------------------- emergency starts
def test_quick_units_that_cover_a_shortage_cheapest_first_contradict_nothing() -> None:
    for rule in (emergency_starts, emergency_order, hours_on):
        assert said(rule, of()) == []


@pytest.mark.parametrize(("changes", "told"), [
    ({"committed": ON - np.array([[0] * 4] * 3 + [[0, 0, 1, 0]])}, "3: 1 units"),  # nobody starts
    ({"committed": ON[:, [0, 2, 1, 3]]}, "1: 2 units"),  # the dearer one first
    ({"committed": ON + np.array([[0] * 4, [0, 0, 1, 0], [0, 0, 1, 0], [0] * 4])}, "1: 1 units"),  # one too many
    ({"shed_mw": SHED + np.array([10.0, 0, 0, 0])}, "1: 1 units")])  # a gap of 25 MW needs both
def test_other_starts_than_the_shortage_asks_for_are_told(changes: dict[str, Any], told: str) -> None:
    assert said(emergency_order, of(**changes)) == [f"units that should (not) have started, {told}"]


def test_a_start_without_a_shortage_before_it_or_one_that_is_not_counted_is_told() -> None:
    assert said(emergency_starts, of(shed_mw=[15.0, 0, 0, 0])) == ["load shed before it, 2: 1"]
    assert said(emergency_starts, of(emergency_starts=[0.0, 0, 0, 1])) == ["starts outside the plan, 1: 1"]


def test_a_plan_that_ends_before_the_next_begins_is_refused() -> None:
    short = of()
    short.plan["committed"] = short.plan["committed"][:, :, :3]
    with pytest.raises(AuditError, match=r"^plan 0 ends before the next begins$"):
        said(emergency_starts, short)


@pytest.mark.parametrize(("days", "told"), [(0, ["first hours, 1: 1 h"]), (1, [])])
def test_the_first_hours_are_those_of_the_table_unless_days_were_run_before(days: int, told: list[str]) -> None:
    later = of(UNITS.replace("first,5,20,1,1,-9", "first,5,20,1,1,-8"), days=days)
    assert said(hours_on, later) == told


# ---------------------------------------------------------------- planned powers
RAMPED = UNITS.replace("start_1_usd\n", "start_1_usd,ramp_up_mw_per_h\n").replace("500\n", "500,60\n").replace(
    ",70\n", ",70,\n")


def test_units_with_ramps_begin_from_the_plan_and_others_from_none() -> None:
    assert said(planned_powers, of()) == said(planned_powers, of(RAMPED)) == [], "files of before say nothing of it"
    assert said(planned_powers, of(ordered_mw=np.full((4, 4), np.nan))) == []
    assert said(planned_powers, of(RAMPED, ordered_mw=P_MW)) == []
    assert said(planned_powers, of(ordered_mw=P_MW))[0] == "begins from a plan: base, 0: 1"
    assert said(planned_powers, of(RAMPED, ordered_mw=np.full((4, 4), np.nan)))[0] == "begins from a plan: base, 0: 1"


def test_another_power_than_the_plans_or_one_that_changes_within_an_hour_is_told() -> None:
    ordered = altered(P_MW, (0, 0), 99.0)
    assert said(planned_powers, of(RAMPED, ordered_mw=ordered)) == ["as plan 0 is made: base, 0: 1 MW"]
    halves = replace(of(RAMPED, ordered_mw=np.repeat(P_MW[:2], 2, axis=0)), attributes={
        **of().attributes, "step_s": 1800})
    assert said(planned_powers, halves) == []
    halves.arrays["ordered_mw"][1, 0] = 90.0
    assert said(planned_powers, halves) == ["changes within an hour: base, 0: 1"]


# ---------------------------------------------------------------- reserve with what happened
@pytest.mark.parametrize(("rule", "credit_mw", "shortfall_mw"), [
    # units of 100, 120, 120, 140 MW and 8 MW of wind serve 115, 115, 130, 130 MW and a tenth of it as reserve
    ("thermal_only", 0.0, [11.5 + 115 - 15 - 108, 0.0, 13.0 + 130 - 10 - 128, 0.0]),
    ("scheduled", 0.0, [11.5 + 115 - 15 - 108 - 2, 0.0, 13.0 + 130 - 10 - 128 - 2, 0.0]),
    ("deliverable", 1.5, [11.5 + 115 - 15 - 108 - 1 - 1.5, 0.0, 13.0 + 130 - 10 - 128 - 1 - 1.5, 0.0])])
def test_reserve_is_what_the_rule_leaves_open_and_no_more(rule: str, credit_mw: float, shortfall_mw: list[float]
                                                          ) -> None:
    """Cars give 2 MW back, of which a half counts where drivers deliver a half."""
    arrays = {"load_mw": [115.0, 115, 130, 130], "wind_available_mw": [10.0] * 4, "wind_curtailed_mw": [2.0] * 4,
              "pv_available_mw": [0.0] * 4, "pv_curtailed_mw": [0.0] * 4, "delivery_quantile": [0.5] * 4,
              "reserve_credit_mw": [credit_mw] * 4, "reserve_shortfall_mw": shortfall_mw}
    held = of(rule=rule, **arrays)
    held = replace(held, districts=(district({"discharge_kw": np.full((4, 2), 1e3), "charge_kw": np.zeros((4, 2))}),))
    assert said(reserve, held) == []
    held.arrays["reserve_shortfall_mw"][2] -= 0.5
    assert said(reserve, held) == ["shortfall, 2: 0.5 MW"]
