"""The joint problem: commitment, dispatch, cohorts and every feeder's branch flow in one.

With the commitment fixed it is a convex cone problem with true quadratic costs (`cone_answer`). With it free, cones
are touched from outside by tangents at the power flows met on the way (outer approximation), costs by tangents too,
and HiGHS proves a bound on the mixed-integer problem: a relaxation, so the bound holds for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import cvxpy as cp
import numpy as np

from controllers.joint import equations as jeq
from controllers.joint.coordination import Schedule, propose, reply_to, told
from controllers.joint.equations import Exchange, Prices, Tangents
from controllers.joint.network import AcFlow, Network
from controllers.joint.operation import Operation, direction_of, redispatch, solve_cone, solve_mixed
from controllers.joint.relief import carried
from controllers.port import PlanError
from controllers.spatial.branch_flow import equations as bf
from controllers.temporal.unit_commitment.commitment import begin_with
from controllers.temporal.unit_commitment.equations import Variables
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import entry_powers, fix_commitment, make_variables, solve_quietly
from models.records.arrays import Floats, Ints

ANGLES = np.arctan2(1.0, np.array([0.3, 1.0, 1.5, 2.0, 3.0, 5.0]))
"""First tangents of the substation's circle: cos phi of IEEE-33 lies about atan(0.6); more come from the answers."""
Form = Literal["lines", "projected"]
Say = Callable[[str], None]


def silent(_text: str) -> None:
    """Drops what is said."""


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
    seconds: float


@dataclass(frozen=True)
class Cuts:
    """Tangents of all feeders so far."""

    cones: tuple[Tangents, ...]
    angles: tuple[Floats, ...]


# ------------------------------------------------------------------ building
def build(case: Case, networks: dict[int, Network], prices: Prices, schedule: Schedule | None, cuts: Cuts | None
          ) -> Pieces:
    """`schedule` fixes the commitment; `cuts` None keeps the cones and takes the true cost curves.

    With tangents at a given commitment cycling is not excluded: a relaxation.
    """
    exact = schedule is not None and cuts is None
    v = make_variables(case, cycling=exact or schedule is None)
    hours = case.horizon_h
    flows = tuple(bf.flow_variables(net.feeder.bus_count - 1, hours) for net in networks.values())
    losses = tuple(net.feeder.losses_pu(flow.l, flow.v) for net, flow in zip(networks.values(), flows, strict=True))
    overload = tuple(cp.Variable(hours, nonneg=True) for _ in networks)
    exchange = Exchange(cp.Variable(hours, nonneg=True), cp.Variable(hours, nonneg=True), losses, overload)
    v = jeq.j2_balance(v, networks, exchange)
    if exact:
        assert schedule is not None
        v = fix_commitment(case, v, schedule.u, schedule.direction)
    constraints = jeq.upper(case, v, exchange, frozenset(), fixed=exact)
    if schedule is not None and cuts is not None:
        constraints.append(v.u == schedule.u.ravel())
    for i, (district, net) in enumerate(networks.items()):
        y, at_places = jeq.j1_place_power(case, v, district, net)
        constraints.append(at_places)
        own = None if cuts is None else (cuts.cones[i], cuts.angles[i])
        rules = jeq.feeder(net, flows[i], y, overload[i], own)
        rules["losses_at_most"] = jeq.j9_losses_at_most(case, district, net, losses[i])
        constraints += jeq.labelled(rules, net.name)
    cost = objective_usd(case, v) + exchange.cost_usd(prices)
    return Pieces(cp.Problem(cp.Minimize(cost), constraints), v, exchange, flows)


# ------------------------------------------------------------------ commitment fixed: the true cones
def cone_answer(case: Case, networks: dict[int, Network], prices: Prices, schedule: Schedule
                ) -> tuple[float, Floats, Floats]:
    """(optimal value in $, Pc [E], Pd [E]) at a given commitment, cones and quadratic costs as they are."""
    pieces = build(case, networks, prices, schedule, None)
    solve_cone(pieces.problem, "the joint problem at a fixed commitment")
    return float(pieces.problem.value), *entry_powers(case, pieces.v)


def tangent_value(case: Case, networks: dict[int, Network], prices: Prices, schedule: Schedule, cuts: Cuts) -> float:
    """Optimal value in $ at a given commitment with the cones and costs replaced by tangents."""
    pieces = build(case, networks, prices, schedule, cuts)
    solve_linear(pieces.problem, "the tangent problem at a fixed commitment")
    return float(pieces.problem.value)


def tangent_value_at(case: Case, networks: dict[int, Network], prices: Prices, schedule: Schedule, pc_mw: Floats,
                     pd_mw: Floats) -> float:
    """`tangent_value` with every cone touched at the AC flow of these cars [E], and where no car acts."""
    cuts = touched(no_cuts(networks), networks, powers_of(case, networks, pc_mw, pd_mw))
    return tangent_value(case, networks, prices, schedule, cuts)


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
    return touched(cuts, networks, still)


def touched(cuts: Cuts, networks: dict[int, Network], powers: list[Floats]) -> Cuts:
    """Cuts with tangents at the AC flows of the powers y, for every line."""
    cones, angles = list(cuts.cones), list(cuts.angles)
    for i, (net, y) in enumerate(zip(networks.values(), powers, strict=True)):
        flow = net.flow(y)
        cones[i] = cones[i].and_also(tangents_at(flow))
        angles[i] = np.unique(np.round(np.concatenate([angles[i], substation_angles(net, flow)]), 3))
    return Cuts(tuple(cones), tuple(angles))


def tangents_at(flow: AcFlow) -> Tangents:
    """The cones of all lines and hours touched at this flow."""
    line, hour = np.indices(flow.p.shape)
    values = (flow.p, flow.q, flow.v_parent)
    return Tangents(line.ravel(), hour.ravel(), *(value.ravel() for value in values))


def substation_angles(net: Network, flow: AcFlow) -> Floats:
    """Angles of S at the substation in hours within 5 % of its rating."""
    p, q = flow.from_slack(net.feeder)
    near = np.hypot(p, q) * 1e3 > 0.95 * net.feeder.transformer_kva[0]
    return np.asarray(np.arctan2(q[near], p[near]))


# ------------------------------------------------------------------ the whole
def solve_joint(case: Case, networks: dict[int, Network], start: Schedule, prices: Prices | None = None,
                gap: float = 5e-4, node_limit: int = 3_000, most_rounds: int = 4, form: Form = "projected",
                say: Say = silent) -> JointAnswer:
    """Bound and incumbent; `start` is the commitment whose powers are the first to be touched.

    Each round proves a bound on the mixed-integer problem with all tangents so far, solves its schedule with the
    true cones, judges it by AC, and touches the cones at both answers. Ends when bound and incumbent are within
    twice the gap. Raises PlanError when a problem has no answer.
    """
    prices, began = prices or Prices(), time.process_time()
    best = judged(case, networks, prices, start, say)
    touches: Touches = Lines(case, networks, prices) if form == "lines" else Projected(case, networks, prices, start.u)
    touches.add(best.dispatch.pc_mw, best.dispatch.pd_mw)
    bound, rounds = -np.inf, 0
    while rounds < most_rounds:
        proven, schedule = touches.commit(gap, node_limit)
        bound, rounds = max(bound, proven), rounds + 1
        operation = judged(case, networks, prices, schedule, say)
        touches.add(operation.dispatch.pc_mw, operation.dispatch.pd_mw)
        best = min(best, operation, key=lambda o: o.j_usd)
        say(f"round {rounds}: bound {bound:.2f}, this {operation.j_usd:.2f}, best {best.j_usd:.2f} $, "
            f"{time.process_time() - began:.0f} s")
        if best.j_usd - bound <= 2 * gap * abs(best.j_usd):
            break
    relative = max(best.j_usd - bound, 0.0) / max(abs(best.j_usd), 1e-9)
    return JointAnswer(bound, best, relative, rounds, time.process_time() - began)


class Touches(Protocol):
    """The mixed-integer problem with the cones replaced by the tangents gathered so far."""

    def add(self, pc_mw: Floats, pd_mw: Floats) -> None:
        """Touch every cone at the AC flow of these cars [E]."""
        ...

    def commit(self, gap: float, node_limit: int) -> tuple[float, Schedule]:
        """(proven bound in $, schedule); the answer's own powers are touched too."""
        ...


class Lines:
    """One tangent per line and hour, every flow a variable: the problem written out."""

    def __init__(self, case: Case, networks: dict[int, Network], prices: Prices) -> None:
        self.case, self.networks, self.prices = case, networks, prices
        self.cuts = no_cuts(networks)

    def add(self, pc_mw: Floats, pd_mw: Floats) -> None:
        """See Touches."""
        self.cuts = touched(self.cuts, self.networks, powers_of(self.case, self.networks, pc_mw, pd_mw))

    def commit(self, gap: float, node_limit: int) -> tuple[float, Schedule]:
        """See Touches."""
        pieces = build(self.case, self.networks, self.prices, None, self.cuts)
        bound = proven_bound(pieces, gap, node_limit)
        pc, pd = entry_powers(self.case, pieces.v)
        self.add(pc, pd)
        u = np.asarray(np.rint(pieces.v.u.value), dtype=np.int64).reshape(-1, self.case.horizon_h)
        return bound, Schedule(u, direction_of(self.case, pc, pd))


class Projected:
    """The same tangents with the flows eliminated: one row per feeder-hour and touch instead of 128 variables.

    With every line of a feeder-hour touched at one flow, the equations give |I|^2 of all lines as affine functions
    of the cars' powers; their sum is the first-order expansion of the AC losses, (J6), and limits follow, (J7).
    """

    def __init__(self, case: Case, networks: dict[int, Network], prices: Prices, known: Ints) -> None:
        self.case, self.networks, self.prices, self.known = case, networks, prices, known
        self.replies = {d: reply_to(net, np.zeros((net.place_count, net.horizon_h))) for d, net in networks.items()}

    def add(self, pc_mw: Floats, pd_mw: Floats) -> None:
        """See Touches."""
        self.replies, _ = told(self.case, self.networks, self.replies, pc_mw, pd_mw, None)

    def commit(self, gap: float, node_limit: int) -> tuple[float, Schedule]:
        """See Touches."""
        offer = propose(self.case, self.networks, self.replies, self.prices, None, gap, node_limit,
                        known=begin_with(self.known))
        self.known = offer.u
        self.add(offer.pc_mw, offer.pd_mw)
        return offer.bound_usd, Schedule(offer.u, direction_of(self.case, offer.pc_mw, offer.pd_mw))


def judged(case: Case, networks: dict[int, Network], prices: Prices, schedule: Schedule, say: Say = silent
           ) -> Operation:
    """The best operation of a schedule: cones solved exactly, then judged by AC and re-dispatch like any plan.

    Its cars are such that the plan's own balance is met too, without the relief of feeders.
    """
    value, pc, pd = cone_answer(case, networks, prices, schedule)
    pc, pd = carried(case, schedule.u, pc, pd, prices)
    operation = redispatch(case, networks, schedule.u, pc, pd, prices)
    say(f"schedule: cones {value:.2f} $, by AC {operation.j_usd:.2f} $, overload {operation.overload_mw.max():.1e} MW")
    return operation


def powers_of(case: Case, networks: dict[int, Network], pc: Floats, pd: Floats) -> list[Floats]:
    """y [C, H] of every feeder."""
    return [jeq.place_power_mw(case, district, net, pc, pd) for district, net in networks.items()]


def proven_bound(pieces: Pieces, gap: float, node_limit: int) -> float:
    """Solve the mixed-integer problem; its proven bound in $."""
    problem = pieces.problem
    solve_mixed(problem, gap, node_limit, "the joint commitment")
    info = problem.solver_stats.extra_stats
    return float(info.mip_dual_bound + problem.value - info.objective_function_value)

