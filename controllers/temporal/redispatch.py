"""One hour's re-dispatch as a QP: the least-cost powers of units and cohorts under a commitment that stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.port import Plan
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.answer import close_balance, make_plan
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import (
    Commitment,
    Dispatch,
    collect,
    entry_powers,
    fix_commitment,
    make_variables,
    solve_qp,
)
from controllers.temporal.unit_commitment.variables import Variables
from models.records import Floats, Ints

SPREAD_USD_PER_MW = 0.01
"""Price on unequal shares of cohorts (A): it picks one of the many equal-cost splits over cohorts. On the paper day
it moves the optimum by 1e-8 of its value and prices by 0.002 $/MWh (C)."""
BALANCE_MW = 1e-6


@dataclass(frozen=True)
class Window:
    """The hours from now to the plan's end, found again."""

    window: Plan
    imbalance_usd: Floats
    """[h] price of load shed and power dumped."""


def redispatched(case: Case, u: Ints, direction: Floats, usd_per_mwh: tuple[float, float]) -> Window:
    """The least-cost powers at the schedule u [U, h]; raises PlanError when there are none even with load shed.

    direction [K]: the side of each entry in which doing both at once would pay; usd_per_mwh: of load shed, of power
    dumped.
    """
    found, missing_mw, surplus_mw = _solve(case, u, direction, usd_per_mwh)
    shed_usd_per_mwh, dump_usd_per_mwh = usd_per_mwh
    balanced = missing_mw.max() < BALANCE_MW and surplus_mw.max() < BALANCE_MW
    window = make_plan(case, _commitment(u, found), close_balance(case, u, found) if balanced else found)
    return Window(window, shed_usd_per_mwh * missing_mw + dump_usd_per_mwh * surplus_mw)


def _solve(case: Case, u: Ints, direction: Floats, usd_per_mwh: tuple[float, float]) -> tuple[Dispatch, Floats, Floats]:
    """(dispatch, missing, surplus [h] in MW): the least-cost powers at the schedule u, split evenly over cohorts."""
    h, rows = case.horizon_h, case.rows
    v = replace(fix_commitment(case, make_variables(case), u, direction),
                missing=cp.Variable(h, nonneg=True), surplus=cp.Variable(h, nonneg=True))
    constraints = collect(case, v, eq.DISPATCH | eq.COHORTS, ())
    shed_usd_per_mwh, dump_usd_per_mwh = usd_per_mwh
    objective = (eq.objective_usd(case, v) + shed_usd_per_mwh * cp.sum(v.missing)
                 + dump_usd_per_mwh * cp.sum(v.surplus))
    problem = cp.Problem(cp.Minimize(objective + SPREAD_USD_PER_MW * _unequal_mw(case, v)), constraints)
    solve_qp(problem, "re-dispatch at the commitment in force")
    price = next(-c.dual_value for c in constraints if c.label == "balance[0]")
    pc_mw, pd_mw = entry_powers(case, v)
    x_mwh = np.zeros(0) if rows.entries == 0 else np.asarray(v.x.value) * rows.x_scale_mwh
    found = Dispatch(
        p_mw=np.asarray(v.p.value).reshape(-1, h) * u, wind_cut_mw=_positive(v.wind_cut), pv_cut_mw=_positive(v.pv_cut),
        price_usd_per_mwh=np.asarray(price), pc_mw=pc_mw, pd_mw=pd_mw, x_mwh=x_mwh,
        objective_usd=float(objective.value), solver_s=float(problem.solver_stats.solve_time or 0.0),
        compile_s=float(problem.compilation_time or 0.0))
    return found, _positive(v.missing), _positive(v.surplus)


def _positive(variable: cp.Expression) -> Floats:
    values = np.asarray(variable.value, dtype=np.float64)
    return np.where(values < 1e-7, 0.0, values)


def _unequal_mw(case: Case, v: Variables) -> cp.Expression:
    """sum_g Pmax_g (P_g/Pmax_g)^2 over the hours: of all splits of an hour's total the even one has the least of it."""
    limits = ((v.charge, case.rows.pc_max_mw[v.charge_at]), (v.discharge, case.rows.pd_max_mw[v.discharge_at]))
    return sum((limit @ cp.square(part) for part, limit in limits if limit.size), cp.Constant(0.0))


def _commitment(u: Ints, found: Dispatch) -> Commitment:
    return Commitment(u=u, direction=np.zeros(0), objective_usd=found.objective_usd, bound_usd=found.objective_usd,
                      status="redispatched", solver_s=found.solver_s, compile_s=found.compile_s)
