"""The upper layer as a whole: honest bounds, prices, unique targets, messages, replay."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest

from controllers.port import Plan, PlanError
from controllers.temporal.replay import ReplayPlan
from controllers.temporal.unit_commitment import commitment, quadratic, stages
from controllers.temporal.unit_commitment.accounts import account
from controllers.temporal.unit_commitment.answer import close_balance
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.problem import Case, merge_cohorts
from controllers.temporal.unit_commitment.solve import UnitCommitment, reference_commitment
from controllers.temporal.unit_commitment.tuning import Tuning

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]


def _two_districts(build: SimpleNamespace, **known: object) -> tuple[object, object]:
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-4, **known)
    cars = (build.few_cars(scale=0.2), build.few_cars(scale=1.0))
    return k, build.view(k, HILL, cars, wind_mw=np.full(H, 5.0))


@pytest.mark.parametrize("control", ["bidirectional", "charge_only", "none"])
@pytest.mark.parametrize("rule", ["thermal_only", "scheduled", "deliverable"])
def test_the_checker_accepts_every_kind_of_plan(control: str, rule: str, build: SimpleNamespace) -> None:
    k, v = _two_districts(build, reserve_rule=rule)
    plan = UnitCommitment(k, control).plan(v)
    assert check_plan(k, v, plan, control) == []
    assert plan.bound_usd <= plan.objective_usd + 1e-6
    assert plan.gap_rel < 3e-4
    if control != "bidirectional":
        assert all(np.all(pd == 0) for pd in plan.pd_kw)
    if control == "none":
        assert all(np.all(pc == 0) for pc in plan.pc_kw)


@pytest.mark.parametrize("terminal", ["match", "cyclic", "price", "free"])
@pytest.mark.parametrize("tariff", [True, False])
def test_the_checker_accepts_every_end_and_tariff(terminal: str, tariff: bool, build: SimpleNamespace) -> None:
    k, v = _two_districts(build, terminal=terminal, tariff_in_objective=tariff)
    assert check_plan(k, v, UnitCommitment(k).plan(v)) == []


def test_uncontrolled_cars_are_load_and_are_not_planned(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    cars = replace(build.few_cars(), p_uncontrolled_kw=np.full(H, 4000.0))
    v = build.view(k, HILL, (cars,))
    plan = UnitCommitment(k, "none").plan(v)
    assert plan.p_mw.sum(axis=0) == pytest.approx(np.array(HILL) + 4.0)


def test_the_reference_has_no_cars_at_all(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    plan = reference_commitment(k, v)
    assert plan.pc_kw == ()
    assert plan.p_mw.sum(axis=0) + 5.0 - plan.wind_curtailed_mw == pytest.approx(np.array(HILL))
    assert plan.operating_cost_usd < UnitCommitment(k, "charge_only").plan(v).operating_cost_usd


def test_merging_districts_gives_a_bound_below_the_full_problem(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    case = UnitCommitment(k)._case(v)
    merged = replace(case, rows=merge_cohorts(case.rows))
    assert merged.rows.count < case.rows.count
    full, relaxed = commitment.commit(case, 1e-8, 1000), commitment.commit(merged, 1e-8, 1000)
    assert relaxed.objective_usd <= full.objective_usd + 1e-4


def test_unequal_chargers_merge_into_a_relaxation(build: SimpleNamespace) -> None:
    """A strong charger and a strong discharger of one group: their sum may do both in full."""
    k = build.knowledge(H, units=build.small_units())
    strong = build.few_cars()
    other = replace(strong, pc_max_kw=strong.pc_max_kw * 0.2)
    case = UnitCommitment(k)._case(build.view(k, HILL, (strong, other)))
    merged = merge_cohorts(case.rows)
    two_way = (merged.pd_max_mw > 0) & (merged.pc_max_mw > 0)
    assert np.all(merged.share_limit[two_way] == pytest.approx(1 / 1.2 + 0.5))


def test_marginal_price_is_the_cost_of_one_more_mwh(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    case = UnitCommitment(k)._case(v)
    u = commitment.commit(case, 1e-6, 1000).u
    base = stages.dispatch(case, u, np.zeros(0))
    more = np.array(v.load_mw) + 0.1 * (np.arange(H) == 3)
    dearer = stages.dispatch(replace(case, view=replace(v, load_mw=more)), u, np.zeros(0), without=("reserve",))
    free = stages.dispatch(case, u, np.zeros(0), without=("reserve",))
    assert (dearer.objective_usd - free.objective_usd) / 0.1 == pytest.approx(free.price_usd_per_mwh[3], rel=1e-3)
    assert np.all(base.price_usd_per_mwh > 10)


# ------------------------------------------------------------------ the unique split
def _answer(case: Case, u: np.ndarray) -> dict[tuple[int, int, int], tuple[float, float]]:
    powers = stages.dispatch(case, u, np.zeros(0))
    d = stages.split(case, powers, np.zeros(0), 1e-6 * powers.objective_usd)
    rows = case.rows
    keys = zip(rows.district[rows.cohort], rows.row[rows.cohort], rows.hour, strict=True)
    return dict(zip(keys, zip(d.pc_mw, d.pd_mw, strict=True), strict=True))


def _permuted(case: Case, seed: int) -> Case:
    """The same cohorts in another order."""
    rows, order = case.rows, np.random.default_rng(seed).permutation(case.rows.count)
    place = np.argsort(order)
    entries = np.argsort(place[rows.cohort], kind="stable")
    changes = {}
    for name in type(rows).__dataclass_fields__:
        values = getattr(rows, name)
        changes[name] = values[entries] if values.size == rows.entries else values[order]
    changes["cohort"] = place[rows.cohort[entries]]
    return replace(case, rows=replace(rows, **changes))


def _same_targets(first: dict[tuple[int, int, int], tuple[float, float]],
                  other: dict[tuple[int, int, int], tuple[float, float]]) -> None:
    a, b = (np.array([answer[key] for key in sorted(first)]) for answer in (first, other))
    assert np.abs(a - b).max() <= 1e-6 * np.abs(a).max()


def test_targets_do_not_depend_on_the_order_of_cohorts(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    case = UnitCommitment(k)._case(v)
    u = commitment.commit(case, 1e-5, 1000).u
    _same_targets(_answer(case, u), _answer(_permuted(case, 3), u))


def test_targets_do_not_depend_on_the_order_of_districts(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    first = UnitCommitment(k).plan(v)
    other = UnitCommitment(k).plan(replace(v, districts=v.districts[::-1]))
    for a, b in ((first.pc_kw, other.pc_kw[::-1]), (first.pd_kw, other.pd_kw[::-1])):
        for mine, yours in zip(a, b, strict=True):
            assert np.abs(mine - yours).max() <= 1e-6 * max(np.abs(mine).max(), 1.0)


def test_targets_do_not_depend_on_the_solver(build: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    k, v = _two_districts(build)
    case = UnitCommitment(k)._case(v)
    u = commitment.commit(case, 1e-5, 1000).u
    loosely = dict.fromkeys(("abstol", "reltol"), 1e-9)
    monkeypatch.setattr(quadratic, "_by_piqp", lambda asked: None)
    clarabel = _answer(case, u)
    solved: list[str] = []

    def by_qoco(problem: cp.Problem, what: str) -> None:
        stages.solve_quietly(problem, cp.QOCO, loosely)
        solved.append(what)

    monkeypatch.setattr(quadratic, "solve_by_clarabel", by_qoco)
    qoco = _answer(case, u)
    assert "the split over cohorts" in solved
    a, b = (np.array([answer[key] for key in sorted(clarabel)]) for answer in (clarabel, qoco))
    assert np.abs(a - b).max() <= 1e-5 * np.abs(a).max()


def test_without_the_split_the_same_cost_has_other_targets(build: SimpleNamespace) -> None:
    """Equal cars in two districts: the split shares by plugged kW, the dispatch alone need not."""
    k, v = _two_districts(build)
    plan = UnitCommitment(k).plan(v)
    assert plan.pc_kw[0] == pytest.approx(0.2 * plan.pc_kw[1], rel=1e-4, abs=0.5)
    assert plan.pd_kw[0] == pytest.approx(0.2 * plan.pd_kw[1], rel=1e-4, abs=0.5)


def test_the_split_costs_at_most_a_millionth(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    case = UnitCommitment(k)._case(v)
    u = commitment.commit(case, 1e-5, 1000).u
    powers = stages.dispatch(case, u, np.zeros(0))
    d = stages.split(case, powers, np.zeros(0), 1e-6 * powers.objective_usd)
    before, after = account(case, u, powers).objective_usd, account(case, u, d).objective_usd
    assert after <= before * (1 + 2e-6)
    for first, other in ((powers.pc_mw, d.pc_mw), (powers.pd_mw, d.pd_mw)):
        hours = [np.bincount(case.rows.hour, power, H) for power in (first, other)]
        assert hours[0] == pytest.approx(hours[1], abs=1e-6)


@pytest.mark.parametrize(("lacking_mw", "hour", "given"), [
    (0.02, 3, (0.0, 0.02, 0.0)), (-0.02, 3, (0.0, 0.0, -0.02)), (0.02, 2, (0.0, 0.02, 0.0)),
    (0.02, 0, (0.0, 0.0, 0.02))])
def test_what_a_balance_lacks_is_given_within_ramps(lacking_mw: float, hour: int, given: tuple[float, ...],
                                                    build: SimpleNamespace) -> None:
    """The unit with most room by its size falls to its stop after hour 3 as fast as it may; the peak unit has no limit;
    the others' first hour hangs on another plan."""
    units = build.small_units(ramp_up_mw_per_h=np.array([5.0, 10, np.inf]),
                              ramp_down_mw_per_h=np.array([5.0, 10, np.inf]),
                              p_startup_max_mw=np.array([45.0, 30, np.inf]),
                              p_shutdown_max_mw=np.array([45.0, 30, np.inf]))
    k = build.knowledge(H, units=units)
    u = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1] * H, [1] * H])
    p_mw = np.array([[60.0, 55, 50, 45, 0, 0, 0, 0], [30.0] * H, [39.0] * H])
    load = p_mw.sum(axis=0)
    load[hour] += lacking_mw
    v = build.view(k, load, (build.few_cars(scale=1e-9),), wind_mw=np.zeros(H), pv_mw=np.zeros(H))
    case = UnitCommitment(k)._case(v)
    nothing = np.zeros(case.rows.entries)
    found = stages.Dispatch(p_mw, np.zeros(H), np.zeros(H), np.zeros(H), nothing, nothing, nothing, 0.0, 0.0, 0.0)
    closed = close_balance(case, u, found).p_mw - p_mw
    assert closed[:, hour] == pytest.approx(given, abs=1e-6)
    assert np.delete(closed, hour, axis=1) == pytest.approx(0.0, abs=1e-6)


# ------------------------------------------------------------------ cycling
def test_where_cycling_pays_no_cohort_does_both(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units(initial_h=np.array([1, -5, -3])), mip_gap=1e-6,
                        tariff_in_objective=False, wear_usd_per_kwh=np.zeros(18), terminal="free")
    wind = np.array([40.0] + [0.0] * 7)
    v = build.view(k, [45.0, *HILL[1:]], (build.full_cars(4000), build.full_cars(40_000)), wind_mw=wind)
    plan = UnitCommitment(k).plan(v)
    assert check_plan(k, v, plan) == []
    assert plan.wind_curtailed_mw[0] == pytest.approx(35.0, abs=1e-3)
    for pc, pd in zip(plan.pc_kw, plan.pd_kw, strict=True):
        assert np.minimum(pc, pd)[:, 0].max() < 1e-3


# ------------------------------------------------------------------ no plan
def test_missing_capacity_is_named_with_hour_and_amount(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    v = build.view(k, [70.0, 95, 130, 150, 205, 120, 90, 62])
    with pytest.raises(PlanError, match=r"capacity in hour 5 short by 5 MW"):
        UnitCommitment(k).plan(v)


def test_too_much_minimum_power_is_named(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units(initial_h=np.array([1, -5, -1])))
    v = build.view(k, [30.0, *HILL[1:]])
    with pytest.raises(PlanError, match=r"must run in hour 1 above demand by 10 MW"):
        UnitCommitment(k).plan(v)


def test_an_impossible_cohort_is_named_with_its_district(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    cars = build.few_cars()
    v = build.view(k, HILL, (cars, replace(cars, pc_max_kw=0.5 * cars.pc_max_kw)))
    with pytest.raises(PlanError, match=r"cohort envelope: district south row \d+ is .* kWh below x_min"):
        UnitCommitment(k).plan(v)


def test_a_view_of_the_wrong_length_is_refused(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    with pytest.raises(PlanError, match="7 hours"):
        UnitCommitment(k).plan(replace(build.view(k, HILL), load_mw=np.ones(7)))


def test_the_node_limit_is_said_in_the_status(build: SimpleNamespace) -> None:
    k, v = _two_districts(build)
    plan = UnitCommitment(replace(k, mip_gap=1e-9), tuning=Tuning(node_limit=1, accepted_gap_factor=1e9)).plan(v)
    assert plan.status in ("optimal", "node_limit")
    assert check_plan(k, v, plan) == []


# ------------------------------------------------------------------ replay
def _stored(build: SimpleNamespace) -> Plan:
    k = build.knowledge(H, units=build.small_units())
    return UnitCommitment(k).plan(build.view(k, HILL))


def test_replay_gives_each_time_its_plan(build: SimpleNamespace) -> None:
    plan = _stored(build)
    later = replace(plan, time_s=86400)
    k = build.knowledge(H, units=build.small_units())
    layer = ReplayPlan([plan, later])
    assert layer.plan(build.view(k, HILL)) is plan
    assert layer.plan(build.view(k, HILL, time_s=86400)) is later


def test_replay_refuses_a_time_that_was_not_stored(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    with pytest.raises(PlanError, match=r"time 3600 s, stored times: 0"):
        ReplayPlan([_stored(build)]).plan(build.view(k, HILL, time_s=3600))
