"""Every published figure against a sum done by hand; two steps an hour, so that a lost factor 0.5 shows."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.metrics.of_runs import (
    INTERVAL_HOLDS_ZERO,
    NOT_RESOLVED,
    ONE_SEED,
    compare_table,
    compute_metrics,
    half_width,
    metrics_json,
    resolution_usd,
    write_metrics_csv,
)
from testbed.metrics.registry import METRICS
from testbed.results.layout import ResultError
from testbed.results.reading import Result, open_result
from testbed.scenario.loading import load_scenario
from testbed.scenario.record import Scenario

PROMISED = frozenset("""
operating_cost_usd fuel_cost_usd startup_cost_usd carbon_t carbon_cost_usd curtailed_mwh
curtailment_penalty_usd owners_net_cost_usd wear_cost_usd imbalance_cost_usd feeder_loss_cost_usd total_cost_usd
total_cost_usd_adjusted objective_usd objective_usd_adjusted stored_energy_change_mwh equivalent_load_peak_mw
equivalent_load_valley_mw equivalent_load_std_mw unit_hours unit_starts emergency_starts hours_fewer_units
feeder_losses_kwh vm_min_pu vm_max_pu voltage_violation_bus_h line_loading_max_percent charged_mwh discharged_mwh
disaggregation_loss_kwh infeasible_request_kwh model_mismatch_kwh compliance_realised compliance_realised_energy
departures_short departures_short_kwh relaxation_gap_max_rel relaxation_vm_error_max_pu spatial_fallbacks
spatial_repairs shed_load_mwh dumped_mwh reserve_shortfall_mwh solver_s wall_s
""".split())  # noqa: SIM905 - a list of 46 lines says no more

SYSTEM: dict[str, Any] = {
    "load_mw": [100, 110, 120, 90], "pev_total_mw": [3, -2, 0, 1], "losses_change_total_mw": [0.5, 0, 0, -0.5],
    "wind_available_mw": [20, 20, 20, 20], "wind_curtailed_mw": [0, 4, 0, 0],
    "pv_available_mw": [0, 10, 10, 0], "pv_curtailed_mw": [0, 0, 2, 0],
    "fuel_cost_usd": [1000, 1100, 1200, 900], "startup_cost_usd": [0, 50, 0, 0], "carbon_t": [10, 11, 12, 9],
    "shed_mw": [0, 0, 2, 0], "dump_mw": [0, 0, 0, 6], "reserve_shortfall_mw": [4, 0, 0, 0],
    "reserve_credit_mw": [9, 0, 1.5, 7],
    "marginal_price_usd_per_mwh": [10, 20, 30, 60], "committed": [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]],
    "unit_starts": [0, 1, 1, 0], "emergency_starts": [0, 0, 1, 0], "redispatch_failed": [0, 1, 0, 1],
    "p_mw": [[200, 10, 0]] * 4, "marginal_carbon_t_per_mwh": [0.4, 0.9, 0.7, 0.8],
    "marginal_cost_usd_per_mwh": [8, 16, 500, 500], "price_charge_usd_per_kwh": [0.05, 0.05, 0.02, -0.02],
    "price_discharge_usd_per_kwh": [0.03, -0.01, 0.01, 0.01],
}
GROUPS = np.zeros((4, 18))
FEEDER: dict[str, Any] = {
    "losses_kw": [40, 60, 20, 0], "losses_base_kw": [30, 30, 30, 30], "losses_socp_kw": [41, 61, 21, 1],
    "losses_plan_ac_kw": [42, 62, 22, 2], "losses_setpoint_kw": [43, 63, 23, 3],
    "vm_pu": [[1, 0.93, 0.95, 0.99], [1, 0.92, 0.9, 0.99], [1, 1.05, 1.0, 0.99], [1, 0.98, 0.95, 0.99]],
    "vm_socp_pu": [[1, 0.94, 1, 1]] * 4, "vm_plan_ac_pu": [[1, 0.945, np.nan, 1]] * 4,
    "vm_setpoint_pu": [[1, 0.955, 1, 1]] * 4, "line_loading_percent": [[0, 80, 20, 105]] * 4,
    "charge_kw": [100, 300, 200, 500], "tariff_usd": [1, 0, -3, 0], "wear_usd": [0, 0.5, 0, 0],
    "fast_charged_usd": [0, 0, 7, 0], "charged_kwh": [900, 0, 0, 2700], "discharged_kwh": [0, 500, 0, 0],
    "fast_charged_kwh": [0, 0, 35, 0], "driven_kwh": [5, 6, 7, 8], "target_energy_kwh": [0, 50, 0, 30],
    "disaggregation_loss_kwh": [0, 5, 0, 3], "infeasible_request_kwh": [1, 1, 0, 0],
    "model_mismatch_kwh": [0, 0, 0, 2], "departures_short": [0, 1, 0, 0],
    "departures_short_kwh": [0, 2.5, 0, 0],
    "instructed_count": [10, 10, 0, 0], "complied_count": [9, 6, 0, 0], "instructed_up_kwh": [20, 0, 0, 0],
    "delivered_up_kwh": [10, 0, 0, 0], "instructed_down_kwh": [0, 60, 0, 0],
    "delivered_down_kwh": [0, 54, 0, 0],
    "relaxation_gap_rel": [1e-7, 1e-7, 3e-6, np.nan], "relaxation_vm_error_pu": [1e-8, 4e-7, 0, np.nan],
    "spatial_solved": [1, 0, 1, 0], "spatial_fallback": [1, 0, 0, 0], "spatial_repaired": [0, 0, 1, 0],
}
REST: dict[str, Any] = {"charged_kwh": [100, 0, 0, 300], "wear_usd": [0, 0, 0.25, 0],
                        "departures_short": [1, 0, 0, 1]}
TOTALS = {
    "feeder33": {"stored_start_kwh": np.array([30.0, 40.0]), "stored_end_kwh": np.array([25.0, 30.0])},
    "rest": {"stored_start_kwh": np.array([10.0, 10.0, 10.0]), "stored_end_kwh": np.array([20.0, 5.0, 0.0])},
}


@pytest.fixture
def by_hand(write_result: Any) -> Path:
    feeder = FEEDER | {name: _per_group(FEEDER[name]) for name in ("charge_kw", "tariff_usd", "wear_usd")}
    rest = REST | {"wear_usd": _per_group(REST["wear_usd"])}
    path: Path = write_result(system=SYSTEM, feeder=feeder, rest=rest, totals=TOTALS,
                              reference=[[1, 1, 0], [1, 1, 1]], run={"solver_s": 4.5, "wall_s": 8.5})
    return path


def _per_group(total: list[float]) -> np.ndarray[Any, Any]:
    """[T, 18] split over two groups, so that a sum over one of them fails."""
    values = np.zeros((len(total), 18))
    values[:, 1], values[:, 7] = np.multiply(total, 0.25), np.multiply(total, 0.75)
    return values


# charged 100 kW in the first step and 300 kW in the second; then load is shed, then power dumped, whatever is charged.
# Over eta_charge 0.8, $/MWh in the battery:
SOCIETY_REFILL = (8 * 100 + 16 * 300) / 400 / 0.8
OWNERS_REFILL = 50 / 0.8
OBJECTIVE_REFILL = (10 * 100 + 20 * 300) / 400 / 0.8 + 2 * OWNERS_REFILL
STORED_MWH = -0.020
OPERATING, WEAR, TARIFF = 4250.0, 0.75, -2.0
IMBALANCE = 1 * 3100 + 3 * 130 + 2 * 1700
TOTAL = OPERATING + 42 * 11 + WEAR + IMBALANCE
SOCIETY, OWNERS = TOTAL + 7, TARIFF + WEAR + 7
OPERATOR = OPERATING + 42 * 11 + IMBALANCE - TARIFF
OBJECTIVE = 1.5 * OPERATING + 2 * (WEAR + TARIFF) + 3 * 3 * 70 + 5 * 42 * 11 + IMBALANCE
EXPECTED = {
    "fuel_cost_usd": 4200, "startup_cost_usd": 50, "operating_cost_usd": OPERATING, "carbon_t": 42,
    "carbon_cost_usd": 462, "curtailed_mwh": 3, "generation_curtailed_mwh": np.nan,
    "curtailment_penalty_usd": 210, "tariff_payments_usd": TARIFF,
    "wear_cost_usd": WEAR, "fast_charge_cost_usd": 7, "owners_net_cost_usd": TARIFF + WEAR + 7,
    "imbalance_cost_usd": IMBALANCE, "feeder_loss_cost_usd": (0.4 + 1.2 + 0.6) / 2, "total_cost_usd": TOTAL,
    "total_cost_usd_adjusted": TOTAL - STORED_MWH * SOCIETY_REFILL, "objective_usd": OBJECTIVE,
    "objective_usd_adjusted": OBJECTIVE - STORED_MWH * OBJECTIVE_REFILL,
    "society_cost_usd": SOCIETY, "society_cost_usd_adjusted": SOCIETY - STORED_MWH * SOCIETY_REFILL,
    "society_cost_called_usd_adjusted": SOCIETY - STORED_MWH * SOCIETY_REFILL - 0.75 * 3100,
    "owners_cost_usd": OWNERS, "owners_cost_usd_adjusted": OWNERS - STORED_MWH * OWNERS_REFILL,
    "operator_cost_usd": OPERATOR,
    "operator_cost_usd_adjusted": OPERATOR - STORED_MWH * (SOCIETY_REFILL - OWNERS_REFILL),
    "stored_energy_change_mwh": STORED_MWH, "steadiness_percent": 0.5, "stored_energy_usd_per_mwh": SOCIETY_REFILL,
    "stored_energy_owners_usd_per_mwh": OWNERS_REFILL, "stored_energy_objective_usd_per_mwh": OBJECTIVE_REFILL,
    "equivalent_load_peak_mw": 92, "equivalent_load_valley_mw": 70.5,
    "equivalent_load_std_mw": float(np.std([83.5, 82, 92, 70.5])), "unit_hours": 3.5, "unit_starts": 2,
    "emergency_starts": 1, "hours_fewer_units": 0, "shed_load_mwh": 1, "dumped_mwh": 3,
    "reserve_shortfall_mwh": 2, "uncalled_reserve_mwh": 0.75, "uncalled_reserve_usd": 0.75 * 3100,
    "feeder_losses_kwh": 60, "feeder_losses_base_kwh": 60, "feeder_losses_socp_kwh": 62,
    "feeder_losses_plan_ac_kwh": 64, "feeder_losses_setpoint_kwh": 66, "vm_min_pu": 0.9,
    "vm_max_pu": 1.05,
    "vm_min_socp_pu": 0.94, "vm_min_plan_ac_pu": 0.945, "vm_min_setpoint_pu": 0.955,
    "voltage_violation_bus_h": 1.5, "line_loading_max_percent": 105, "charged_mwh": 4, "discharged_mwh": 0.5,
    "charged_below_zero_mwh": 3, "discharged_below_zero_mwh": 0.5,
    "fast_charged_mwh": 0.035, "driven_mwh": 0.026, "disaggregation_loss_kwh": 8, "not_delivered_share": 0.1,
    "infeasible_request_kwh": 2, "model_mismatch_kwh": 2, "departures_short": 3, "departures_short_kwh": 2.5,
    "compliance_realised": 0.75, "compliance_realised_energy": 0.8, "compliance_realised_energy_up": 0.5,
    "compliance_realised_energy_down": 0.9, "relaxation_gap_max_rel": 3e-6, "relaxation_vm_error_max_pu": 4e-7,
    "redispatch_failures": 2,
    "spatial_fallbacks": 1, "spatial_repairs": 1, "plan_gap_max_rel": math.nan, "solver_s": 4.5, "wall_s": 8.5,
    "tariff_in_objective": 1, "carbon_average_t_per_mwh": 42 / (420 + 40 + 10 - 3),
    "carbon_marginal_charging_t_per_mwh": (0.4 * 100 + 0.9 * 300 + 0.7 * 200 + 0.8 * 500) / 1100,
    "carbon_marginal_discharging_t_per_mwh": math.nan, "carbon_marginal_mean_t_per_mwh": 2.8 / 4,
} | dict.fromkeys(("planned_operating_cost_usd", "planned_tariff_payments_usd", "planned_wear_cost_usd",
                   "planned_owners_net_cost_usd", "planned_curtailment_penalty_usd", "planned_carbon_t",
                   "planned_carbon_cost_usd"), math.nan) | dict.fromkeys((  # no plan is in this file
    "unbalance_max_percent", "unbalance_above_2_bus_h", "supply_min_v", "supply_max_v", "supply_outside_customers",
    "supply_outside_customer_h", "en50160_worst_percent", "en50160_failing_customers", "phase_loading_max_percent",
    "limits_import_kwh", "limits_export_kwh", "limits_gini", "limits_broken_customer_h",
    "neutral_current_max_a",
    "transformer_life_max_h", "transformer_life_sum_h", "transformer_hot_spot_max_celsius", "transformer_losses_kwh",
), math.nan)  # nor any circuit of three phases or transformer's rating: see test_transformer_figures


def test_every_promised_figure_is_published_and_tested() -> None:
    assert set(PROMISED) <= set(METRICS)
    assert set(EXPECTED) == set(METRICS)
    assert all(m.unit and m.definition and name == m.name for name, m in METRICS.items())


def test_figures_are_what_one_gets_by_hand(by_hand: Path) -> None:
    got = compute_metrics(open_result(by_hand))
    wrong = {name: (got[name], value) for name, value in EXPECTED.items()
             if got[name] != pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True)}
    assert wrong == {}


# ---------------------------------------------------------------- definitions that have two cases
def test_tariff_counts_in_the_objective_only_if_the_scenario_says_so(write_result: Any, by_hand: Path) -> None:
    social = _scenario_like(by_hand, tariff_in_objective=False)
    tariff = {"tariff_usd": _per_group(FEEDER["tariff_usd"])}
    paid = compute_metrics(open_result(write_result("a.h5", feeder=tariff)))
    free = compute_metrics(open_result(write_result("b.h5", feeder=tariff, made=social)))
    assert paid["objective_usd"] == pytest.approx(2 * TARIFF) and free["objective_usd"] == 0
    assert paid["total_cost_usd"] == free["total_cost_usd"] == 0


def _scenario_like(path: Path, **objective: Any) -> Any:
    parts = open_result(path).scenario
    return Scenario.model_validate(parts | {"objective": parts["objective"] | objective})


def test_hours_with_fewer_units_count_against_the_reference(write_result: Any) -> None:
    committed = [[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]]
    path = write_result(system={"committed": committed}, reference=[[1, 1, 0], [1, 1, 0]])
    assert METRICS["hours_fewer_units"].function(open_result(path)) == 1
    assert math.isnan(METRICS["hours_fewer_units"].function(open_result(write_result("b.h5"))))
    shown = metrics_json(open_result(path))["metrics"]["hours_fewer_units"]
    assert shown["definition"].endswith("(here: no_pev)")


def test_a_limit_touched_is_not_violated(write_result: Any) -> None:
    vm_pu = [[1.04, 0.93, 1, 1]] * 4
    result = open_result(write_result(feeder={"vm_pu": vm_pu}))
    assert METRICS["voltage_violation_bus_h"].function(result) == 0


def test_losses_of_the_optimisation_are_null_where_a_step_has_none(write_result: Any) -> None:
    result = open_result(write_result(feeder={"losses_socp_kw": [1, np.nan, 1, 1]}))
    assert math.isnan(METRICS["feeder_losses_socp_kwh"].function(result))


def test_figures_of_an_unfinished_run_cover_what_was_written(write_result: Any) -> None:
    path = write_result(stop_after=2, status="running", system={"fuel_cost_usd": [1, 2, 4, 8]})
    figures = compute_metrics(open_result(path))
    assert figures["fuel_cost_usd"] == 3 and math.isnan(figures["total_cost_usd_adjusted"])
    nothing = write_result("n.h5", stop_after=0, status="running")
    assert compute_metrics(open_result(nothing))["fuel_cost_usd"] == 0


# ---------------------------------------------------------------- JSON and CSV
def test_json_has_value_unit_definition_and_null_for_nan(by_hand: Path) -> None:
    shown = json.loads(json.dumps(metrics_json(open_result(by_hand)), allow_nan=False))
    assert (shown["status"], shown["scenario"], shown["controller"], shown["seed"]) == (
        "completed", "toy", "bilayer", 1)
    assert shown["metrics"]["carbon_t"] == {
        "value": 42, "unit": "t", "definition": METRICS["carbon_t"].definition}
    assert shown["metrics"]["plan_gap_max_rel"]["value"] is None


def test_csv_has_a_line_per_run_and_figure(by_hand: Path, tmp_path: Path) -> None:
    write_metrics_csv([open_result(by_hand)], tmp_path / "out" / "metrics.csv")
    with (tmp_path / "out" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert list(rows) == list(METRICS)
    assert (rows["carbon_t"]["value"], rows["carbon_t"]["unit"], rows["carbon_t"]["seed"]) == ("42.0", "t", "1")
    assert rows["plan_gap_max_rel"]["value"] == ""


# ---------------------------------------------------------------- comparison
@pytest.fixture
def run_costing(write_result: Any, toy: Any) -> Any:
    """run_costing(controller, seed, fuel_usd, gap=0) -> Result whose plan has that gap."""
    def write(controller: str, seed: int, fuel_usd: float, gap: float = 0.0) -> Result:
        plan = toy.plan_arrays(toy.layout(), 0, gap_rel=gap, objective_usd=fuel_usd)
        return open_result(write_result(f"{controller}-{seed}.h5", controller=controller, seed=seed,
                                        system={"fuel_cost_usd": fuel_usd / 4}, plans=(plan,)))
    return write


def test_differences_are_paired_on_seeds_with_a_student_interval(run_costing: Any) -> None:
    costs = {"uncoordinated": {1: 1000.0, 2: 2000.0, 3: 3000.0}, "bilayer": {1: 990.0, 2: 1986.0, 3: 2982.0}}
    runs = [run_costing(name, seed, usd)
            for name, by_seed in costs.items() for seed, usd in by_seed.items()]
    base, row = compare_table(runs, ["fuel_cost_usd"])
    assert (base.controller, base.seeds, base.mean, base.difference_mean) == ("uncoordinated", 3, 2000, 0)
    assert (row.controller, row.pairs) == ("bilayer", 3)
    assert row.difference_mean == pytest.approx(-14)
    # sd of (-10, -14, -18) = 4; t(0.975, 2) = 4.302653; 4.302653 * 4 / sqrt(3)
    assert row.difference_ci95 == pytest.approx(9.936547, rel=1e-6)
    assert row.note == ""


def test_only_common_seeds_are_paired(run_costing: Any) -> None:
    runs = [run_costing(name, seed, usd)
            for name, seed, usd in (("a", 1, 100.0), ("b", 1, 90.0), ("b", 2, 10.0))]
    row = compare_table(runs, ["fuel_cost_usd"])[1]
    assert (row.seeds, row.mean, row.pairs, row.difference_mean, row.note) == (2, 50, 1, -10, ONE_SEED)
    assert math.isnan(row.difference_ci95)


def test_an_interval_around_zero_is_said_to_hold_zero(run_costing: Any) -> None:
    runs = [run_costing(name, seed, usd)
            for name, seed, usd in (("a", 1, 100.0), ("a", 2, 100.0), ("b", 1, 90.0), ("b", 2, 112.0))]
    assert compare_table(runs, ["fuel_cost_usd"])[1].note == INTERVAL_HOLDS_ZERO


def test_a_difference_below_twice_the_gap_is_not_resolved(run_costing: Any) -> None:
    base = run_costing("a", 1, 1000.0, gap=1e-2)
    assert resolution_usd(base) == pytest.approx(2 * 1e-2 * 1500)
    near, far = run_costing("b", 1, 971.0), run_costing("c", 1, 969.0)
    rows = {row.controller: row for row in compare_table([base, near, far], ["total_cost_usd"])}
    assert rows["b"].note == NOT_RESOLVED and rows["c"].note == ONE_SEED
    losses = {row.controller: row for row in compare_table([base, near, far], ["feeder_losses_kwh"])}
    assert losses["b"].note == ONE_SEED


def test_runs_of_one_stored_plan_share_its_gap(write_result: Any, toy: Any) -> None:
    plan = toy.plan_arrays(toy.layout(), 0, gap_rel=1e-2)
    runs = [open_result(write_result(f"{name}.h5", controller=name, plans=(plan,),
                                     system={"fuel_cost_usd": usd}))
            for name, usd in (("a", 100.0), ("b", 99.9))]
    assert compare_table(runs, ["total_cost_usd"])[1].note == ONE_SEED


def test_runs_that_cannot_be_compared_are_refused(run_costing: Any, write_result: Any) -> None:
    base = run_costing("a", 1, 1.0)
    with pytest.raises(ResultError, match="both are a with seed 1"):
        compare_table([base, base])
    other = open_result(write_result("o.h5", made=_scenario_like(base.path, carbon_price_usd_per_t=1.0)))
    with pytest.raises(ResultError, match="scenarios differ in objective"):
        compare_table([base, other])


def test_one_difference_has_no_interval() -> None:
    assert math.isnan(half_width(np.array([1.0])))
    assert half_width(np.array([1.0, 1.0])) == 0


def test_cars_that_count_for_no_reserve_leave_none_uncalled(write_result: Any) -> None:
    for rule, known in (("deliverable", True), ("scheduled", False)):
        path = write_result(f"{rule}.h5", made=load_scenario("smoke", [f"system.reserve_rule={rule}"]))
        figures = compute_metrics(open_result(path))
        assert [math.isfinite(figures[f"uncalled_reserve_{unit}"]) for unit in ("mwh", "usd")] == [known, known]
