"""What a solved flow of the network says in field units."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

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
