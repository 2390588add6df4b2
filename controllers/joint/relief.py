"""Plans must not hang on what feeders lose less while cars give back: their own balance holds no losses.

(J8) keeps the power of all units enough for it. Ramps and limits of single units may still leave a few kW unserved in
an hour; then cars move as little as they can.
"""

from __future__ import annotations

import cvxpy as cp

from controllers.joint import equations as jeq
from controllers.joint.equations import Exchange, Prices
from controllers.joint.operation import direction_of, moved_mwh, redispatch, solve_cone
from controllers.temporal.unit_commitment.checking.finding import POWER_MW
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import entry_powers, fix_commitment, make_variables
from models.records.arrays import Floats, Ints


def carried(case: Case, committed: Ints, pc_mw: Floats, pd_mw: Floats, prices: Prices) -> tuple[Floats, Floats]:
    """(Pc, Pd) [E] in MW nearest to these that the commitment [U, H] carries without relief; these where it does.

    A move costs what a missed target costs, so that load is shed only where no car can help.
    """
    alone = redispatch(case, {}, committed, pc_mw, pd_mw, prices)
    if alone.shed_mw.max() <= POWER_MW:
        return pc_mw, pd_mw
    v = fix_commitment(case, make_variables(case), alone.u, direction_of(case, pc_mw, pd_mw))
    hours = case.horizon_h
    exchange = Exchange(cp.Variable(hours, nonneg=True), cp.Variable(hours, nonneg=True), (), ())
    v = jeq.j2_balance(v, {}, exchange)
    cost = objective_usd(case, v) + exchange.cost_usd(prices)
    cost += prices.target_slack * moved_mwh(case.rows, v, pc_mw, pd_mw)
    solve_cone(cp.Problem(cp.Minimize(cost), jeq.upper(case, v, exchange, frozenset(), fixed=True)),
               "cars without the relief of feeders")
    return entry_powers(case, v)
