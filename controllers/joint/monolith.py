"""The joint problem: commitment, dispatch, cohorts and every feeder's branch flow in one.

With the commitment fixed it is a convex cone problem with true quadratic costs (`cone_answer`). With it free, cones
are touched from outside by tangents at the power flows met on the way (outer approximation), costs by tangents too,
and HiGHS proves a bound on the mixed-integer problem: a relaxation, so the bound holds for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.joint import equations as jeq
from controllers.joint.equations import Exchange, Prices, Tangents
from controllers.joint.network import AcFlow, Network, NoPowerFlow
from controllers.joint.operation import Operation, redispatch, solve_cone
from controllers.port import PlanError
from controllers.spatial.branch_flow import equations as bf
from controllers.temporal.unit_commitment import equations as uc
from controllers.temporal.unit_commitment.equations import Variables
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import (
    entry_powers,
    fix_commitment,
    highs_options,
    make_variables,
    solve_quietly,
)
from models.records import Floats, Ints

ANGLES = np.arctan2(1.0, np.array([0.3, 1.0, 1.5, 2.0, 3.0, 5.0]))
"""First tangents of the substation's circle: cos phi of IEEE-33 lies about atan(0.6); more come from the answers."""
CONE_TOLERANCE = 0.02
"""Largest share of a feeder-hour's losses that the tangents may miss when the rounds end; the incumbent's cones are
exact whatever the tangents miss, only the bound suffers: 2 % of one hour's losses are some cents (C)."""
TOUCHED_AGAIN = 1e-4
"""A cone is touched again where it misses more than this share of the feeder-hour's losses over the number of buses."""
Say = Callable[[str], None]


def silent(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Pieces:
    """A problem and what is read from its answer."""

    problem: cp.Problem
    v: Variables
    exchange: Exchange
    flows: tuple[bf.Flow, ...]


@dataclass(frozen=True)
class JointAnswer:
    """The joint problem's proof and its best plan."""

    bound_usd: float
    """No plan costs less: proven, up to the solver's tolerance."""
    operation: Operation
    """The incumbent, judged like any plan."""
    gap_rel: float
    rounds: int
    """Mixed-integer problems solved."""
    cone_error_rel: float
    """Losses that the last tangents missed, relative to AC."""
    seconds: float


@dataclass(frozen=True)
class Cuts:
    """Tangents of all feeders so far."""

    cones: tuple[Tangents, ...]
    angles: tuple[Floats, ...]


# ------------------------------------------------------------------ building
def build(case: Case, networks: dict[int, Network], prices: Prices, schedule: Ints | None, cuts: Cuts | None,
          relaxed: bool = False) -> Pieces:
    """`schedule` [U, H] fixes the commitment; `cuts` None keeps the cones; `relaxed` lets units be on in part."""
    v = make_variables(case, cycling=False)
    hours = case.horizon_h
    flows = tuple(bf.flow_variables(net.feeder.bus_count - 1, hours) for net in networks.values())
    losses = tuple(net.feeder.r_pu[1:] @ flow.l for net, flow in zip(networks.values(), flows, strict=True))
    overload = tuple(cp.Variable(hours, nonneg=True) for _ in networks)
    exchange = Exchange(cp.Variable(hours, nonneg=True), cp.Variable(hours, nonneg=True), losses, overload)
    v = jeq.j2_balance(v, networks, exchange)
    if schedule is not None and cuts is None:
        v = fix_commitment(case, v, schedule, np.zeros(0))
    elif relaxed:
        v = replace(v, u=cp.Variable(v.u.shape))
    constraints = jeq.upper(case, v, frozenset(), fixed=schedule is not None and cuts is None)
    if relaxed:
        constraints += [v.u >= 0, v.u <= 1]
    elif schedule is not None and cuts is not None:
        constraints.append(v.u == schedule.ravel())
    for i, (district, net) in enumerate(networks.items()):
        y, at_places = jeq.j1_place_power(case, v, district, net)
        constraints.append(at_places)
        own = None if cuts is None else (cuts.cones[i], cuts.angles[i])
        constraints += jeq.labelled(jeq.feeder(net, flows[i], y, overload[i], own), net.name)
    cost = uc.objective_usd(case, v) + exchange.cost_usd(prices)
    return Pieces(cp.Problem(cp.Minimize(cost), constraints), v, exchange, flows)


# ------------------------------------------------------------------ commitment fixed: the true cones
def cone_answer(case: Case, networks: dict[int, Network], prices: Prices, schedule: Ints) -> tuple[float, Floats, Floats]:
    """(optimal value in $, Pc [E], Pd [E]) at a given commitment, cones and quadratic costs as they are."""
    pieces = build(case, networks, prices, schedule, None)
    solve_cone(pieces.problem, "the joint problem at a fixed commitment")
    return float(pieces.problem.value), *entry_powers(case, pieces.v)


def tangent_value(case: Case, networks: dict[int, Network], prices: Prices, schedule: Ints, cuts: Cuts) -> float:
    """Optimal value in $ at a given commitment with the cones and costs replaced by tangents."""
    pieces = build(case, networks, prices, schedule, cuts)
    solve_linear(pieces.problem, "the tangent problem at a fixed commitment")
    return float(pieces.problem.value)


def solve_linear(problem: cp.Problem, what: str) -> None:
    """HiGHS, one thread; raises PlanError unless optimal."""
    solve_quietly(problem, cp.HIGHS, {"threads": 1, "random_seed": 0})
    if problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        raise PlanError(f"{what} is {problem.status}")


# ------------------------------------------------------------------ tangents
def no_cuts(networks: dict[int, Network]) -> Cuts:
    """Cones touched where no car acts, and at the substation's usual angles."""
    cuts = Cuts(tuple(Tangents.none() for _ in networks), tuple(ANGLES for _ in networks))
    still = [np.zeros((net.place_count, net.horizon_h)) for net in networks.values()]
    return touched(cuts, networks, still, every=True)[0]


def touched(cuts: Cuts, networks: dict[int, Network], powers: list[Floats], every: bool = False,
            claimed: list[Floats] | None = None) -> tuple[Cuts, float]:
    """Cuts with tangents at the AC flows of the powers y; and the largest share of losses that was missed.

    Without `every` only lines are touched whose claimed |I|^2 misses more than the tolerance of the feeder's losses.
    """
    cones, angles, worst = list(cuts.cones), list(cuts.angles), 0.0
    for i, (net, y) in enumerate(zip(networks.values(), powers, strict=True)):
        try:
            flow = net.flow(y)
        except NoPowerFlow:
            flow = net.flow(0.5 * y)
        total = np.maximum(flow.losses_mw(net.feeder), 1e-6)
        short = np.full(flow.p.shape, np.inf)
        if not every and claimed is not None:
            lost = net.feeder.r_pu[1:, None] * (flow.current2 - claimed[i]) / total
            short, worst = lost, max(worst, float(np.maximum(lost, 0.0).sum(axis=0).max()))
        cones[i] = cones[i].and_also(tangents_at(flow, short > TOUCHED_AGAIN / net.feeder.bus_count))
        angles[i] = np.unique(np.round(np.concatenate([angles[i], substation_angles(net, flow)]), 3))
    return Cuts(tuple(cones), tuple(angles)), worst


def tangents_at(flow: AcFlow, chosen: np.ndarray) -> Tangents:
    """The cones of the chosen [L, H] lines touched at this flow."""
    line, hour = np.nonzero(chosen)
    return Tangents(line, hour, flow.p[line, hour], flow.q[line, hour], flow.v_parent[line, hour])


def substation_angles(net: Network, flow: AcFlow) -> Floats:
    """Angles of S at the substation in hours within 5 % of its rating."""
    from_slack = net.feeder.parent[1:] == 0
    p, q = flow.p[from_slack].sum(axis=0), flow.q[from_slack].sum(axis=0)
    near = np.hypot(p, q) * 1e3 > 0.95 * net.feeder.transformer_kva[0]
    return np.asarray(np.arctan2(q[near], p[near]))


# ------------------------------------------------------------------ the whole
def solve_joint(case: Case, networks: dict[int, Network], start: Ints, prices: Prices | None = None,
                gap: float = 5e-4, node_limit: int = 3_000, most_rounds: int = 3, say: Say = silent) -> JointAnswer:
    """Bound and incumbent; `start` [U, H] is the commitment whose powers are the first to be touched.

    Cones are first touched where no car acts, at the best powers of `start`, and at those of the relaxation with
    units on in part (a cone problem); then each round proves a bound, judges its schedule and touches its powers.
    Ends when bound and incumbent are within twice the gap and the tangents miss next to nothing.
    Raises PlanError when a problem has no answer.
    """
    prices, began = prices or Prices(), time.process_time()
    best = judged(case, networks, prices, start, say)
    first = [powers_of(case, networks, best.dispatch.pc_mw, best.dispatch.pd_mw)]
    loose = build(case, networks, prices, None, None, relaxed=True)
    solve_cone(loose.problem, "the joint relaxation")
    first.append(powers_of(case, networks, *entry_powers(case, loose.v)))
    cuts = no_cuts(networks)
    for powers in first:
        cuts, _ = touched(cuts, networks, powers, every=True)
    bound, error, rounds = -np.inf, 1.0, 0
    while rounds < most_rounds:
        pieces = build(case, networks, prices, None, cuts)
        bound = max(bound, solve_mixed(pieces, gap, node_limit))
        cuts, error = again(case, networks, cuts, pieces)
        rounds += 1
        u = np.rint(pieces.v.u.value).astype(np.int64).reshape(start.shape)
        found = judged(case, networks, prices, u, say)
        best = min(best, found, key=lambda o: o.j_usd)
        say(f"round {rounds}: bound {bound:.2f}, this {found.j_usd:.2f}, best {best.j_usd:.2f} $, "
            f"tangents miss {error:.2e} of losses; {time.process_time() - began:.0f} s")
        if best.j_usd - bound <= 2 * gap * abs(best.j_usd) and error <= CONE_TOLERANCE:
            break
    relative = max(best.j_usd - bound, 0.0) / max(abs(best.j_usd), 1e-9)
    return JointAnswer(bound, best, relative, rounds, error, time.process_time() - began)


def judged(case: Case, networks: dict[int, Network], prices: Prices, schedule: Ints, say: Say = silent) -> Operation:
    """The best operation of a schedule: cones solved exactly, then judged by AC and re-dispatch like any plan."""
    value, pc, pd = cone_answer(case, networks, prices, schedule)
    found = redispatch(case, networks, schedule, pc, pd, prices)
    say(f"schedule: cones {value:.2f} $, by AC {found.j_usd:.2f} $, overload {found.overload_mw.max():.1e} MW")
    return found


def powers_of(case: Case, networks: dict[int, Network], pc: Floats, pd: Floats) -> list[Floats]:
    """y [C, H] of every feeder."""
    return [jeq.place_power_mw(case, district, net, pc, pd) for district, net in networks.items()]


def again(case: Case, networks: dict[int, Network], cuts: Cuts, pieces: Pieces) -> tuple[Cuts, float]:
    """Tangents at the answer's powers."""
    pc, pd = entry_powers(case, pieces.v)
    claimed = [np.asarray(flow.l.value) for flow in pieces.flows]
    return touched(cuts, networks, powers_of(case, networks, pc, pd), claimed=claimed)


def solve_mixed(pieces: Pieces, gap: float, node_limit: int) -> float:
    """Solve the mixed-integer problem; its proven bound in $."""
    problem = pieces.problem
    solve_quietly(problem, cp.HIGHS, highs_options(gap, node_limit))
    if problem.status not in (cp.OPTIMAL, cp.USER_LIMIT) or pieces.v.u.value is None:
        raise PlanError(f"the joint commitment is {problem.status}")
    info = problem.solver_stats.extra_stats
    return float(info.mip_dual_bound + problem.value - info.objective_function_value)

