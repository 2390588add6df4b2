"""The stage that decides which units run: a guess from a small problem, then the mixed-integer problem to its gap."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.port import PlanError
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.milp import NO_SEARCH, Answer, Milp, highs_options
from controllers.temporal.unit_commitment.problem import Case, merge_cohorts
from controllers.temporal.unit_commitment.stages import Commitment, collect, make_variables, value_of
from controllers.temporal.unit_commitment.variables import Variables
from models.records import Bools, Floats

FIRST_NODES = 3
"""Nodes after which the solver's own search for better answers is called in."""
NEAR_RELAXED = 0.01
"""A start further than this above the relaxed optimum is not good: the search is needed."""
NEAR_GAPS = 3
"""The same in gaps, where the gap asked is wide: cuts raise the bound by more than that."""
GUESS_NODES = 100
GUESS_BIN_H = 3
"""Cars of the guess leave every three hours."""
GUESS_TANGENTS = 4
TANGENT_PART = 0.1
"""Part of the gap that tangents may take up."""
CLEAR = 0.02
"""A relaxed unit is on or off if it is this near to it."""
BESIDE_H, BESIDE_SHORT_H, SHORT_H = 1, 2, 36
"""Hours left open before and after one in which a unit is neither; more up to a horizon of 36 h, being cheap."""


@dataclass(frozen=True)
class Guess:
    """A schedule to begin with; it need not be feasible for the problem itself."""

    schedule: Floats
    """[U*H] `u`, then `y` where rows are clusters."""
    relaxed_usd: float
    """Optimum of the small problem without whole numbers: at most that of the problem itself. NaN: not known."""
    solver_s: float = 0.0
    compile_s: float = 0.0


def commit(case: Case, gap: float, node_limit: int, without: Collection[str] = (), cycling: bool = True,
           tightening: bool = False) -> Commitment:
    """The mixed-integer problem with tangents; raises PlanError when nothing feasible was found.

    `tightening` adds the redundant constraints of eq.TIGHTENING.
    """
    guess = None
    if not (cycling and case.cycling_pays().any()):  # binaries of cars are not the guess's
        guess = guessed_schedule(case, gap, without, tightening)
    if guess is not None:
        case = with_enough_tangents(case, TANGENT_PART * gap * abs(guess.relaxed_usd))
    v, problem = _written(case, without, cycling, tightening)
    return solve_commitment(case, v, problem, gap, node_limit, () if guess is None else (guess,))


def with_enough_tangents(case: Case, error_usd: float) -> Case:
    """The case with so many tangents that together they stay within error_usd below the true curves, at most its own.

    Between two of k tangents, w MW apart, a curve c P^2 is at most c (w/2)^2 above them. Fewer tangents relax the
    problem: its bound holds as before.
    """
    units, (_, _, c) = case.knowledge.units, case.unit_curve()
    widest_usd = case.horizon_h * float((case.inherited.count * c * (units.p_max_mw - units.p_min_mw) ** 2).sum()) / 4
    enough = 1 + int(np.ceil(np.sqrt(widest_usd / max(error_usd, 1e-9)))) if widest_usd > 0 else 1
    tangents = min(case.knowledge.tangents, max(enough, GUESS_TANGENTS))
    return replace(case, knowledge=replace(case.knowledge, tangents=tangents))


def _written(case: Case, without: Collection[str], cycling: bool, tightening: bool) -> tuple[Variables, cp.Problem]:
    v, groups = make_variables(case, cycling), eq.EQUATIONS | (eq.TIGHTENING if tightening else {})
    return v, cp.Problem(cp.Minimize(eq.objective_usd(case, v)), collect(case, v, groups, without))


def solve_commitment(case: Case, v: Variables, problem: cp.Problem, gap: float, node_limit: int,
                     guesses: Sequence[Guess] = ()) -> Commitment:
    """A commitment problem on the unknowns `v`, whatever it minimises; raises PlanError as `commit`.

    The search begins with the best of the guesses that have an answer.
    """
    milp = Milp(problem)
    starts = [start for guess in guesses if (start := _from_guess(milp, _whole(case, v), guess)) is not None]
    start = min(starts, key=lambda known: known.value, default=None)
    answer, bound = _searched(milp, gap, node_limit, start)
    with warnings.catch_warnings():  # cvxpy's warning about limits: every caller judges the status itself
        warnings.simplefilter("ignore", UserWarning)
        milp.give(answer)
    if problem.status not in (cp.OPTIMAL, cp.USER_LIMIT) or v.u.value is None:
        raise PlanError(f"unit commitment is {problem.status}")
    if answer.x.size == 0:
        raise PlanError(f"unit commitment: no schedule found within {node_limit} nodes")
    value, shape = float(problem.value), (case.knowledge.units.count, case.horizon_h)
    return Commitment(
        u=np.rint(v.u.value).astype(np.int64).reshape(shape),
        direction=np.rint(value_of(v.direction)),
        starts=None if case.clusters is None else np.rint(v.y.value).astype(np.int64).reshape(shape),
        objective_usd=value, bound_usd=bound + value - answer.value,
        status="optimal" if answer.value - bound <= gap * abs(answer.value) + 1e-6 else "node_limit",
        solver_s=milp.seconds + sum(guess.solver_s for guess in guesses),
        compile_s=milp.compile_s + sum(guess.compile_s for guess in guesses))


def _searched(milp: Milp, gap: float, node_limit: int, start: Answer | None) -> tuple[Answer, float]:
    """(answer, bound): from a good start a few nodes without search often do."""
    near = max(NEAR_RELAXED, NEAR_GAPS * gap)
    if start is None or start.value - start.bound > near * abs(start.value):
        answer = milp.solve(highs_options(gap, node_limit), start=start)
        return answer, answer.bound
    first = milp.solve(highs_options(gap, min(FIRST_NODES, node_limit)) | NO_SEARCH, start=start)
    if first.is_within(gap):
        return first, first.bound
    answer = milp.solve(highs_options(gap, node_limit), start=first)
    return answer, max(first.bound, answer.bound)


# ------------------------------------------------------------------ the guess
def guessed_schedule(case: Case, gap: float, without: Collection[str] = (), tightening: bool = False) -> Guess | None:
    """From a problem with few cohorts and tangents, solved with clear-cut hours held; None if it has no answer."""
    small = coarse(case)
    return guess_of(small, *_written(small, without, False, tightening), gap)


def guess_of(small: Case, v: Variables, problem: cp.Problem, gap: float) -> Guess | None:
    """The guess that a problem on the unknowns `v` of a small case gives, whatever it minimises; or None."""
    milp, whole = Milp(problem), _whole(small, v)
    relaxed = milp.solve(highs_options(gap, 1), relaxed=True)
    if relaxed.x.size == 0:
        return None
    held = np.full(milp.size, np.nan)
    for variable in whole:
        at = milp.columns(variable)
        held[at] = _clear(relaxed.x[at], small.horizon_h)
    answer = milp.solve(highs_options(gap / 2, GUESS_NODES), held=held)
    if answer.x.size == 0:
        return None
    return Guess(np.concatenate([np.rint(answer.x[milp.columns(one)]) for one in whole]), relaxed.value,
                 milp.seconds, milp.compile_s)


def coarse(case: Case) -> Case:
    """Binned cohorts and few tangents."""
    binned = binned_cohorts(case)
    return replace(binned, knowledge=replace(binned.knowledge, tangents=min(GUESS_TANGENTS, case.knowledge.tangents)))


def binned_cohorts(case: Case) -> Case:
    """Cars of all districts in cohorts by group and three-hour bin of departure: a relaxation (merge_cohorts)."""
    rows, last = case.rows, case.horizon_h - 1
    binned = np.minimum(rows.departure_h // GUESS_BIN_H * GUESS_BIN_H + GUESS_BIN_H - 1, last)
    departure = np.where(rows.departure_h > last, rows.departure_h, binned)
    return replace(case, rows=merge_cohorts(replace(rows, departure_h=departure)))


def _whole(case: Case, v: Variables) -> list[cp.Variable]:
    return [v.u] if case.clusters is None else [v.u, v.y]


def _clear(x: Floats, horizon_h: int) -> Floats:
    """The nearest whole number where it and the hours beside it are near theirs, else NaN."""
    is_open: Bools = (np.abs(x - np.rint(x)) > CLEAR).reshape(-1, horizon_h)
    beside = is_open.copy()
    for hours in range(1, 1 + (BESIDE_SHORT_H if horizon_h <= SHORT_H else BESIDE_H)):
        beside[:, hours:] |= is_open[:, :-hours]
        beside[:, :-hours] |= is_open[:, hours:]
    return np.where(beside.ravel(), np.nan, np.rint(x))


def _from_guess(milp: Milp, whole: list[cp.Variable], guess: Guess) -> Answer | None:
    """The best answer of the problem itself with this schedule; None if it has none."""
    held, sizes = np.full(milp.size, np.nan), np.cumsum([one.size for one in whole])[:-1]
    for variable, values in zip(whole, np.split(guess.schedule, sizes), strict=True):
        held[milp.columns(variable)] = values
    answer = milp.solve(highs_options(0.0, 1), held=held, relaxed=True)
    if not answer.x.size:
        return None
    relaxed_usd = guess.relaxed_usd
    if np.isnan(relaxed_usd):
        relaxed_usd = milp.solve(highs_options(0.0, 1), relaxed=True).value
    return replace(answer, bound=relaxed_usd)
