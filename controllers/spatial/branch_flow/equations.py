"""Branch-flow equations of a radial feeder as cvxpy constraints: one function, one equation.

Letters: L = B - 1 lines (row j is the line into bus j + 1), T periods. P, Q [pu] leave the parent end of the
line, l = |I|^2, v = |V|^2 at the child end; loads p, q positive. 1 pu = 1 MVA, so powers are MW.
(1) P_ij - r l = sum P_jm + p_j          (2) Q_ij - x l = sum Q_jm + q_j
(3) v_j = v_i - 2 (r P + x Q) + (r^2 + x^2) l
(4) || (2P, 2Q, l - v_i) || <= l + v_i   (the relaxation of l v_i = P^2 + Q^2)
(5) v_min^2 <= v <= v_max^2              (6) l <= i_max^2
(7) |S| <= rating of each MV/LV transformer     (8) |S| at the slack <= the substation's rating
(9) lossless voltage <= v_max^2 + measured correction (repair only)
Source: Baran and Wu 1989, Farivar and Low 2013; (9) after Gan, Li, Topcu and Low 2015 (K).
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from models.records.arrays import Floats
from models.records.feeder import RadialFeeder


@dataclass(frozen=True)
class Incidence:
    """Constant matrices of a feeder."""

    tree: sp.csr_array
    """[L, L] identity minus children: row j of tree @ P is P_j - sum of the children's P."""
    to_parent: sp.csr_array
    """[L, L] picks the parent's value; empty rows below the slack."""
    v_slack: Floats
    """[L, 1] v of the slack where it is the parent, else 0."""
    from_slack: Floats
    """[L] 1 where the parent is the slack."""
    r: Floats
    """[L, 1]"""
    x: Floats

    @property
    def z2(self) -> Floats:
        return np.asarray(self.r**2 + self.x**2)


def incidence(feeder: RadialFeeder) -> Incidence:
    """The matrices of equations (1)-(4)."""
    lines = feeder.bus_count - 1
    parent = feeder.parent[1:]
    inner = np.flatnonzero(parent > 0)
    picks = (np.ones(inner.size), (inner, parent[inner] - 1))
    to_parent = sp.csr_array(picks, shape=(lines, lines))
    at_slack = (parent == 0).astype(float)
    return Incidence(
        tree=sp.csr_array(sp.eye_array(lines) - to_parent.T), to_parent=to_parent,
        v_slack=(at_slack * feeder.v_slack_pu**2)[:, None], from_slack=at_slack,
        r=feeder.r_pu[1:, None], x=feeder.x_pu[1:, None],
    )


@dataclass(frozen=True)
class Flow:
    """Variables of the network, [L, T] in per unit."""

    P: cp.Variable
    Q: cp.Variable
    l: cp.Variable  # noqa: E741  the letter of the literature
    v: cp.Variable


def flow_variables(lines: int, periods: int) -> Flow:
    """Fresh variables of one network over all periods."""
    shape = (lines, periods)
    return Flow(P=cp.Variable(shape, name="P"), Q=cp.Variable(shape, name="Q"),
                l=cp.Variable(shape, name="l"), v=cp.Variable(shape, name="v"))


def eq1_active_balance(net: Incidence, flow: Flow, p_bus: cp.Expression) -> cp.Constraint:
    """(1) P_ij - r l - sum P_jm = p_j; its dual is the nodal price. p_bus [L, T]."""
    return net.tree @ flow.P - cp.multiply(_wide(net.r, flow), flow.l) == p_bus


def eq2_reactive_balance(net: Incidence, flow: Flow, q_bus: cp.Expression) -> cp.Constraint:
    """(2) Q_ij - x l - sum Q_jm = q_j; q_bus [L, T]."""
    return net.tree @ flow.Q - cp.multiply(_wide(net.x, flow), flow.l) == q_bus


def eq3_voltage_drop(net: Incidence, flow: Flow) -> cp.Constraint:
    """(3) v_j = v_i - 2 (r P + x Q) + (r^2 + x^2) l."""
    drop = 2 * (cp.multiply(_wide(net.r, flow), flow.P) + cp.multiply(_wide(net.x, flow), flow.Q))
    return flow.v == parent_voltage(net, flow) - drop + cp.multiply(_wide(net.z2, flow), flow.l)


def eq4_current_cone(net: Incidence, flow: Flow) -> cp.Constraint:
    """(4) || (2P, 2Q, l - v_i) || <= l + v_i."""
    v_i = parent_voltage(net, flow)
    rows = cp.vstack([cp.vec(2 * flow.P, order="F"), cp.vec(2 * flow.Q, order="F"), cp.vec(flow.l - v_i, order="F")])
    return cp.SOC(cp.vec(flow.l + v_i, order="F"), rows, axis=0)


def eq5_voltage_band(
    feeder: RadialFeeder, flow: Flow, below: cp.Expression | float = 0.0, above: cp.Expression | float = 0.0
) -> list[cp.Constraint]:
    """(5) v_min^2 - below <= v <= v_max^2 + above."""
    return [flow.v + below >= feeder.v_min_pu**2, flow.v - above <= feeder.v_max_pu**2]


def eq6_line_rating(feeder: RadialFeeder, flow: Flow, above: cp.Expression | float = 0.0) -> cp.Constraint:
    """(6) l <= i_max^2 + above."""
    return flow.l - above <= _wide(feeder.i_max_pu[1:, None] ** 2, flow)


def eq7_transformer_active(
    p_behind: cp.Expression, p_cap: cp.Expression, above: cp.Expression | float = 0.0
) -> list[cp.Constraint]:
    """(7) with reactive power fixed: |p| <= p_cap = sqrt(rating^2 - q^2); [rated buses, T] in MW."""
    return [p_behind - above <= p_cap, -p_behind - above <= p_cap]


def eq7_transformer_cone(
    p_behind: cp.Expression, q_behind: cp.Expression, rating: Floats, above: cp.Expression | float = 0.0
) -> cp.Constraint:
    """(7) || (p, q) || <= rating (+ above), [rated buses, T] in MVA."""
    flat = cp.vstack([cp.vec(p_behind, order="F"), cp.vec(q_behind, order="F")])
    return cp.SOC(cp.vec(rating + above, order="F"), flat, axis=0)


def eq8_substation(net: Incidence, flow: Flow, rating_mva: float, above: cp.Expression | float = 0.0) -> cp.Constraint:
    """(8) |S| drawn from the slack by the feeder <= rating (+ above [1, T])."""
    s = cp.vstack([net.from_slack @ flow.P, net.from_slack @ flow.Q])
    return cp.SOC(cp.vec(rating_mva + above, order="F") if isinstance(above, cp.Expression)
                  else np.full(flow.P.shape[1], rating_mva) + cp.Constant(0.0), s, axis=0)


def eq9_lossless_ceiling(
    feeder: RadialFeeder, net: Incidence, p_bus: cp.Expression, q_bus: cp.Expression,
    correction: cp.Expression, above: cp.Expression | float, periods: int,
) -> list[cp.Constraint]:
    """(9) u_j = u_i - 2 (r P' + x Q') with P', Q' the flows without losses; u <= v_max^2 + correction.

    The lossless voltage never lies below the true one, and cannot be lowered by inventing losses.
    """
    linear = flow_variables(feeder.bus_count - 1, periods)
    drop = 2 * (cp.multiply(_wide(net.r, linear), linear.P) + cp.multiply(_wide(net.x, linear), linear.Q))
    return [net.tree @ linear.P == p_bus, net.tree @ linear.Q == q_bus,
            linear.v == parent_voltage(net, linear) - drop, linear.l == 0.0,
            linear.v - above <= feeder.v_max_pu**2 + correction]


def bare_network(
    feeder: RadialFeeder, net: Incidence, flow: Flow, p_bus: cp.Expression, q_bus: cp.Expression
) -> tuple[cp.Constraint, list[cp.Constraint]]:
    """(1) by itself, for its dual, and all of (1)-(6)."""
    balance = eq1_active_balance(net, flow, p_bus)
    return balance, [balance, eq2_reactive_balance(net, flow, q_bus), eq3_voltage_drop(net, flow),
                     eq4_current_cone(net, flow), *eq5_voltage_band(feeder, flow), eq6_line_rating(feeder, flow)]


def lossless_voltage(feeder: RadialFeeder, p_bus: Floats, q_bus: Floats) -> Floats:
    """Squared voltages [L, T] of the lossless flow for loads [L, T] in per unit."""
    net = incidence(feeder)
    down = np.linalg.inv(net.tree.toarray())
    drop = 2 * (net.r * (down @ p_bus) + net.x * (down @ q_bus))
    return np.asarray(feeder.v_slack_pu**2 - down.T @ drop)


def parent_voltage(net: Incidence, flow: Flow) -> cp.Expression:
    """v_i [L, T] of each line's parent."""
    return net.to_parent @ flow.v + _wide(net.v_slack, flow)


def _wide(column: Floats, flow: Flow) -> Floats:
    return np.repeat(column, flow.P.shape[1], axis=1)
