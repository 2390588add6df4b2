"""The two layers talk: the upper proposes each district's hourly powers, each feeder answers with what they cost it.

A feeder's answer to proposed powers y: its losses and their slope (a marginal price by zone, charger kind and hour),
and each limit that y breaks or nearly breaks, with its slope. Losses and excesses of a radial feeder that imports are
convex in y (the branch-flow relaxation is exact there), so every answer holds everywhere and the upper problem with
all answers is a relaxation of the joint problem: its bound is a bound on the joint optimum.
Only the upper voltage limit is not convex in y; it is answered all the same, and what that leaves is seen by AC.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.joint import equations as jeq
from controllers.joint.equations import Answers, Exchange, Prices
from controllers.joint.network import Network, NoPowerFlow
from controllers.joint.operation import (
    TIE_BREAK_USD_PER_MWH,
    Operation,
    direction_of,
    entries_of,
    excesses,
    operate,
    redispatch,
    solve_cone,
)
from controllers.joint.relief import carried
from controllers.port import Plan
from controllers.temporal.unit_commitment.commitment import Guess, begin_with, solve_commitment
from controllers.temporal.unit_commitment.equations import Variables
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import (
    Commitment,
    entry_powers,
    fix_commitment,
    make_variables,
)
from models.records.arrays import Floats, Ints

PROBE_MW = 1e-4
"""Step of the one-sided differences behind an answer's slopes; the sweep is exact to 1e-13."""
NEAR_MW = 0.02
"""Limits with less room than this are answered too, so that the next proposal does not break them."""
SETTLED_MW = 1e-4
"""Losses or overload that a settled round may miss in any hour."""


@dataclass(frozen=True)
class Reply:
    """All that one feeder has said."""

    losses: Answers
    overload: Answers


@dataclass(frozen=True)
class Round:
    """One exchange: what was proposed and what it would cost."""

    kind: str
    """`commitment`: the mixed-integer problem; `dispatch`: powers at that commitment."""
    value_usd: float
    missed_mw: float
    """Largest loss or overload of an hour that the upper layer had not been told of."""


@dataclass(frozen=True)
class Coordinated:
    """The incumbent and how it was found."""

    plan: Plan
    operation: Operation
    bound_usd: float
    """No plan costs less (up to the linear costs' tangents, which lie below the true ones)."""
    gap_rel: float
    rounds: tuple[Round, ...]
    seconds: float
    """Processor time."""

    @property
    def iterations(self) -> int:
        return len(self.rounds)


# ------------------------------------------------------------------ the feeder's side
def reply_to(net: Network, y_mw: Floats) -> Reply:
    """Losses with slopes, and the limits broken or near, at powers y [C, H]; far too much is answered at less."""
    for scale in (1.0, 0.7, 0.5, 0.3, 0.0):
        try:
            return _reply_at(net, scale * y_mw)
        except NoPowerFlow:
            continue
    raise NoPowerFlow(f"feeder {net.name}: no power flow even without dispatched cars")


def _reply_at(net: Network, y: Floats) -> Reply:
    flow = net.flow(y)
    losses, excess = flow.losses_mw(net.feeder), excesses(net, flow, y)
    loss_slope, excess_slope = [], []
    for place in range(net.place_count):
        probe = y.copy()
        probe[place] += PROBE_MW
        other = net.flow(probe)
        loss_slope.append((other.losses_mw(net.feeder) - losses) / PROBE_MW)
        excess_slope.append((excesses(net, other, probe) - excess) / PROBE_MW)
    hours = np.arange(net.horizon_h)
    slopes = np.stack(loss_slope, axis=1)
    lost = Answers(hours, slopes, losses - np.sum(slopes * y.T, axis=1))
    limit, hour = np.nonzero(worst_of(net, excess))
    steep = np.stack(excess_slope, axis=2)[limit, hour]
    over = Answers(hour, steep, excess[limit, hour] - np.sum(steep * y.T[hour], axis=1))
    return Reply(lost, over)


def worst_of(net: Network, excess: Floats) -> np.ndarray:
    """[M, H] the limits with an answer: in each hour the worst of those of one kind that are near or broken."""
    lines, rated = net.feeder.bus_count - 1, net.rated.size
    kinds = np.repeat(np.arange(6), [lines, lines, lines, rated, rated, 1])
    chosen = np.zeros(excess.shape, dtype=np.bool_)
    for kind in range(6):
        rows = np.flatnonzero(kinds == kind)
        if rows.size:
            top = rows[np.argsort(excess[rows], axis=0)[-4:]]
            np.put_along_axis(chosen, top, True, axis=0)
    return chosen & (excess > -NEAR_MW)


# ------------------------------------------------------------------ the upper side
@dataclass(frozen=True)
class Schedule:
    """What stays fixed while powers are agreed."""

    u: Ints
    """[U, H]"""
    direction: Floats
    """[K] as `direction_of`"""


@dataclass(frozen=True)
class Proposal:
    """The upper layer's answer with all replies so far."""

    value_usd: float
    bound_usd: float
    u: Ints
    pc_mw: Floats
    pd_mw: Floats
    losses: tuple[Floats, ...]
    overload: tuple[Floats, ...]
    solver_s: float


def upper_problem(case: Case, networks: dict[int, Network], replies: dict[int, Reply], prices: Prices,
                  schedule: Schedule | None, limits: dict[int, tuple[Floats, Floats]] | None = None,
                  without: Collection[str] = ()) -> tuple[cp.Problem, Variables, Exchange]:
    """Unit commitment with losses and overloads as told, and, where given, (import, export) limits [H] per district.

    `schedule` fixes the commitment and takes the true cost curves.
    `without` leaves out equations (tests).
    """
    v, hours = make_variables(case), case.horizon_h
    every = tuple(cp.Variable(hours, nonneg=True) for _ in networks)
    spill = tuple(cp.Variable(hours, nonneg=True) for _ in networks)
    exchange = Exchange(cp.Variable(hours, nonneg=True), cp.Variable(hours, nonneg=True), every, spill)
    v = jeq.j2_balance(v, networks, exchange)
    if schedule is not None:
        v = fix_commitment(case, v, schedule.u, schedule.direction)
    skip = frozenset(without)
    constraints = jeq.upper(case, v, exchange, skip, fixed=schedule is not None)
    for i, (district, net) in enumerate(networks.items()):
        y, at_places = jeq.j1_place_power(case, v, district, net)
        groups: dict[str, jeq.Constraints] = {}
        if district in replies:
            groups["losses_answered"] = jeq.j6_losses_answered(every[i], y, replies[district].losses)
            groups["overload_answered"] = jeq.j7_overload_answered(spill[i], y, replies[district].overload)
            groups["losses_at_most"] = jeq.j9_losses_at_most(case, district, net, every[i])
        else:
            groups["losses_as_ever"] = [every[i] == net.losses_base_mw]
        if limits is not None:
            groups["district_limits"] = jeq.j5_district_limits(y, *limits[district], spill[i])
        constraints.append(at_places)
        constraints += jeq.labelled({k: c for k, c in groups.items() if k not in skip}, net.name)
    cost = objective_usd(case, v) + exchange.cost_usd(prices)
    return cp.Problem(cp.Minimize(cost), constraints), v, exchange


def propose(case: Case, networks: dict[int, Network], replies: dict[int, Reply], prices: Prices,
            schedule: Schedule | None, gap: float, node_limit: int,
            limits: dict[int, tuple[Floats, Floats]] | None = None, without: Collection[str] = (),
            known: Guess | None = None) -> Proposal:
    """The upper layer's best powers: with the commitment free (HiGHS, proven bound) or given (cone solver).

    `known`: a commitment from which the search for a better one begins.
    """
    problem, v, exchange = upper_problem(case, networks, replies, prices, schedule, limits, without)
    if schedule is None:
        commitment = solve_commitment(case, v, problem, gap, node_limit, () if known is None else (known,))
        bound, u, solver_s = commitment.bound_usd, commitment.u, commitment.solver_s
    else:
        value = problem.objective.expr
        problem = cp.Problem(cp.Minimize(value + even(case, v)), problem.constraints)
        solve_cone(problem, "dispatch with feeders")
        bound, u, solver_s = -np.inf, schedule.u, float(problem.solver_stats.solve_time or 0.0)
    pc, pd = entry_powers(case, v)
    return Proposal(
        value_usd=float(objective_usd(case, v).value + exchange.cost_usd(prices).value), bound_usd=bound, u=u,
        pc_mw=pc, pd_mw=pd, losses=tuple(np.asarray(e.value) for e in exchange.losses),
        overload=tuple(np.asarray(e.value) for e in exchange.overload), solver_s=solver_s)


def even(case: Case, v: Variables) -> cp.Expression:
    """eps sum P^2 / Pmax: strictly convex, so that targets depend on neither row order nor solver."""
    rows = case.rows
    cost: cp.Expression = cp.Constant(0.0)
    for fraction, at, limit in ((v.charge, v.charge_at, rows.pc_max_mw), (v.discharge, v.discharge_at, rows.pd_max_mw)):
        if at.size:
            cost += TIE_BREAK_USD_PER_MWH * (limit[at] @ cp.square(fraction))
    return cost


# ------------------------------------------------------------------ the exchange
def coordinate(case: Case, networks: dict[int, Network], start: Plan, prices: Prices | None = None,
               gap: float = 5e-4, node_limit: int = 3_000, most_rounds: int = 8, most_commitments: int = 2
               ) -> Coordinated:
    """From the plan of layers that do not talk, rounds of proposals and replies; the best plan by J is kept.

    Each commitment is followed by rounds at that commitment until the feeders have nothing new to say. Ends when the
    bound is within twice the gap, or after `most_commitments`. The plan returned is never dearer than `start` by J.
    """
    prices, began = prices or Prices(), time.process_time()
    best_plan, best = start, operate(case, networks, start, prices)
    replies = {d: reply_to(net, np.zeros((net.place_count, net.horizon_h))) for d, net in networks.items()}
    replies, _ = told(case, networks, replies, best.dispatch.pc_mw, best.dispatch.pd_mw, None)
    schedule, bound, rounds = scheduled(case, start), -np.inf, list[Round]()
    for attempt in range(most_commitments + 1):
        if attempt:
            offer = propose(case, networks, replies, prices, None, gap, node_limit, known=begin_with(schedule.u))
            bound = max(bound, offer.bound_usd)
            schedule = Schedule(offer.u, direction_of(case, offer.pc_mw, offer.pd_mw))
            replies, missed = told(case, networks, replies, offer.pc_mw, offer.pd_mw, offer)
            rounds.append(Round("commitment", offer.value_usd, missed))
        for _ in range(most_rounds):
            offer = propose(case, networks, replies, prices, schedule, gap, node_limit)
            replies, missed = told(case, networks, replies, offer.pc_mw, offer.pd_mw, offer)
            rounds.append(Round("dispatch", offer.value_usd, missed))
            if missed < SETTLED_MW:
                break
        pc, pd = carried(case, offer.u, offer.pc_mw, offer.pd_mw, prices)
        plan = plan_of(case, networks, replace(offer, pc_mw=pc, pd_mw=pd), prices, bound)
        operation = operate(case, networks, plan, prices)
        if operation.j_usd < best.j_usd:
            best_plan, best = plan, operation
        if best.j_usd - bound <= 2 * gap * abs(best.j_usd):
            break
    left = max(best.j_usd - bound, 0.0) / max(abs(best.j_usd), 1e-9)
    return Coordinated(best_plan, best, bound, left, tuple(rounds), time.process_time() - began)


def scheduled(case: Case, plan: Plan) -> Schedule:
    """What a plan fixes."""
    return Schedule(plan.committed, direction_of(case, *entries_of(case, plan)))


def told(case: Case, networks: dict[int, Network], replies: dict[int, Reply], pc_mw: Floats, pd_mw: Floats,
         offer: Proposal | None) -> tuple[dict[int, Reply], float]:
    """All replies with those to these powers; and the most that any of them says beyond what the offer held."""
    new, missed = dict(replies), 0.0
    for i, (district, net) in enumerate(networks.items()):
        y = jeq.place_power_mw(case, district, net, pc_mw, pd_mw)
        said = reply_to(net, y)
        if offer is not None:
            lost = said.losses.at(y) - offer.losses[i][said.losses.hour]
            over = said.overload.at(y) - offer.overload[i][said.overload.hour]
            missed = max(missed, float(lost.max(initial=0.0)), float(over.max(initial=0.0)))
        before = new.get(district)
        new[district] = said if before is None else Reply(before.losses.and_also(said.losses),
                                                          before.overload.and_also(said.overload))
    return new, missed


def plan_of(case: Case, networks: dict[int, Network], offer: Proposal, prices: Prices, bound_usd: float) -> Plan:
    """The offer as a plan: its schedule and cars, units dispatched by the upper layer's own balance.

    The balance of a plan holds no change of losses (the re-dispatch of a run sees the true ones).
    """
    from controllers.temporal.unit_commitment.answer import close_balance, make_plan  # noqa: PLC0415

    alone = redispatch(case, {}, offer.u, offer.pc_mw, offer.pd_mw, prices)
    commitment = Commitment(u=alone.u, direction=np.zeros(0), objective_usd=offer.value_usd,
                            bound_usd=bound_usd, status="optimal", solver_s=offer.solver_s,
                            compile_s=0.0)
    with_losses = redispatch(case, networks, alone.u, offer.pc_mw, offer.pd_mw, prices, quick_starts=False)
    priced = replace(close_balance(case, alone.u, alone.dispatch),
                     price_usd_per_mwh=with_losses.dispatch.price_usd_per_mwh)
    return make_plan(case, commitment, priced)
