"""What is solved every hour without cvxpy's compilation has cvxpy's rows and its optimum, equation by equation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow import statement
from controllers.spatial.branch_flow.conic import grid
from controllers.spatial.branch_flow.conic.grid import Grid, Stated, Unknowns
from controllers.spatial.branch_flow.conic.program import Entries, steps_back
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.problem import LowerProblem
from models.records.arrays import Bools, Floats
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19
FORMS: dict[str, dict[str, Any]] = {
    "active": {}, "reactive": {"reactive_power": True}, "repair": {}, "reactive repair": {"reactive_power": True},
    "shunts": {}, "shunts repair": {}}
RATED = replace(case.FEEDER, transformer_kva=np.r_[9000.0, np.where(np.arange(32) % 3 == 0, 900.0, np.inf)])
"""With a substation's rating and some of transformers."""
ROWS = np.arange(RATED.bus_count)
SHUNTS = replace(RATED, shunt_g_pu=1e-3 * (ROWS % 4 == 0), shunt_b_pu=0.05 * (ROWS % 5 == 0) - 0.02 * (ROWS == 7))
"""Also at the slack."""


def evening(form: str) -> tuple[SpatialKnowledge, Layout, Inputs]:
    """Some cars one-way, some gone, prices of low voltages; `repair` with a correction."""
    fleet = case.fleet()
    fleet = replace(fleet, p_discharge_max_kw=np.where(np.arange(fleet.count) % 5 == 0, 0.0, fleet.p_discharge_max_kw))
    feeder = SHUNTS if "shunts" in form else RATED
    known = case.knowledge(fleet, feeder, step_s=1800, look_ahead_h=4, voltage_penalty_usd_per_pu2h=2000.0,
                           **FORMS[form])
    view = case.view(known, *case.parked(fleet, HOUR * 3600), HOUR, load_scale=1.0)
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    shape = (RATED.bus_count - 1, layout.periods)
    correction = np.linspace(0.0, 0.02, shape[0] * shape[1]).reshape(shape) if "repair" in form else None
    return known, layout, inputs_of(known, layout, forecast(known, layout, view), correction)


class Both:
    """The same unknowns twice: cvxpy's, and columns in the order in which they were made."""

    def __init__(self) -> None:
        self.variables: list[cp.Variable] = []
        self.columns = Unknowns()

    def variable(self, shape: tuple[int, int], _alive: Bools | None) -> cp.Variable:
        self.variables.append(cp.Variable(shape))
        return self.variables[-1]

    def cvxpys(self, constraint: cp.Constraint) -> tuple[sp.csr_array, Floats]:
        """(matrix, rhs) of matrix x + s = rhs as cvxpy compiles it, over these unknowns in this order."""
        data = cp.Problem(cp.Minimize(0), [constraint]).get_problem_data(cp.CLARABEL)[0]
        place, matrix = data["param_prob"].var_id_to_col, sp.csc_array(data["A"])
        parts = [matrix[:, place[one.id]:place[one.id] + one.size] if one.id in place
                 else sp.csc_array((matrix.shape[0], one.size)) for one in self.variables]
        return sp.csr_array(sp.hstack(parts)), np.asarray(data["b"])


def both(form: str) -> tuple[Both, tuple[SpatialKnowledge, Layout, Inputs], statement.Unknowns, statement.Unknowns]:
    made, given = Both(), evening(form)
    return made, given, statement.unknowns(made.variable, *given), statement.unknowns(made.columns.new, *given)


@pytest.mark.parametrize("form", FORMS)
def test_every_equation_has_the_rows_that_cvxpy_makes_of_it(form: str) -> None:
    made, given, theirs, ours = both(form)
    compared = set()
    stated = statement.equations(*given, ours)
    for name, constraints in statement.equations(*given, theirs).items():
        for constraint, rows in zip(constraints, stated[name], strict=True):
            matrix, rhs = made.cvxpys(constraint)
            own = rows.rows(made.columns.size)
            sign = -1.0 if rows.cone == "zero" else 1.0  # cvxpy has left - right = 0 as it is
            assert abs(own.matrix.matrix() - sign * matrix).max() < 1e-12, name
            assert np.abs(own.rhs - sign * rhs).max() < 1e-12, name
            compared.add(name)
    assert compared == {f"eq{i}" for i in range(1, 15) if i != 9} | {"voltage_penalty", "signs"} | (
        {"eq9"} if "repair" in form else set()) | ({"reactive"} if "reactive" in form else set())


@pytest.mark.parametrize("form", FORMS)
def test_the_objective_is_cvxpys(form: str) -> None:
    """At any point: linear costs and squares."""
    made, given, theirs, ours = both(form)
    usd = statement.objective_usd(*given, theirs)
    squares = sum(cp.sum(cp.multiply(weight, cp.square(power)))
                  for power, weight in cars_eq.eq15_squares(*given[1:], theirs.cars))
    x = np.random.default_rng(1).normal(size=made.columns.size)
    ends = np.cumsum([0, *(one.size for one in made.variables)])
    for one, start, end in zip(made.variables, ends[:-1], ends[1:], strict=True):
        one.value = x[start:end].reshape(one.shape, order="F")
    own = statement.objective_usd(*given, ours).coefficients(x.size) @ x
    assert own == pytest.approx(float(usd.value), rel=1e-12)
    square = sum(float((weight * power.value(x) ** 2).sum())
                 for power, weight in cars_eq.eq15_squares(*given[1:], ours.cars))
    assert square == pytest.approx(float(squares.value), rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_optimum_is_that_of_cvxpys_problem(form: str) -> None:
    """With what does not exist held at 0, as a program without those columns has it."""
    made, (known, layout, inputs), theirs, _ = both(form)
    stated = [one for group in statement.equations(known, layout, inputs, theirs).values() for one in group]
    dead, ends = ~made.columns.alive, np.cumsum([0, *(one.size for one in made.variables)])
    for one, start, end in zip(made.variables, ends[:-1], ends[1:], strict=True):
        if dead[start:end].any():
            stated.append(cp.vec(one, order="F")[np.flatnonzero(dead[start:end])] == 0.0)
    squares = sum(cp.sum(cp.multiply(weight, cp.square(power)))
                  for power, weight in cars_eq.eq15_squares(layout, inputs, theirs.cars))
    problem = cp.Problem(cp.Minimize(statement.objective_usd(known, layout, inputs, theirs) + squares), stated)
    assert problem.is_dcp()
    problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-9, tol_feas=1e-10)
    found = LowerProblem(known).solve(layout, inputs)
    assert problem.status == cp.OPTIMAL and found.run.is_optimal
    assert found.objective_usd == pytest.approx(problem.value, rel=1e-7)
    assert np.abs(np.sqrt(found.flow.v) - np.sqrt(theirs.flow.v.value)).max() < 1e-6


# ------------------------------------------------------------------ the small algebra
def table(*rows: list[float]) -> Floats:
    return np.array(rows, dtype=float)


def two() -> tuple[Grid, Grid, Floats]:
    """Two blocks of unknowns [2, 3], and values for them."""
    made = Unknowns()
    return made.new((2, 3)), made.new((2, 3)), np.arange(1.0, 13.0) ** 2


def test_expressions_are_worth_what_numpy_says() -> None:
    x, y, at = two()
    a, b = (part.reshape((2, 3), order="F") for part in (at[:6], at[6:]))
    weight, column, row = table([1, 2, 3], [4, 5, 6]), table([7], [8]), table([1, 10, 100])
    rows = Entries(np.array([0, 0, 2]), np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0]), (3, 2))
    mixed = 2 * x - grid.times(weight, y) + column
    worth = 2 * a - weight * b + column
    for ours, right in (
            (mixed, worth), (1.0 - mixed, 1.0 - worth), (weight - mixed, weight - worth), (-mixed * 0.5, -worth * 0.5),
            (grid.times(row, mixed), row * worth), (grid.rows_of(rows, mixed), rows.matrix() @ worth),
            (grid.rows_of(rows, grid.rows_of(rows.transposed(), grid.rows_of(rows, mixed))),
             rows.matrix() @ rows.matrix().T @ rows.matrix() @ worth),
            (grid.periods_of(mixed, steps_back(3)), np.diff(worth, axis=1, prepend=0.0)),
            (grid.rows_of(rows, mixed)[np.array([2, 0])], (rows.matrix() @ worth)[[2, 0]]),
            (mixed[np.array([1, 1, 0])], worth[[1, 1, 0]]), (grid.beside(x, y), np.hstack([a, b])),
            (grid.beside(x, mixed)[np.array([1])], np.hstack([a, worth])[[1]]),
            (grid.entries(mixed, np.array([3, 0])), worth.ravel(order="F")[[3, 0]][:, None]),
            (grid.total(mixed), worth.sum().reshape(1, 1))):
        assert ours.value(at) == pytest.approx(right)


def test_comparisons_are_rows() -> None:
    x, y, at = two()
    room = (x <= 5.0).rows(12)
    assert room.cone == "nonneg" and room.rhs - room.matrix.matrix() @ at == pytest.approx(5.0 - at[:6])
    least = (x >= y).rows(12)
    assert least.rhs - least.matrix.matrix() @ at == pytest.approx(at[:6] - at[6:])
    assert (x == y).rows(12).cone == "zero"
    found = grid.cones(np.full((2, 3), 9.0), x, y)
    assert isinstance(found, Stated)
    cone = found.rows(12)
    assert cone.soc_sizes == (3,) * 6
    inside = (cone.rhs - cone.matrix.matrix() @ at).reshape(6, 3)
    assert inside == pytest.approx(np.stack([np.full(6, 9.0), at[:6], at[6:]], axis=1))
