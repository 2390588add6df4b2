"""Units with kinked curves, several start-up categories, must-run and reserve that must be reachable."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.clusters import commit_by_clusters
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import dispatch
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import NEVER_H, ThermalUnits

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]
OWN: dict[str, Any] = {
    "start_lag_h": np.array([[4, 6, 9], [3, 4, 6], [2, NEVER_H, NEVER_H]]),
    "start_usd": np.array([[400.0, 600, 900], [100, 200, 330], [75, 75, 75]]),
    "kink_mw": np.array([[60.0, 80], [40, 60], [20, 30]]), "kink_usd_per_mwh": np.array([[2.0, 3], [4, 0], [1, 6]]),
    "ramp_up_mw_per_h": np.array([25.0, 30, 40]), "ramp_down_mw_per_h": np.array([30.0, 30, 40]),
    "p_startup_max_mw": np.array([60.0, 35, 20]), "p_shutdown_max_mw": np.array([55.0, 30, 25]),
}
"""Three categories, two kinks and all limits; the second and the third unit have fewer."""


def _repeated(units: ThermalUnits, rows: list[int], initial_h: list[int]) -> ThermalUnits:
    data = {f.name: getattr(units, f.name)[rows] for f in fields(units) if f.name != "names"}
    names = tuple(f"{units.names[i]} {k}" for k, i in enumerate(rows))
    return ThermalUnits(**(data | {"names": names, "initial_h": np.array(initial_h)}))


def _case(build: SimpleNamespace, units: ThermalUnits, load: Any, **known: object) -> Case:
    k = build.knowledge(H, units=units, mip_gap=1e-8, **({"tangents": 6} | known))
    return make_case(k, build.view(k, load), "none", 20.0, np.ones(H))


# ------------------------------------------------------------------ the plan and its judge
@pytest.mark.parametrize("headroom", ["capacity", "reachable"])
@pytest.mark.parametrize("clusters", [True, False])
def test_plans_of_such_units_are_accepted(headroom: str, clusters: bool, build: SimpleNamespace) -> None:
    units = _repeated(build.small_units(**OWN, must_run=np.array([False, True, False])), [0, 1, 1, 2], [6, 5, 2, -7])
    k = build.knowledge(H, units=units, mip_gap=1e-6, headroom=headroom, reserve_curve=ReserveCurve.flat(300.0))
    view = build.view(k, 1.4 * np.array(HILL), (build.few_cars(scale=0.2),))
    plan = UnitCommitment(k, "bidirectional", Tuning(clusters=clusters)).plan(view)
    assert check_plan(k, view, plan) == []
    assert plan.committed[1].all() and plan.committed[2].all()


@pytest.mark.parametrize(("field", "value", "rule"), [
    ("start_usd", 2 * OWN["start_usd"], "cost"), ("kink_usd_per_mwh", 2 * OWN["kink_usd_per_mwh"], "cost"),
    ("must_run", np.array([True, True, True]), "must_run"),
])
def test_the_judge_knows_what_units_are_told(field: str, value: object, rule: str, build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units(**OWN), mip_gap=1e-4)
    view = build.view(k, HILL)
    plan = UnitCommitment(k, "none").plan(view)
    other = replace(k, units=replace(k.units, **{field: value}))
    assert rule in {violation.rule for violation in check_plan(other, view, plan, "none")}


def test_reserve_that_units_cannot_reach_is_missing_to_the_judge(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units(**OWN), mip_gap=1e-4)
    view = build.view(k, HILL)
    plan = UnitCommitment(k, "none").plan(view)
    violations = check_plan(replace(k, headroom="reachable"), view, plan, "none")
    assert {violation.rule for violation in violations} == {"reserve"}


def test_reserve_must_be_reachable_by_hand(build: SimpleNamespace) -> None:
    """100 MW at load 60 may rise by 25: of 30 MW asked for 5 are missing, or another unit starts."""
    units = build.small_units(ramp_up_mw_per_h=np.array([25.0, 30, 40]), min_up_h=np.array([1, 1, 1]))
    cheap = ReserveCurve.flat(10.0)
    k = build.knowledge(H, units=units, mip_gap=1e-8, headroom="reachable", reserve_curve=cheap, reserve_fraction=0.5)
    view = build.view(k, [60.0] * H, p_mw=np.array([60.0, 0, 0]))
    plan = UnitCommitment(k, "none").plan(view)
    assert plan.reserve_shortfall_mw == pytest.approx(np.full(H, 5.0), abs=1e-5)
    whole = UnitCommitment(replace(k, headroom="capacity"), "none").plan(view)
    assert whole.reserve_shortfall_mw == pytest.approx(np.zeros(H), abs=1e-5)


def test_from_a_power_that_nobody_measured_a_unit_may_reach_all_of_it(build: SimpleNamespace) -> None:
    """On for hours at 0 MW, below its minimum: in the first hour all of it counts, then 60 + 25 of 90 MW asked for."""
    units = build.small_units(ramp_up_mw_per_h=np.array([25.0, 30, 40]))
    k = build.knowledge(H, units=units, mip_gap=1e-8, headroom="reachable", reserve_curve=ReserveCurve.flat(10.0),
                        reserve_fraction=0.5)
    view = build.view(k, [60.0] * H, p_mw=np.zeros(3))
    plan = UnitCommitment(k, "none").plan(view)
    assert plan.reserve_shortfall_mw == pytest.approx(np.array([0.0, *[5.0] * (H - 1)]), abs=1e-5)
    assert check_plan(k, view, plan, "none") == []


@pytest.mark.parametrize("clusters", [True, False])
def test_starts_of_one_price_need_no_categories(clusters: bool, build: SimpleNamespace) -> None:
    """The plan is that of units with a warm and a cold category at that price, and pays it for each start."""
    once = {"start_lag_h": np.array([[4], [3], [2]]), "start_usd": np.array([[900.0], [330], [75]])}
    twice = {"start_lag_h": np.array([[4, 6], [3, 4], [2, 3]]), "start_usd": np.repeat(once["start_usd"], 2, axis=1)}
    plans = []
    for own in (once, twice):
        units = _repeated(build.small_units(**own), [0, 1, 1, 2], [6, -5, -5, -1])
        k = build.knowledge(H, units=units, mip_gap=1e-8, carbon_price_usd_per_t=0.0, reserve_fraction=0.0)
        view = build.view(k, HILL)
        plans.append(UnitCommitment(k, "none", Tuning(clusters=clusters)).plan(view))
        assert check_plan(k, view, plans[-1], "none") == []
    assert plans[0].objective_usd == pytest.approx(plans[1].objective_usd, rel=1e-7)
    on = np.column_stack([np.array([1, 0, 0, 0]), plans[0].committed])
    started = (np.diff(on, axis=1) > 0).sum(axis=1) @ np.array([900.0, 330, 330, 75])
    fuel = k.units.fuel_cost_usd_per_h(plans[0].p_mw.T, plans[0].committed.T).sum()
    assert started > 0 and plans[0].operating_cost_usd == pytest.approx(fuel + started, rel=1e-9)


def test_reserve_and_renewables_may_be_told_by_the_hour(build: SimpleNamespace) -> None:
    """Reserve is asked for in the hour of the peak only; 3 of 8 MW of wind must be taken though load is too low."""
    k = build.knowledge(H, units=build.small_units(initial_h=np.array([1, -5, -3])), mip_gap=1e-6)
    told = {"reserve_mw": np.array([0.0, 0, 0, 0, 60, 0, 0, 0]), "renewable_least_mw": np.full(H, 3.0)}
    view = build.view(k, [44.0, *HILL[1:]], wind_mw=np.full(H, 8.0), **told)
    plan = UnitCommitment(k, "none").plan(view)
    assert check_plan(k, view, plan, "none") == []
    assert plan.wind_curtailed_mw[0] == pytest.approx(4.0, abs=1e-5)
    assert plan.reserve_shortfall_mw.max() > 10.0 and np.count_nonzero(plan.reserve_shortfall_mw > 1e-4) == 1
    less = replace(view, renewable_least_mw=np.full(H, 8.0))
    assert {v.rule for v in check_plan(k, less, plan, "none")} == {"renewables"}


# ------------------------------------------------------------------ equal optima
@pytest.mark.parametrize("seed", range(3))
def test_clusters_with_several_categories_and_kinks_give_the_optimum_of_single_units(
        seed: int, build: SimpleNamespace) -> None:
    rng = np.random.default_rng(seed)
    own = {name: OWN[name] for name in ("start_lag_h", "start_usd", "kink_mw", "kink_usd_per_mwh")}
    ages = [int(a) for a in rng.integers(1, 9, 6) * np.where(np.arange(6) < 2, 1, rng.choice([-1, 1], 6))]
    units = _repeated(build.small_units(**own, min_up_h=np.array([2, 1, 1])), [0, 0, 1, 1, 2, 2], ages)
    case = _case(build, units, rng.uniform(150, 340, H), reserve_rule="thermal_only")
    single, together = commit(case, 1e-8, 5000), commit_by_clusters(case, 1e-8, 5000)
    assert together.objective_usd == pytest.approx(single.objective_usd, rel=2e-7)
    assert dispatch(case, together.u, np.zeros(0)).objective_usd == pytest.approx(
        dispatch(case, single.u, np.zeros(0)).objective_usd, rel=1e-5)


def _chords(units: ThermalUnits, count: int) -> ThermalUnits:
    """Quadratic curves as so many straight pieces of equal width between points on them."""
    at = units.p_min_mw[:, None] + (units.p_max_mw - units.p_min_mw)[:, None] * np.linspace(0.0, 1.0, count + 1)
    a, b, c = units.cost_a_usd_per_h, units.cost_b_usd_per_mwh, units.cost_c_usd_per_mw2h
    slope = b[:, None] + c[:, None] * (at[:, :-1] + at[:, 1:])
    level = a + b * at[:, 0] + c * at[:, 0] ** 2 - slope[:, 0] * at[:, 0]
    return replace(units, cost_a_usd_per_h=level, cost_b_usd_per_mwh=slope[:, 0], cost_c_usd_per_mw2h=np.zeros(3),
                   kink_mw=at[:, 1:-1], kink_usd_per_mwh=np.diff(slope, axis=1))


def test_a_quadratic_system_and_its_piecewise_twin_agree_as_pieces_grow(build: SimpleNamespace) -> None:
    """Chords of width w lie above the curve by at most c w^2 / 4 a unit and hour, so errors fall with the square."""
    units = build.small_units()
    quadratic = UnitCommitment(build.knowledge(H, units=units, mip_gap=1e-8, tangents=60), "none")
    plan = quadratic.plan(build.view(quadratic.knowledge, HILL))
    errors = []
    for count in (2, 4, 8, 32):
        k = build.knowledge(H, units=_chords(units, count), mip_gap=1e-8)
        twin = UnitCommitment(k, "none").plan(build.view(k, HILL))
        errors.append(twin.objective_usd - plan.objective_usd)
        most = H * float((units.cost_c_usd_per_mw2h * ((units.p_max_mw - units.p_min_mw) / count) ** 2).sum()) / 4
        assert -1e-3 <= errors[-1] <= most
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 0.01 * errors[0] + 1e-3


def test_tightening_leaves_such_a_plan_as_it_is(build: SimpleNamespace) -> None:
    case = _case(build, build.small_units(**OWN), HILL, headroom="reachable")
    assert commit(case, 1e-8, 5000, tightening=True).objective_usd == pytest.approx(
        commit(case, 1e-8, 5000).objective_usd, rel=1e-7)
