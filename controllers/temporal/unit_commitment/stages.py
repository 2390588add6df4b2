"""The stages of a solve: commitment (MILP), dispatch at fixed commitment (QP), unique split of the cars (QP)."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
from scipy import sparse

from controllers.port import PlanError
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.heard import heard
from controllers.temporal.unit_commitment.objective import (
    entry_prices,
    objective_usd,
    owners_usd,
    starts_and_stops,
    terminal_value_usd,
)
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.quadratic import Quadratic, Seldom, Solved
from controllers.temporal.unit_commitment.reserve import no_worse
from controllers.temporal.unit_commitment.units.curves import kinks
from controllers.temporal.unit_commitment.units.headroom import is_reachable
from controllers.temporal.unit_commitment.units.starts import short_rests, warm_starts
from controllers.temporal.unit_commitment.variables import Variables
from models.records.arrays import Floats, Ints

NOTHING = np.zeros(0, dtype=np.int64)
TOTALS_ROUNDING = 1e-7
"""Of what all cars of an hour can do: by how much a split may miss the totals that it is to share."""
SELDOM = frozenset({"reserve_energy"})
"""Equations over all cars of an hour that bind in few hours."""


@dataclass(frozen=True)
class Commitment:
    """Answer of the MILP, or of a schedule fixed from outside."""

    u: Ints
    """[U, H]; numbers of running units where rows are clusters."""
    direction: Floats
    """[K] 1 = charge, 0 = discharge, of the case's cycling entries."""
    objective_usd: float
    bound_usd: float
    status: str
    solver_s: float
    compile_s: float
    starts: Ints | None = None
    """[U, H] as solved; only where rows are clusters, in which units may start and stop in one hour."""


@dataclass(frozen=True)
class Dispatch:
    """Powers at a fixed commitment with the true quadratic costs."""

    p_mw: Floats
    """[U, H]"""
    wind_cut_mw: Floats
    pv_cut_mw: Floats
    price_usd_per_mwh: Floats
    pc_mw: Floats
    """[E]"""
    pd_mw: Floats
    x_mwh: Floats
    objective_usd: float
    solver_s: float
    compile_s: float


# ------------------------------------------------------------------ variables
def _empty() -> cp.Expression:
    return cp.Constant(np.zeros(0))


def _nonneg(size: int) -> cp.Expression:
    return cp.Variable(size, nonneg=True) if size else _empty()


def make_variables(case: Case, cycling: bool = True) -> Variables:
    """Fresh unknowns of the whole problem; `cycling` False leaves out the binaries (a relaxation)."""
    flat, h, rows = case.knowledge.units.count * case.horizon_h, case.horizon_h, case.rows
    charge_at, discharge_at = np.flatnonzero(rows.pc_max_mw > 0), np.flatnonzero(rows.pd_max_mw > 0)
    cycling_at = np.flatnonzero(case.cycling_pays()) if cycling else NOTHING
    zero, steps = cp.Constant(np.zeros(h)), h * case.steps_per_hour
    pieces = len(case.knowledge.reserve_curve.usd_per_mwh) + 1
    with_cars = case.knowledge.reserve_rule == "deliverable" and rows.entries > 0
    (u, y), units = _unit_states(case), case.knowledge.units
    return Variables(
        u=u, y=y, z=cp.Variable(flat, nonneg=True),
        hot=_nonneg(warm_starts(units).row.size * h), p=cp.Variable(flat), cost=cp.Variable(flat),
        wind_cut=cp.Variable(h, nonneg=True), pv_cut=cp.Variable(h, nonneg=True),
        short=cp.Variable(pieces * steps, nonneg=True),
        counted=cp.Variable(h), charge_extra=_nonneg(steps if case.is_uneven else 0),
        charge=_nonneg(charge_at.size), discharge=_nonneg(discharge_at.size),
        x=cp.Variable(rows.entries) if rows.entries else _empty(),
        stored_reserve=cp.Variable((2, h), nonneg=True) if with_cars else cp.Constant(np.zeros((2, h))),
        direction=cp.Variable(cycling_at.size, boolean=True) if cycling_at.size else _empty(),
        charge_at=charge_at, discharge_at=discharge_at, cycling_at=cycling_at, missing=zero, surplus=zero,
        rest=_nonneg(short_rests(case).row.size), beyond=_nonneg(kinks(units).row.size * h),
        reach=cp.Variable(flat) if is_reachable(case) else _empty(),
    )


def _unit_states(case: Case) -> tuple[cp.Variable, cp.Variable]:
    """(u, y): binary and continuous for single units, integers up to the number of units where rows are clusters.

    With u binary, starts are whole anyway; of several units a half may start while another half stops.
    """
    flat = case.knowledge.units.count * case.horizon_h
    if case.clusters is None:
        return cp.Variable(flat, boolean=True), cp.Variable(flat, nonneg=True)
    most = eq.per_unit(case, case.clusters.count)
    return (cp.Variable(flat, integer=True, bounds=[np.zeros(flat), most]),
            cp.Variable(flat, integer=True, bounds=[np.zeros(flat), most]))


def collect(case: Case, v: Variables, groups: dict[str, eq.Equation], without: Collection[str]) -> eq.Constraints:
    """All constraints of the named groups with their names as labels, except those in `without`."""
    skip = set(without) | (set(eq.COHORTS) if case.rows.entries == 0 else set())
    out: eq.Constraints = []
    for name, equation in groups.items():
        for number, constraint in enumerate(equation(case, v) if name not in skip else []):
            out.append(constraint.set_label(f"{name}[{number}]"))
    return out


def solve_quietly(problem: cp.Problem, solver: str, options: dict[str, float | int]) -> None:
    """Solve; cvxpy's warning about limits is dropped because every caller judges the status itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        heard(lambda: problem.solve(solver=solver, **options))


def value_of(expression: cp.Expression) -> Floats:
    """Its value after a solve; empty if it has no entries."""
    return np.zeros(0) if expression.size == 0 else np.asarray(expression.value, dtype=np.float64)


# ------------------------------------------------------------------ dispatch at fixed commitment
def fix_commitment(case: Case, v: Variables, u: Ints, direction: Floats) -> Variables:
    """The same unknowns with the schedule as constants and the true quadratic cost curves."""
    start, stop, hot = (cp.Constant(m.ravel().astype(float)) for m in starts_and_stops(case, u))
    on = u.ravel().astype(np.float64)
    a, b, c = (np.repeat(k, case.horizon_h) for k in case.unit_curve())
    # the MILP's tangents lie below the curve; at a fixed schedule the curve itself is affordable
    cost = a @ on + b @ v.p + c @ cp.square(v.p)
    return replace(v, u=cp.Constant(on), y=start, z=stop, hot=hot, cost=cost, direction=cp.Constant(direction))


def dispatch(case: Case, u: Ints, direction: Floats, without: Collection[str] = ()) -> Dispatch:
    """Powers of units and cohorts at the fixed schedule `u`; the price is the balance's dual value."""
    v = fix_commitment(case, make_variables(case), u, direction)
    solved = Quadratic(
        "dispatch at the chosen commitment", v, usd=lambda w: objective_usd(case, with_affine_cost(case, w, u)),
        rows=lambda w: collect(case, w, eq.DISPATCH | eq.COHORTS, without), squares=unit_squares(case),
        seldom=Seldom(SELDOM)).solve()
    return dispatch_of(case, v, u, solved, objective_usd(case, v))


def with_affine_cost(case: Case, v: Variables, u: Ints) -> Variables:
    """The unknowns with a u + b P as the units' cost; `unit_squares` is the rest of it."""
    a, b, _ = (np.repeat(k, case.horizon_h) for k in case.unit_curve())
    return replace(v, cost=b @ v.p + float(a @ u.ravel()))


def unit_squares(case: Case) -> dict[str, Floats]:
    """c of c P^2 of each unit and hour."""
    return {"p": np.repeat(case.unit_curve()[2], case.horizon_h)}


def dispatch_of(case: Case, v: Variables, u: Ints, solved: Solved, objective: cp.Expression) -> Dispatch:
    """The powers that the unknowns were solved to; the price is the balance's dual value."""
    h = case.horizon_h
    pc, pd = entry_powers(case, v)
    return Dispatch(
        # times u: a unit that is off must give exactly 0 and not a solver's 1e-9; the balance's dual has cvxpy's sign
        p_mw=np.asarray(v.p.value).reshape(-1, h) * u, wind_cut_mw=_clean(v.wind_cut.value),
        pv_cut_mw=_clean(v.pv_cut.value), price_usd_per_mwh=-solved.duals.get("balance[0]", np.zeros(h)),
        pc_mw=pc, pd_mw=pd, x_mwh=value_of(v.x) * case.rows.x_scale_mwh, objective_usd=float(objective.value),
        solver_s=solved.solver_s, compile_s=solved.compile_s)


def _clean(values: Floats) -> Floats:
    return np.asarray(np.where(np.abs(values) < 1e-7, 0.0, np.maximum(values, 0.0)), dtype=np.float64)


def entry_powers(case: Case, v: Variables) -> tuple[Floats, Floats]:
    """(Pc, Pd) [E] in MW from the fractions, kept within their limits."""
    pc, pd = np.zeros(case.rows.entries), np.zeros(case.rows.entries)
    # interior-point answers overshoot bounds by their tolerance; as powers these would be violations
    pc[v.charge_at] = np.clip(value_of(v.charge), 0.0, 1.0) * case.rows.pc_max_mw[v.charge_at]
    pd[v.discharge_at] = np.clip(value_of(v.discharge), 0.0, 1.0) * case.rows.pd_max_mw[v.discharge_at]
    return pc, pd


# ------------------------------------------------------------------ the unique split
def split(case: Case, least: Dispatch, direction: Floats, slack_usd: float,
          without: Collection[str] = ()) -> Dispatch:
    """Among all equal-cost splits of the hourly Pc and Pd over cohorts, the one nearest to equal shares.

    Minimises sum (P_g - share_g P_total)^2 / share_g with share = plugged kW (docs/model.md 3.14). For given
    totals this equals Ptotal_max * Pmax_g * (P_g/Pmax_g - P_total/Ptotal_max)^2, strictly convex: one answer,
    whatever the order of rows or the solver. The cohorts' own cost may rise by `slack_usd` at most.
    """
    rows = case.rows
    if rows.entries == 0:
        return least
    # the commitment stands, and so does the side of each cycling entry: what is left is a convex problem
    v = replace(make_variables(case), direction=cp.Constant(direction))
    sides = [side for side in (_side(case, "charge", v.charge_at, rows.pc_max_mw, least.pc_mw),
                               _side(case, "discharge", v.discharge_at, rows.pd_max_mw, least.pd_mw)) if side.at.size]

    def limits(w: Variables, rounding: float) -> eq.Constraints:
        return (collect(case, w, eq.COHORTS, without) + no_worse(case, w, least.pc_mw, least.pd_mw, least.x_mwh)
                + [row for side in sides for row in side.totals(getattr(w, side.name), rounding)]
                + _cost_cap(case, w, least, slack_usd))

    def solve(rounding: float) -> Solved:
        return Quadratic(
            "the split over cohorts", v, rows=lambda w: limits(w, rounding),
            squares={side.name: side.weight for side in sides},
            usd=lambda w: sum(-2 * (side.weight * side.nearest) @ getattr(w, side.name) for side in sides)).solve()

    try:
        solved = solve(0.0)
    except PlanError:  # totals as a solver rounds them can be out of the cohorts' reach by as much
        solved = solve(TOTALS_ROUNDING)
    pc, pd = entry_powers(case, v)
    return replace(least, pc_mw=pc, pd_mw=pd, x_mwh=value_of(v.x) * rows.x_scale_mwh,
                   solver_s=least.solver_s + solved.solver_s, compile_s=least.compile_s + solved.compile_s)


@dataclass(frozen=True)
class _Side:
    """Charging or discharging: its entries' distance from equal shares is sum weight (P/Pmax - nearest)^2."""

    name: str
    at: Ints
    weight: Floats
    nearest: Floats
    average: sparse.csr_array
    """[hours, entries] from P/Pmax to the hour's mean; only hours in which somebody can."""
    mean: Floats

    def totals(self, fraction: Any, rounding: float) -> eq.Constraints:
        """Each hour's mean of P/Pmax is the one that was found, up to a rounding."""
        average = self.average @ fraction
        if not rounding:
            return [average == self.mean]
        return [average <= self.mean + rounding, average >= self.mean - rounding]


def _side(case: Case, name: str, at: Ints, limit_mw: Floats, power_mw: Floats) -> _Side:
    rows, h, limit = case.rows, case.horizon_h, limit_mw[at]
    add = rows.hour_matrix(h, at)
    room = add @ limit
    # hours in which no car can act would divide by 0 and need no row
    used = np.flatnonzero(room > 0)
    mean = np.zeros(h)
    mean[used] = (add @ power_mw[at])[used] / room[used]
    average = sparse.csr_array(sparse.diags(1.0 / room[used]) @ add[used] @ sparse.diags(limit))
    return _Side(name, at, room[rows.hour[at]] * limit / max(float(room.max(initial=0.0)), 1e-12),
                 mean[rows.hour[at]], average, mean[used])


def _cost_cap(case: Case, v: Variables, least: Dispatch, slack_usd: float) -> eq.Constraints:
    """Wear and terminal value may differ between cohorts: together no dearer than found."""
    charge, discharge = entry_prices(case)
    at = eq.stays_on(case)
    # a split may trade wear for energy held at the end, so both are in the cap
    credit = case.terminal_value_usd_per_mwh * float(least.x_mwh[at].sum()) * (case.knowledge.terminal == "price")
    weight = case.knowledge.objective.owners
    spent = weight * float(charge @ least.pc_mw + discharge @ least.pd_mw) - credit
    return [weight * owners_usd(case, v) - terminal_value_usd(case, v) <= spent + slack_usd]
