"""What is solved every hour without cvxpy's compilation has cvxpy's rows and its optimum, equation by equation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

from controllers.port import SpatialKnowledge
from controllers.rows.grid import Unknowns
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow import statement
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
        parts = [matrix[:, place[variable.id]:place[variable.id] + variable.size] if variable.id in place
                 else sp.csc_array((matrix.shape[0], variable.size)) for variable in self.variables]
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
    ends = np.cumsum([0, *(variable.size for variable in made.variables)])
    for variable, start, end in zip(made.variables, ends[:-1], ends[1:], strict=True):
        variable.value = x[start:end].reshape(variable.shape, order="F")
    own = statement.objective_usd(*given, ours).coefficients(x.size) @ x
    assert own == pytest.approx(float(usd.value), rel=1e-12)
    square = sum(float((weight * power.evaluated(x) ** 2).sum())
                 for power, weight in cars_eq.eq15_squares(*given[1:], ours.cars))
    assert square == pytest.approx(float(squares.value), rel=1e-12)


def test_an_hour_of_discharging_takes_and_wears_what_the_hour_does_whatever_the_step() -> None:
    """1 MW of each pair that may: 1/eta_d MWh leave its energy, and wear is that of 1 MWh."""
    made, (_, layout, inputs), theirs, _ = both("active")
    for variable in made.variables:
        variable.value = np.zeros(variable.shape)
    cars, rows = theirs.cars, layout.rows_d
    cars.discharge.power.value = np.ones(cars.discharge.power.shape)
    left = np.zeros(cars.x.shape)
    left[rows] = -np.outer(1.0 / layout.eta_d[rows], np.arange(1, layout.steps + 1)) / layout.steps
    cars.x.value = left
    assert layout.steps > 1 and rows.size
    assert cars_eq.eq12_envelopes(layout, inputs, cars)[0].violation().max() < 1e-12
    usd = cars_eq.eq15_cars_usd(layout, inputs, cars, 0.0)
    assert float(usd.value) == pytest.approx(layout.wear_usd_per_mwh[rows].sum())


@pytest.mark.parametrize("form", FORMS)
def test_the_optimum_is_that_of_cvxpys_problem(form: str) -> None:
    """With what does not exist held at 0, as a program without those columns has it."""
    made, (known, layout, inputs), theirs, _ = both(form)
    stated = [row for group in statement.equations(known, layout, inputs, theirs).values() for row in group]
    dead, ends = ~made.columns.alive, np.cumsum([0, *(variable.size for variable in made.variables)])
    for variable, start, end in zip(made.variables, ends[:-1], ends[1:], strict=True):
        if dead[start:end].any():
            stated.append(cp.vec(variable, order="F")[np.flatnonzero(dead[start:end])] == 0.0)
    squares = sum(cp.sum(cp.multiply(weight, cp.square(power)))
                  for power, weight in cars_eq.eq15_squares(layout, inputs, theirs.cars))
    problem = cp.Problem(cp.Minimize(statement.objective_usd(known, layout, inputs, theirs) + squares), stated)
    assert problem.is_dcp()
    problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-9, tol_feas=1e-10)
    solution = LowerProblem(known).solve(layout, inputs)
    assert problem.status == cp.OPTIMAL and solution.run.is_optimal
    assert solution.objective_usd == pytest.approx(problem.value, rel=1e-7)
    assert np.abs(np.sqrt(solution.flow.v) - np.sqrt(theirs.flow.v.value)).max() < 1e-6
