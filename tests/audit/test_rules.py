"""The audit passes runs as they come, and names the rule, the time and the place of what was tampered with."""

import shutil

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from audit.judge import audit_file
from testbed.auditing.of_runs import audited
from testbed.cli.app import app
from testbed.results.reading import open_result
from tests.testbed import small_run


def rules_broken(path):
    return {violation.rule for violation in audit_file(path, with_slow=False).violations}


@pytest.fixture
def tampered(three_days, tmp_path):
    """Rules that a copy of the run breaks with one array changed."""
    def change(name, new, file="three.h5"):
        for source in three_days.parent.glob("three*.h5"):
            shutil.copy(source, tmp_path / source.name)
        with h5py.File(tmp_path / file, "r+") as opened:
            opened[name][...] = new(opened[name][...])
        return rules_broken(tmp_path / "three.h5")
    return change


def test_three_days_with_redispatch_and_forecast_errors_pass(three_days):
    assert open_result(three_days).steps_written == 72
    assert audited(three_days).violations == ()


def test_a_day_of_branch_flow_passes(placed):
    assert audited(placed).violations == ()


def test_the_network_of_the_file_is_the_one_that_is_judged(folder):
    """Not IEEE-33: another network's loads and impedances are its own, on two voltage levels at that."""
    path = small_run.run(folder, 'districts.0.feeder="pandapower:create_cigre_network_mv"', controller="uncoordinated",
                         name="cigre.h5")
    assert audited(path).violations == ()


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
    ("p_mw", _set((40, 0), 470.0), "unit_limits"),
    ("p_mw", _set((40, 0), 100.0), "unit_limits"),
    ("committed", _one_hour_off, "minimum_times"),
    ("committed", _one_hour_off, "commitment"),
    ("on_before_h", _set((20, 3), 7.0), "hours_on"),
    ("startup_cost_usd", lambda v: v * 0.5, "startups"),
    ("fuel_cost_usd", _set(5, 0.0), "fuel_and_carbon"),
    ("carbon_t", lambda v: v * 1.001, "fuel_and_carbon"),
    ("load_mw", _set(50, 900.0), "balance"),
    ("load_mw", _set(50, 900.0), "profiles"),
    ("wind_available_mw", lambda v: np.roll(v, 1), "profiles"),
    ("price_charge_usd_per_kwh", lambda v: np.roll(v, 1), "tariff"),
    ("shed_mw", _set(50, -1.0), "balance"),
    ("wind_curtailed_mw", _set(3, 500.0), "curtailment"),
    ("emergency_starts", _set(3, 1.0), "emergency_starts"),
    ("marginal_price_usd_per_mwh", lambda v: v * 1.001, "marginal_price"),
    ("marginal_carbon_t_per_mwh", lambda v: v * 1.001, "marginal_carbon_and_cost"),
    ("reserve_shortfall_mw", lambda v: v + 1.0, "reserve"),
    ("pev_total_mw", lambda v: v + 0.01, "cars_sum"),
    ("losses_change_total_mw", lambda v: v + 0.01, "losses_sum"),
    ("plan/p_mw", lambda v: v + 60.0, "planned_limits"),
    ("plan/operating_cost_usd", lambda v: v * 1.0001, "planned_costs"),
    ("plan/bound_usd", lambda v: v + 5e4, "bound"),
    ("plan/marginal_price_usd_per_mwh", lambda v: v * 1.01, "planned_price"),
    ("reference/committed", _set((5, 0), 0), "reference"),
    ("districts/feeder33/stored_kwh", _set(20, 0.0), "energy_balance"),
    ("districts/feeder33/charge_kw", _set((10, 1), 5000.0), "charger_power"),
    ("districts/feeder33/discharge_kw", _set((10, 0), 7.0), "charger_power"),
    ("districts/feeder33/charge_kw", _set((10, 1), 5000.0), "energy_of_groups"),
    ("districts/feeder33/tariff_usd", lambda v: v * 1.01, "tariff_of_groups"),
    ("districts/feeder33/p_bus_kw", _set((10, 8), 999.0), "buses_of_zones"),
    ("districts/feeder33/p_slack_kw", lambda v: v + 5.0, "ac_of_what_happened"),
    ("districts/feeder33/vm_pu", lambda v: v + 1e-6, "ac_of_what_happened"),
    ("districts/feeder33/losses_base_kw", lambda v: v * 1.001, "ac_without_cars"),
    ("districts/feeder33/vm_setpoint_pu", lambda v: v * 1.001, "ac_of_setpoints"),
    ("districts/feeder33/transformer_kva", lambda v: v * 1.01, "transformers"),
    ("districts/feeder33/lost_kwh", lambda v: -v - 1.0, "losses_of_chargers"),
    ("districts/feeder33/vehicle_charged_kwh", _set(0, 999.0), "sums_of_vehicles"),
    ("districts/feeder33/vehicle_stored_kwh", lambda v: v * 1.01, "energy_of_vehicles"),
    ("districts/feeder33/vehicle_is_enrolled", _set(0, 0), "who_they_are"),
    ("districts/feeder33/refusals", lambda v: v + 1.0, "refusals_counted"),
    ("districts/feeder33/queue_count", lambda v: v + 1.0, "ports_taken"),
    ("districts/feeder33/target_charge_kw", lambda v: v + 1.0, "targets"),
    ("districts/rest/bus_zone", lambda v: v[::-1], "zones"),
])
def test_a_tampered_result_is_named(name, new, rule, tampered):
    assert rule in tampered(name, new)


@pytest.mark.parametrize(("name", "new", "rule"), [
    ("soc", _set((30, 0), 0.95), "soc_of_steps"),
    ("soc", _set((30, 0), 0.05), "soc_of_steps"),
    ("p_vehicle_kw", _set((30, 0), 7.5), "power_of_steps"),
    ("p_vehicle_kw", lambda v: v + 1.0, "sums_of_steps"),
    ("reason_vehicle", lambda v: np.where(v == 0, 2, v), "reasons_of_steps"),
    ("asked_vehicle_kwh", lambda v: v * 1.01, "instructed_and_delivered"),
    ("limited_vehicle_kw", lambda v: v * 0.9, "limited_of_steps"),
    ("stay_vehicle_h", lambda v: v * 0.99, "hours_of_steps"),
])
def test_a_tampered_vehicle_is_named(name, new, rule, tampered):
    assert rule in tampered(f"districts/feeder33/{name}", new, "three-vehicles.h5")


def test_a_violation_says_rule_time_place_and_amount(placed, tmp_path):
    for source in placed.parent.glob("placed*.h5"):
        shutil.copy(source, tmp_path / source.name)
    with h5py.File(tmp_path / "placed.h5", "r+") as file:
        file["districts/rest/fast_charged_usd"][14] += 3.5
    [told, *_] = [str(finding) for finding in audit_file(tmp_path / "placed.h5").violations if finding.rule ==
                  "fast_charging_paid"]
    assert told.startswith("fast_charging_paid: rest: fast charging, step 14 (day 0, 14:00): by 3.5 USD (allowed ")


def test_the_second_engine_agrees_and_can_disagree(placed, tmp_path):
    shutil.copy(placed, tmp_path / "placed.h5")
    with h5py.File(tmp_path / "placed.h5", "r+") as file:
        file["districts/feeder33/vm_pu"][20, 17] += 1e-5
    assert "ac_by_power_grid_model" in {finding.rule for finding in audit_file(tmp_path / "placed.h5").violations}
    assert "ac_by_power_grid_model" not in {finding.rule for finding in audit_file(placed).violations}


def test_both_commands_name_the_rule_and_fail(three_days, tmp_path):
    for command in ("audit", "check"):
        passed = CliRunner().invoke(app, [command, str(three_days)])
        assert (passed.exit_code, "0 violations" in passed.stdout) == (0, True)
    broken = tmp_path / "three.h5"
    for source in three_days.parent.glob("three*.h5"):
        shutil.copy(source, tmp_path / source.name)
    with h5py.File(broken, "r+") as file:
        file["p_mw"][40, 0] = 470.0
    failed = CliRunner().invoke(app, ["audit", str(broken)])
    assert failed.exit_code == 1
    assert "unit_limits: power of U1, step 40 (day 1, 16:00): by 15 MW" in failed.stdout
