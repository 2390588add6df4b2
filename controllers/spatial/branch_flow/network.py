"""The network alone: the relaxation with every bus power given, and what any solved flow says in field units."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from controllers.port import PlanError
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.conic import solve
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder

GAP_FLOOR_PU2 = 1e-2


@dataclass(frozen=True)
class FlowValues:
    """Solved P, Q, l, v [L, T] in per unit."""

    P: Floats
    Q: Floats
    l: Floats  # noqa: E741  the letter of the literature
    v: Floats

    @classmethod
    def of(cls, flow: eq.Flow) -> FlowValues:
        """The values of a solved cvxpy flow."""
        return cls(*(np.asarray(part.value) for part in (flow.P, flow.Q, flow.l, flow.v)))


@dataclass(frozen=True)
class NetworkAnswer:
    """A solved relaxation over T periods."""

    vm_pu: Floats
    """[T, B]"""
    losses_kw: Floats
    """[T]"""
    relaxation_gap_max_rel: float
    loss_price_usd_per_mwh: Floats
    """[T, B] what one more MWh of load at a bus adds to the objective (losses, penalties)."""
    status: str
    solver_s: float


def solve_network(feeder: RadialFeeder, p_kw: Floats, q_kvar: Floats, price_usd_per_mwh: float = 20.0,
                  solver: str = "CLARABEL") -> NetworkAnswer:
    """Least-loss relaxation for loads p_kw, q_kvar [T, B], hourly periods, limits (5) and (6).

    With nothing to decide it equals AC where the relaxation is exact, and lies where it is not.
    Raises PlanError if there is no answer.
    """
    periods = p_kw.shape[0]
    net, flow = eq.incidence(feeder), eq.flow_variables(feeder.bus_count - 1, periods)
    balance, constraints = eq.bare_network(feeder, net, flow, p_kw[:, 1:].T / 1e3, q_kvar[:, 1:].T / 1e3)
    problem = cp.Problem(cp.Minimize(price_usd_per_mwh * cp.sum(feeder.losses_pu(flow.l, flow.v))), constraints)
    run = solve.run(problem, solver)
    if not run.is_optimal:
        raise PlanError(f"feeder {feeder.name}: the network relaxation is {run.status}")
    return network_answer(feeder, flow, balance, np.ones(periods), run)


def network_answer(feeder: RadialFeeder, flow: eq.Flow, balance: cp.Constraint, period_h: Floats,
                   run: solve.SolverRun) -> NetworkAnswer:
    """Field units of a flow that cvxpy solved, in $."""
    return answer_of(feeder, FlowValues.of(flow), -np.asarray(balance.dual_value), period_h, run)


def answer_of(feeder: RadialFeeder, flow: FlowValues, price_usd_per_mw: Floats, period_h: Floats,
              run: solve.SolverRun) -> NetworkAnswer:
    """Field units of a solved flow; price_usd_per_mw [L, T] of one more MW at each bus for each period."""
    v = flow.v
    # the AC replay refuses an answer with v below 0; its root alone must not fail before that
    vm = np.concatenate([np.full((1, v.shape[1]), feeder.v_slack_pu), np.sqrt(np.maximum(v, 0.0))])
    return NetworkAnswer(
        vm_pu=vm.T, losses_kw=feeder.losses_pu(flow.l, v) * 1e3, relaxation_gap_max_rel=relaxation_gap(feeder, flow),
        loss_price_usd_per_mwh=np.concatenate([np.zeros((1, v.shape[1])), price_usd_per_mw / period_h]).T,
        status=run.status, solver_s=run.seconds,
    )


def relaxation_gap(feeder: RadialFeeder, flow: FlowValues) -> float:
    """max (l v_i - P^2 - Q^2) / max(P^2 + Q^2, 1e-2) over lines and periods (docs/model.md 4.7)."""
    all_v = np.concatenate([np.full((1, flow.v.shape[1]), feeder.v_slack_pu**2), flow.v])
    s2 = flow.P**2 + flow.Q**2
    gap = flow.l * all_v[feeder.parent[1:]] * feeder.turns_ratio[1:, None] ** 2 - s2
    return float(np.max(gap / np.maximum(s2, GAP_FLOOR_PU2)))
