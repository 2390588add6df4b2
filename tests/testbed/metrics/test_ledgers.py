"""Society's, the owners' and the operator's ledger: they add up to the cent, raw and adjusted, at any weights."""

from __future__ import annotations

import math
from dataclasses import astuple
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.metrics.ledgers import (
    Booked,
    Refill,
    adjusted_usd,
    operator_usd,
    owners_usd,
    refill_steps,
    refill_usd_per_mwh,
    society_usd,
    steadiness_percent,
)
from testbed.metrics.of_runs import compute_metrics
from testbed.owners.compensation import budget
from testbed.owners.statements import owner_statements
from testbed.results.reading import Result, open_result
from tests.testbed import small_run

CENT = 0.01
USD = st.floats(-1e6, 1e6)


# ---------------------------------------------------------------- the law
@given(st.builds(Booked, *[USD] * 7), st.builds(Refill, *[st.floats(-200, 400)] * 2), st.floats(-1e3, 1e3))
def test_owners_and_operator_together_are_society(booked: Booked, refill: Refill, change_mwh: float) -> None:
    owners, operator, society = owners_usd(booked), operator_usd(booked), society_usd(booked)
    assert owners + operator == pytest.approx(society, abs=CENT)
    assert (adjusted_usd(owners, change_mwh, refill.tariff) + adjusted_usd(operator, change_mwh, refill.operator)
            == pytest.approx(adjusted_usd(society, change_mwh, refill.system), abs=CENT))


def test_each_item_is_in_the_ledgers_it_belongs_to() -> None:
    """One dollar of each at a time, in the order of the record."""
    ones = [Booked(*row) for row in np.eye(7)]
    assert [society_usd(single) for single in ones] == [1, 1, 1, 1, 1, 1, 0]
    assert [owners_usd(single) for single in ones] == [0, 0, 0, 0, 1, 1, 1]
    assert [operator_usd(single) for single in ones] == [1, 1, 1, 1, 0, 0, -1]
    assert astuple(Booked(1, 2, 3, 4, 5, 6, 7)) == (1, 2, 3, 4, 5, 6, 7)


# ---------------------------------------------------------------- what refilling costs
PRICES = np.array([10.0, 20.0, 26.0, 3000.0, -100.0])
TARIFF = np.array([0.04, 0.04, 0.15, 0.01, 0.01])
CHARGE = np.array([100.0, 300.0, 700.0, 50.0, 50.0])
SERVED = np.array([True, True, True, False, False])


def test_batteries_are_refilled_where_the_run_charges_at_the_lowest_tariff() -> None:
    assert refill_steps(TARIFF, CHARGE, SERVED).tolist() == [True, True, False, False, False]
    assert refill_steps(TARIFF, CHARGE * (TARIFF > 0.1), SERVED).tolist() == [False, False, True, False, False]


def test_steps_with_load_shed_or_power_dumped_set_no_price() -> None:
    steps = refill_steps(TARIFF, CHARGE, SERVED)
    assert refill_usd_per_mwh(PRICES, CHARGE, steps, 0.8) == pytest.approx(17.5 / 0.8)


def test_the_plain_mean_counts_where_nothing_is_charged_and_nothing_where_no_step_is_served() -> None:
    steps = refill_steps(TARIFF, 0 * CHARGE, SERVED)
    assert refill_usd_per_mwh(PRICES, 0 * CHARGE, steps, 0.5) == pytest.approx(15 / 0.5)
    assert math.isnan(refill_usd_per_mwh(PRICES, CHARGE, refill_steps(TARIFF, CHARGE, SERVED & False), 0.5))


def test_steadiness_is_the_change_over_what_is_charged_whatever_its_sign() -> None:
    assert steadiness_percent(-3.0, 60.0) == steadiness_percent(3.0, 60.0) == pytest.approx(5.0)
    assert math.isnan(steadiness_percent(0.0, 0.0))


# ---------------------------------------------------------------- drained batteries
FULL = {"stored_start_kwh": np.array([8000.0, 0]), "stored_end_kwh": np.array([8000.0, 0])}
REST = {"rest": {"stored_start_kwh": np.zeros(3), "stored_end_kwh": np.zeros(3)}}
CHEAP_AND_DEAR = {"price_charge_usd_per_kwh": [0.05, 0.15, 0.05, 0.15], "marginal_cost_usd_per_mwh": 20.0}


def _days(write_result: Any, made: Any, weight: float) -> tuple[dict[str, float], dict[str, float]]:
    """A day that charges 10 MWh in the valley, and the same day that takes the 8 MWh out of the batteries instead."""
    system = CHEAP_AND_DEAR | {"marginal_price_usd_per_mwh": 20.0 * weight}
    charge_kw = np.zeros((4, 18))
    charge_kw[0, 1] = 20_000
    tariff = np.zeros((4, 18))
    tariff[0, 1] = 10 * 50
    drained = FULL | {"stored_end_kwh": np.array([0.0, 0])}
    kept = write_result("a.h5", system=system | {"fuel_cost_usd": 100.0}, made=made, totals={"feeder33": FULL} | REST,
                        feeder={"charge_kw": charge_kw, "tariff_usd": tariff})
    empty = write_result("b.h5", system=system | {"fuel_cost_usd": 50.0}, made=made,
                         totals={"feeder33": drained} | REST, feeder={"charge_kw": 1e-9 * charge_kw})
    kept, empty = (compute_metrics(open_result(path)) for path in (kept, empty))
    return kept, empty


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_draining_batteries_is_no_saving(write_result: Any, toy: Any, weight: float, counted: bool) -> None:
    """In no ledger, and not in the objective: what was not bought today is bought tomorrow, with its tariff."""
    weights = {f"weight_{name}": weight for name in ("operating", "owners", "curtailment", "carbon")}
    made = toy.scenario(objective=weights | {"tariff_in_objective": counted})
    kept, drained = _days(write_result, made, weight)
    assert drained["society_cost_usd"] == kept["society_cost_usd"] - 200
    assert drained["objective_usd"] == pytest.approx(kept["objective_usd"] - weight * (200 + counted * 500))
    for name in ("society_cost_usd", "owners_cost_usd", "operator_cost_usd", "total_cost_usd", "objective_usd"):
        assert drained[f"{name}_adjusted"] == pytest.approx(kept[f"{name}_adjusted"], abs=CENT), name


def test_no_weight_changes_a_ledger(write_result: Any, toy: Any) -> None:
    plain, third = (_days(write_result, toy.scenario(objective={"weight_operating": w, "weight_owners": w}), w)[1]
                    for w in (1.0, 0.3))
    assert all(plain[name] == third[name] for name in plain if name.split("_")[0] in ("society", "owners", "operator"))
    assert plain["objective_usd"] != third["objective_usd"]


def test_a_file_without_the_cost_at_weights_1_has_no_adjusted_sum(write_result: Any) -> None:
    path = write_result(totals={"feeder33": FULL} | REST)
    with h5py.File(path, "a") as file:
        del file["marginal_cost_usd_per_mwh"]
    figures = compute_metrics(open_result(path))
    assert math.isnan(figures["society_cost_usd_adjusted"]) and math.isnan(figures["total_cost_usd_adjusted"])
    assert math.isfinite(figures["owners_cost_usd_adjusted"])


# ---------------------------------------------------------------- a run
WEIGHED = ("objective.weight_operating=0.3", "objective.weight_owners=0.3", "objective.weight_curtailment=0.3",
           "objective.weight_carbon=0.3")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder: Path = tmp_path_factory.mktemp("ledgers")
    return {name: open_result(small_run.run(folder, *WEIGHED, controller=name, name=f"{name}.h5"))
            for name in ("uncoordinated", "temporal")}


def test_ledgers_of_a_run_with_weights_of_0_3_add_up_to_the_cent(runs: dict[str, Result]) -> None:
    for result in runs.values():
        figures = compute_metrics(result)
        assert abs(figures["stored_energy_change_mwh"]) > 1e-3
        for end in ("", "_adjusted"):
            together = figures[f"owners_cost_usd{end}"] + figures[f"operator_cost_usd{end}"]
            assert together == pytest.approx(figures[f"society_cost_usd{end}"], abs=CENT)


def test_a_run_s_price_is_0_3_of_the_cost_where_units_follow(runs: dict[str, Result]) -> None:
    result = runs["temporal"]
    price, cost = (result.system(f"marginal_{name}_usd_per_mwh") for name in ("price", "cost"))
    assert price[cost != 0] == pytest.approx(0.3 * cost[cost != 0], rel=1e-6) and np.sum(cost != 0) > 20


def test_statements_are_the_owners_ledger_and_the_payer_s_budget_the_operator_s(runs: dict[str, Result]) -> None:
    figures = {name: compute_metrics(result) for name, result in runs.items()}
    for name, result in runs.items():
        own = owner_statements(result)
        net_usd = float((own.net_usd - own.shortfall_usd).sum())
        assert net_usd == pytest.approx(figures[name]["owners_cost_usd_adjusted"], abs=CENT)
    operator = {name: values["operator_cost_usd_adjusted"] for name, values in figures.items()}
    payment_usd = budget(runs["temporal"], runs["uncoordinated"]).before_payment_usd
    assert payment_usd == pytest.approx(operator["uncoordinated"] - operator["temporal"], abs=CENT)
