"""A network whose loads are given: equations (1) to (6) alone, with nothing to decide."""

import cvxpy as cp
import numpy as np

from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.network import NetworkAnswer, network_answer
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder


def solve_network(feeder: RadialFeeder, p_kw: Floats, q_kvar: Floats, price_usd_per_mwh: float = 20.0,
                  solver: str = "CLARABEL") -> NetworkAnswer:
    """Least-loss relaxation for loads p_kw, q_kvar [T, B], hourly periods: equals AC where it is exact."""
    periods = p_kw.shape[0]
    net, flow = eq.incidence(feeder), eq.flow_variables(feeder.bus_count - 1, periods)
    balance, constraints = eq.bare_network(feeder, net, flow, p_kw[:, 1:].T / 1e3, q_kvar[:, 1:].T / 1e3)
    problem = cp.Problem(cp.Minimize(price_usd_per_mwh * cp.sum(feeder.losses_pu(flow.l, flow.v))), constraints)
    run = solve.run(problem, solver)
    assert run.is_optimal, run.status
    return network_answer(feeder, flow, balance, np.ones(periods), run)
