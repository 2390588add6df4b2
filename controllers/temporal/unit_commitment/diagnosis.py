"""Why there is no plan: the same problem with an elastic balance and elastic cohort bounds, and where it stretches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import cvxpy as cp
import numpy as np

from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.milp import highs_options
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import collect, make_variables, solve_quietly

PENALTY_USD_PER_MWH = 1e5
VISIBLE_MW = 1e-4


def explain(case: Case, node_limit: int, without: Collection[str] = ()) -> str:
    """Sentences naming constraint, hour (1 = first of the plan) and amount; empty when nothing stretches."""
    h, rows = case.horizon_h, case.rows
    v = replace(make_variables(case), missing=cp.Variable(h, nonneg=True),
                surplus=cp.Variable(h, nonneg=True))
    # elastic where a plan can be impossible for want of capacity or time; all else would be a fault in the input
    below = cp.Variable(max(rows.entries, 1), nonneg=True)
    at_end = cp.Variable(nonneg=True)
    constraints = collect(case, v, eq.EQUATIONS, {*without, "cohort_envelope", "terminal"})
    if rows.entries:
        scale = rows.x_scale_mwh
        constraints += [v.x >= rows.x_min_mwh / scale - below, v.x <= rows.x_max_mwh / scale]
        constraints += _elastic_terminal(case, v, at_end, without)
    stretch = cp.sum(v.missing) + cp.sum(v.surplus) + cp.sum(below) + at_end
    problem = cp.Problem(cp.Minimize(objective_usd(case, v) + PENALTY_USD_PER_MWH * stretch), constraints)
    solve_quietly(problem, cp.HIGHS, highs_options(1e-3, node_limit))
    # not optimal will do: any point with little stretch shows where the shortage is
    if problem.status not in (cp.OPTIMAL, cp.USER_LIMIT) or v.missing.value is None:
        return "infeasible even with elastic balance and envelopes (initial status against minimum up and down times)"
    said = _hours("balance: capacity", v.missing.value, "short by")
    said += _hours("balance: minimum power of units that must run", v.surplus.value, "above demand by")
    if rows.entries:
        missed = below.value * rows.x_scale_mwh
        said += [f"cohort envelope: district {_district(case, e)} row {rows.row[rows.cohort[e]]} is "
                 f"{missed[e] * 1000:.3g} kWh below x_min in hour {rows.hour[e] + 1}"
                 for e in np.flatnonzero(missed > VISIBLE_MW)[:5]]
    if at_end.value is not None and at_end.value > VISIBLE_MW:
        said.append(f"terminal {case.knowledge.terminal}: short by {float(at_end.value):.3g} MWh")
    return "; ".join(said)


def _elastic_terminal(case: Case, v: eq.Variables, slack: cp.Variable, without: Collection[str]) -> eq.Constraints:
    at, rows = eq.stays_on(case), case.rows
    if "terminal" in without or at.size == 0:
        return []
    held = cp.multiply(rows.x_scale_mwh[at], v.x[at])
    if case.knowledge.terminal == "match":
        return [held + slack >= rows.x_end_match_mwh[rows.cohort[at]]]
    if case.knowledge.terminal == "cyclic":
        return [cp.sum(held) + slack >= eq.cyclic_energy_mwh(case)]
    return []


def _hours(what: str, amount: np.ndarray[tuple[int, ...], np.dtype[np.float64]], relation: str) -> list[str]:
    return [f"{what} in hour {t + 1} {relation} {amount[t]:.4g} MW" for t in np.flatnonzero(amount > VISIBLE_MW)[:5]]


def _district(case: Case, entry: int) -> str:
    index = int(case.rows.district[case.rows.cohort[entry]])
    names = case.knowledge.district_names
    return names[index] if index < len(names) else str(index)
