"""What is solved every hour without cvxpy's compilation has cvxpy's rows, and its answers."""

from dataclasses import fields, replace

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

from controllers.port import PlanError
from controllers.rows.grid import Unknowns, columns, total
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment import quadratic
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.quadratic import Quadratic, Seldom, as_columns
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import (
    SELDOM,
    collect,
    dispatch,
    fix_commitment,
    make_variables,
    solve_quietly,
    split,
    unit_squares,
    with_affine_cost,
)

H = 8
RULES = ("thermal_only", "scheduled", "scheduled_safely", "deliverable")


@pytest.fixture
def case(build):
    def make(rule="deliverable", **known):
        k = build.knowledge(H, units=build.small_units(), reserve_rule=rule, **known)
        v = build.view(k, np.linspace(90.0, 150.0, H), (build.few_cars(scale=0.2), build.few_cars(scale=1.0)),
                       wind_mw=np.full(H, 5.0))
        return UnitCommitment(k)._case(v)
    return make


def cvxpys_rows(constraint, variables):
    """(matrix, constant) of expression = 0 or >= 0, over these unknowns in this order."""
    data = cp.Problem(cp.Minimize(0), [constraint]).get_problem_data(cp.CLARABEL)[0]
    place, matrix = data["param_prob"].var_id_to_col, sp.csc_array(data["A"])
    parts = [matrix[:, place[variable.id]:place[variable.id] + variable.size] if variable.id in place
             else sp.csc_array((matrix.shape[0], variable.size)) for variable in variables]
    sign = -1.0 if isinstance(constraint, cp.constraints.Equality) else 1.0  # A x = b, but A x + s = b with s >= 0
    return -sign * sp.hstack(parts).toarray(), sign * data["b"]


def without_signs(v):
    """The same unknowns without bounds of their own, which cvxpy would write as rows."""
    free = {f.name: cp.Variable(getattr(v, f.name).shape) for f in fields(v)
            if isinstance(getattr(v, f.name), cp.Variable)}
    return replace(v, **free)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("terminal", ["match", "cyclic"])
def test_every_equation_has_the_rows_that_cvxpy_makes_of_it(case, rule, terminal):
    problem = case(rule, terminal=terminal)
    u = np.ones((problem.knowledge.units.count, H), dtype=np.int64)
    v = without_signs(fix_commitment(problem, make_variables(problem), u, np.zeros(0)))
    mine, place, _ = as_columns(v)
    unknown, compared = [getattr(v, name) for name in place], set()
    for name, equation in (eq.DISPATCH | eq.COHORTS).items():
        for theirs, ours in zip(equation(problem, v), equation(problem, mine), strict=True):
            matrix, constant = cvxpys_rows(theirs, unknown)
            own = ours.rows(sum(part.size for part in unknown))  # -A x + s = constant
            assert -own.matrix.matrix().toarray() == pytest.approx(matrix, abs=1e-12), name
            assert own.rhs == pytest.approx(constant, abs=1e-12), name
            compared.add(name)
    assert compared >= {"balance", "minimum_power", "reserve", "cohort_recursion", "cohort_envelope", "terminal"}


def test_unknowns_that_are_not_negative_keep_that(case):
    v, place, low = as_columns(make_variables(case()))
    assert np.all(low[place["short"]] == 0) and np.all(np.isinf(low[place["x"]]))
    assert columns(v.stored_reserve[1]).tolist() == list(
        range(place["stored_reserve"].start + 1, place["stored_reserve"].stop, 2))


@pytest.mark.parametrize("rule", RULES)
def test_dispatch_and_split_are_those_of_clarabel(case, rule, monkeypatch):
    problem = case(rule)
    u = np.ones((problem.knowledge.units.count, H), dtype=np.int64)
    mine = dispatch(problem, u, np.zeros(0))
    mine_split = split(problem, mine, np.zeros(0), 1e-6 * mine.objective_usd)
    monkeypatch.setattr(quadratic, "_by_piqp", lambda asked: None)
    theirs = dispatch(problem, u, np.zeros(0))
    theirs_split = split(problem, mine, np.zeros(0), 1e-6 * mine.objective_usd)
    assert mine.objective_usd == pytest.approx(theirs.objective_usd, rel=1e-8)
    assert mine.price_usd_per_mwh == pytest.approx(theirs.price_usd_per_mwh, abs=1e-4)
    assert mine_split.pc_mw == pytest.approx(theirs_split.pc_mw, abs=1e-4)
    assert mine_split.pd_mw == pytest.approx(theirs_split.pd_mw, abs=1e-4)


def test_what_seldom_binds_is_kept_all_the_same(build):
    """Cars with much power and hardly any energy: the rows that are not asked for at first are broken, then kept."""
    cars = build.cohorts(H, np.array([1]), np.array([0]), np.array([8]), np.array([20.0]), np.array([20.5]),
                         np.array([7.0]), np.array([2000.0]))
    k = build.knowledge(H, units=build.small_units(), reserve_rule="deliverable")
    problem = UnitCommitment(k)._case(build.view(k, np.linspace(150.0, 192.0, H), (cars,), wind_mw=np.full(H, 5.0)))
    v = fix_commitment(problem, make_variables(problem), np.ones((3, H), dtype=np.int64), np.zeros(0))
    usd, squares = (lambda w: objective_usd(problem, with_affine_cost(problem, w, np.ones((3, H), dtype=np.int64))),
                    unit_squares(problem))
    values = {}
    memory = Seldom(SELDOM)
    for name, left_out, seldom in (("lazy", (), memory), ("remembered", (), memory), ("at once", (), None),
                                   ("never", ("reserve_energy",), None)):
        Quadratic("it", v, usd, lambda w, out=left_out: collect(problem, w, eq.DISPATCH | eq.COHORTS, out), squares,
                  seldom).solve()
        values[name] = float(objective_usd(problem, v).value)
    assert values["lazy"] == pytest.approx(values["at once"], rel=1e-8)
    assert values["remembered"] == pytest.approx(values["at once"], rel=1e-8)
    assert memory.asked["reserve_energy[0]"] and max(memory.asked["reserve_energy[0]"]) <= H
    assert values["never"] < values["lazy"] - 1.0


def test_what_has_no_answer_is_told(case):
    problem = case()
    u = np.zeros((problem.knowledge.units.count, H), dtype=np.int64)
    with pytest.raises(PlanError, match="dispatch at the chosen commitment is infeasible"):
        dispatch(problem, u, np.zeros(0))


def test_an_answer_that_breaks_its_limits_is_none():
    x = cp.Variable()
    stated = cp.Problem(cp.Minimize(x), [x >= 1])
    stated.solve(solver=cp.CLARABEL)
    x.value, stated._status = 0.9, cp.OPTIMAL_INACCURATE
    with pytest.raises(PlanError, match=r"limits are broken by 0\.1"):
        quadratic.judge(stated, "it")


# ------------------------------------------------------------------ rows as arrays
def test_rows_of_one_unknown_are_bounds_and_held_unknowns_go():
    made = Unknowns()
    x, y = made.new((1, 1)), made.new((1, 1))
    rows = [part.rows(2) for part in (x >= 2, 2 * x <= np.array([6.0]), x + y == 7, y + x <= 9)]
    made = quadratic.arrays(rows, (x + y).coefficients(2), np.zeros(2), np.array([-np.inf, 0.0]))
    assert made.low.tolist() == [2, 0] and made.high.tolist() == [3, np.inf]
    assert made.equal.toarray().tolist() == [[1, 1]] and made.equal_to.tolist() == [7]
    assert made.below.toarray().tolist() == [[1, 1]] and made.limit.tolist() == [9]
    left = made.kept(np.array([False, True]), np.array([2.0, 0.0]))
    assert left.equal_to.tolist() == [5] and left.limit.tolist() == [7] and left.cost.tolist() == [1]


def test_piqp_gives_way_where_bounds_cross(case, monkeypatch):
    problem, asked = case(), []
    v = fix_commitment(problem, make_variables(problem), np.ones((3, H), dtype=np.int64), np.zeros(0))
    monkeypatch.setattr(quadratic, "_by_clarabel", lambda given: asked.append(given.what))
    Quadratic("crossed", v, usd=lambda w: total(w.p), rows=lambda w: [w.p >= 2, w.p <= 1], squares={}).solve()
    assert asked == ["crossed"]


@pytest.mark.parametrize("rows", [
    lambda w: [w.p >= 2, w.p <= 2, total(w.p) == 1], lambda w: [w.p >= 2, w.p <= 2, total(w.p) <= 1]])
def test_piqp_gives_way_where_rows_without_an_unknown_left_cannot_hold(case, monkeypatch, rows):
    """Bounds hold every unknown at 2; what remains of a row is 0 = -47 or 0 <= -47, which no solver is asked about."""
    problem, asked = case(), []
    v = fix_commitment(problem, make_variables(problem), np.ones((3, H), dtype=np.int64), np.zeros(0))
    monkeypatch.setattr(quadratic, "_by_clarabel", lambda given: asked.append(given.what))
    Quadratic("held", v, usd=lambda w: total(w.p), rows=rows, squares={}).solve()
    assert asked == ["held"]


def test_piqp_gives_way_where_rows_go_on_being_broken(case, monkeypatch):
    """Rounds in which rows are added have an end; the other solver is given all of them at once."""
    problem = case()
    u = np.ones((problem.knowledge.units.count, H), dtype=np.int64)
    mine = dispatch(problem, u, np.zeros(0))
    monkeypatch.setattr(quadratic, "ROUNDS", 0)
    theirs = dispatch(problem, u, np.zeros(0))
    assert theirs.objective_usd == pytest.approx(mine.objective_usd, rel=1e-8)
    assert theirs.pc_mw.sum() == pytest.approx(mine.pc_mw.sum(), rel=1e-3)


def test_where_rounding_keeps_clarabel_from_its_first_tolerance_the_second_is_tried(monkeypatch):
    x = cp.Variable(2, nonneg=True)
    stated = cp.Problem(cp.Minimize(cp.sum_squares(x - np.array([1.0, 2.0]))), [cp.sum(x) == 2.0])
    tried = []

    def gives_up_first(problem, tolerance, what):
        tried.append(tolerance)
        solve_quietly(problem, cp.CLARABEL, {"max_iter": 1 if len(tried) == 1 else 200})

    monkeypatch.setattr(quadratic, "_solve", gives_up_first)
    quadratic.solve_by_clarabel(stated, "a small problem")
    assert tried == [1e-10, 1e-8]
    assert x.value == pytest.approx([0.5, 1.5], abs=1e-6)


def test_a_problem_without_an_answer_is_refused_by_name():
    x = cp.Variable(2, nonneg=True)
    stated = cp.Problem(cp.Minimize(cp.sum_squares(x)), [cp.sum(x) == -1.0])
    with pytest.raises(PlanError, match="a small problem is infeasible"):
        quadratic.solve_by_clarabel(stated, "a small problem")


@pytest.mark.parametrize(("rounded", "is_found"), [(5e-8, True), (1e-5, False)])
def test_a_split_misses_totals_by_their_rounding_where_cars_cannot_meet_them(rounded, is_found, build, monkeypatch):
    """All cars leave full, so their energy is given: totals that a solver rounded up are out of their reach."""
    cars = build.cohorts(H, np.array([0, 2]), np.zeros(2, dtype=int), np.array([8, 8]), np.array([20.0, 30.0]),
                         np.array([49.5, 49.5]), np.array([7.0, 7.0]), np.array([2000.0, 1000.0]))
    k = build.knowledge(H, units=build.small_units(), reserve_rule="thermal_only")
    problem = UnitCommitment(k)._case(build.view(k, np.linspace(90.0, 120.0, H), (cars,), wind_mw=np.full(H, 5.0)))
    exact = dispatch(problem, np.ones((3, H), dtype=np.int64), np.zeros(0))
    rounded_up = replace(exact, pc_mw=exact.pc_mw + rounded * problem.rows.pc_max_mw)

    def no_clarabel(asked):
        raise PlanError(f"{asked.what} is user_limit")

    monkeypatch.setattr(quadratic, "_by_clarabel", no_clarabel)
    if not is_found:
        with pytest.raises(PlanError, match="the split over cohorts is user_limit"):
            split(problem, rounded_up, np.zeros(0), 1.0)
        return
    shared = split(problem, rounded_up, np.zeros(0), 1.0)
    totals = [np.bincount(problem.rows.hour, power, H) for power in (shared.pc_mw, rounded_up.pc_mw)]
    room = np.bincount(problem.rows.hour, problem.rows.pc_max_mw, H)
    assert np.all(np.abs(totals[0] - totals[1]) <= 1.01e-7 * room)
    assert shared.pc_mw == pytest.approx(split(problem, exact, np.zeros(0), 1.0).pc_mw, abs=1e-3)
