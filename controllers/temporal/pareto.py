"""Pareto fronts of two objectives of the upper layer: augmented epsilon-constraint (AUGMECON's idea).

Minimise F_first + tie (F_second + the other two) subject to F_second <= epsilon, on one planning problem. Any
positive tie makes an exact answer non-dominated; here the MILP gap is what limits that, so each point carries its
own bound and gap, and what is dominated all the same is taken out. Money in each objective's own $
(docs/model.md 2.4); shortfall of reserve and the terminal value count in every solve, as constraints with a price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.port import PlanError
from controllers.temporal.unit_commitment import equations as eq
from controllers.temporal.unit_commitment import objective as of
from controllers.temporal.unit_commitment.accounts import Accounts, account
from controllers.temporal.unit_commitment.commitment import (
    TANGENT_PART,
    Guess,
    begin_with,
    binned_cohorts,
    coarse,
    guess_of,
    solve_commitment,
    with_enough_tangents,
)
from controllers.temporal.unit_commitment.equations import Variables
from controllers.temporal.unit_commitment.problem import Case, merge_cohorts
from controllers.temporal.unit_commitment.quadratic import solve_by_clarabel
from controllers.temporal.unit_commitment.stages import (
    Commitment,
    Dispatch,
    collect,
    entry_powers,
    fix_commitment,
    make_variables,
)
from controllers.temporal.unit_commitment.units.curves import cost_tangents
from models.records.arrays import Bools, Floats, Ints
from models.records.objective import Objective

ObjectiveName = str
"""One of OBJECTIVES."""
OBJECTIVES: tuple[ObjectiveName, ...] = Objective().names
CYCLED_MW = 1e-3
"""Below it a cohort does not count as charging and discharging at once."""
CYCLING_ROUNDS = 3
ACCEPTED_GAP_FACTOR = 2.0
"""An answer from few cohorts within this multiple of the gap asked stands; otherwise a fuller problem is solved."""
CENT_USD = 0.01
"""Differences below it are rounding of the solvers."""
Costs = dict[ObjectiveName, float]
Terms = dict[ObjectiveName, cp.Expression]


@dataclass(frozen=True)
class FrontSettings:
    """How a front is computed."""

    points: int = 9
    """Solves along the front, both ends included; dominated answers are taken out afterwards."""
    mip_gap: float = 1e-3
    node_limit: int = 3_000
    tie: float = 1e-3
    """$ of F_first that a $ of any other objective is worth (A); small, but above 0."""

    def __post_init__(self) -> None:
        wrong = [text for bad, text in (
            (self.points < 2, f"points={self.points} must be at least 2, the two ends"),
            (not 0 < self.tie < 1, f"tie={self.tie:g} must lie between 0 and 1"),
            (not 0 < self.mip_gap < 1, f"mip_gap={self.mip_gap:g} must lie between 0 and 1")) if bad]
        if wrong:
            raise ValueError("; ".join(wrong))


@dataclass(frozen=True)
class Point:
    """One schedule of the front with its true costs over the horizon."""

    minimises: ObjectiveName
    """F_first; the second at its own end."""
    epsilon_usd: float
    """Limit put on the second objective; infinite at the first one's own end."""
    costs_usd: Costs
    """The four objectives, unweighted; owners with tariffs only where the objective counts them."""
    carbon_t: float
    reserve_shortfall_usd: float
    minimised_usd: float
    """The one minimised + ties + shortfall - terminal value, with the true quadratic curves."""
    milp_usd: float
    """The same in the MILP, with tangents."""
    bound_usd: float
    """No schedule within epsilon costs less than this."""
    gap_rel: float
    """(minimised - bound) / |minimised|"""
    cycled_mwh: float
    """Energy that cohorts charge and discharge at once where that pays only by wasting it; 0 unless rounds ran out."""
    status: str
    committed: Ints
    """[U, H]"""


@dataclass(frozen=True)
class Front:
    """Points that no other answer dominates, by rising first objective, and those that were taken out."""

    first: ObjectiveName
    second: ObjectiveName
    points: tuple[Point, ...]
    dominated: tuple[Point, ...]


def pareto_front(case: Case, first: ObjectiveName, second: ObjectiveName, settings: FrontSettings | None = None,
                 told: Callable[[Point], None] = lambda _: None) -> Front:
    """The front of two different objectives on `case`; its weights do not matter. `told` hears of each point.

    Both ends first: the least F_first, and the least F_second, whose value is the smallest epsilon; then
    F_first under settings.points - 1 epsilons, evenly down to that one. Both ends count as answers.
    Raises ValueError for equal names, PlanError without any schedule.
    """
    if unknown := {first, second} - set(OBJECTIVES):
        raise ValueError(f"no objective {', '.join(sorted(unknown))}; there are {', '.join(OBJECTIVES)}")
    if first == second:
        raise ValueError(f"a front needs two different objectives, got {first} twice")
    chosen = settings or FrontSettings()
    solve = _Solver(unweighted(case), chosen)
    points = [solve.point(first, second, np.inf)]
    told(points[0])
    points.append(least := solve.point(second, first, np.inf))
    told(least)
    solve.fallback = [begin_with(least.committed)]
    for epsilon in epsilons(points[0].costs_usd[second], least.costs_usd[second], chosen.points):
        points.append(solve.point(first, second, float(epsilon)))
        told(points[-1])
    return front_of(first, second, points)


def front_of(first: ObjectiveName, second: ObjectiveName, solved: Sequence[Point]) -> Front:
    """Answers, those that another one dominates apart."""
    kept = non_dominated([(p.costs_usd[first], p.costs_usd[second]) for p in solved])
    points = sorted((solved[i] for i in kept), key=lambda p: (p.costs_usd[first], p.costs_usd[second]))
    return Front(first, second, tuple(points), tuple(p for i, p in enumerate(solved) if i not in kept))


def epsilons(most: float, least: float, points: int) -> Floats:
    """[points - 1] limits from `most` (exclusive) down to `least` (inclusive); none where there is no conflict."""
    return np.linspace(most, least, points)[1:] if most > least + CENT_USD else np.zeros(0)


def non_dominated(pairs: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Places of the pairs [$] that no other equals or betters in both and betters in one; of equals the first.

    Judged to the cent.
    """
    values = np.round(np.asarray(pairs, dtype=np.float64).reshape(-1, 2) / CENT_USD)
    # [i, j]: j betters i; below the diagonal a twin that came before counts as better, so that one of equals stays
    better = (values[None] <= values[:, None]).all(axis=2) & (values[None] < values[:, None]).any(axis=2)
    twin = np.tril((values[None] == values[:, None]).all(axis=2), -1)
    return tuple(int(i) for i in np.flatnonzero(~(better | twin).any(axis=1)))


# ------------------------------------------------------------------ objectives apart
def unweighted(case: Case) -> Case:
    """The case with F1, F2 and F3 at weight 1; F4 is kept apart as tons, so that fuel stands alone in `cost`."""
    return replace(case, knowledge=replace(case.knowledge, objective=Objective(carbon=0.0)))


def _tons_case(case: Case) -> Case:
    """The same units with emissions as the only cost."""
    only = Objective(operating=0.0, owners=0.0, curtailment=0.0)
    return replace(case, knowledge=replace(case.knowledge, objective=only, carbon_price_usd_per_t=1.0))


def _terms(case: Case, v: Variables, tons: cp.Expression) -> Terms:
    """F1..F4 of an unweighted case in $; tons [U*H]."""
    terms = {name: of.PLANNED[name](case, v) for name in OBJECTIVES}
    return terms | {"operating": cp.sum(v.cost) + terms["operating"], "carbon": _usd_per_t(case) * cp.sum(tons)}


def _usd_per_t(case: Case) -> float:
    """The carbon price; 1 where it is 0, so that the front still has an axis."""
    return case.knowledge.carbon_price_usd_per_t or 1.0


def _under_tangents(case: Case, v: Variables) -> tuple[Terms, eq.Constraints]:
    """F1..F4 with fresh variables above the tangents of fuel and emissions, and these tangents."""
    fuel, emitted = (replace(v, cost=cp.Variable(v.p.size)) for _ in range(2))
    bounds = cost_tangents(case, fuel) + cost_tangents(_tons_case(case), emitted)
    return _terms(case, fuel, emitted.cost), bounds


def _true_tons(case: Case, v: Variables) -> cp.Expression:
    a, b, c = (np.repeat(k, case.horizon_h) for k in _tons_case(case).unit_curve())
    return cp.multiply(a, v.u) + cp.multiply(b, v.p) + cp.multiply(c, cp.square(v.p))


def costs_of(case: Case, money: Accounts, powers: Dispatch) -> Costs:
    """The four objectives as a front counts them: the owners' with tariffs only where the case counts tariffs."""
    charge, discharge = of.entry_prices(case)
    return {"operating": money.operating_usd, "owners": float(charge @ powers.pc_mw + discharge @ powers.pd_mw),
            "curtailment": money.curtailment_usd, "carbon": _usd_per_t(case) * money.carbon_t}


# ------------------------------------------------------------------ one point
class _Solver:
    """Points of one unweighted case: MILP on few cohorts, then powers of all cohorts."""

    def __init__(self, case: Case, settings: FrontSettings) -> None:
        self.case, self.settings = case, settings
        self.relaxed = (binned_cohorts(case), replace(case, rows=merge_cohorts(case.rows)))
        """The smallest first; every bound of theirs holds for the case."""
        self.known: list[Guess] = []
        """The latest schedule: neighbours on a front differ in few hours."""
        self.fallback: list[Guess] = []
        """A schedule that keeps every epsilon, be it dear: where few do, the search may not find any by itself."""

    def point(self, first: ObjectiveName, second: ObjectiveName, epsilon: float) -> Point:
        """The answer; cohorts that waste energy by cycling are told apart by binaries and solved again."""
        aim, cycling = _Aim(first, second, epsilon, self.settings.tie), np.asarray(self.case.cycling_pays())
        for _ in range(CYCLING_ROUNDS):
            commitment, powers, wasted = self._answer(aim, np.flatnonzero(cycling))
            if not wasted.any():
                break
            cycling |= wasted
        return _measured(self.case, aim, commitment, powers, wasted)

    def _answer(self, aim: _Aim, cycling_at: Ints) -> tuple[Commitment, Dispatch, Bools]:
        """By the smallest problem with a schedule that all cohorts can follow within epsilon, near enough its bound."""
        bound_usd = -np.inf
        for mixed in self.relaxed if cycling_at.size == 0 else ():
            try:
                commitment, powers, wasted = self._answer_from(mixed, aim, cycling_at)
            except PlanError:  # a relaxed schedule may be too optimistic: a fuller problem decides
                continue
            bound_usd = max(bound_usd, commitment.bound_usd)
            allowed = ACCEPTED_GAP_FACTOR * self.settings.mip_gap * abs(powers.objective_usd) + CENT_USD
            if powers.objective_usd - bound_usd <= allowed:
                return replace(commitment, bound_usd=bound_usd), powers, wasted
        commitment, powers, wasted = self._answer_from(self.case, aim, cycling_at)
        return replace(commitment, bound_usd=max(bound_usd, commitment.bound_usd)), powers, wasted

    def _answer_from(self, mixed: Case, aim: _Aim, cycling_at: Ints) -> tuple[Commitment, Dispatch, Bools]:
        commitment = commit_to(mixed, aim, self.settings, cycling_at, [*self.known, *self.fallback],
                               all_tangents=mixed is self.case)
        powers, wasted = dispatch_to(self.case, aim, commitment, cycling_at)
        self.known = [begin_with(commitment.u)]
        return commitment, powers, wasted


@dataclass(frozen=True)
class _Aim:
    """What one solve minimises and what it must keep."""

    first: ObjectiveName
    second: ObjectiveName
    epsilon: float
    tie: float

    def minimised(self, terms: Terms) -> cp.Expression:
        """F_first + tie x the others."""
        return terms[self.first] + self.tie * sum(terms[name] for name in OBJECTIVES if name != self.first)

    def kept(self, terms: Terms) -> eq.Constraints:
        """(P1) F_second <= epsilon, scaled to numbers near 1."""
        if not np.isfinite(self.epsilon):
            return []
        scale = max(abs(self.epsilon), 1.0)
        return [(terms[self.second] / scale <= self.epsilon / scale + 1e-9).set_label("epsilon")]


def _priced(case: Case, v: Variables) -> cp.Expression:
    """Counted in every solve whatever the objectives."""
    return eq.shortfall_usd(case, v) - of.terminal_value_usd(case, v)


def _with_directions(v: Variables, at: Ints) -> Variables:
    """Binaries against cycling in the entries `at` alone."""
    direction = cp.Variable(at.size, boolean=True) if at.size else cp.Constant(np.zeros(0))
    return replace(v, cycling_at=at, direction=direction)


def commit_to(case: Case, aim: _Aim, settings: FrontSettings, cycling_at: Ints, known: Sequence[Guess] = (),
              all_tangents: bool = False) -> Commitment:
    """The MILP with all equations of the plan, under another objective and F_second <= epsilon.

    It begins with the best of the known schedules and, without binaries of cars, one from a small problem.
    """
    small = _guess(case, aim, settings.mip_gap) if cycling_at.size == 0 else None
    if small is not None and not all_tangents:
        case = with_enough_tangents(case, TANGENT_PART * settings.mip_gap * abs(small.relaxed_usd))
    v, problem = _aimed(case, aim, cycling_at)
    return solve_commitment(case, v, problem, settings.mip_gap, settings.node_limit,
                            [*known, *([] if small is None else [small])])


def _aimed(case: Case, aim: _Aim, cycling_at: Ints) -> tuple[Variables, cp.Problem]:
    v = _with_directions(make_variables(case, cycling=False), cycling_at)
    terms, tangents = _under_tangents(case, v)
    constraints = [*collect(case, v, eq.EQUATIONS, ("cost_tangents",)), *tangents, *aim.kept(terms)]
    return v, cp.Problem(cp.Minimize(aim.minimised(terms) + _priced(case, v)), constraints)


def _guess(case: Case, aim: _Aim, gap: float) -> Guess | None:
    """A schedule to begin with, from few cohorts and tangents under the same aim."""
    small = coarse(case)
    return guess_of(small, *_aimed(small, aim, np.zeros(0, dtype=np.int64)), gap)


def dispatch_to(case: Case, aim: _Aim, commitment: Commitment, cycling_at: Ints) -> tuple[Dispatch, Bools]:
    """Powers at the fixed commitment with true curves, and [E] True where a cohort wastes energy by cycling.

    F_second keeps its tangents in the constraint: the MILP's own answer stays feasible.
    """
    u = commitment.u
    free = _with_directions(make_variables(case, cycling=False), cycling_at)
    v = fix_commitment(case, free, u, commitment.direction)
    under, tangents = _under_tangents(case, v)
    constraints = [*collect(case, v, eq.DISPATCH | eq.COHORTS, ()), *tangents, *aim.kept(under)]
    minimised = aim.minimised(_terms(case, v, _true_tons(case, v))) + _priced(case, v)
    problem = cp.Problem(cp.Minimize(minimised), constraints)
    solve_by_clarabel(problem, f"dispatch with {aim.second} at most {aim.epsilon:g} $")
    powers = _powers(case, v, problem, u)
    return powers, _wasteful(case, aim, constraints, powers)


def _powers(case: Case, v: Variables, problem: cp.Problem, u: Ints) -> Dispatch:
    rows = case.rows
    pc, pd = entry_powers(case, v)
    balance = next(c for c in problem.constraints if c.label == "balance[0]")
    return Dispatch(
        p_mw=np.asarray(v.p.value).reshape(u.shape) * u, wind_cut_mw=np.maximum(v.wind_cut.value, 0.0),
        pv_cut_mw=np.maximum(v.pv_cut.value, 0.0),
        price_usd_per_mwh=-np.asarray(balance.dual_value), pc_mw=pc, pd_mw=pd,
        x_mwh=np.asarray(v.x.value) * rows.x_scale_mwh if rows.entries else np.zeros(0),
        objective_usd=float(problem.value), solver_s=float(problem.solver_stats.solve_time or 0.0),
        compile_s=float(problem.compilation_time or 0.0))


def _wasteful(case: Case, aim: _Aim, constraints: eq.Constraints, powers: Dispatch) -> Bools:
    """[E] cohorts that charge and discharge at once where that pays by itself: by docs/model.md 3.11, at the
    answer's own hourly price, F2 weighted with the shadow price of epsilon where F2 is the second objective."""
    rows = case.rows
    shadow = next((float(c.dual_value) / max(abs(aim.epsilon), 1.0) for c in constraints if c.label == "epsilon"), 0.0)
    weight = 1.0 if aim.first == "owners" else aim.tie + shadow * (aim.second == "owners")
    charge, discharge = of.entry_prices(case)
    both_ways = (rows.eta_charge * rows.eta_discharge)[rows.cohort]
    gain = -weight * (both_ways * discharge + charge)
    loss = powers.price_usd_per_mwh[rows.hour] * (1 - both_ways)
    does_both = np.minimum(powers.pc_mw, powers.pd_mw) > CYCLED_MW
    return np.asarray(does_both & (gain > loss + 1e-9))


def _measured(case: Case, aim: _Aim, commitment: Commitment, powers: Dispatch, wasted: Bools) -> Point:
    """True costs of the answer beside the MILP's value and bound."""
    money = account(case, commitment.u, powers)
    costs = costs_of(case, money, powers)
    gap = (powers.objective_usd - commitment.bound_usd) / max(abs(powers.objective_usd), 1e-9)
    return Point(
        minimises=aim.first, epsilon_usd=aim.epsilon, costs_usd=costs, carbon_t=money.carbon_t,
        reserve_shortfall_usd=float(money.reserve.usd.sum()),
        minimised_usd=powers.objective_usd, milp_usd=commitment.objective_usd, bound_usd=commitment.bound_usd,
        gap_rel=max(gap, 0.0), cycled_mwh=float(np.minimum(powers.pc_mw, powers.pd_mw)[wasted].sum()),
        status=commitment.status, committed=commitment.u)
