"""Charging and discharging at once (docs/model.md 3.11): out where it pays, kept where different cars do it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest

from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.equations import COHORTS
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import Dispatch, collect, dispatch, make_variables

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]
ONE_RUNS = np.array([1, -5, -3])


def _surplus_wind(build: SimpleNamespace) -> Case:
    """55 MW of wind too much in the first hour, batteries full, no tariff, no wear."""
    return _case(build, np.array([60.0] + [0.0] * 7), tariff_in_objective=False, wear_usd_per_kwh=np.zeros(18))


def _negative_tariff(build: SimpleNamespace) -> Case:
    """No renewables; in the first hour whoever draws energy is paid 100 $/MWh, and feeding in costs nothing."""
    price = np.array([-0.1] + [0.05] * 7)
    return _case(build, np.zeros(H), price=price)


def _case(build: SimpleNamespace, wind: np.ndarray, price: np.ndarray | None = None, **known: object) -> Case:
    k = build.knowledge(H, units=build.small_units(initial_h=ONE_RUNS), mip_gap=1e-8, terminal="free", **known)
    tariff = {} if price is None else {"price_charge_usd_per_kwh": price,
                                       "price_discharge_usd_per_kwh": np.maximum(price, 0.0)}
    v = build.view(k, [45.0, *HILL[1:]], (build.full_cars(4_000),), wind_mw=wind, **tariff)
    return make_case(k, v, "bidirectional", 20.0, np.ones(H))


def _both_mw(case: Case, d: Dispatch) -> float:
    """Most that any cohort does both ways at once in the first hour."""
    return float(np.minimum(d.pc_mw, d.pd_mw)[case.rows.hour == 0].max())


@pytest.mark.parametrize("scene", [_surplus_wind, _negative_tariff])
def test_the_relaxation_cycles_where_it_pays_and_the_plan_does_not(scene: object, build: SimpleNamespace) -> None:
    case = scene(build)  # type: ignore[operator]
    assert case.cycling_pays()[case.rows.hour == 0].all()
    relaxed, kept = commit(case, 1e-8, 3000, cycling=False), commit(case, 1e-8, 3000)
    assert relaxed.objective_usd < kept.objective_usd - 1
    wasteful = dispatch(case, relaxed.u, kept.direction, without=("no_cycling",))
    honest = dispatch(case, kept.u, kept.direction)
    assert _both_mw(case, wasteful) > 5
    assert _both_mw(case, honest) < 1e-6
    plan = UnitCommitment(case.knowledge).plan(case.view)
    assert np.minimum(plan.pc_kw[0], plan.pd_kw[0])[:, 0].max() < 1e-3
    assert plan.objective_usd == pytest.approx(kept.objective_usd, rel=1e-4)


def test_surplus_wind_is_curtailed_less_by_a_cycling_relaxation(build: SimpleNamespace) -> None:
    """What the binaries prevent: wind that seems used, but is only wasted in batteries."""
    case = _surplus_wind(build)
    kept = commit(case, 1e-8, 3000)
    wasteful = dispatch(case, kept.u, kept.direction, without=("no_cycling",))
    honest = dispatch(case, kept.u, kept.direction)
    assert honest.wind_cut_mw[0] == pytest.approx(55.0, abs=1e-3)
    assert wasteful.wind_cut_mw[0] < honest.wind_cut_mw[0] - 0.5


def _hurried_and_full(build: SimpleNamespace, departures_h: tuple[int, int], **known: object) -> tuple[object, object]:
    """(knowledge, view): 500 cars that need every hour, 500 full ones that need nothing; hours 4 to 7 are dear."""
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-8, **known)
    cars = build.cohorts(H, np.array([1, 1]), np.array([3, 3]), np.array(departures_h), np.array([20.0, 49.5]),
                         np.array([46.5, 30.0]), np.array([7.0, 7.0]), np.array([500.0, 500.0]))
    price = np.array([0.05, 0.05, 0.05, 0.3, 0.3, 0.3, 0.3, 0.05])
    return k, build.view(k, HILL, (cars,), price_charge_usd_per_kwh=price, price_discharge_usd_per_kwh=0.6 * price)


def test_hurried_cars_charge_while_full_ones_give_back(build: SimpleNamespace) -> None:
    """Two cohorts in the same dear hour: no binary stands in the way."""
    k, v = _hurried_and_full(build, (7, 6))
    assert not make_case(k, v, "bidirectional", 20.0, np.ones(H)).cycling_pays().any()
    plan = UnitCommitment(k).plan(v)
    charging, giving = (sum(power)[3:6].sum() for power in (plan.pc_kw[0], plan.pd_kw[0]))
    assert charging > 3 * 500 * 6
    assert giving > 500 * 7
    assert check_plan(k, v, plan) == []


def test_different_cars_of_one_cohort_may_do_both(build: SimpleNamespace) -> None:
    """They leave together, so they are one cohort: half of its power may go each way, and only where that pays by
    itself would it be forbidden."""
    k, v = _hurried_and_full(build, (7, 7))
    case = make_case(k, v, "bidirectional", 20.0, np.ones(H))
    assert case.rows.count == 1
    pc, pd = np.zeros((2, case.rows.entries))
    pc[0], pd[0] = 3.5, 3.5
    free = make_variables(case)
    fixed = [free.charge == pc / case.rows.pc_max_mw, free.discharge == pd / case.rows.pd_max_mw]
    possible = cp.Problem(cp.Minimize(0.0), [*collect(case, free, {"cohort_sharing": COHORTS["cohort_sharing"],
                                                                    "no_cycling": COHORTS["no_cycling"]}, ()), *fixed])
    possible.solve(solver=cp.HIGHS)
    assert possible.status == cp.OPTIMAL
    paid = replace(case, view=replace(v, price_charge_usd_per_kwh=np.full(H, -0.3)))
    bound = make_variables(paid)
    fixed = [bound.charge == pc / case.rows.pc_max_mw, bound.discharge == pd / case.rows.pd_max_mw]
    forbidden = cp.Problem(cp.Minimize(0.0), [*collect(paid, bound, {"no_cycling": COHORTS["no_cycling"]}, ()), *fixed])
    forbidden.solve(solver=cp.HIGHS)
    assert forbidden.status == cp.INFEASIBLE


# ------------------------------------------------------------------ wear inside the objective
def test_wear_inside_the_objective_changes_what_is_planned(build: SimpleNamespace) -> None:
    """With the tariff's spread above 0 but below the price of wear, cars give back only if wear is left out."""
    worn, free = (build.knowledge(H, units=build.small_units(), wear_usd_per_kwh=np.full(18, usd), mip_gap=1e-7)
                  for usd in (0.2, 0.0))
    cars = build.cohorts(H, np.array([1]), np.array([0]), np.array([7]), np.array([49.5]), np.array([30.0]),
                         np.array([7.0]), np.array([500.0]))
    v = build.view(worn, HILL, (cars,))
    with_wear, without = UnitCommitment(worn).plan(v), UnitCommitment(free).plan(v)
    assert without.pd_kw[0].sum() > 1000
    assert with_wear.pd_kw[0].sum() < 1
    both_ways = sum(pd.sum() for pd in without.pd_kw)
    paid_after = without.objective_usd + 0.2 * both_ways / 0.95
    assert with_wear.objective_usd < paid_after - 100
