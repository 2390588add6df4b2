"""The checker of result files: it passes a run of three days, and names what was tampered with."""

import shutil

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from testbed.checks.result import check_result
from testbed.cli.app import app
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import load_controller
from tests.testbed import small_run

THREE_DAYS = ("days=3", "planning.redispatch=hourly", "planning.horizon_h=14", "planning.binding_h=12",
              "spatial.look_ahead_h=2", "profiles.forecast_error=large", "record.vehicles=true",
              "planning.mip_gap=1e-2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("checked")


@pytest.fixture(scope="module")
def three_days(folder):
    """Commitment, hourly re-dispatch, forecast errors and drivers who do as they like."""
    return small_run.run(folder, *THREE_DAYS, controller="temporal", name="three.h5")


@pytest.fixture
def tampered(three_days, tmp_path):
    """A copy of the run with one array changed."""
    def change(name, new, file="three.h5"):
        for source in three_days.parent.glob("three*.h5"):
            shutil.copy(source, tmp_path / source.name)
        with h5py.File(tmp_path / file, "r+") as opened:
            opened[name][...] = new(opened[name][...])
        return {violation.rule for violation in check_result(open_result(tmp_path / "three.h5")).violations}
    return change


def test_three_days_with_redispatch_and_forecast_errors_pass(three_days):
    result = open_result(three_days)
    assert result.steps_written == 72
    assert [str(violation) for violation in check_result(result).violations] == []


def test_the_feeder_of_the_scenario_is_the_one_that_is_judged(folder):
    """Not IEEE-33: another network's loads are its own."""
    path = small_run.run(folder, 'districts.0.feeder="pandapower:create_cigre_network_mv"', controller="uncoordinated",
                         name="cigre.h5")
    assert [str(violation) for violation in check_result(open_result(path)).violations] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "controller"), [
    *(("smoke", one) for one in ("uncoordinated", "tariff", "smart_charging", "bilayer", "no_pev")),
    ("study_day", "bilayer"), ("study_day", "no_pev"), ("study_day", "smart_charging")])
def test_scenarios_as_they_come_pass(folder, name, controller):
    """With their own switches: a day under control before, hourly re-dispatch, stepped reserve; energy balances."""
    scenario = load_scenario(name, ["record.vehicles=true", f"execution.cache_dir={small_run.shared_cache(folder)}"])
    assert (scenario.warmup_controlled_days, scenario.planning.redispatch) == (1, "hourly")
    result = open_result(run_scenario(scenario, load_controller(controller), seed=1,
                                      output=folder / f"{name}-{controller}.h5"))
    assert [str(violation) for violation in check_result(result).violations] == []
    for district in result.districts:
        flows = {one: result.vehicle(district, f"{one}_kwh").sum() for one in (
            "stored_start", "stored_end", "charged", "fast_charged", "discharged", "driven", "lost")}
        into = flows["charged"] + flows["fast_charged"] - flows["discharged"] - flows["driven"] - flows["lost"]
        assert into == pytest.approx(flows["stored_end"] - flows["stored_start"], rel=1e-6, abs=1e-3)
        assert (flows["charged"] > 0) == (controller != "no_pev")


def test_units_change_their_state_and_plans_follow_each_other(three_days):
    """So that the rules across midnights have something to judge."""
    result = open_result(three_days)
    assert np.abs(np.diff(result.system("committed").astype(int), axis=0)).sum() > 10
    assert result.plan_count == 6
    assert result.system("redispatch_failed").sum() == 0


def _set(index, value):
    def change(values):
        values[index] = value
        return values
    return change


def _one_hour_off(committed):
    """The first unit of the table is on all day: one hour off breaks its minimum down time."""
    committed[30, 0] = 0
    return committed


@pytest.mark.parametrize(("name", "new", "rule"), [
    ("p_mw", _set((40, 0), 470.0), "maximum_power"),
    ("p_mw", _set((40, 0), 100.0), "minimum_power"),
    ("committed", _one_hour_off, "minimum_down"),
    ("committed", _one_hour_off, "commitment"),
    ("startup_cost_usd", lambda v: v * 0.5, "startup_cost"),
    ("fuel_cost_usd", _set(5, 0.0), "fuel_cost"),
    ("carbon_t", lambda v: v * 1.001, "carbon"),
    ("load_mw", _set(50, 900.0), "balance"),
    ("shed_mw", _set(50, -1.0), "balance"),
    ("wind_curtailed_mw", _set(3, 500.0), "renewables"),
    ("reserve_shortfall_mw", lambda v: v + 1.0, "reserve"),
    ("pev_total_mw", lambda v: v + 0.01, "cars_sum"),
    ("losses_change_total_mw", lambda v: v + 0.01, "losses_sum"),
    ("plan/p_mw", lambda v: v + 60.0, "plan_maximum_power"),
    ("districts/feeder33/stored_kwh", _set(20, 0.0), "energy_balance"),
    ("districts/feeder33/stored_kwh", _set(20, 0.0), "soc_bounds"),
    ("districts/feeder33/charge_kw", _set((10, 1), 5000.0), "charger_power"),
    ("districts/feeder33/discharge_kw", _set((10, 0), 7.0), "charger_power"),
    ("districts/feeder33/charge_kw", _set((10, 1), 5000.0), "energy_sum"),
    ("districts/feeder33/p_bus_kw", _set((10, 8), 999.0), "bus_sum"),
    ("districts/feeder33/p_slack_kw", lambda v: v + 5.0, "feeder_balance"),
    ("districts/feeder33/lost_kwh", lambda v: -v - 1.0, "losses_positive"),
])
def test_a_tampered_system_is_named(name, new, rule, tampered):
    assert rule in tampered(name, new)


@pytest.mark.parametrize(("name", "new", "rule"), [
    ("soc", _set((30, 0), 0.95), "vehicle_soc"),
    ("soc", _set((30, 0), 0.05), "vehicle_soc"),
    ("p_vehicle_kw", _set((30, 0), 7.5), "vehicle_power"),
    ("p_vehicle_kw", lambda v: v + 1.0, "vehicle_sum"),
])
def test_a_tampered_vehicle_is_named(name, new, rule, tampered):
    assert rule in tampered(f"districts/feeder33/{name}", new, "three-vehicles.h5")


def test_the_command_names_the_rule_and_fails(three_days, tmp_path):
    passed = CliRunner().invoke(app, ["check", str(three_days)])
    assert (passed.exit_code, "0 violations" in passed.stdout) == (0, True)
    broken = tmp_path / "three.h5"
    for source in three_days.parent.glob("three*.h5"):
        shutil.copy(source, tmp_path / source.name)
    with h5py.File(broken, "r+") as file:
        file["p_mw"][40, 0] = 470.0
    failed = CliRunner().invoke(app, ["check", str(broken)])
    assert failed.exit_code == 1
    assert "maximum_power" in failed.stdout
