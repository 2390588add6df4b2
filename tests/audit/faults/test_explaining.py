"""What a fault explains is a note that names it; the same beyond its time, place or kind is a violation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.faults.explaining import faults_of, named
from audit.finding import Check, findings

HOUR, STEPS = 3600, 24


def run_with(*faults: dict[str, Any]) -> Any:
    return SimpleNamespace(scenario={"faults": list(faults)}, steps=STEPS, step_s=HOUR, time_s=HOUR * np.arange(STEPS),
                           part=lambda name: {"planning": {"binding_h": 24}}[name],
                           districts=(SimpleNamespace(name="north"), SimpleNamespace(name="south")))


def said(rule: str, hour: int, run: Any, what: str = "load_mw") -> list[str]:
    check = Check(what, np.where(np.arange(STEPS) == hour, 5.0, 0.0), 1.0, "MW")
    return [str(finding) for part in named(rule, check, run, faults_of(run)) for finding in findings(rule, part, HOUR)]


WIND = {"kind": "wind_off", "day": 1, "from_h": 5.0, "until_h": 7.0, "district": None}


@pytest.mark.parametrize(("rule", "hour", "is_named"), [
    ("profiles", 5, True), ("profiles", 6, True), ("profiles", 4, False), ("profiles", 12, False),
    ("balance", 5, False)])
def test_only_what_the_kind_explains_and_only_while_it_is_there(rule: str, hour: int, is_named: bool) -> None:
    line, = said(rule, hour, run_with(WIND))
    assert line.startswith(f"note: {rule}: faults.0 (wind_off): load_mw") is is_named
    assert line.startswith(rule) is not is_named


@pytest.mark.parametrize(("what", "is_named"), [("north: load at bus 3", True), ("south: load at bus 3", False)])
def test_only_in_its_district(what: str, is_named: bool) -> None:
    out = {"kind": "line_out", "day": 1, "from_h": 5.0, "until_h": 7.0, "district": "north"}
    line, = said("loads_of_buses", 5, run_with(out), what)
    assert ("faults.0 (line_out)" in line) is is_named


@pytest.mark.parametrize(("rule", "is_named"), [("ac_of_the_plan", True), ("nodal_prices", True),
                                                ("ac_of_what_happened", False)])
def test_who_planned_without_forecasts_planned_other_flows(rule: str, is_named: bool) -> None:
    out = {"kind": "forecast_outage", "day": 1, "from_h": 0.0, "until_h": 24.0, "district": None}
    line, = said(rule, 7, run_with(out), "north: losses of the plan")
    assert ("faults.0 (forecast_outage)" in line) is is_named


def test_a_trip_is_felt_as_long_as_minimum_times_and_a_missed_re_dispatch_for_its_hour() -> None:
    trip = {"kind": "unit_trip", "day": 1, "from_h": 5.0, "until_h": 7.0, "district": None}
    silent = {"kind": "upper_layer_silent", "day": 1, "from_h": 5.0, "until_h": 7.0, "district": None}
    missed = silent | {"from_h": 0.0, "until_h": 1.0}
    assert "faults.0 (unit_trip)" in said("minimum_times", 20, run_with(trip))[0]
    assert said("minimum_times", 20, run_with(silent))[0].startswith("minimum_times")
    assert "faults.0 (upper_layer_silent)" in said("minimum_times", 20, run_with(missed))[0]


def test_what_is_broken_in_and_beyond_is_both() -> None:
    check = Check("load_mw", np.where(np.isin(np.arange(STEPS), (5, 20)), 5.0, 0.0), 1.0, "MW")
    run = run_with(WIND)
    lines = [finding for part in named("profiles", check, run, faults_of(run))
             for finding in findings("profiles", part, HOUR)]
    assert [(finding.row, finding.is_note) for finding in lines] == [(5, True), (20, False)]


def test_without_faults_nothing_is_changed() -> None:
    check = Check("load_mw", np.ones(STEPS), 0.0, "MW")
    assert list(named("profiles", check, run_with(), ())) == [check]


def test_where_rows_are_no_steps_a_fault_explains_them_all() -> None:
    """Of plans or hours nobody knows in which step they are felt."""
    silent = {"kind": "upper_layer_silent", "day": 1, "from_h": 0.0, "until_h": 1.0, "district": None}
    run = run_with(silent)
    for check in (Check("plan 0: power", np.array([0.0, 9.0]), 1.0, "MW", axis="hour"),
                  Check("plan 0: carbon_t", 9.0, 1.0, "t", axis="run")):
        lines = [str(finding) for part in named("planned_costs", check, run, faults_of(run))
                 for finding in findings("planned_costs", part, HOUR)]
        assert len(lines) == 1 and lines[0].startswith("note: planned_costs: faults.0 (upper_layer_silent): plan 0")
