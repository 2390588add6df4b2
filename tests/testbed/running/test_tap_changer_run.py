"""A tap changer in the loop: pandapower's own voltages at its positions, and its own tap controller's moves."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pandapower
import pytest
from pandapower.control import DiscreteTapControl

from audit.judge import audit_file
from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, run_request
from tests.models.network.loads.street import street
from tests.testbed import small_run
from tests.testbed.running.test_series_run import overrides, set_hour

BAND_PU = 0.004
TAPS = f"districts.0.tap_changer={{target_pu: 1.075, dead_band_pu: {BAND_PU}}}"


def fine(net):
    """The street's transformer with positions of 0.3 %: its voltage moves by twice that over the day."""
    net.trafo[["tap_min", "tap_max", "tap_step_percent"]] = [-9, 9, 0.3]
    return net


def given(folder):
    changes = overrides(folder)
    pandapower.to_json(fine(street()), str(folder / "street.json"))
    return changes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taps")
    return small_run.run(folder, *given(folder), TAPS, controller="bilayer", name="taps.h5")


@pytest.mark.slow
def test_positions_and_voltages_are_pandapowers(run):
    """Hour by hour: its controller moves from where the run stood; voltages at the run's positions."""
    result = open_result(run)
    cars_kw, position = result.district("feeder33", "p_bus_kw"), result.district("feeder33", "tap_position")
    shape, vm_pu = result.system("load_mw") / result.attributes["load_peak_mw"], result.district("feeder33", "vm_pu")
    net, cars = set_hour(None, None, 0, cars_kw, shape)
    DiscreteTapControl(fine(net), 0, vm_lower_pu=1.075 - BAND_PU / 2, vm_upper_pu=1.075 + BAND_PU / 2, side="lv")
    for hour in range(24):
        net, cars = set_hour(net, cars, hour, cars_kw, shape)
        if hour:
            net.trafo["tap_pos"] = int(position[hour - 1])
            pandapower.runpp(net, run_control=True, numba=False, lightsim2grid=False, calculate_voltage_angles=False)
            assert net.trafo["tap_pos"][0] == position[hour], hour
        net.trafo["tap_pos"] = int(position[hour])
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        assert np.abs(net.res_bus["vm_pu"].to_numpy()[1:] - vm_pu[hour, 1:]).max() < 1e-6
    assert len(set(position)) > 2, "it moves"


@pytest.mark.slow
def test_the_lower_layer_sees_where_it_stands(run):
    solved, fallen, claimed, replayed, happened = (open_result(run).district("feeder33", name) for name in (
        "spatial_solved", "spatial_fallback", "vm_socp_pu", "vm_plan_ac_pu", "vm_pu"))
    assert solved.sum() == 24 and fallen.sum() == 0 and np.nanmax(np.abs(claimed - replayed)) < 1e-5
    assert replayed[1:, 0] == pytest.approx(happened[:-1, 0], abs=1e-12), "as the step before left it"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tap_position", "tap_slack_vm_pu"])
def test_the_audit_moves_it_by_itself(run, tmp_path, name):
    assert audited(run).violations == ()
    shutil.copy(run, tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        district = file["districts/feeder33"]
        position = district["tap_position"][12]
        if name == "tap_position":
            district[name][12] = position - 2
        else:  # of a position at which it stood: none else can be told from the run
            row = district["tap"][...].tolist().index(position)
            district[name][row] *= 1.001
    assert {"tap_changers", "ac_of_what_happened"} <= {
        one.rule for one in audit_file(tmp_path / "run.h5", with_slow=False).violations}


@pytest.mark.slow
def test_moves_that_nothing_asks_for_are_told(run, tmp_path):
    shutil.copy(run, tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["districts/feeder33"].attrs["tap_dead_band_pu"] = 0.05
    assert {"tap_changers"} == {one.rule for one in audit_file(tmp_path / "run.h5", with_slow=False).violations}


@pytest.mark.parametrize(("given", "words"), [
    ("{bus: nowhere}", "has no bus 'nowhere'"), ("{dead_band_pu: 0.01}", "must be above 0.02.*never rest"),
    ("{step_percent: 1.0}", "bus = None: is needed with step_percent"),
    ("{positions: 3}", "positions = 3: is only for step_percent")])
def test_one_that_cannot_serve_is_refused(given, words, tmp_path):
    with pytest.raises(WrongRequest, match=words):
        run_request("smoke", "temporal", overrides=(*overrides(tmp_path), f"districts.0.tap_changer={given}"))


def test_networks_without_a_transformer_need_a_step():
    with pytest.raises(WrongRequest, match="step_percent = None: is needed with ieee33, which brings no transformer"):
        run_request("smoke", "temporal", overrides=("districts.0.tap_changer={bus: 18}",))
