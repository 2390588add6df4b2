"""Simulators of others in a scenario: what may be told where, each mistake named with its key."""

import json

import pytest

from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.record import result_content
from testbed.scenario.simulator_terms import factor

LOAD = {"place": "profiles", "start": "python: a:B", "model": "M", "gives": {"load_mw": {"attribute": "x"}}}
AT_BUS = {"attribute": "x", "entity": "Bus-{place}"}
GRID = {"place": "feeder", "start": "python: a:B", "model": "M",
        "gives": {"vm_pu": AT_BUS, "line_current_a": AT_BUS, "p_slack_kw": {"attribute": "p"},
                  "q_slack_kvar": {"attribute": "q"}},
        "hears": {"p_kw": AT_BUS, "q_kvar": AT_BUS}}
METER = {"place": "added", "start": "python: a:B", "model": "M", "gives": {"x": {"attribute": "x", "unit": "W"}}}


def loaded(*more, **simulators):
    return load_scenario("smoke", [f"simulators={json.dumps(simulators)}", *more])


def changed(simulator, **keys):
    return {**simulator, **keys}


def test_one_of_each_place_may_stand_side_by_side() -> None:
    scenario = loaded(load=LOAD, grid=GRID, meter=METER, buses=changed(
        LOAD, district="feeder33", gives={"load_bus_kw": AT_BUS}), hourly=changed(LOAD, step_s=3600, gives={
            "wind_available_mw": {"attribute": "w", "unit": "kW"}}))
    assert list(scenario.simulators) == ["load", "grid", "meter", "buses", "hourly"]
    assert "simulators" in result_content(scenario) and "simulators" not in result_content(load_scenario("smoke"))


@pytest.mark.parametrize(("simulators", "said"), [
    ({"fleet": METER}, "must have another name than the testbed's own"),
    ({"a": changed(LOAD, step_s=600)}, "simulators.a.step_s = 600: must be a whole multiple of step_s=900"),
    ({"a": changed(LOAD, step_s=25_200)}, "that divides a day"),
    ({"a": changed(GRID, step_s=1800)}, "must be step_s=900 in the place of a feeder"),
    ({"a": changed(LOAD, start="rest: 5")}, "simulators.a.start"),
    ({"a": changed(LOAD, start="connect: here:99999")}, "must give ports up to 65535"),
    ({"a": changed(GRID, start="connect: here:5555")}, "must give 3 addresses"),
    ({"a": changed(LOAD, start="cmd: sim")}, "must name %(addr)s"),
    ({"a": changed(LOAD, gives={})}, "must name what it gives"),
    ({"a": changed(LOAD, hears={"load_mw": {"attribute": "x"}})}, "must be empty in the place of profiles"),
    ({"a": changed(LOAD, gives={"lod_mw": {"attribute": "x"}})}, "is unknown here; known: load_mw, wind_available_mw"),
    ({"a": changed(LOAD, district="rest")}, "must be a district with a network: feeder33"),
    ({"a": changed(LOAD, gives={"load_mw": {"attribute": "x", "unit": "kvar"}})}, "must be one of W, kW, MW, GW"),
    ({"a": changed(LOAD, gives={"load_mw": {"attribute": "x{bus}"}})}, "must be one number, not one for each bus"),
    ({"a": changed(GRID, district="rest")}, "a.district = 'rest': must be a district with a network: feeder33"),
    ({"a": changed(GRID, gives={})}, "lacks vm_pu, line_current_a, p_slack_kw, q_slack_kvar"),
    ({"a": changed(GRID, hears={"p_kw": {"attribute": "p"}, "q_kvar": AT_BUS})}, "must have {bus}, {place} or {line}"),
    ({"a": changed(GRID, hears={"p_kw": {"attribute": "p{row}"}, "q_kvar": AT_BUS})}, "has {row}; known: {bus}"),
    ({"a": changed(GRID, hears={"p_kw": {**AT_BUS, "bus": 3}, "q_kvar": AT_BUS})}, "is only for what an added"),
    ({"a": changed(METER, gives={})}, "must name something that it gives, or hears something"),
    ({"a": changed(METER, district="feeder33")}, "must be left out of an added simulator"),
    ({"a": changed(METER, gives={"X y": {"attribute": "x", "unit": "W"}})}, "must be a name of small letters"),
    ({"a": changed(METER, gives={"x": {"attribute": "x"}})}, "is required of what is recorded"),
    ({"a": changed(METER, gives={"x": {"attribute": "{bus}", "unit": "W"}})}, "must be one number"),
    ({"a": LOAD, "b": LOAD}, "simulators.b = 'load_mw': is told by a already"),
    ({"a": GRID, "b": changed(GRID, district="feeder33")}, "simulators.b = 'feeder': is told by a already"),
    ({"a": changed(METER, gain=3)}, "simulators.a.gain = 3: is not a known key; known: place, start"),
])
def test_each_mistake_is_told_with_its_key(simulators, said) -> None:
    with pytest.raises(ScenarioError) as told:
        loaded(**simulators)
    assert said in str(told.value)


@pytest.mark.parametrize(("more", "said"), [
    ("districts.0.feeder=dss:ieee13", "must not be a circuit of three phases"),
    ("districts.0.tap_changer={step_percent: 1.25}", "must have no tap_changer"),
    ("districts.0.series={file: s.csv, curtailable: true}", "must not have series.curtailable: the other simulator"),
    ("execution.remote={feeder33: 'a:1'}", "must not be in execution.remote"),
])
def test_what_cannot_stand_beside_another_feeder_is_told(more, said) -> None:
    with pytest.raises(ScenarioError) as told:
        loaded(more, a=GRID)
    assert said in str(told.value)


def test_units_go_together_or_not() -> None:
    assert factor("MW", "kW") == 1e3 and factor("kA", "A") == 1e3 and factor("%", "pu") == 0.01
    assert factor(None, "kW") == factor("kW", "kW") == factor("%", "%") == 1.0
    assert factor("kV", "pu") is None and factor("kW", "kvar") is None


def test_a_wrong_key_below_a_name_of_ones_own_is_told() -> None:
    with pytest.raises(ScenarioError, match=r"fleet\.classes\.van\.foo = 3: is not a known key; known: home_zone"):
        load_scenario("smoke", ["fleet.classes.van.foo=3"])
