"""J: what a plan costs once the feeders have had their say. The same judge for every way of making plans.

1. Each district delivers what it can of the plan's targets: envelopes and network kept, targets missed at
   `target_slack`, losses at the plan's marginal price, wear; whole horizon at once.
2. Units are re-dispatched at least cost with the plan's commitment, delivered cars and the AC losses of each feeder;
   units with minimum up and down times of 1 h may be started on top; shed load, dumped energy, missing reserve and
   overloads are priced. Their objective is J.
Any answer of 1 and 2 is feasible in the joint problem, so J is never below the joint optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from controllers.joint import equations as jeq
from controllers.joint.equations import Exchange, Prices
from controllers.joint.network import AcFlow, Network
from controllers.port import Plan, PlanError
from controllers.spatial.branch_flow import equations as bf
from controllers.temporal.unit_commitment import equations as uc
from controllers.temporal.unit_commitment.milp import FEASIBLE_POINT, highs_options
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import KW_PER_MW, Case, CohortRows
from controllers.temporal.unit_commitment.stages import (
    Dispatch,
    collect,
    entry_powers,
    fix_commitment,
    make_variables,
    solve_quietly,
)
from models.records.arrays import Floats, Ints

LOWEST_LOSS_PRICE = 1.0
NODE_LIMIT = 3_000
REDISPATCH_GAP = 1e-5
TIE_BREAK_USD_PER_MWH = 0.01
UNRATED_MVA = 1e4
"""Stands for a substation without a rating, so that differences stay numbers."""


@dataclass(frozen=True)
class Operation:
    """A plan as it would be carried out."""

    j_usd: float
    u: Ints
    """[U, H] with quick units that had to be started on top."""
    dispatch: Dispatch
    losses_mw: Floats
    """[H] AC, all feeders."""
    overload_mw: Floats
    """[H] worst of all feeders, by AC."""
    shed_mw: Floats
    undelivered_mwh: float
    """Sum of |target - delivered| over cohorts and hours, both ways."""


def operate(case: Case, networks: dict[int, Network], plan: Plan, prices: Prices | None = None) -> Operation:
    """J of a plan: delivery by the districts, then re-dispatch."""
    prices = prices or Prices()
    pc, pd = entries_of(case, plan)
    got_c, got_d = pc.copy(), pd.copy()
    for district, net in networks.items():
        mine = np.flatnonzero(case.rows.district[case.rows.cohort] == district)
        if mine.size:
            got_c[mine], got_d[mine] = deliver(case, district, net, pc[mine], pd[mine],
                                               plan.marginal_price_usd_per_mwh, prices)
    missed = float(np.abs(got_c - pc).sum() + np.abs(got_d - pd).sum())
    return replace(redispatch(case, networks, plan.committed, got_c, got_d, prices), undelivered_mwh=missed)


def entries_of(case: Case, plan: Plan) -> tuple[Floats, Floats]:
    """(Pc, Pd) [E] in MW of a plan's targets."""
    rows = case.rows
    at = (rows.row[rows.cohort], rows.hour)
    both = []
    for targets in (plan.pc_kw, plan.pd_kw):
        values = np.zeros(rows.entries)
        for k, grid in enumerate(targets):
            mine = rows.district[rows.cohort] == k
            values[mine] = grid[at[0][mine], at[1][mine]] / KW_PER_MW
        both.append(values)
    return both[0], both[1]


# ------------------------------------------------------------------ 1 delivery
def deliver(case: Case, district: int, net: Network, pc_mw: Floats, pd_mw: Floats, price: Floats,
            prices: Prices) -> tuple[Floats, Floats]:
    """What one district makes of its targets [its entries]; exact cones, whole horizon."""
    part = replace(case, rows=rows_of(case.rows, district))
    v = make_variables(part)
    v = replace(v, direction=cp.Constant(direction_of(part, pc_mw, pd_mw)))
    flow = bf.flow_variables(net.feeder.bus_count - 1, case.horizon_h)
    overload = cp.Variable(case.horizon_h, nonneg=True)
    y, at_places = jeq.j1_place_power(part, v, district, net)
    skip = {"terminal"} if case.knowledge.terminal == "cyclic" else set[str]()
    constraints = [at_places, *collect(part, v, uc.COHORTS, skip)]
    constraints += jeq.labelled(jeq.feeder(net, flow, y, overload, None), net.name)
    loss_price = np.maximum(price, LOWEST_LOSS_PRICE)
    cost = loss_price @ net.feeder.losses_pu(flow.l, flow.v) + prices.overload * cp.sum(overload)
    cost += prices.target_slack * moved_mwh(part.rows, v, pc_mw, pd_mw)
    if v.discharge_at.size:
        wear = part.rows.wear_usd_per_mwh / part.rows.eta_discharge
        cost += (wear[part.rows.cohort] * part.rows.pd_max_mw)[v.discharge_at] @ v.discharge
    solve_cone(cp.Problem(cp.Minimize(cost), constraints), f"delivery of district {net.name}")
    return entry_powers(part, v)


def moved_mwh(rows: CohortRows, v: uc.Variables, pc_mw: Floats, pd_mw: Floats) -> cp.Expression:
    """Sum of |power - given power| over entries, both ways."""
    moved: cp.Expression = cp.Constant(0.0)
    for fraction, at, limit, given in ((v.charge, v.charge_at, rows.pc_max_mw, pc_mw),
                                       (v.discharge, v.discharge_at, rows.pd_max_mw, pd_mw)):
        if at.size:
            moved += cp.sum(cp.abs(cp.multiply(limit[at], fraction) - given[at]))
    return moved


def direction_of(case: Case, pc_mw: Floats, pd_mw: Floats) -> Floats:
    """[K] 1 = charges, 0 = discharges, of the entries where doing both at once would pay (U17)."""
    at = np.flatnonzero(case.cycling_pays())
    charges = pc_mw[at] * case.rows.pd_max_mw[at] >= pd_mw[at] * case.rows.pc_max_mw[at]
    return np.asarray(charges, dtype=np.float64)


def rows_of(rows: CohortRows, district: int) -> CohortRows:
    """The cohorts of one district, numbered anew."""
    cohorts = np.flatnonzero(rows.district == district)
    entries = np.flatnonzero(rows.district[rows.cohort] == district)
    number = np.full(rows.count, -1)
    number[cohorts] = np.arange(cohorts.size)
    by_entry = {"hour", "pc_max_mw", "pd_max_mw", "pc_min_mw", "x_min_mwh", "x_max_mwh", "share_limit", "by_step",
                "may_stop"}
    values = {name: getattr(rows, name)[entries if name in by_entry else cohorts]
              for name in CohortRows.__dataclass_fields__ if name != "cohort"}
    return CohortRows(**values, cohort=number[rows.cohort[entries]])


def solve_cone(problem: cp.Problem, what: str) -> None:
    """Clarabel; raises PlanError unless (nearly) optimal."""
    options: dict[str, float | int] = {"tol_gap_abs": 1e-7, "tol_gap_rel": 1e-9, "tol_feas": 1e-8, "max_threads": 1}
    solve_quietly(problem, cp.CLARABEL, options)
    if problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        raise PlanError(f"{what} is {problem.status}")


def solve_mixed(problem: cp.Problem, gap: float, node_limit: int, what: str) -> None:
    """HiGHS; raises PlanError without a schedule."""
    solve_quietly(problem, cp.HIGHS, highs_options(gap, node_limit))
    if problem.status not in (cp.OPTIMAL, cp.USER_LIMIT):
        raise PlanError(f"{what} is {problem.status}")
    # at a limit of nodes cvxpy gives zeros where there is no point: all units off, which is no answer
    if problem.solver_stats.extra_stats.primal_solution_status != FEASIBLE_POINT:
        raise PlanError(f"{what}: no schedule found within {node_limit} nodes")


# ------------------------------------------------------------------ 2 re-dispatch
def redispatch(case: Case, networks: dict[int, Network], committed: Ints, pc_mw: Floats, pd_mw: Floats,
               prices: Prices, *, quick_starts: bool = True) -> Operation:
    """Units, reserve and prices for given cars [E] at the AC losses of every feeder.

    quick_starts: units that can start for one hour may, on top of the commitment.
    """
    hours = case.horizon_h
    change, over_cost, worst, losses = np.zeros(hours), 0.0, np.zeros(hours), np.zeros(hours)
    for district, net in networks.items():
        y = jeq.place_power_mw(case, district, net, pc_mw, pd_mw)
        flow = net.flow(y)
        lost = flow.losses_mw(net.feeder)
        over = overload_mw(net, flow, y)
        change, losses = change + lost - net.losses_base_mw, losses + lost
        over_cost += prices.overload * float(over.sum())
        worst = np.maximum(worst, over)
    x = energies(case, pc_mw, pd_mw)
    # AC losses are known only now: what they add may need a unit that the commitment did not start
    u = with_quick_starts(case, committed, pc_mw, pd_mw, x, change, prices) if quick_starts else committed
    v, exchange = fixed_cars(case, pc_mw, pd_mw, x, change)
    v = fix_commitment(case, v, u, np.zeros(0))
    problem = cp.Problem(cp.Minimize(objective_usd(case, v) + exchange.cost_usd(prices)),
                         collect(case, v, uc.DISPATCH, ()))
    solve_cone(problem, "re-dispatch")
    price = next(-c.dual_value for c in problem.constraints if c.label == "balance[0]")
    powers = Dispatch(
        p_mw=np.asarray(v.p.value).reshape(-1, hours) * u, wind_cut_mw=np.maximum(v.wind_cut.value, 0.0),
        pv_cut_mw=np.maximum(v.pv_cut.value, 0.0),
        price_usd_per_mwh=np.asarray(price), pc_mw=pc_mw, pd_mw=pd_mw, x_mwh=x,
        objective_usd=float(problem.value), solver_s=float(problem.solver_stats.solve_time or 0.0), compile_s=0.0)
    return Operation(j_usd=float(problem.value) + over_cost, u=u, dispatch=powers, losses_mw=losses,
                     overload_mw=worst, shed_mw=np.maximum(exchange.shed.value, 0.0), undelivered_mwh=0.0)


def fixed_cars(case: Case, pc_mw: Floats, pd_mw: Floats, x_mwh: Floats, change: Floats
               ) -> tuple[uc.Variables, Exchange]:
    """Variables with all cars as constants, and losses that are already in the balance."""
    v = make_variables(case, cycling=False)
    hours = case.horizon_h
    exchange = Exchange(cp.Variable(hours, nonneg=True), cp.Variable(hours, nonneg=True), (), ())
    x = cp.Constant(x_mwh / case.rows.x_scale_mwh) if case.rows.entries else v.x
    charge = cp.Constant(pc_mw[v.charge_at] / case.rows.pc_max_mw[v.charge_at])
    discharge = cp.Constant(pd_mw[v.discharge_at] / case.rows.pd_max_mw[v.discharge_at])
    return replace(v, charge=charge, discharge=discharge, x=x, missing=exchange.shed,
                   surplus=exchange.dump + change), exchange


def energies(case: Case, pc_mw: Floats, pd_mw: Floats) -> Floats:
    """X [E] that follows from the powers (U14)."""
    rows = case.rows
    gain = rows.eta_charge[rows.cohort] * pc_mw - pd_mw / rows.eta_discharge[rows.cohort]
    total = np.cumsum(gain)
    return np.asarray(total - _held(rows, total - gain))


def _held(rows: CohortRows, before: Floats) -> Floats:
    """[E] each cohort's running total before its first entry."""
    return before[np.flatnonzero(rows.first)][rows.cohort] if rows.entries else before


def with_quick_starts(case: Case, committed: Ints, pc_mw: Floats, pd_mw: Floats, x_mwh: Floats, change: Floats,
                      prices: Prices) -> Ints:
    """The commitment [U, H] with units of MU = MD = 1 started on top where that is cheaper."""
    units = case.knowledge.units
    quick = np.flatnonzero(np.repeat((units.min_up_h == 1) & (units.min_down_h == 1), case.horizon_h))
    slow = np.setdiff1d(np.arange(units.count * case.horizon_h), quick)
    planned = committed.ravel().astype(np.float64)
    if not quick.size:
        return committed
    v, exchange = fixed_cars(case, pc_mw, pd_mw, x_mwh, change)
    constraints = collect(case, v, uc.COMMITMENT | uc.DISPATCH, ())
    constraints += [v.u[slow] == planned[slow], v.u[quick] >= planned[quick]]
    problem = cp.Problem(cp.Minimize(objective_usd(case, v) + exchange.cost_usd(prices)), constraints)
    solve_mixed(problem, REDISPATCH_GAP, NODE_LIMIT, "re-dispatch with quick starts")
    return np.asarray(np.rint(v.u.value), dtype=np.int64).reshape(committed.shape)


# ------------------------------------------------------------------ limits by AC
def excesses(net: Network, flow: AcFlow, y_mw: Floats) -> Floats:
    """[M, H] overload that each limit would need: voltages low and high, lines, transformers (2), substation."""
    record = net.feeder
    behind = net.p_fixed[net.rated] + net.share_slow[net.rated] @ y_mw
    s = np.hypot(*flow.from_slack(record))
    parts = [
        (record.v_min_pu**2 - flow.v) / jeq.VOLTAGE_PER_MW, (flow.v - record.v_max_pu**2) / jeq.VOLTAGE_PER_MW,
        flow.current2 - record.i_max_pu[1:, None] ** 2,
        behind - net.transformer_room_mw, -behind - net.transformer_room_mw,
        s[None, :] - min(record.transformer_kva[0] / KW_PER_MW, UNRATED_MVA),
    ]
    return np.concatenate(parts)


def overload_mw(net: Network, flow: AcFlow, y_mw: Floats, tolerance_mw: float = 1e-5) -> Floats:
    """[H] overload that excuses every limit; below 10 W it is rounding."""
    worst = np.maximum(excesses(net, flow, y_mw).max(axis=0), 0.0)
    return np.where(worst > tolerance_mw, worst, 0.0)
