"""A net with all that a net may have, its series and cars in the loop: pandapower's own voltages at every step."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pandapower
import pytest
from typer.testing import CliRunner

from audit.judge import audit_file
from audit.run import read_run
from testbed.auditing.of_runs import audited
from testbed.cli.app import app
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figures.voltage_map import voltage_map
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, run_request
from tests.models.network.loads.street import SERIES, street, written
from tests.testbed import small_run

ZONES = "{residential: [corner, 4, end], commercial: [school], office: [mill]}"


def overrides(folder, file=None):
    """Series for four days, of which the second is counted: the first warms up, the others are looked at."""
    net = folder / "street.json"
    file = file or written(folder, {name: np.tile(values, 4) for name, values in SERIES.items()})
    pandapower.to_json(street(), str(net))
    return (f"districts.0.feeder={net}", f"districts.0.zone_map={ZONES}", "districts.0.peak_scale=0.5",
            "districts.0.v_max_pu=1.1", f"districts.0.series.file={file}",
            "districts.0.series.resolution_s=3600", "districts.0.series.start_date=2024-03-06",
            "warmup_controlled_days=0", "planning.horizon_h=26", "spatial.look_ahead_h=2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("series")


@pytest.fixture(scope="module")
def run(folder):
    return small_run.run(folder, *overrides(folder), controller="bilayer", name="series.h5")


def set_hour(net, cars, hour, cars_kw, shape):
    """The net itself in an hour, with cars as loads of their buses."""
    if net is None:
        net = street()
        net.sgen.loc[1, "in_service"] = False
        cars = [pandapower.create_load(net, bus, p_mw=0.0) for bus in range(7)]
    roof, school = SERIES["sgen School roof p_kw"], SERIES["load School p_kw"]
    net.load.loc[[0, 1], "p_mw"] = SERIES["load 0 p_kw"][hour] / 1e3, school[hour] / 1e3
    net.load.loc[[0, 1], "q_mvar"] = SERIES["load 0 q_kvar"][hour] / 1e3, 0.3 * school[hour] / 1e3
    net.load.loc[[2, 3], "scaling"] = 0.5 * shape[hour]
    net.sgen.loc[0, ["p_mw", "q_mvar"]] = roof[hour] / 1e3, -0.2 * roof[hour] / 1e3
    net.storage.loc[0, "p_mw"] = SERIES["storage 0 p_kw"][hour] / 1e3
    net.load.loc[cars, "p_mw"] = cars_kw[hour] / 1e3
    return net, cars


def pandapowers(cars_kw, shape):
    """[24, 7] voltages of the net itself, hour by hour."""
    net, cars, vm_pu = None, None, []
    for hour in range(24):
        net, cars = set_hour(net, cars, hour, cars_kw, shape)
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        vm_pu.append(net.res_bus["vm_pu"].to_numpy())
    return np.array(vm_pu)


@pytest.mark.slow
def test_voltages_are_pandapowers_at_every_step(run):
    result = open_result(run)
    cars_kw = result.district("feeder33", "p_bus_kw")
    own = pandapowers(cars_kw, result.system("load_mw") / result.attributes["load_peak_mw"])
    assert np.abs(result.district("feeder33", "vm_pu") - own).max() < 1e-6
    assert np.ptp(own) > 0.02 and np.abs(cars_kw).max() > 5.0, "so that the comparison has something to see"
    assert (result.district("feeder33", "load_bus_kw")[:, 3] < 0).any(), "the roof feeds back"


@pytest.mark.slow
def test_buses_are_called_by_name(run, tmp_path):
    """Zones by name, in the file, in the report and where the audit finds fault."""
    result = open_result(run)
    assert result.bus_labels("feeder33") == ("0 (grid)", "1 (station)", "2 (corner)", "3 (school)", "4", "5 (mill)",
                                             "6 (end)")
    assert result.district("feeder33", "bus_zone").tolist() == [-1, -1, 0, 1, 0, 2, 0]
    (chart,) = voltage_map([Run("a", "black", "solid", result)], "feeder33")
    assert "3 (school)" in str(chart)
    shutil.copy(run, tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["districts/feeder33/vm_pu"][5, 3] += 0.1
    assert any("voltage at bus 3 (school)" in str(one) for one in audit_file(tmp_path / "run.h5").violations)


@pytest.mark.parametrize(("zones", "words"), [
    ("{residential: [corner, nowhere], commercial: [school, 3], office: [mill]}",
     r"zone_map: feeder .*street.json has no bus 'nowhere'; bus 3 \(school\) is named twice; a bus has one zone"),
    ("{residential: [corner, corner], commercial: [school], office: [mill]}", "names buses twice")])
def test_names_that_are_none_are_told(zones, words, tmp_path):
    with pytest.raises(WrongRequest, match=words):
        run_request("smoke", "temporal", overrides=(*overrides(tmp_path), f"districts.0.zone_map={zones}"))


@pytest.mark.slow
def test_the_lower_layer_sees_the_same_network(run):
    solved, fallen, claimed, replayed = (open_result(run).district("feeder33", name) for name in (
        "spatial_solved", "spatial_fallback", "vm_socp_pu", "vm_plan_ac_pu"))
    assert solved.sum() == 24 and fallen.sum() == 0
    assert np.nanmax(np.abs(claimed - replayed)) < 1e-5


@pytest.mark.slow
def test_the_audit_reads_the_series_by_itself(run, folder, tmp_path):
    assert audited(run).violations == ()
    broken = tmp_path / "series.h5"
    shutil.copy(run, broken)
    with h5py.File(broken, "r+") as file:
        file["districts/feeder33/series_kw"][2] *= 1.01
    assert {one.rule for one in audit_file(broken, with_slow=False).violations} == {"loads_of_buses"}
    with h5py.File(broken, "r+") as file:
        file["districts/feeder33/series_kw"][2] /= 1.01
        file["districts/feeder33/load_bus_kw"][12, 3] += 0.01
    assert {"loads_of_buses", "ac_of_what_happened"} <= {
        one.rule for one in audit_file(broken, with_slow=False).violations}


def test_check_says_what_is_taken(folder):
    given = [word for override in overrides(folder) for word in ("--set", override)]
    said = CliRunner().invoke(app, ["check", "smoke", *given]).stdout
    assert "taken: sgen 0: by its series" in said and "taken: storage 0: by its series" in said
    assert "approximated: sgen 1 'Wind': left out" in said
    assert "series.csv: without a series, following the system's load: load 2 'Pump', load 3 'House'" in said


def test_a_wrong_file_is_refused_before_anything_is_written(tmp_path):
    hourly = SERIES["load 0 p_kw"]
    gaps = np.r_[hourly * np.nan, hourly, hourly]
    file = written(tmp_path, {"load Nobody p_kw": np.tile(hourly, 3), "bus 2 p_kw": gaps})
    with pytest.raises(WrongRequest) as told:
        run_request("smoke", "temporal", overrides=overrides(tmp_path, file), output=tmp_path / "run.h5")
    (line,) = told.value.mistakes
    assert line.startswith(f"district feeder33: {file}: 25 mistakes")
    assert "'load Nobody p_kw': the net has no load 'Nobody'" in line and "row 1 (line 2): column bus 2 p_kw" in line
    assert not (tmp_path / "run.h5").exists()


def test_days_beyond_the_series_are_told(tmp_path):
    two_days = written(tmp_path, {name: np.tile(values, 2) for name, values in SERIES.items()})
    with pytest.raises(WrongRequest, match=r"cover days -1 to 1 from .* but days -1 to 2\.08333 are simulated"):
        run_request("smoke", "temporal", overrides=overrides(tmp_path, two_days), output=tmp_path / "run.h5")


# ---------------------------------------------------------------- SimBench
LV = ("districts.0.feeder=simbench:1-LV-semiurb4--1-sw", "districts.0.v_max_pu=1.1",
      "districts.0.series={own_profiles: true, start_date: 2016-06-14}")


@pytest.mark.slow
def test_a_day_of_simbench_s_own_profiles(tmp_path):
    """Loads, PV and a storage; quarter hours, cars beside them; pandapower sets the net's own values of the date."""
    simbench = pytest.importorskip("simbench")
    path = small_run.run(tmp_path, *LV, "step_s=900")
    result, net = open_result(path), simbench.get_simbench_net("1-LV-semiurb4--1-sw")
    values = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    times = net.profiles["load"]["time"].tolist()
    numbers, cars_kw = read_run(path).districts[0].axes["bus"], result.district("feeder33", "p_bus_kw")
    cars = [pandapower.create_load(net, bus, p_mw=0.0) for bus in numbers]
    worst = 0.0
    for step in range(96):
        row = times.index("14.06.2016 00:00") + step
        for (table, column), frame in values.items():
            net[table].loc[frame.columns, column] = frame.loc[row].to_numpy()
        net.load.loc[cars, "p_mw"] = cars_kw[step] / 1e3
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        error = net.res_bus["vm_pu"].loc[numbers] - result.district("feeder33", "vm_pu")[step]
        worst = max(worst, np.abs(error).max())
    assert worst < 1e-6
    assert np.ptp(result.district("feeder33", "load_bus_kw").sum(axis=1)) > 50.0
    assert audited(path).violations == ()
    with h5py.File(path, "r+") as file:
        file["districts/feeder33/load_bus_kw"][50] *= 1.001
    assert "loads_of_buses" in {one.rule for one in audit_file(path, with_slow=False).violations}


@pytest.mark.parametrize(("changes", "words"), [
    (("districts.0.feeder=ieee33",), "own_profiles = True: is only for dss:NAME, simbench:CODE: other networks bring"),
    (("districts.0.series.start_date=null",), "start_date = None: must be a day of 2016 with own_profiles"),
    (("districts.0.series.file=x.csv",), "own_profiles = True: is in place of a file of series")])
def test_own_profiles_need_a_net_that_brings_some_and_a_day(changes, words):
    with pytest.raises(WrongRequest, match=words):
        run_request("smoke", "temporal", overrides=(*LV, *changes))


def test_series_without_a_feeder_are_refused():
    with pytest.raises(WrongRequest, match=r"series = .*others.*: is only for a district with a feeder"):
        run_request("smoke", "temporal", overrides=("districts.1.series.others=constant",))
    with pytest.raises(WrongRequest, match=r"resolution_s = '?3600'?: is only for a file of series"):
        run_request("smoke", "temporal", overrides=("districts.0.series.resolution_s=3600",))
