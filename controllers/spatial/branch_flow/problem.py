"""The lower layer's optimisation: variables, constraints and objective of one decision hour.

Written anew each hour for the pairs that hold cars, with numbers instead of parameters: 0.1 s. Built once with
parameters for every (bus, group, departure) it compiles 65 s and each solve takes 17 s, since cvxpy's work grows
with variables x parameters and empty pairs still couple every bus with every cohort (1825 pairs, measured; C).
Inside the problem powers are MW (= pu on 1 MVA), energies MWh, money $. Letters as in layout.py.
(10) bounds of pairs and rows        (11) pc/pc_max + pd/pd_max <= 1
(12) x(t) = x(t-1) + (eta_c pc - pd/eta_d) dt within the envelope     (13) hour targets with slack, quarters with
a tenth of its price        (14) later targets by zone and charger kind        (15) objective
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.solve import require_convex
from models.records import Floats, RadialFeeder

QUARTER_SHARE = 0.1
"""Price of a quarter's deviation from the hour's mean over the price of target slack (MODEL 4)."""
TIE_BREAK_USD_PER_MWH = 0.05
"""Tiny cost of p^2 / p_max (share-weighted), so that the optimum is unique and neither row order nor solver
decides; at full power it is 0.05 $/MWh, against loss prices of some $/MWh between buses (A)."""
SMALLEST_SHARE_MW = 1e-4
OBJECTIVE_UNIT_USD = 100.0
"""The solver minimises in this unit: half the iterations of a problem written in single dollars (C)."""
ELASTIC_USD_PER_PU_H = 2.0e3
ELASTIC_USD_PER_PU2_VOLTAGE_H = 1.0e4
"""Prices of violated limits in the repair problem: far above target slack at any bus (A)."""


@dataclass(frozen=True)
class Inputs:
    """Numbers of one decision hour; MW, MWh, $/MWh."""

    p_fixed: Floats
    """[L, T] load and cars outside control."""
    q_fixed: Floats
    p_cap: Floats
    """[R, T] active power each rated transformer leaves room for."""
    loss_usd_per_mw: Floats
    """[1, T] price x period length."""
    pc_max: Floats
    """[K, Q]"""
    pd_max: Floats
    """[Kd, Q]"""
    ratio: Floats
    """[Kd, Q] pc_max / pd_max."""
    x_min: Floats
    x_max: Floats
    """[K, Q]"""
    later_pc_max: Floats
    """[J, N]"""
    later_pd_max: Floats
    later_ratio: Floats
    later_x_min: Floats
    later_x_max: Floats
    target_c: Floats
    """[C, 1]"""
    target_d: Floats
    later_target_c: Floats
    """[W, N]"""
    later_target_d: Floats
    later_slack_usd_per_mw: Floats
    """[1, N] less than now; 0 where the plan has no hours left."""
    correction: Floats | None
    """[L, T] of equation (9), repair only."""


@dataclass(frozen=True)
class Elastic:
    """By how much limits are exceeded; only in the repair problem."""

    v_below: cp.Variable
    v_above: cp.Variable
    l_above: cp.Variable
    transformer: cp.Variable
    substation: cp.Variable
    x_short: cp.Variable
    later_x_short: cp.Variable

    def cost(self, period_h: Floats) -> cp.Expression:
        """$ of all violations."""
        voltage = cp.sum((self.v_below + self.v_above) @ period_h)
        ratings = cp.sum(self.l_above @ period_h) + cp.sum(self.transformer @ period_h)
        ratings = ratings + cp.sum(self.substation @ period_h)
        energy = cp.sum(self.x_short) + cp.sum(self.later_x_short)
        return ELASTIC_USD_PER_PU2_VOLTAGE_H * voltage + ELASTIC_USD_PER_PU_H * (ratings + energy)


@dataclass(frozen=True)
class LowerProblem:
    """A compiled problem with handles to what goes in and comes out."""

    problem: cp.Problem
    inputs: Inputs
    flow: eq.Flow
    active_balance: cp.Constraint
    pc: cp.Expression
    """[K, Q]"""
    pd: cp.Expression
    """[Kd, Q]"""
    later_pc: cp.Expression
    """[J, N]"""
    later_pd: cp.Expression
    q_pev: cp.Expression
    """[L, T]"""
    p_pev: cp.Expression
    p_slow: cp.Expression
    """[L, T] the part of p_pev behind the buses' own transformers."""
    under: tuple[cp.Variable, cp.Variable]
    """Slack of this hour's charging and discharging targets [C, 1]."""
    elastic: Elastic | None
    constraints: dict[str, list[cp.Constraint]]


def build(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs) -> LowerProblem:
    """The problem; with `inputs.correction` limits are elastic at a high price and equation (9) holds (repair)."""
    assert knowledge.feeder is not None
    feeder, net = knowledge.feeder, eq.incidence(knowledge.feeder)
    lines, periods = feeder.bus_count - 1, layout.periods
    elastic = None if inputs.correction is None else _elastic(lines, layout)
    flow = eq.flow_variables(lines, periods)
    pc_flat, pc = _power(inputs.pc_max, "pc")
    pd_flat, pd = _power(inputs.pd_max, "pd")
    later_pc_flat, later_pc = _power(inputs.later_pc_max, "later_pc")
    later_pd_flat, later_pd = _power(inputs.later_pd_max, "later_pd")
    p_pev = _join(layout.pair_bus @ pc - _d(layout.pair_bus, layout) @ pd,
                  layout.later_bus @ (later_pc - later_pd))
    p_slow = _join(layout.pair_bus_slow @ pc - _d(layout.pair_bus_slow, layout) @ pd,
                   layout.later_bus_slow @ (later_pc - later_pd))
    q_pev, reactive = _reactive(knowledge, layout, inputs, pc, pd, later_pc, later_pd)
    balance = eq.eq1_active_balance(net, flow, inputs.p_fixed + p_pev)
    constraints: dict[str, list[cp.Constraint]] = {
        "eq1": [balance],
        "eq2": [eq.eq2_reactive_balance(net, flow, inputs.q_fixed + q_pev)],
        "eq3": [eq.eq3_voltage_drop(net, flow)],
        "eq4": [eq.eq4_current_cone(net, flow)],
        "eq5": eq.eq5_voltage_band(feeder, flow, *((elastic.v_below, elastic.v_above) if elastic else ())),
        "eq6": [eq.eq6_line_rating(feeder, flow, elastic.l_above if elastic else 0.0)],
        "eq7": _transformers(knowledge, layout, inputs, p_slow, q_pev, elastic),
        "eq8": _substation(feeder, net, flow, elastic),
        "eq10": eq10_power_bounds(layout, inputs, pc, pd, later_pc, later_pd),
        "eq11": eq11_one_direction(layout, inputs, pc, pd, later_pc, later_pd),
        "reactive": reactive,
    }
    if inputs.correction is not None and elastic is not None:
        constraints["eq9"] = eq.eq9_lossless_ceiling(
            feeder, net, inputs.p_fixed + p_pev, inputs.q_fixed + q_pev, inputs.correction, elastic.v_above, periods)
    shares = eq15b_tie_break(layout, inputs, (pc_flat, pd_flat), (later_pc_flat, later_pd_flat))
    constraints["eq12"] = eq12_envelopes(layout, inputs, pc, pd, later_pc, later_pd, elastic)
    constraints["eq13"], slack_now, under = eq13_hour_targets(knowledge, layout, inputs, pc, pd)
    constraints["eq14"], slack_later = eq14_later_targets(knowledge, layout, inputs, later_pc, later_pd)
    cost = eq15_objective(knowledge, layout, inputs, net, flow, pc, pd, later_pc, later_pd, constraints)
    cost = cost + shares + slack_now + slack_later + (elastic.cost(layout.period_h) if elastic else 0.0)
    problem = cp.Problem(cp.Minimize(cost / OBJECTIVE_UNIT_USD), [c for group in constraints.values() for c in group])
    return LowerProblem(problem=require_convex(problem), inputs=inputs, flow=flow, active_balance=balance, pc=pc, pd=pd,
                        later_pc=later_pc, later_pd=later_pd, q_pev=q_pev, p_pev=p_pev, p_slow=p_slow, under=under,
                        elastic=elastic, constraints=constraints)


# ---------------------------------------------------------------- vehicles
def eq10_power_bounds(layout: Layout, inputs: Inputs, pc: cp.Expression, pd: cp.Expression, later_pc: cp.Expression,
                      later_pd: cp.Expression) -> list[cp.Constraint]:
    """(10) 0 <= pc <= pc_max, 0 <= pd <= pd_max (lower bounds are the variables' signs).

    Rows that can also discharge have pc <= pc_max from (11).
    """
    bounds = [pd <= inputs.pd_max, later_pd <= inputs.later_pd_max]
    if layout.rows_c.size:
        bounds.append(pc[layout.rows_c] <= inputs.pc_max[layout.rows_c])
    return bounds


def eq11_one_direction(layout: Layout, inputs: Inputs, pc: cp.Expression, pd: cp.Expression, later_pc: cp.Expression,
                       later_pd: cp.Expression) -> list[cp.Constraint]:
    """(11) pc + (pc_max / pd_max) pd <= pc_max: a car does not charge and discharge at once."""
    return [pc[layout.rows_d] + cp.multiply(inputs.ratio, pd) <= inputs.pc_max[layout.rows_d],
            later_pc + cp.multiply(inputs.later_ratio, later_pd) <= inputs.later_pc_max]


def eq12_envelopes(layout: Layout, inputs: Inputs, pc: cp.Expression, pd: cp.Expression, later_pc: cp.Expression,
                   later_pd: cp.Expression, elastic: Elastic | None) -> list[cp.Constraint]:
    """(12) x_min <= x <= x_max at period ends; a row's x goes on from the sum of its pairs' x."""
    rate = sp.diags_array(layout.eta_c) @ pc - _back(layout) @ pd
    x = cp.Variable(pc.shape, name="x")
    constraints = [x + (elastic.x_short if elastic else 0.0) >= inputs.x_min, x <= inputs.x_max,
                   x[:, :1] == rate[:, :1] / layout.steps]
    if layout.steps > 1:
        constraints.append(x[:, 1:] == x[:, :-1] + rate[:, 1:] / layout.steps)
    later_x = cp.Variable(later_pc.shape, name="later_x")
    later_rate = (sp.diags_array(layout.row_eta_c) @ later_pc
                  - sp.diags_array(1.0 / layout.row_eta_d) @ later_pd)
    constraints += [later_x[:, :1] == layout.pair_later @ x[:, -1:] + later_rate[:, :1],
                    later_x + (elastic.later_x_short if elastic else 0.0) >= inputs.later_x_min,
                    later_x <= inputs.later_x_max]
    if layout.hours > 1:
        constraints.append(later_x[:, 1:] == later_x[:, :-1] + later_rate[:, 1:])
    return constraints


# ---------------------------------------------------------------- targets
def eq13_hour_targets(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, pc: cp.Expression, pd: cp.Expression
                      ) -> tuple[list[cp.Constraint], cp.Expression, tuple[cp.Variable, cp.Variable]]:
    """(13) sum of pairs(q) = target - under + over + up(q) - down(q), sum_q up = sum_q down, per cohort."""
    constraints: list[cp.Constraint] = []
    cost: cp.Expression = cp.Constant(0.0)
    unders = []
    price = knowledge.target_slack_usd_per_mwh
    ones = np.ones((1, layout.steps))
    for power, matrix, target in ((pc, layout.pair_cohort, inputs.target_c),
                                  (pd, _d(layout.pair_cohort, layout), inputs.target_d)):
        shape = (target.shape[0], layout.steps)
        under, over = cp.Variable(target.shape, nonneg=True), cp.Variable(target.shape, nonneg=True)
        up, down = cp.Variable(shape, nonneg=True), cp.Variable(shape, nonneg=True)
        constraints += [matrix @ power - up + down == (target - under + over) @ ones,
                        cp.sum(up - down, axis=1) == 0.0]
        cost = cost + price * cp.sum(under + over) + QUARTER_SHARE * price / layout.steps * cp.sum(up + down)
        unders.append(under)
    return constraints, cost, (unders[0], unders[1])


def eq14_later_targets(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, later_pc: cp.Expression,
                       later_pd: cp.Expression) -> tuple[list[cp.Constraint], cp.Expression]:
    """(14) sum over a zone's buses of one charger kind = target - under + over."""
    constraints: list[cp.Constraint] = []
    cost: cp.Expression = cp.Constant(0.0)
    for power, target in ((later_pc, inputs.later_target_c), (later_pd, inputs.later_target_d)):
        under, over = cp.Variable(target.shape, nonneg=True), cp.Variable(target.shape, nonneg=True)
        constraints.append(layout.later_zone @ power == target - under + over)
        total = cp.sum(under + over, axis=0, keepdims=True)
        cost = cost + cp.sum(cp.multiply(inputs.later_slack_usd_per_mw, total))
    return constraints, cost


def eq15_objective(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, net: eq.Incidence, flow: eq.Flow,
                   pc: cp.Expression, pd: cp.Expression, later_pc: cp.Expression, later_pd: cp.Expression,
                   constraints: dict[str, list[cp.Constraint]]) -> cp.Expression:
    """(15) price x losses + wear x discharge + one-sided voltage penalty + tie-break, in $."""
    dt = 1.0 / layout.steps
    cost = cp.sum(cp.multiply(inputs.loss_usd_per_mw, net.r.T @ flow.l))
    cost = cost + dt * cp.sum(layout.wear_usd_per_mwh[layout.rows_d] @ pd)
    cost = cost + cp.sum(layout.row_wear_usd_per_mwh @ later_pd)
    if knowledge.voltage_penalty_usd_per_pu2h > 0:
        low = cp.Variable(flow.v.shape, nonneg=True, name="v_low")
        constraints["voltage_penalty"] = [low >= knowledge.voltage_penalty_below_pu**2 - flow.v]
        cost = cost + knowledge.voltage_penalty_usd_per_pu2h * cp.sum(low @ layout.period_h)
    return cost


def eq15b_tie_break(layout: Layout, inputs: Inputs, now: tuple[cp.Variable, cp.Variable],
                    later: tuple[cp.Variable, cp.Variable]) -> cp.Expression:
    """eps sum p^2 / p_max dt in $: strictly convex in every vehicle power, shares in proportion where all else ties."""
    dt = 1.0 / layout.steps
    cost = dt * (_share_weighted(now[0], inputs.pc_max) + _share_weighted(now[1], inputs.pd_max))
    cost = cost + _share_weighted(later[0], inputs.later_pc_max) + _share_weighted(later[1], inputs.later_pd_max)
    return TIE_BREAK_USD_PER_MWH * cost


def _share_weighted(power: cp.Variable, p_max: Floats) -> cp.Expression:
    """sum p^2 / p_max of a flat variable."""
    weight = 1.0 / np.maximum(p_max, SMALLEST_SHARE_MW).ravel(order="F")
    return cp.quad_form(power, sp.diags_array(weight).tocsc(), assume_PSD=True)


# ---------------------------------------------------------------- network pieces
def _transformers(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, slow: cp.Expression,
                  q_pev: cp.Expression, elastic: Elastic | None) -> list[cp.Constraint]:
    """Equation (7): fast ports have their own transformer, so only slow chargers count."""
    assert knowledge.feeder is not None
    if not layout.rated.size:
        return []
    p_behind = inputs.p_fixed[layout.rated] + slow[layout.rated]
    above: cp.Expression | float = elastic.transformer if elastic else 0.0
    if not knowledge.reactive_power:
        return eq.eq7_transformer_active(p_behind, inputs.p_cap, above)
    rating = np.repeat(knowledge.feeder.transformer_kva[1:][layout.rated, None] / 1e3, layout.periods, axis=1)
    return [eq.eq7_transformer_cone(p_behind, inputs.q_fixed[layout.rated] + q_pev[layout.rated], rating, above)]


def _substation(feeder: RadialFeeder, net: eq.Incidence, flow: eq.Flow, elastic: Elastic | None
                ) -> list[cp.Constraint]:
    if not np.isfinite(feeder.transformer_kva[0]):
        return []
    return [eq.eq8_substation(net, flow, feeder.transformer_kva[0] / 1e3, elastic.substation if elastic else 0.0)]


def _reactive(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, pc: cp.Expression, pd: cp.Expression,
              later_pc: cp.Expression, later_pd: cp.Expression) -> tuple[cp.Expression, list[cp.Constraint]]:
    """Reactive power within each bidirectional charger's kVA, || (p, q) || <= kVA; 0 when it is not used.

    kVA = the rated discharging power of the plugged bidirectional cars. In later hours, where one-way cars share
    the row, charging takes its full power from the room for q: on the safe side.
    """
    lines = layout.pair_bus.shape[0]
    if not knowledge.reactive_power:
        return cp.Constant(np.zeros((lines, layout.periods))), []
    q = cp.Variable(pd.shape, name="q")
    flat = [cp.vec(pc[layout.rows_d] - pd, order="F"), cp.vec(q, order="F")]
    constraints: list[cp.Constraint] = [cp.SOC(cp.vec(inputs.pd_max, order="F"), cp.vstack(flat), axis=0)]
    q_now = _d(layout.pair_bus, layout) @ q
    later_q = cp.Variable(later_pd.shape, name="later_q")
    flat = [cp.vec(later_pd, order="F"), cp.vec(later_q, order="F")]
    constraints.append(cp.SOC(cp.vec(inputs.later_pd_max, order="F"), cp.vstack(flat), axis=0))
    room = inputs.later_pc_max - later_pc
    constraints += [later_q <= room, -later_q <= room]
    return _join(q_now, layout.later_bus @ later_q), constraints


# ---------------------------------------------------------------- plumbing
def _elastic(lines: int, layout: Layout) -> Elastic:
    t = layout.periods

    def excess(rows: int, columns: int) -> cp.Variable:
        return cp.Variable((max(rows, 1), max(columns, 1)), nonneg=True)

    return Elastic(v_below=excess(lines, t), v_above=excess(lines, t), l_above=excess(lines, t),
                   transformer=excess(layout.rated.size, t), substation=excess(1, t),
                   x_short=excess(layout.eta_c.size, layout.steps),
                   later_x_short=excess(layout.row_bus.size, layout.hours))


def _power(p_max: Floats, name: str) -> tuple[cp.Variable, cp.Expression]:
    """A flat variable >= 0 (so that its square needs no copy) and the same as p_max is shaped."""
    flat = cp.Variable(p_max.size, name=name, nonneg=True)
    return flat, cp.reshape(flat, p_max.shape, order="F")


def _d(matrix: sp.csr_array, layout: Layout) -> sp.csr_array:
    """The columns of rows that can discharge."""
    return sp.csr_array(sp.csc_array(matrix)[:, layout.rows_d])


def _back(layout: Layout) -> sp.csr_array:
    """[K, Kd] battery-side energy per unit discharged."""
    kd = layout.rows_d.size
    values = 1.0 / layout.eta_d[layout.rows_d]
    return sp.csr_array((values, (layout.rows_d, np.arange(kd))), shape=(layout.eta_d.size, kd))


def _join(now: cp.Expression, later: cp.Expression) -> cp.Expression:
    """[L, Q] and [L, N] side by side."""
    return cp.hstack([now, later])
