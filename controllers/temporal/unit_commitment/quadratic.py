"""A quadratic problem on the upper layer's equations, written for a solver without cvxpy's compilation.

PIQP solves it: a quarter of Clarabel's time on these problems. Where it gives up (bounds that leave no room), the same
problem goes through cvxpy to Clarabel.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import cvxpy as cp
import numpy as np
import piqp
import scipy.sparse as sp

from controllers.port import PlanError
from controllers.rows.entries import Cone, Rows, stacked
from controllers.rows.grid import Grid, Stated, Unknowns
from controllers.temporal.unit_commitment.variables import Variables
from models.records.arrays import Bools, Floats

TOLERANCE = 1e-10
PIQP_SETTINGS = {"eps_abs": 1e-9, "eps_rel": TOLERANCE, "eps_duality_gap_abs": 1e-6, "eps_duality_gap_rel": TOLERANCE,
                 "max_iter": 100, "verbose": False}
"""The gap in $ (MW in the split); beside costs of thousands its relative part decides."""
CLARABEL_TOLERANCES = (TOLERANCE, 1e-8)
"""The second is tried where rounding keeps Clarabel from the first: problems with next to no room."""
INACCURATE_MOST = 1e-6
"""Broken limits (MW, fractions of a cohort's limit) above which an answer that a solver calls inaccurate is none."""
NO_ROOM = 1e-9
"""An unknown whose bounds are this near to each other is no unknown."""
BROKEN = 1e-7
"""MW or MWh by which a row that was not asked for must be missed to be asked for."""
ROUNDS = 8
"""Of asking for rows that were broken."""
ROUNDING = 1e-7
"""Bounds may cross, and rows without unknowns may be broken, by no more."""


@dataclass(frozen=True)
class Quadratic:
    """Minimise usd(v) + the weighted squares of unknowns, subject to rows(v)."""

    what: str
    """For messages."""
    v: Variables
    """cvxpy's unknowns and constants; `solve` gives the unknowns their values."""
    usd: Callable[[Variables], Any]
    """Affine in v."""
    rows: Callable[[Variables], list[Any]]
    """Labelled constraints."""
    squares: Mapping[str, Floats]
    """Weight of each entry's square, by name of the field."""
    seldom: Seldom | None = None
    """Equations whose rows are asked for only where an answer breaks them; None: all are asked for at once."""

    def solve(self) -> Solved:
        """Raises PlanError unless (nearly) optimal and feasible."""
        return _by_piqp(self) or _by_clarabel(self)


@dataclass
class Seldom:
    """Hourly equations that bind in few hours and are dear, and where they did when they were last solved."""

    names: frozenset[str]
    asked: dict[str, frozenset[int]] = field(default_factory=dict)
    """Hours by label, counted from the horizon's end: one hour later the same hour has the same number."""

    def holds(self, stated: Stated) -> bool:
        """Whether these rows may wait."""
        return stated.cone == "nonneg" and stated.label.split("[")[0] in self.names

    def at_once(self, stated: Stated) -> Bools:
        """[m] rows that are asked for from the start."""
        known = self.asked.get(stated.label, frozenset())
        return np.array([stated.size - k in known for k in range(stated.size)], dtype=np.bool_)

    def remember(self, stated: Stated, where: Bools) -> None:
        """Ask for these rows from the start the next time."""
        new = {stated.size - int(k) for k in np.flatnonzero(where)}
        self.asked[stated.label] = self.asked.get(stated.label, frozenset()) | new


@dataclass(frozen=True)
class Solved:
    """What a solver said beside the unknowns' values."""

    duals: Mapping[str, Floats]
    """Of each equality, by its label."""
    solver_s: float
    compile_s: float


# ------------------------------------------------------------------ unknowns as columns
def as_columns(v: Variables) -> tuple[Variables, dict[str, slice], Floats]:
    """(the same unknowns and constants as grids, where each unknown stands, lowest values [n])."""
    given = {f.name: getattr(v, f.name) for f in fields(v) if isinstance(getattr(v, f.name), cp.Expression)}
    made, place, low, new = Unknowns(), dict[str, slice](), list[Floats](), dict[str, Any]()
    for name, part in given.items():
        if isinstance(part, cp.Variable):
            place[name] = slice(made.size, made.size + part.size)
            low.append(np.full(part.size, 0.0 if part.is_nonneg() else -np.inf))
            new[name] = _row_by_row(made.new((part.size, 1)), part.shape)
        elif part.is_constant():
            new[name] = _row_by_row(Grid.fixed(np.asarray(part.value, dtype=np.float64).ravel(order="F")), part.shape)
    return replace(v, **new), place, np.concatenate(low)


def _row_by_row(flat: Grid, shape: tuple[int, ...]) -> Any:
    """The rows of a matrix of unknowns, which cvxpy has column by column, as vectors; a vector as it is."""
    if len(shape) < 2:
        return flat
    return tuple(flat[k::shape[0]] for k in range(shape[0]))


# ------------------------------------------------------------------ rows as arrays
@dataclass(frozen=True)
class Arrays:
    """1/2 x'Px + c'x with A x = b, G x <= h, low <= x <= high."""

    square: Floats
    """[n] diagonal of P."""
    cost: Floats
    equal: sp.csr_array
    equal_to: Floats
    below: sp.csr_array
    limit: Floats
    low: Floats
    high: Floats

    def free(self) -> tuple[Bools, Floats]:
        """(which unknowns matter and have room between their bounds, what the others are) [n]."""
        # interior-point methods need an interior: an unknown without room has none and is taken as a constant
        near = self.high - self.low < NO_ROOM
        held = np.clip(0.0, self.low, np.maximum(self.low, self.high))
        held[near] = (self.low[near] + self.high[near]) / 2
        acts = (self.cost != 0) | (self.square != 0)
        for matrix in (self.equal, self.below):
            acts[matrix.indices] = True
        return acts & ~near, held

    def kept(self, free: Bools, value: Floats) -> Arrays:
        """Without the unknowns that are not free: they have their values."""
        held = np.where(free, 0.0, value)
        return Arrays(self.square[free], self.cost[free], self.equal[:, free], self.equal_to - self.equal @ held,
                      self.below[:, free], self.limit - self.below @ held, self.low[free], self.high[free])


def arrays(rows: list[Rows], cost: Floats, square: Floats, low: Floats) -> Arrays:
    """Rows with one unknown become bounds."""
    # of rows matrix @ x + s = rhs: the solver's own form for s >= 0, and with its sign turned for s = 0
    (equal, equal_to), (below, limit) = (_together(rows, cone, low.size) for cone in ("zero", "nonneg"))
    low, high = low.copy(), np.full(low.size, np.inf)
    # a row with one unknown is a bound, which the solver treats without a row of its factorisation
    alone = np.diff(below.indptr) == 1
    # the sign of the coefficient says which side it bounds; several such rows of one unknown: the tightest
    single = below[alone]
    bound = limit[alone] / single.data
    np.maximum.at(low, single.indices[single.data < 0], bound[single.data < 0])
    np.minimum.at(high, single.indices[single.data > 0], bound[single.data > 0])
    return Arrays(square, cost, -equal, -equal_to, below[~alone], limit[~alone], low, high)


def _together(rows: list[Rows], cone: Cone, width: int) -> tuple[sp.csr_array, Floats]:
    """(matrix, right side) of all rows of one cone."""
    every = stacked(cone, [part for part in rows if part.cone == cone], width)
    matrix = every.matrix.matrix()
    # a stored 0 would make a row with one unknown look like one with two
    matrix.eliminate_zeros()
    return matrix, every.rhs


# ------------------------------------------------------------------ solvers
def _by_piqp(problem: Quadratic) -> Solved | None:
    """None where PIQP has no answer to its tolerances."""
    begun = time.perf_counter()
    v, place, low = as_columns(problem.v)
    stated, square = problem.rows(v), np.zeros(low.size)
    for name, weight in problem.squares.items():
        if name in place:
            square[place[name]] = 2 * weight
    cost, seldom = problem.usd(v).coefficients(low.size), problem.seldom or Seldom(frozenset())
    waiting = [part for part in stated if seldom.holds(part)]
    always = [part.rows(low.size) for part in stated if not seldom.holds(part)]
    written, asked = [part.rows(low.size) for part in waiting], [seldom.at_once(part) for part in waiting]
    matrices = [rows.matrix.matrix() for rows in written]
    compile_s, begun = time.perf_counter() - begun, time.perf_counter()
    for _ in range(ROUNDS):
        now = always + [rows.only(where) for rows, where in zip(written, asked, strict=True)]
        answer = _within_bounds(arrays(now, cost, square, low))
        if answer is None:
            return None
        broken = [(rows.rhs - matrix @ answer[0] < -BROKEN) & ~where
                  for rows, matrix, where in zip(written, matrices, asked, strict=True)]
        if not any(where.any() for where in broken):
            break
        # rows are only added, so an answer that breaks none of the rest is that of the whole problem
        asked = [before | where for before, where in zip(asked, broken, strict=True)]
    else:
        return None
    for part, where in zip(waiting, asked, strict=True):
        seldom.remember(part, where)
    for name, columns in place.items():
        unknown = getattr(problem.v, name)
        unknown.save_value(answer[0][columns].reshape(unknown.shape, order="F"))
    return Solved(_duals(stated, answer[1]), time.perf_counter() - begun, compile_s)


def _within_bounds(whole: Arrays) -> tuple[Floats, Floats] | None:
    """(x of all unknowns, duals of the equalities), or None."""
    # bounds that cross by more than rounding: no answer here; the other solver says so in its own words
    if np.any(whole.low > whole.high + ROUNDING):
        return None
    free, x = whole.free()
    answer = _piqp(whole.kept(free, x))
    if answer is None:
        return None
    x[free] = answer[0]
    return x, answer[1]


def _piqp(part: Arrays) -> tuple[Floats, Floats] | None:
    """(x, duals of the equalities), or None."""
    # rows whose unknowns were all taken out are checked here, since a solver would call 0 = 1e-12 infeasible
    used, bound = (np.diff(m.indptr) > 0 for m in (part.equal, part.below))
    if np.any(np.abs(part.equal_to[~used]) > ROUNDING) or np.any(part.limit[~bound] < -ROUNDING):
        return None
    solver = piqp.SparseSolver()
    for name, value in PIQP_SETTINGS.items():
        setattr(solver.settings, name, value)
    solver.setup(
        P=sp.csc_matrix(sp.diags_array(part.square)), c=part.cost, A=sp.csc_matrix(part.equal[used]),
        b=part.equal_to[used], G=sp.csc_matrix(part.below[bound]), h_u=part.limit[bound], x_l=part.low, x_u=part.high)
    if solver.solve() != piqp.PIQP_SOLVED:
        return None
    duals = np.zeros(part.equal_to.size)
    duals[used] = solver.result.y
    return np.array(solver.result.x), duals


def _duals(stated: list[Stated], values: Floats) -> dict[str, Floats]:
    equal = [part for part in stated if part.cone == "zero"]
    ends = np.cumsum([part.size for part in equal])[:-1]
    return {part.label: own for part, own in zip(equal, np.split(values, ends), strict=True)}


def _by_clarabel(problem: Quadratic) -> Solved:
    v, rows = problem.v, problem.rows(problem.v)
    squares = sum(weight @ cp.square(getattr(v, name)) for name, weight in problem.squares.items() if weight.size)
    stated = cp.Problem(cp.Minimize(problem.usd(v) + squares), rows)
    solve_by_clarabel(stated, problem.what)
    duals = {row.label: np.asarray(row.dual_value) for row in rows if isinstance(row, cp.constraints.Equality)}
    return Solved(duals, float(stated.solver_stats.solve_time or 0.0), float(stated.compilation_time or 0.0))


def solve_by_clarabel(stated: cp.Problem, what: str) -> None:
    """Interior point with tight tolerances; raises PlanError unless (nearly) optimal and feasible."""
    for tolerance in CLARABEL_TOLERANCES:
        _solve(stated, tolerance, what)
        if is_accurate(stated):
            break
    judge(stated, what)


def _solve(stated: cp.Problem, tolerance: float, what: str) -> None:
    # cvxpy warns of inaccuracy, and numpy where cvxpy squares what a solver that went astray left: judged afterwards
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", UserWarning)
        try:
            stated.solve(solver=cp.CLARABEL, **dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance))
        except cp.error.SolverError as failed:
            raise PlanError(f"{what}: {failed}") from failed


def is_accurate(stated: cp.Problem) -> bool:
    """Whether an answer keeps its limits well enough; one that a solver calls optimal does."""
    return stated.status == cp.OPTIMAL or (
        stated.status == cp.OPTIMAL_INACCURATE and _violation(stated) <= INACCURATE_MOST)


def judge(stated: cp.Problem, what: str) -> None:
    """Raises PlanError unless the problem has an answer, and one that keeps its limits."""
    if stated.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        raise PlanError(f"{what} is {stated.status}")
    if not is_accurate(stated):
        raise PlanError(f"{what} was solved so inaccurately that its limits are broken by {_violation(stated):.3g}")


def _violation(problem: cp.Problem) -> float:
    """By how much the answer breaks the constraint that it breaks most, in the constraint's own unit."""
    return max((float(np.max(row.violation())) for row in problem.constraints if row.size), default=0.0)
