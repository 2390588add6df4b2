"""Faults in a scenario: every mistake is told, all at once, with what is allowed."""

from __future__ import annotations

import pytest

from testbed.faults.kind import FAULTS
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.record import scenario_hash, scenario_schema
from testbed.scenario.told_faults import told_faults


def mistakes(*items: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("smoke", [f"faults=[{', '.join(items)}]"])
    return [f"{mistake.key}: {mistake.rule}" for mistake in caught.value.mistakes]


def item(kind: str, *, from_h: float = 1, until_h: float = 2, more: str = "") -> str:
    return f"{{kind: {kind}, from_h: {from_h}, until_h: {until_h}{', ' if more else ''}{more}}}"


@pytest.mark.parametrize(("wrong", "message"), [
    (item("meteor"), "faults.0.kind: must be chargers_out, forecast_outage"),
    (item("wind_of"), "(did you mean wind_off?)"),
    (item("wind_off", from_h=1.1), "faults.0.from_h: must be a multiple of 0.25 h"),
    (item("wind_off", from_h=3), "faults.0.until_h: must be above from_h=3"),
    (item("wind_off", until_h=25), "faults.0.until_h: must not be above 24, where the run ends"),
    (item("wind_off", more="day: 2"), "faults.0.day: must not be above days=1"),
    (item("wind_off", more="zone: office"), "faults.0.zone: is not for this kind; wind_off says where with: nothing"),
    (item("wind_off", more="parameters: {shar: 1}"), "is no parameter of wind_off (did you mean share?); known: share"),
    (item("wind_off", more="parameters: {share: 2}"), "faults.0.parameters.share: must be a number from 0 to 1"),
    (item("telemetry_stale"), "faults.0.district: is needed where there are several: feeder33, rest"),
    (item("telemetry_stale", more="district: rset"), "must be a district: feeder33, rest (did you mean rest?)"),
    (item("line_out", more="district: rest, line_to: 3"), "must have a network for line_out"),
    (item("line_out", more="district: feeder33"), "faults.0.line_to: is needed; line_out says where with: district"),
    (item("chargers_out", more="district: rest"), "faults.0.buses: is needed, or zone"),
    (item("chargers_out", more="district: rest, buses: [1], zone: office"), "must not be given twice, as buses and"),
])
def test_what_cannot_be_is_told_with_what_is_allowed(wrong: str, message: str) -> None:
    told = mistakes(wrong)
    assert len(told) == 1 and message in told[0]


def test_mistakes_of_all_faults_come_together() -> None:
    told = mistakes(item("meteor"), item("wind_off", until_h=0.5), item("telemetry_stale"))
    assert [text.split(":")[0] for text in told] == ["faults.0.kind", "faults.1.until_h", "faults.2.district"]


@pytest.mark.parametrize(("first", "second"), [
    (item("lower_layer_silent", more="district: rest"), item("setpoints_late", more="district: rest")),
    (item("unit_trip", more="unit: U3"), item("unit_trip", from_h=0, until_h=1.25, more="unit: U3")),
    (item("line_out", more="district: feeder33, line_to: 6"), item("line_out", more="district: feeder33, line_to: 6")),
    (item("upper_layer_silent"), item("upper_solver_fails")),
])
def test_faults_that_contradict_each_other_are_refused(first: str, second: str) -> None:
    told = mistakes(first, second)
    assert len(told) == 1 and "faults.1: contradicts faults.0" in told[0]


@pytest.mark.parametrize(("first", "second"), [
    (item("lower_layer_silent", more="district: rest"), item("setpoints_late", more="district: feeder33")),
    (item("unit_trip", more="unit: U3"), item("unit_trip", more="unit: U4")),
    (item("unit_trip", more="unit: U3"), item("unit_trip", from_h=2, until_h=3, more="unit: U3")),
    (item("line_out", more="district: feeder33, line_to: 6"), item("line_out", more="district: feeder33, line_to: 9")),
])
def test_faults_elsewhere_or_later_do_not_contradict(first: str, second: str) -> None:
    assert len(load_scenario("smoke", [f"faults=[{first}, {second}]"]).faults) == 2


def test_a_layer_that_never_planned_has_no_plan_that_could_stand() -> None:
    silent = item("upper_layer_silent", from_h=0)
    assert load_scenario("smoke", [f"faults=[{silent}]"]).faults
    with pytest.raises(ScenarioError, match="must be above 0 for upper_layer_silent on the first day"):
        load_scenario("smoke", [f"faults=[{silent}]", "warmup_controlled_days=0"])


def test_places_that_are_not_there_are_told_before_a_run() -> None:
    wrong = ", ".join((item("line_out", more="district: feeder33, line_to: 77"), item("unit_trip", more="unit: X"),
                       item("chargers_out", more="district: rest, buses: [9]"),
                       item("phase_out", more="district: feeder33, phase: 1"),
                       item("line_out", more="district: feeder33, line_to: 1")))
    with pytest.raises(WrongRequest) as caught:
        checked_scenario("smoke", [f"faults=[{wrong}]"])
    told = caught.value.mistakes
    assert len(told) == 5
    for line, words in zip(told, ("no bus 77", "no unit 'X', known: U1", "no bus 9, known: 1, 2, 3",
                                  "is balanced: only a network of three phases", "is the source"), strict=True):
        assert words in line


def test_places_are_told_beside_mistakes_of_files_that_do_not_hide_them() -> None:
    wrong = f"{item('line_out', more='district: feeder33, line_to: 77')}, {item('unit_trip', more='unit: X')}"
    with pytest.raises(WrongRequest) as caught:
        checked_scenario("smoke", ["system.units=none.csv", f"faults=[{wrong}]"])
    units, line = caught.value.mistakes  # which units there are nobody knows
    assert "none.csv" in units and "no bus 77" in line


def test_the_schema_names_the_kinds_and_a_run_without_faults_is_the_same_request() -> None:
    assert scenario_schema()["$defs"]["Fault"]["properties"]["kind"]["enum"] == list(FAULTS)
    plain, calm = load_scenario("smoke"), load_scenario("smoke", [f"faults=[{item('wind_off')}]"])
    assert scenario_hash(plain) == scenario_hash(load_scenario("smoke", ["faults=[]"])) != scenario_hash(calm)


def test_parameters_that_are_given_are_told_in_place_of_the_usual_ones() -> None:
    told, = told_faults(load_scenario("smoke", [f"faults=[{item('wind_off', more='parameters: {share: 0.25}')}]"]))
    assert told.parameters == "share=0.25"


def test_a_fault_is_told_in_words() -> None:
    told, = told_faults(load_scenario("smoke", [
        f"faults=[{item('line_out', from_h=16, until_h=24, more='district: feeder33, line_to: 6')}]"]))
    assert str(told) == "line_out (district feeder33, line_to 6), day 1, 16:00 to 24:00"
