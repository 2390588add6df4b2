"""Every number between our simulators and those of others has one wire, from and to where the scenario says."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.network.sources.ieee33 import ieee33
from testbed.peers.wires import End, WrongPeers, wires
from testbed.scenario.loading import load_scenario
from testbed.wiring.crossings import BusLoad, PevFlows, PlannedFlows
from testbed.wiring.run_spec import RunSpec

START = {"start": "python: nowhere:It", "model": "Grid"}
BUSES = 33
PLACES = np.arange(float(BUSES))
NUMBERS = ieee33().bus_number


def wired(**simulator):
    """All wires of the only simulator, named grid, in a scenario of a feeder of 33 buses and a district without one."""
    scenario = load_scenario("smoke", ["simulators=" + json.dumps({"grid": START | simulator})])
    return wires(RunSpec(scenario, "no_pev", 1, Path()), "grid")


# ---------------------------------------------------------------- in the place of a feeder
@pytest.fixture(scope="module")
def feeder():
    return wired(place="feeder", gives={
        "vm_pu": {"attribute": "vm", "entity": "Bus-{bus}"},
        "line_current_a": {"attribute": "i", "entity": "Line-{line}", "unit": "kA"},
        "p_slack_kw": {"attribute": "p", "entity": "Grid", "unit": "MW"},
        "q_slack_kvar": {"attribute": "q", "entity": "Grid"}}, hears={
        "p_kw": {"attribute": "p", "entity": "Load-{place}", "unit": "MW"},
        "q_kvar": {"attribute": "q", "entity": "Load-{place}", "unit": "Mvar"}})


@pytest.mark.parametrize("case", ["actual", "setpoint", "base"])
def test_a_feeder_tells_each_bus_line_and_slack_in_our_units(feeder, case) -> None:
    told = {wire.target.attribute: wire for wire in feeder if wire.source.simulator == f"grid-{case}"}
    assert {(wire.target.simulator, wire.target.entity) for wire in told.values()} == {("feeder", "feeder33")}
    assert set(told) == {*(f"told/{case}/vm_pu/{place}" for place in range(BUSES)),
                         *(f"told/{case}/line_current_a/{place}" for place in range(1, BUSES)),
                         f"told/{case}/p_slack_kw", f"told/{case}/q_slack_kvar"}
    last, line = told[f"told/{case}/vm_pu/32"], told[f"told/{case}/line_current_a/1"]
    assert last.source == End(f"grid-{case}", f"Bus-{NUMBERS[-1]}", "vm") and last.change(0.95) == 0.95
    assert line.source.entity == "Line-0" and line.change(0.1) == pytest.approx(100.0)  # kA to A
    assert told[f"told/{case}/p_slack_kw"].change(2.5) == 2500.0


@pytest.mark.parametrize(("case", "expected_mw"), [("actual", 0.107), ("setpoint", 0.207), ("base", 0.007)])
def test_a_feeder_hears_loads_and_the_cars_of_its_case(feeder, case, expected_mw) -> None:
    """At the eighth bus the load draws 7 kW, cars draw 100 kW and were told 200 kW: what comes there adds up."""
    said = {"bus_load": BusLoad(PLACES, 2 * PLACES), "pev_flows": PevFlows(PLACES * 0 + 100, PLACES * 0, PLACES * 0),
            "planned_flows": PlannedFlows(PLACES * 0 + 200, PLACES * 0)}
    heard = [wire for wire in feeder if wire.target == End(f"grid-{case}", "Load-7", "p")]
    assert sum(wire.change(said[wire.source.attribute]) for wire in heard) == pytest.approx(expected_mw)
    of_load = [wire for wire in feeder if wire.target == End(f"grid-{case}", "Load-7", "q")
               and wire.source == End("profiles", "feeder33", "bus_load")]
    assert [wire.change(said["bus_load"]) for wire in of_load] == pytest.approx([0.014])


def test_profiles_tell_the_load_of_each_bus_of_a_district() -> None:
    load = wired(place="profiles", district="feeder33",
                 gives={"load_bus_kw": {"attribute": "mw", "entity": "House-{bus}", "unit": "MW"}})
    assert [wire.source.entity for wire in load] == [f"House-{number}" for number in NUMBERS]
    assert [wire.target for wire in load] == [
        End("profiles", "feeder33", f"told/load_bus_kw/{place}") for place in range(BUSES)]
    assert load[2].change(1.5) == 1500.0


# ---------------------------------------------------------------- added
def test_an_added_one_hears_what_is_recorded_in_its_own_unit() -> None:
    series = {"load_mw": {"attribute": "load", "unit": "kW"}, "feeder33.losses_kw": {"attribute": "lost"},
              "feeder33.vm_pu": {"attribute": "percent", "bus": 18, "unit": "%"}}
    heard = {wire.target.attribute: wire for wire in wired(place="added", hears=series)}
    vm_pu = np.where(NUMBERS == 18, 0.9375, 1.0)
    record = {"load_mw": 1.5, "vm_pu": vm_pu, "losses_kw": 12.0}
    assert {name: wire.change(record) for name, wire in heard.items()} == {
        "load": 1500.0, "lost": 12.0, "percent": pytest.approx(93.75)}
    assert heard["percent"].source == End("feeder", "feeder33", "record")
    assert heard["load"].source == End("profiles", "system", "record")


def test_an_added_one_may_hear_all_buses_one_by_one() -> None:
    heard = wired(place="added", hears={"feeder33.vm_pu": {"attribute": "vm", "entity": "Bus-{bus}"}})
    assert [wire.target.entity for wire in heard] == [f"Bus-{number}" for number in NUMBERS]
    assert [wire.change({"vm_pu": PLACES}) for wire in heard] == PLACES.tolist()


def test_a_bus_of_a_district_without_network_is_a_zone_counted_from_one() -> None:
    heard = wired(place="added", hears={"rest.p_bus_kw": {"attribute": "kw", "entity": "Zone-{bus}"}})
    assert [wire.target.entity for wire in heard] == ["Zone-1", "Zone-2", "Zone-3"]


def test_what_an_added_one_says_goes_to_the_recorder_as_it_is() -> None:
    gives = {"air_c": {"attribute": "t", "entity": "Roof", "unit": "degC"}}
    [wire] = wired(place="added", gives=gives)
    assert (wire.source, wire.target) == (End("grid", "Roof", "t"), End("recorder", "system", "told/grid/air_c"))
    assert wire.change(-3) == -3.0


@pytest.mark.parametrize(("series", "bus", "mistake"), [
    ("feeder33.losses_kw", 3, "there is one number for all buses"),
    ("feeder33.vm_pu", 34, "must be a bus: 1 to 33"), ("rest.p_bus_kw", 4, "must be a bus: 1 to 3"),
])
def test_a_bus_that_there_is_not_is_told(series, bus, mistake) -> None:
    with pytest.raises(WrongPeers) as wrong:
        wired(place="added", hears={series: {"attribute": "x", "bus": bus}})
    assert wrong.value.mistakes == [f"simulators.grid.hears.{series}.bus={bus}: {mistake}"]
