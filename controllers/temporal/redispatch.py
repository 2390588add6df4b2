"""One hour's re-dispatch as a QP: the least-cost powers of units and cohorts under a commitment that stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.port import Plan
from controllers.rows.grid import total
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.answer import close_balance, make_plan
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.quadratic import Quadratic, Seldom
from controllers.temporal.unit_commitment.stages import (
    Commitment,
    Dispatch,
    collect,
    dispatch_of,
    fix_commitment,
    make_variables,
    unit_squares,
    with_affine_cost,
)
from controllers.temporal.unit_commitment.variables import Variables
from models.records.arrays import Floats, Ints

SPREAD_USD_PER_MW = 0.01
"""Price on sum Pmax (P/Pmax)^2 over cohorts (A), least where an hour's total is split evenly: it picks one of the many
equal-cost splits. On the paper day it moves the optimum by 1e-8 of its value and prices by 0.002 $/MWh (C)."""
BALANCE_MW = 1e-6


@dataclass(frozen=True)
class Window:
    """The hours from now to the plan's end, found again."""

    window: Plan
    imbalance_usd: Floats
    """[h] price of load shed and power dumped."""


def redispatched(case: Case, u: Ints, direction: Floats, usd_per_mwh: tuple[float, float],
                 seldom: Seldom | None = None) -> Window:
    """The least-cost powers at the schedule u [U, h]; raises PlanError when there are none even with load shed.

    direction [K]: the side of each entry in which doing both at once would pay; usd_per_mwh: of load shed, of power
    dumped; seldom: what earlier hours of the run have taught.
    """
    powers, missing_mw, surplus_mw = _solve(case, u, direction, usd_per_mwh, seldom)
    shed_usd_per_mwh, dump_usd_per_mwh = usd_per_mwh
    balanced = missing_mw.max() < BALANCE_MW and surplus_mw.max() < BALANCE_MW
    window = make_plan(case, _commitment(u, powers), close_balance(case, u, powers) if balanced else powers)
    return Window(window, shed_usd_per_mwh * missing_mw + dump_usd_per_mwh * surplus_mw)


def _solve(case: Case, u: Ints, direction: Floats, usd_per_mwh: tuple[float, float],
           seldom: Seldom | None = None) -> tuple[Dispatch, Floats, Floats]:
    """(dispatch, missing, surplus [h] in MW): the least-cost powers at the schedule u, split evenly over cohorts."""
    h, rows = case.horizon_h, case.rows
    v = replace(fix_commitment(case, make_variables(case), u, direction),
                missing=cp.Variable(h, nonneg=True), surplus=cp.Variable(h, nonneg=True))
    shed_usd_per_mwh, dump_usd_per_mwh = usd_per_mwh

    def usd(w: Variables, cost: Variables) -> cp.Expression:
        imbalance = shed_usd_per_mwh * total(w.missing) + dump_usd_per_mwh * total(w.surplus)
        return objective_usd(case, cost) + imbalance

    even = {"charge": rows.pc_max_mw[v.charge_at], "discharge": rows.pd_max_mw[v.discharge_at]}
    solved = Quadratic(
        "re-dispatch at the commitment in force", v, usd=lambda w: usd(w, with_affine_cost(case, w, u)),
        rows=lambda w: collect(case, w, eq.DISPATCH | eq.COHORTS, ()),
        squares=unit_squares(case) | {name: SPREAD_USD_PER_MW * limit for name, limit in even.items()},
        seldom=seldom).solve()
    return dispatch_of(case, v, u, solved, usd(v, v)), _positive(v.missing), _positive(v.surplus)


def _positive(variable: cp.Expression) -> Floats:
    values = np.asarray(variable.value, dtype=np.float64)
    return np.where(values < 1e-7, 0.0, values)


def _commitment(u: Ints, powers: Dispatch) -> Commitment:
    """No seconds of its own: it stands, and a plan's seconds are those of commitment and dispatch together."""
    return Commitment(u=u, direction=np.zeros(0), objective_usd=powers.objective_usd, bound_usd=powers.objective_usd,
                      status="redispatched", solver_s=0.0, compile_s=0.0)
