"""Runs on circuits of three phases: results that the audit upholds, figures in volts, and requests that cannot be."""

import shutil

import h5py
import numpy as np
import pytest

from audit.judge import audit_file
from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figures.street_map import street_maps
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, checked_scenario
from tests.testbed import small_run
from tests.testbed.small_street import CIRCUIT, districts

pytest.importorskip("opendssdirect")
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("three_phases")


@pytest.fixture(scope="module")
def file(folder):
    return small_run.run(folder, districts(folder, ("own", "customer"), ("all", "three")))


def test_the_audit_upholds_it(file):
    verdict = audit_file(file)
    assert [str(finding) for finding in verdict.violations] == []


ALTERED = [("v_node_re_v", 0.5), ("current_a", 1.0), ("unbalance_percent", 0.1)]
ALTERED_TOO = [("v_node_im_v", 0.5), ("neutral_current_a", 1.0), ("vm_pu", 0.003), ("line_loading_percent", 1.0),
               ("admittance_re_s", 1.0), ("port_share", 0.1), ("node_base_v", 5.0), ("conductor_rating_a", 5.0),
               ("current_re_s", 0.5)]


@pytest.mark.parametrize(("name", "by"), [
    *ALTERED, *(pytest.param(*altered, marks=pytest.mark.slow) for altered in ALTERED_TOO)])
def test_what_is_altered_is_seen(file, tmp_path, name, by):
    altered = shutil.copy(file, tmp_path / "altered.h5")
    with h5py.File(altered, "r+") as opened:
        values = opened[f"districts/all/{name}"]
        values[...] = values[...] + by
    assert audit_file(altered).violations


def test_phases_are_in_the_result_and_districts_share_nothing(file, folder):
    result = open_result(file)
    assert result.district("own", "bus").size == 5 and result.district("all", "bus").size == 8
    assert set(result.district("own", "node")) >= {"b1.1", "b3.3", "source.2"}
    v = np.hypot(result.district("own", "v_node_re_v"), result.district("own", "v_node_im_v"))
    node = list(result.district("own", "node"))
    worst = result.district("own", "vm_pu")[:, list(result.district("own", "bus")).index(5)]
    assert worst == pytest.approx(v[:, node.index("b3.3")] / (416 / np.sqrt(3)))
    alone = open_result(small_run.run(folder, districts(folder, ("own", "customer")), name="alone.h5"))
    for name in ("load_bus_kw", "bus_zone", "port_bus"):
        assert np.array_equal(alone.district("own", name), result.district("own", name)), name
    without_cars = alone.district("own", "p_bus_kw") == result.district("own", "p_bus_kw")
    same_steps = without_cars.all(axis=1)
    assert np.array_equal(alone.district("own", "vm_pu")[same_steps], result.district("own", "vm_pu")[same_steps])


def test_the_report_draws_the_street_where_its_buses_are(file):
    run = Run("one", "#000000", "solid", open_result(file))
    chart, = street_maps([run], "own")
    lines, *phases = chart.data
    assert [(trace["marker"]["symbol"], trace["x"], trace["y"]) for trace in phases] == [
        ("circle", [160.0], [20.0]), ("square", [310.0], [40.0]), ("triangle-up", [460.0], [60.0])]
    assert lines["x"][:6] == [0.0, 10.0, None, 10.0, 160.0, None]
    lowest = compute_metrics(run.result)["supply_min_v"]
    everywhere = [trace["customdata"] for trace in [*phases, *street_maps([run], "all")[0].data[1:]]]
    assert min(map(min, everywhere)) == pytest.approx(lowest, rel=1e-4)


def test_houses_follow_the_scripts_shapes(file):
    load = open_result(file).district("own", "load_bus_kw")
    assert load[:, 2] == pytest.approx(2 * np.repeat([0.3, 0.5, 1.0, 2.0], 6))


def test_figures_in_volts(file):
    figures, result = compute_metrics(open_result(file)), open_result(file)
    low, high = [], []
    for district in ("own", "all"):
        at = result.district(district, "port_at")
        v = np.hypot(result.district(district, "v_node_re_v"), result.district(district, "v_node_im_v"))[:, at]
        low.append(v.min())
        high.append(v.max())
    assert figures["supply_min_v"] == pytest.approx(min(low)) and figures["supply_max_v"] == pytest.approx(max(high))
    assert figures["unbalance_max_percent"] > 0.05
    assert figures["neutral_current_max_a"] > 5
    assert np.isnan(figures["en50160_worst_percent"]), "steps of an hour"


def test_keys_of_phases_are_for_circuits_alone():
    with pytest.raises(WrongRequest) as error:
        checked_scenario("smoke", ("districts.0.connections.phases=three", "districts.0.supply.low_percent=10"))
    text = str(error.value)
    assert "districts.0.connections" in text and "districts.0.supply" in text
    assert "is only for a circuit of three phases" in text


@pytest.mark.parametrize(("change", "told"), [
    (("source isc3", "source isc3"), None),
    (("solve\n", "show voltages\n"), "'show' is not allowed"),
    (("calcvoltagebases\n", "\n"), "no voltage base"),
    (("set voltagebases=[11 0.416]\ncalcvoltagebases\n", ""), "no voltage base"),
    (("new load.h1", "redirect ../x.dss\nnew load.h1"), "leaves the folder of the script"),
    (("new line.c", "new circuit.street\nnew line.c"), "makes a second circuit"),
])
def test_a_circuit_that_cannot_serve_is_one_message(tmp_path, change, told):
    asked = districts(tmp_path, ("own", "customer"))
    (tmp_path / "Master.dss").write_text(CIRCUIT.replace(*change))
    if told is None:
        checked_scenario("smoke", (asked,))
        return
    with pytest.raises(WrongRequest) as error:
        checked_scenario("smoke", (asked,))
    assert told in str(error.value) and "district own" in str(error.value)


def test_a_car_on_a_phase_that_is_not_there_is_told(tmp_path):
    (tmp_path / "ports.csv").write_text("bus,phases\nnowhere,1\n")
    asked = districts(tmp_path, ("own", "customer")).replace("phases: customer", f"file: '{tmp_path / 'ports.csv'}'")
    with pytest.raises(WrongRequest, match="line 2: there is no bus 'nowhere'"):
        checked_scenario("smoke", (asked,))
