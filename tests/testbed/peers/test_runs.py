"""Runs with simulators of others in them: what they tell is what is used and recorded, and what goes wrong is told."""

import json
import re
import sys
from pathlib import Path

import mosaik
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from audit.judge import audit_file
from models.network.written_net import net_as_json, net_of
from testbed.cli.app import app
from testbed.exporting.tables import tables_of
from testbed.peers.launching import started_peers
from testbed.peers.wires import WrongPeers
from testbed.results.reading import open_result
from testbed.running.one_run import RunFailed
from testbed.running.preflight import WrongRequest, checked_scenario, run_request
from testbed.scripting.checking import scenario_lines
from testbed.setup.districts import build_districts
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "mosaik.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## Other simulators"):]
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)]
WEATHER, CSV_LOAD, PANDAPOWER = (block["simulators"] for block in BLOCKS)
STEADY = {"place": "profiles", "start": "python: tests.testbed.peers.peers_of_tests:Steady", "model": "Load",
          "gives": {"load_mw": {"attribute": "mw"}}}


def said(**simulators) -> str:
    return f"simulators={json.dumps(simulators)}"


def outdoor(folder: Path) -> dict[str, object]:
    """The page's simulator, in a file of this name."""
    program = re.search(r"^```python\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL).group(1)
    (folder / "outdoor.py").write_text(program, encoding="utf-8")
    return {**WEATHER["weather"], "start": f"python: {folder / 'outdoor.py'}:Outdoor"}


@pytest.mark.slow
def test_told_load_is_used_and_what_is_added_is_recorded(tmp_path) -> None:
    file = small_run.run(tmp_path, said(load=STEADY, weather=outdoor(tmp_path)))
    result, hour = open_result(file), np.arange(24.0)
    load = 1000.0 + 10.0 * (hour + 24)  # counted time begins a day after the run
    np.testing.assert_allclose(result.system("load_mw"), load, rtol=1e-12)
    share = load / float(result.attributes["load_peak_mw"])
    follows = result.district("feeder33", "load_follow_kw")
    np.testing.assert_allclose(result.district("feeder33", "load_bus_kw"), share[:, None] * follows, rtol=1e-12)
    air = 12 + 6 * np.cos(2 * np.pi * (hour - 15) / 24) + 1e-4 * load
    np.testing.assert_allclose(result.added("weather", "air_c"), air, rtol=1e-12)
    assert result.input_notes[-2:] == (
        "simulator load: load_mw are as it tells, forecasts as the scenario's own series say",
        "simulator weather: added")
    table = next(table for table in tables_of(result) if table.name == "simulators.weather.time")
    assert list(table.frame["air_c"]) == list(result.added("weather", "air_c"))
    assert table.columns[1][:2] == ("air_c", "degC")
    verdict = audit_file(file)
    assert [str(broken) for broken in verdict.violations] == []
    assert any("load_mw: told by the simulator load, not judged" in str(note) for note in verdict.notes)


# ---------------------------------------------------------------- before the run
def launched(**simulators) -> str:
    """Mistakes of simulators that are started in an empty world."""
    scenario = checked_scenario("smoke", ["step_s=3600", said(**simulators)])
    with mosaik.World({}, skip_greetings=True) as world, pytest.raises(WrongPeers) as wrong:
        started_peers(world, RunSpec(scenario, "no_pev", 1, Path()), [])
    return str(wrong.value)


@pytest.mark.parametrize(("changes", "mistake"), [
    ({"model": "Lod"}, "simulators.a.model=Lod: is no public model (did you mean Load?); there are Load"),
    ({"create": {"scale": 2}}, "simulators.a.create: Load takes no scale; it takes share"),
    ({"gives": {"load_mw": {"attribute": "kw"}}}, "simulators.a.gives: one has no attribute kw"),
    ({"gives": {"load_mw": {"attribute": "mw", "entity": "two"}}}, "simulators.a.gives: has no entity two"),
    ({"init": {"goes": "events"}}, "simulators.a: is event-based, allowed are time-based simulators"),
    ({"init": {"goes": "cannot"}}, "simulators.a: `create` threw LookupError: no such share"),
    ({"init": {"gos": "well"}}, "simulators.a: `init` threw TypeError"),
    ({"start": "python: nowhere:It"}, "simulators.a.start: module nowhere cannot be imported"),
    ({"init": {"goes": "untyped"}},
     "simulators.a: describes itself in a way that mosaik refuses (ScenarioError: The type 'sometimes'"),
    ({"init": {"goes": "twins"}}, "simulators.a.model=Load: `create` gave no entity as mosaik knows them "
                                  "(AssertionError: 1 entities were requested but 2 were created.)"),
    ({"init": {"goes": "parent"}, "gives": {"load_mw": {"attribute": "mw", "entity": "innr"}}},
     "simulators.a.gives: has no entity innr (did you mean inner?); there are one, inner"),
    ({"place": "added", "gives": {}, "hears": {"load_mw": {"attribute": "herd"}}},
     "simulators.a.hears: one has no attribute herd (did you mean heard?); there are mw, heard"),
])
def test_what_is_not_as_the_scenario_says_is_told(changes, mistake) -> None:
    assert mistake in launched(a={**STEADY, **changes})


def test_those_that_are_as_said_are_there_with_all_their_entities() -> None:
    inner = {**STEADY, "init": {"goes": "parent"}, "gives": {"load_mw": {"attribute": "mw", "entity": "inner"}}}
    meter = {**STEADY, "place": "added", "gives": {}, "hears": {"load_mw": {"attribute": "heard"}}}
    scenario = checked_scenario("smoke", ["step_s=3600", said(a=inner, b=meter)])
    with mosaik.World({}, skip_greetings=True) as world:
        peers = started_peers(world, RunSpec(scenario, "no_pev", 1, Path()), [])
    assert [(name, sorted(entities)) for name, entities in peers.entities.items()] == [
        ("a", ["", "inner", "one"]), ("b", ["", "one"])]
    assert [(wire.source.simulator, wire.target.simulator) for wire in peers.wires] == [
        ("a", "profiles"), ("profiles", "b")]


def test_all_mistakes_are_told_at_once() -> None:
    wind = {"wind_available_mw": {"attribute": "mw"}}
    assert launched(a={**STEADY, "model": "X"}, b={**STEADY, "model": "Y", "gives": wind}).count("no public model") == 2


def test_wires_that_cannot_be_are_told_beside_the_mistakes_of_those_that_start() -> None:
    meter = {**STEADY, "place": "added", "gives": {}, "hears": {"lod_mw": {"attribute": "heard"}}}
    scenario = small_run.scenario(said(a=meter, b={**STEADY, "model": "X"}), cache_dir="unused")
    with mosaik.World({}, skip_greetings=True) as world, pytest.raises(WrongPeers) as wrong:
        started_peers(world, RunSpec(scenario, "no_pev", 1, Path()), [])
    first, second = wrong.value.mistakes
    assert first.startswith("simulators.a.hears.lod_mw: is no recorded number of the system")
    assert second == "simulators.b.model=X: is no public model; there are Load"


@pytest.mark.parametrize(("hears", "mistake"), [
    ({"lod_mw": {"attribute": "heard"}}, "a.hears.lod_mw: is no recorded number of the system; there are load_mw"),
    ({"north.p_bus_kw": {"attribute": "heard"}}, "no district north; there are feeder33, rest"),
    ({"rest.vm_pu": {"attribute": "heard"}}, "simulators.a.hears.rest.vm_pu: is no recorded number"),
    ({"feeder33.vm_pu": {"attribute": "heard", "bus": 34}}, "simulators.a.hears.feeder33.vm_pu.bus=34: must be a bus"),
    ({"feeder33.vm_pu": {"attribute": "heard"}}, "must have {bus}, {place} or {line}"),
    ({"feeder33.losses_kw": {"attribute": "heard", "unit": "A"}}, "must be one of W, kW, MW"),
])
def test_what_is_not_recorded_cannot_be_heard(hears, mistake) -> None:
    with pytest.raises(WrongRequest) as wrong:
        checked_scenario("smoke", [said(a={**STEADY, "place": "added", "gives": {}, "hears": hears})])
    assert mistake in str(wrong.value)


def test_who_is_told_the_truth_cannot_meet_it() -> None:
    with pytest.raises(WrongRequest, match=r"oracle: is told the truth beforehand, which simulators\.a does"):
        run_request("smoke", "oracle", overrides=["step_s=3600", said(a=STEADY)])


@pytest.mark.slow
def test_an_address_that_does_not_answer_ends_before_anything_is_written(tmp_path) -> None:
    keys = (*small_run.HOURLY, f"execution.cache_dir={small_run.shared_cache(tmp_path)}",
            said(a={**STEADY, "start": "connect: 127.0.0.1:1"}))
    words = ["run", "smoke", "--controller", small_run.PLAIN, "-o", str(tmp_path / "new" / "run.h5")]
    ended = CliRunner().invoke(app, [*words, *(word for key in keys for word in ("--set", key))])
    assert ended.exit_code == 2
    assert "failed: simulators.a.start: 127.0.0.1:1 does not answer" in ended.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_check_starts_classes_and_leaves_addresses_alone(tmp_path) -> None:
    def lines(**changes):
        keys = (*small_run.HOURLY, f"execution.cache_dir={small_run.shared_cache(tmp_path)}", said(a=STEADY | changes))
        return scenario_lines(checked_scenario("smoke", keys))
    assert any(line.startswith("note: simulator a: load_mw are as it tells") for line in lines())
    assert lines(start="connect: 127.0.0.1:1")
    with pytest.raises(WrongRequest, match="model=X: is no public model"):
        lines(model="X")
    with pytest.raises(WrongRequest, match=r"simulators.a: `finalize` threw ArithmeticError: cannot end"):
        lines(init={"goes": "ends"})


# ---------------------------------------------------------------- within the run
@pytest.mark.slow
@pytest.mark.parametrize(("goes", "more", "cause"), [
    ("throws", "", r"a failed at warm-up day -1 02:00: `step` threw ArithmeticError: does not converge"),
    ("nan", "", r"a failed at warm-up day -1 02:00: one\.mw is nan; allowed are finite numbers"),
    ("hurries", "", r"a failed at warm-up day -1 02:00: stepped from 7200 s to 9000 s, allowed is a step of 3600 s"),
    ("ends", "", r"a failed at day 1 23:00: `finalize` threw ArithmeticError: cannot end"),
    ("well", "profiles.pv_capacity_mw=10", r"profiles failed at .*must_take_mw"),
])
def test_what_goes_wrong_within_the_run_is_told(tmp_path, goes, more, cause) -> None:
    if more:
        simulator = {**STEADY, "gives": {"must_take_mw": {"attribute": "mw"}}}
    else:
        simulator = {**STEADY, "init": {"goes": goes}}
    with pytest.raises(RunFailed, match=cause):
        small_run.run(tmp_path, said(a=simulator))
    assert open_result(tmp_path / "run.h5").status == "failed"


@pytest.mark.slow
def test_a_command_tells_what_its_class_tells(tmp_path) -> None:
    """In a process of its own, and beside our simulators in theirs."""
    command = f"cmd: {sys.executable} -m tests.testbed.peers.peers_of_tests %(addr)s"
    heard = {"hears": {"feeder33.p_bus_kw": {"attribute": "heard", "bus": 18, "unit": "kW"}}, "place": "added",
             "gives": {"heard_kw": {"attribute": "heard", "unit": "kW"}}}
    told = {}
    for name, start, mode in (("class", STEADY["start"], "in_process"), ("command", command, "separate_processes")):
        both = said(load={**STEADY, "start": start}, meter={**STEADY, **heard, "start": start})
        result = open_result(small_run.run(tmp_path, both, f"execution.mode={mode}", name=f"{name}.h5"))
        told[name] = [result.system("load_mw"), result.added("meter", "heard_kw"), result.district("feeder33", "vm_pu")]
        at_18 = result.district("feeder33", "p_bus_kw")[:, list(result.district("feeder33", "bus")).index(18)]
        np.testing.assert_array_equal(told[name][1], at_18)
    for ours, theirs in zip(told["class"], told["command"], strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ---------------------------------------------------------------- simulators that others wrote
@pytest.mark.slow
def test_mosaik_csv_feeds_the_load(tmp_path) -> None:
    pytest.importorskip("mosaik_csv")
    rows = [f"2016-01-{13 + hour // 24:02d} {hour % 24:02d}:00:00,{900 + 7 * hour}" for hour in range(48)]
    (tmp_path / "load.csv").write_text("\n".join(["time,System", *rows]) + "\n", encoding="utf-8")
    load = {**CSV_LOAD["load"], "init": {**CSV_LOAD["load"]["init"], "datafile": str(tmp_path / "load.csv")}}
    result = open_result(small_run.run(tmp_path, said(load=load)))
    np.testing.assert_array_equal(result.system("load_mw"), 900 + 7.0 * np.arange(24, 48))
    (tmp_path / "load.csv").write_text("\n".join(["time,System", *rows[:30]]) + "\n", encoding="utf-8")
    with pytest.raises(RunFailed, match=r"load failed at day 1 05:00: stepped from 104400 s to 172800 s, allowed"):
        small_run.run(tmp_path, said(load=load), name="short.h5")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_mosaik_pandapower_takes_the_place_of_the_feeder(tmp_path) -> None:
    pytest.importorskip("mosaik_components.pandapower")
    scenario = small_run.scenario(cache_dir=small_run.shared_cache(tmp_path))
    net = net_of(build_districts(RunSpec(scenario, "no_pev", 1, Path()))["feeder33"].feeder)
    net.load = net.load.iloc[:0]
    (tmp_path / "grid.json").write_text(net_as_json(net), encoding="utf-8")
    grid = {**PANDAPOWER["grid"], "init": {"step_size": 3600}, "create": {"json": str(tmp_path / "grid.json")}}
    own = open_result(small_run.run(tmp_path, controller="bilayer"))
    file = small_run.run(tmp_path, said(grid=grid), controller="bilayer", name="theirs.h5")
    theirs = open_result(file)
    for name, allowed in (("vm_pu", 1e-8), ("vm_setpoint_pu", 1e-8), ("losses_kw", 1e-4), ("losses_base_kw", 1e-4),
                          ("line_loading_percent", 1e-5), ("p_slack_kw", 1e-4), ("q_slack_kvar", 1e-4)):
        np.testing.assert_allclose(theirs.district("feeder33", name), own.district("feeder33", name), rtol=0,
                                   atol=allowed, err_msg=name)
    assert np.ptp(theirs.district("feeder33", "vm_pu")) > 0.02, "and it is no flat feeder"
    verdict = audit_file(file)
    assert [str(broken) for broken in verdict.violations] == []
    assert not any("told by the simulator grid" in str(note) for note in verdict.notes), "equal, so there is no note"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_another_network_in_the_feeders_place_is_noted(tmp_path) -> None:
    """A circuit of other impedances is somebody's right; the audit says how far off it is."""
    pytest.importorskip("mosaik_components.pandapower")
    scenario = small_run.scenario(cache_dir=small_run.shared_cache(tmp_path))
    net = net_of(build_districts(RunSpec(scenario, "no_pev", 1, Path()))["feeder33"].feeder)
    net.load, net.line["r_ohm_per_km"] = net.load.iloc[:0], 1.1 * net.line["r_ohm_per_km"]
    (tmp_path / "grid.json").write_text(net_as_json(net), encoding="utf-8")
    grid = {**PANDAPOWER["grid"], "init": {"step_size": 3600}, "create": {"json": str(tmp_path / "grid.json")}}
    verdict = audit_file(small_run.run(tmp_path, said(grid=grid)))
    assert [str(broken) for broken in verdict.violations] == []
    assert any("voltage at (told by the simulator grid) bus 18" in str(note) for note in verdict.notes)
