"""Figures of a run by their definitions: what refilling costs, and what does not apply to a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.classes import CarClass, CarClasses, Kind
from audit.figures import figures, refill_usd_per_mwh
from audit.rules.told import ledgers, metrics
from audit.run import Run
from tests.audit.made import district, run, said

PAIR = (7.0, 7.0)
KINDS = tuple(Kind(name, PAIR, eta, eta, "constant", 1.0, ("residential",), True)
              for name, eta in (("slow", 0.9), ("fast", 0.8)))
CARS = CarClasses(tuple(CarClass(name, kind, PAIR, PAIR, 1.0, 1.0, None) for kind, name in enumerate(("a", "b"))),
                  KINDS, ("residential",))
PRICE = np.array([20.0, 40.0, 60.0, 80.0])


def charging(kw: Any, tariff: Any = (0.1, 0.1, 0.2, 0.1), shed: Any = (0.0, 0, 0, 0)) -> Run:
    """Four hours; kw [4, class], both of two-way chargers."""
    groups = np.zeros((4, 4))
    groups[:, [1, 3]] = kw
    return run(district({"charge_kw": groups}, classes=CARS), steps=4, fleet={"eta_charge": 0.5}, arrays={
        "price_charge_usd_per_kwh": tariff, "shed_mw": shed, "dump_mw": np.zeros(4)})


@pytest.mark.parametrize(("of", "usd_per_mwh"), [
    # hours 0, 1 and 3 are cheapest, in which 30, 10 and no kW are charged by the first class
    (charging([[30, 0], [10, 0], [50, 0], [0, 0]]), (30 * 20 + 10 * 40) / 40 / 0.9),
    (charging([[30, 0], [0, 10], [50, 0], [0, 0]]), (30 * 20 + 10 * 40) / 40 / ((30 * 0.9 + 10 * 0.8) / 40)),
    (charging([[30, 0], [10, 0], [50, 0], [0, 0]], shed=(5.0, 0, 0, 0)), 40 / 0.9),
    # nothing is charged: the mean of the cheapest hours at the fleet's own efficiency
    (charging(np.zeros((4, 2))), (20 + 40 + 80) / 3 / 0.5),
    (charging(np.zeros((4, 2)), shed=(0.0, 1, 0, 0)), (20 + 80) / 2 / 0.5)])
def test_refilling_costs_what_the_cheapest_charging_hours_do(of: Run, usd_per_mwh: float) -> None:
    assert refill_usd_per_mwh(of, PRICE) == pytest.approx(usd_per_mwh)


def test_where_load_is_shed_in_every_hour_nothing_can_be_refilled() -> None:
    assert np.isnan(refill_usd_per_mwh(charging(np.ones((4, 2)), shed=(1.0, 1, 1, 1)), PRICE))


# ---------------------------------------------------------------- of a whole run
def without(run_: Run, **parts: Any) -> Run:
    """The run with parts of its scenario changed."""
    return replace(run_, scenario={**run_.scenario, **{name: {**run_.part(name), **changes}
                                                       for name, changes in parts.items()}})


def test_a_tariff_that_is_no_term_of_the_objective_is_no_part_of_it(placed_run: Run) -> None:
    told, plain = (figures(without(placed_run, objective={"tariff_in_objective": counts})) for counts in (True, False))
    weight = float(placed_run.part("objective")["weight_owners"])
    assert told["objective_usd"] - plain["objective_usd"] == pytest.approx(weight * told["tariff_payments_usd"])
    stored = "stored_energy_objective_usd_per_mwh"
    assert told[stored] - plain[stored] == pytest.approx(weight * told["stored_energy_owners_usd_per_mwh"])
    assert told["society_cost_usd"] == plain["society_cost_usd"]


def test_what_is_not_told_is_not_known(placed_run: Run) -> None:
    """No sums per vehicle, no reference, no plans, another rule of reserve: NaN, and all else as it was."""
    whole = figures(placed_run)
    bare = replace(without(placed_run, system={"reserve_rule": "scheduled"}), reference_attributes={},
                   plan={**placed_run.plan, "time_s": np.full_like(placed_run.plan["time_s"], -1)},
                   districts=tuple(replace(d, arrays={name: d(name) for name in d.arrays if not name.startswith(
                       "vehicle_")}) for d in placed_run.districts))
    part = figures(bare)
    missing = {name for name, value in part.items() if np.isnan(value) and not np.isnan(whole[name])}
    assert {"stored_energy_change_mwh", "steadiness_percent", "hours_fewer_units", "plan_gap_max_rel",
            "planned_operating_cost_usd", "planned_carbon_t", "uncalled_reserve_mwh"} <= missing
    assert {name for name, value in part.items() if not np.isnan(value) and value != whole[name]} == set()
    assert not {"charged_mwh", "total_cost_usd", "unit_hours", "vm_min_pu"} & missing


# ---------------------------------------------------------------- figures that somebody tells
def test_figures_are_held_against_the_series(placed_run: Run) -> None:
    right = figures(placed_run)
    assert said(metrics, placed_run) == said(ledgers, placed_run) == [], "nobody told any"
    assert said(metrics, replace(placed_run, told={"metrics": right | {"wall_s": 12.0, "solver_s": 3.0}})) == []
    wrong = right | {"charged_mwh": right["charged_mwh"] + 0.5, "moon_mwh": 1.0}
    assert said(metrics, replace(placed_run, told={"metrics": wrong})) == [
        "charged_mwh, -1: 0.5", "figure moon_mwh is one that the audit knows, -1: 1"]
    unknown = without(placed_run, wear={"model": "naumann"})
    assert said(metrics, replace(unknown, told={"metrics": {"planned_wear_cost_usd": 7.0}})) == []


@pytest.mark.parametrize("end", ["", "_adjusted"])
def test_a_ledger_that_does_not_add_up_is_told(placed_run: Run, end: str) -> None:
    told = figures(placed_run)
    assert said(ledgers, replace(placed_run, told={"metrics": told})) == []
    told[f"owners_cost_usd{end}"] += 1.0
    assert said(ledgers, replace(placed_run, told={"metrics": told})) == [f"ledgers{end}, -1: 1 USD"]
