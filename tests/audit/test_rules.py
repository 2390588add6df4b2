"""The audit passes runs as they come, and names the rule, the time and the place of what was tampered with."""

import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from audit.arrays import full_name
from audit.judge import audit_file, audit_run
from audit.unit_tables import units_of
from testbed.auditing.of_runs import audited
from testbed.cli.app import app
from testbed.results.reading import open_result
from tests.audit.altered import arrays_of, with_array
from tests.testbed import small_run


@pytest.fixture
def is_broken(replanned_run):
    """Whether the run breaks a rule with one array, of that district or none, changed."""
    def change(name, district, new, rule):
        [(told, values)] = [(told, values) for told, place, values in arrays_of(replanned_run)
                            if (full_name(told), place) == (name, district)]
        run = with_array(replanned_run, told, district, new(values.copy()))
        return bool(audit_run(run, only=[rule]).violations)
    return change


def test_a_day_of_four_plans_with_redispatch_and_forecast_errors_passes(replanned):
    assert open_result(replanned).steps_written == 24
    assert audited(replanned).violations == ()


def test_a_day_of_branch_flow_passes(placed):
    assert audited(placed).violations == ()


def test_a_day_without_cars_passes(folder):
    """Whatever the scenario says of them, its controller has none."""
    assert audited(small_run.run(folder, controller="no_pev", name="no_pev.h5")).violations == ()


@pytest.mark.slow
def test_the_network_of_the_file_is_the_one_that_is_judged(folder):
    """Not IEEE-33: another network's loads and impedances are its own, on two voltage levels at that."""
    path = small_run.run(folder, 'districts.0.feeder="pandapower:create_cigre_network_mv"', controller="uncoordinated",
                         name="cigre.h5")
    assert audited(path).violations == ()


def test_units_change_their_state_and_plans_follow_each_other(replanned):
    """So that the rules across midnights have something to judge."""
    result = open_result(replanned)
    assert np.abs(np.diff(result.system("committed").astype(int), axis=0)).sum() > 10
    assert result.plan_count == 4
    assert result.system("redispatch_failed").sum() == 0


def _set(index, value):
    def change(values):
        values[index] = value
        return values
    return change


def _one_hour_off(committed):
    """The first unit of the table is on all day: one hour off breaks its minimum down time."""
    committed[15, 0] = 0
    return committed


@pytest.mark.parametrize(("status", "below_limit_mw", "is_held"), [
    ("optimal", 0.1, True), ("coordinated in 2 rounds", 0.1, False), ("coordinated in 2 rounds", 150.0, True)])
def test_a_price_of_load_shed_may_stand_where_losses_fill_the_last_unit(replanned_run, status, below_limit_mw, is_held):
    """Plans made with the networks have the change of losses in their balance, and not in the file."""
    plan = {name: values.copy() for name, values in replanned_run.plan.items()}
    plan["status"] = np.full(plan["status"].shape, status, dtype=object)
    most = units_of(replanned_run).high_mw
    plan["p_mw"][0, :, 5] = np.where(plan["committed"][0, :, 5] > 0, most - below_limit_mw, 0.0)
    plan["marginal_price_usd_per_mwh"][0, 5] = 2500.0
    told = [str(finding) for finding in audit_run(replace(replanned_run, plan=plan), only=["planned_price"]).violations]
    assert bool([line for line in told if "hour 5:" in line]) == is_held


@pytest.mark.parametrize(("name", "district", "new", "rule"), [
    ("p_mw", "", _set((14, 0), 470.0), "unit_limits"),
    ("p_mw", "", _set((14, 0), 100.0), "unit_limits"),
    ("committed", "", _one_hour_off, "minimum_times"),
    ("committed", "", _one_hour_off, "commitment"),
    ("on_before_h", "", _set((20, 3), 7.0), "hours_on"),
    ("startup_cost_usd", "", lambda v: v * 0.5, "startups"),
    ("fuel_cost_usd", "", _set(5, 0.0), "fuel_and_carbon"),
    ("carbon_t", "", lambda v: v * 1.001, "fuel_and_carbon"),
    ("load_mw", "", _set(17, 900.0), "balance"),
    ("load_mw", "", _set(17, 900.0), "profiles"),
    ("wind_available_mw", "", lambda v: np.roll(v, 1), "profiles"),
    ("price_charge_usd_per_kwh", "", lambda v: np.roll(v, 1), "tariff"),
    ("shed_mw", "", _set(17, -1.0), "balance"),
    ("wind_curtailed_mw", "", _set(3, 500.0), "curtailment"),
    ("emergency_starts", "", _set(3, 1.0), "emergency_starts"),
    ("marginal_price_usd_per_mwh", "", lambda v: v * 1.001, "marginal_price"),
    ("marginal_carbon_t_per_mwh", "", lambda v: v * 1.001, "marginal_carbon_and_cost"),
    ("reserve_shortfall_mw", "", lambda v: v + 1.0, "reserve"),
    ("pev_total_mw", "", lambda v: v + 0.01, "cars_sum"),
    ("losses_change_total_mw", "", lambda v: v + 0.01, "losses_sum"),
    ("plan/p_mw", "", lambda v: v + 60.0, "planned_limits"),
    ("plan/operating_cost_usd", "", lambda v: v * 1.0001, "planned_costs"),
    ("plan/bound_usd", "", lambda v: v + 5e4, "bound"),
    ("plan/marginal_price_usd_per_mwh", "", lambda v: v * 1.01, "planned_price"),
    ("reference/committed", "", _set((5, 0), 0), "reference"),
    ("stored_kwh", "feeder33", _set(20, 0.0), "energy_balance"),
    ("charge_kw", "feeder33", _set((10, 1), 5000.0), "charger_power"),
    ("discharge_kw", "feeder33", _set((10, 0), 7.0), "charger_power"),
    ("charge_kw", "feeder33", _set((10, 1), 5000.0), "energy_of_groups"),
    ("tariff_usd", "feeder33", lambda v: v * 1.01, "tariff_of_groups"),
    ("p_bus_kw", "feeder33", _set((10, 8), 999.0), "buses_of_zones"),
    ("p_slack_kw", "feeder33", lambda v: v + 5.0, "ac_of_what_happened"),
    ("vm_pu", "feeder33", lambda v: v + 1e-6, "ac_of_what_happened"),
    ("losses_base_kw", "feeder33", lambda v: v * 1.001, "ac_without_cars"),
    ("vm_setpoint_pu", "feeder33", lambda v: v * 1.001, "ac_of_setpoints"),
    ("transformer_kva", "feeder33", lambda v: v * 1.01, "transformers"),
    ("lost_kwh", "feeder33", lambda v: -v - 1.0, "losses_of_chargers"),
    ("vehicle_charged_kwh", "feeder33", _set(0, 999.0), "sums_of_vehicles"),
    ("vehicle_stored_kwh", "feeder33", lambda v: v * 1.01, "energy_of_vehicles"),
    ("vehicle_is_enrolled", "feeder33", _set(0, 0), "who_they_are"),
    ("refusals", "feeder33", lambda v: v + 1.0, "refusals_counted"),
    ("soc_count", "feeder33", _set((20, 0, 49), 1), "batteries_counted"),
    ("soc_count", "feeder33", lambda v: v[..., ::-1], "batteries_counted"),
    ("soc_count", "feeder33", lambda v: np.roll(v, 1, axis=2), "soc_counted"),
    ("queue_count", "feeder33", _set(17, 1.0), "ports_taken"),
    ("queue_count", "feeder33", _set(slice(3, 9), 400.0), "ports_taken"),
    ("target_charge_kw", "feeder33", lambda v: v + 1.0, "targets"),
    ("bus_zone", "rest", lambda v: v[::-1], "zones"),
])
def test_a_tampered_result_is_named(name, district, new, rule, is_broken):
    assert not is_broken(name, district, lambda values: values, rule)
    assert is_broken(name, district, new, rule)


def test_who_waits_at_a_full_bus_may_go_on_waiting(replanned_run):
    """A zone is full as a car comes; ports of its other buses are free an hour later, and the car stays where it is."""
    arrays = {(full_name(told), place): (told, values.copy()) for told, place, values in arrays_of(replanned_run)}
    plugged_name, plugged = arrays["plugged_count", "feeder33"]
    queue_name, queue = arrays["queue_count", "feeder33"]
    queue[17:19] = 1.0
    plugged[18], plugged[19] = 1e6, 4.0
    full = with_array(replanned_run, plugged_name, "feeder33", plugged)
    assert not audit_run(with_array(full, queue_name, "feeder33", queue), only=["ports_taken"]).violations
    assert audit_run(with_array(full, queue_name, "feeder33", np.roll(queue, 2)), only=["ports_taken"]).violations


@pytest.mark.parametrize(("name", "district", "new", "rule"), [
    ("traces/soc", "feeder33", _set((15, 0), 0.95), "soc_of_steps"),
    ("traces/soc", "feeder33", _set((15, 0), 0.05), "soc_of_steps"),
    ("traces/p_vehicle_kw", "feeder33", _set((15, 0), 7.5), "power_of_steps"),
    ("traces/p_vehicle_kw", "feeder33", lambda v: v + 1.0, "sums_of_steps"),
    ("traces/reason_vehicle", "feeder33", lambda v: np.where(v == 0, 2, v), "reasons_of_steps"),
    ("traces/asked_vehicle_kwh", "feeder33", lambda v: v * 1.01, "instructed_and_delivered"),
    ("traces/limited_vehicle_kw", "feeder33", lambda v: v * 0.9, "limited_of_steps"),
    ("traces/stay_vehicle_h", "feeder33", lambda v: v * 0.99, "hours_of_steps"),
])
def test_a_tampered_vehicle_is_named(name, district, new, rule, is_broken):
    assert is_broken(name, district, new, rule)


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


def test_both_commands_name_the_rule_and_fail(replanned, tmp_path):
    passed = CliRunner().invoke(app, ["check", str(replanned)])
    assert (passed.exit_code, "0 violations" in passed.stdout) == (0, True)
    broken = tmp_path / "replanned.h5"
    for source in replanned.parent.glob("replanned*.h5"):
        shutil.copy(source, tmp_path / source.name)
    with h5py.File(broken, "r+") as file:
        file["p_mw"][14, 0] = 470.0
    failed = CliRunner().invoke(app, ["audit", str(broken)])
    assert failed.exit_code == 1
    assert "unit_limits: power of U1, step 14 (day 0, 14:00): by 15 MW" in failed.stdout
