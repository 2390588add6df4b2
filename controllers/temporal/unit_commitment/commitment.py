"""The stage that decides which units run: a guess from a small problem, then the mixed-integer problem to its gap."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.port import PlanError
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment.last_plan import held
from controllers.temporal.unit_commitment.milp import NO_SEARCH, Answer, Milp, highs_options
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case, merge_cohorts
from controllers.temporal.unit_commitment.stages import Commitment, collect, make_variables, value_of
from controllers.temporal.unit_commitment.variables import Variables
from models.records.arrays import Bools, Floats, Ints

FIRST_NODES = 3
"""Nodes after which the solver's own search for better answers is called in."""
NEAR_RELAXED = 0.01
"""A start further than this above the relaxed optimum is not good: the search is needed."""
NEAR_GAPS = 3
"""The same in gaps, where the gap asked is wide: cuts raise the bound by more than that."""
GUESS_NODES = 100
WIDE_GAP = 1e-3
"""From here on the solver's search by root reduced costs, its dearest, finds no guess that the others would not."""
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


def begin_with(u: Ints) -> Guess:
    """A commitment [U, H] that is at hand, whatever it costs."""
    return Guess(u.ravel().astype(np.float64), relaxed_usd=np.nan)


def commit(case: Case, gap: float, node_limit: int, without: Collection[str] = (), cycling: bool = True,
           tightening: bool = False, time_limit_s: float = math.inf) -> Commitment:
    """The mixed-integer problem with tangents; raises PlanError when nothing feasible was found.

    `tightening` adds the redundant constraints of eq.TIGHTENING; time_limit_s: of the guess, and of the problem itself.
    """
    rough = None
    # a coarse problem takes a fraction of the time and gives a start, and a bound that says how good it is
    if not (cycling and case.cycling_pays().any()):  # binaries of cars are not the guess's
        rough = roughly(case, gap, without, tightening, time_limit_s)
    if rough is not None:
        # tangents are rows per unit and hour: no more of them than the gap that was asked for can tell apart
        case = with_enough_tangents(case, TANGENT_PART * gap * abs(rough.relaxed_usd))
    v, problem = _written(case, without, cycling, tightening)
    guesses = () if rough is None else _guesses(case, rough)
    return solve_commitment(case, v, problem, gap, node_limit, guesses, time_limit_s)


def _guesses(case: Case, rough: Rough) -> Iterator[Guess]:
    """From the last plan if there is one; from nothing only if the search asks for more."""
    if case.view.last_committed.size:
        yield from rough.guess(held(case, rough.relaxed_schedule))
    yield from rough.guess(_clear(rough.relaxed_schedule, case.horizon_h))


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
    return v, cp.Problem(cp.Minimize(objective_usd(case, v)), collect(case, v, groups, without))


def solve_commitment(case: Case, v: Variables, problem: cp.Problem, gap: float, node_limit: int,
                     guesses: Iterable[Guess] = (), time_limit_s: float = math.inf) -> Commitment:
    """A commitment problem on the unknowns `v`, whatever it minimises; raises PlanError as `commit`.

    The search takes one guess after the other until one proves good enough.
    """
    milp, asked = Milp(problem, time_limit_s), list[Guess]()
    answer, bound = _searched(milp, gap, node_limit, _starts(milp, _whole(case, v), guesses, asked))
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
        solver_s=milp.seconds + sum(guess.solver_s for guess in asked),
        compile_s=milp.compile_s + sum(guess.compile_s for guess in asked))


def _starts(milp: Milp, whole: list[cp.Variable], guesses: Iterable[Guess], asked: list[Guess]) -> Iterator[Answer]:
    """Answers of the problem itself with the guesses' schedules; guesses that were asked for are put into `asked`."""
    for guess in guesses:
        asked.append(guess)
        start = _from_guess(milp, whole, guess)
        if start is not None:
            yield start


def _searched(milp: Milp, gap: float, node_limit: int, starts: Iterable[Answer]) -> tuple[Answer, float]:
    """(answer, bound): from a good start a few nodes without search often do; the best start begins a whole search."""
    near, best, bound = max(NEAR_RELAXED, NEAR_GAPS * gap), None, -np.inf
    for start in starts:
        # a worse start cannot begin a better search
        if best is not None and start.value >= best.value:
            continue
        best = start
        if start.value - start.bound > near * abs(start.value):
            continue
        # with a good start the bound is what is missing, and a few nodes raise it without the solver's own heuristics
        best = milp.solve(highs_options(gap, min(FIRST_NODES, node_limit)) | NO_SEARCH, start=start)
        bound = max(bound, best.bound)
        if replace(best, bound=bound).is_within(gap):
            return best, bound
    answer = milp.solve(highs_options(gap, node_limit), start=best)
    return answer, max(bound, answer.bound)


# ------------------------------------------------------------------ the guess
class Rough:
    """A small problem that stands for a case: what it costs without whole numbers, and a schedule if one is wanted."""

    def __init__(self, small: Case, v: Variables, problem: cp.Problem, gap: float,
                 time_limit_s: float = math.inf) -> None:
        self.milp, self.gap = Milp(problem, time_limit_s), gap
        self.whole = _whole(small, v)
        self.relaxed = self.milp.solve(highs_options(gap, 1), relaxed=True)
        self._told = np.zeros(2)

    @property
    def relaxed_usd(self) -> float:
        """At most what any schedule costs."""
        return self.relaxed.value

    @property
    def relaxed_schedule(self) -> Floats:
        """[U*H] `u`, then `y` where rows are clusters."""
        return np.concatenate([self.relaxed.x[self.milp.columns(part)] for part in self.whole])

    def guess(self, schedule: Floats) -> Iterator[Guess]:
        """The best schedule with that one held but where it is NaN; nothing if there is none.

        Its seconds are all that were spent here since the last guess.
        """
        known = np.full(self.milp.size, np.nan)
        sizes = np.cumsum([part.size for part in self.whole])[:-1]
        for variable, values in zip(self.whole, np.split(schedule, sizes), strict=True):
            known[self.milp.columns(variable)] = values
        search = {"mip_heuristic_run_root_reduced_cost": self.gap < WIDE_GAP}
        answer = self.milp.solve(highs_options(self.gap / 2, GUESS_NODES) | search, held=known)
        spent = np.array([self.milp.seconds, self.milp.compile_s])
        (solver_s, compile_s), self._told = spent - self._told, spent
        if answer.x.size:
            rounded = np.concatenate([np.rint(answer.x[self.milp.columns(part)]) for part in self.whole])
            yield Guess(rounded, self.relaxed_usd, float(solver_s), float(compile_s))


def roughly(case: Case, gap: float, without: Collection[str] = (), tightening: bool = False,
            time_limit_s: float = math.inf) -> Rough | None:
    """The problem with few cohorts and tangents; None if it has no answer."""
    small = coarse(case)
    rough = Rough(small, *_written(small, without, False, tightening), gap, time_limit_s)
    return rough if rough.relaxed.x.size else None


def guessed_schedule(case: Case, gap: float) -> Guess | None:
    """A schedule from few cohorts and tangents, for a problem that is not this file's; None if there is none."""
    small = coarse(case)
    return guess_of(small, *_written(small, (), False, False), gap)


def guess_of(small: Case, v: Variables, problem: cp.Problem, gap: float) -> Guess | None:
    """The guess that a problem on the unknowns `v` of a small case gives, whatever it minimises; or None."""
    rough = Rough(small, v, problem, gap)
    if rough.relaxed.x.size == 0:
        return None
    return next(rough.guess(_clear(rough.relaxed_schedule, small.horizon_h)), None)


def coarse(case: Case) -> Case:
    """Binned cohorts and few tangents."""
    binned = binned_cohorts(case, relaxed=False)
    return replace(binned, knowledge=replace(binned.knowledge, tangents=min(GUESS_TANGENTS, case.knowledge.tangents)))


def binned_cohorts(case: Case, relaxed: bool = True) -> Case:
    """Cars of all districts in cohorts by group and three-hour bin of departure: a relaxation (merge_cohorts).

    Cohorts of short stays are left as they are: what they cannot spread over an hour is lost in bins.
    """
    rows, last = case.rows, case.horizon_h - 1
    binned = np.minimum(rows.departure_h // GUESS_BIN_H * GUESS_BIN_H + GUESS_BIN_H - 1, last)
    # a stay within one bin would be merged with stays that do not overlap it
    is_short = np.bincount(rows.cohort, minlength=rows.count) <= GUESS_BIN_H
    departure = np.where((rows.departure_h > last) | is_short, rows.departure_h, binned)
    return replace(case, rows=merge_cohorts(replace(rows, departure_h=departure), relaxed))


def _whole(case: Case, v: Variables) -> list[cp.Variable]:
    return [v.u] if case.clusters is None else [v.u, v.y]


def _clear(x: Floats, horizon_h: int) -> Floats:
    """The nearest whole number where it and the hours beside it are near theirs, else NaN."""
    is_open: Bools = (np.abs(x - np.rint(x)) > CLEAR).reshape(-1, horizon_h)
    beside = is_open.copy()
    for hours in range(1, 1 + (BESIDE_SHORT_H if horizon_h <= SHORT_H else BESIDE_H)):
        # a fractional hour usually means that a start or stop may move by an hour: its neighbours are left open too
        beside[:, hours:] |= is_open[:, :-hours]
        beside[:, :-hours] |= is_open[:, hours:]
    return np.where(beside.ravel(), np.nan, np.rint(x))


def _from_guess(milp: Milp, whole: list[cp.Variable], guess: Guess) -> Answer | None:
    """The best answer of the problem itself with this schedule; None if it has none."""
    held, sizes = np.full(milp.size, np.nan), np.cumsum([part.size for part in whole])[:-1]
    for variable, values in zip(whole, np.split(guess.schedule, sizes), strict=True):
        held[milp.columns(variable)] = values
    answer = milp.solve(highs_options(0.0, 1), held=held, relaxed=True)
    if not answer.x.size:
        return None
    relaxed_usd = guess.relaxed_usd
    if np.isnan(relaxed_usd):
        # without a bound from the guess's own problem a start could not be called good
        relaxed_usd = milp.solve(highs_options(0.0, 1), relaxed=True).value
    return replace(answer, bound=relaxed_usd)
