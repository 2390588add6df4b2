"""The network's equations (1)-(9), (16) of the lower layer: one function, one equation, on cvxpy's unknowns or grids.

Letters: L = B - 1 lines (row j is the line into bus j + 1), T periods. P, Q [pu] leave the parent end of the
line, l = |I|^2, v = |V|^2 at the child end; loads p, q positive. 1 pu = 1 MVA, so powers are MW.
(1) P_ij - r l = sum P_jm + p_j + g v_j  (2) Q_ij - x l = sum Q_jm + q_j - b v_j    (g + jb: the bus's shunt)
(3) v_j = v_i - 2 (r P + x Q) + (r^2 + x^2) l    (v_i: the parent's v times the line's turns ratio squared)
(4) || (2P, 2Q, l - v_i) || <= l + v_i   (the relaxation of l v_i = P^2 + Q^2)
(5) v_min^2 <= v <= v_max^2              (6) l <= i_max^2
(7) |S| <= rating of each MV/LV transformer     (8) |S| at the slack <= the substation's rating
(9) lossless voltage <= v_max^2 + measured correction (repair only)
(16) 0 <= generation not taken <= generation that comes; it adds to p
The cars' equations (10)-(15) are in fleet_equations.py.
Source: Baran and Wu 1989, Farivar and Low 2013; (9) after Gan, Li, Topcu and Low 2015 (K).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from controllers.rows.entries import Entries, together
from controllers.rows.grid import cones, rows_of, times
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder


@dataclass(frozen=True)
class Incidence:
    """Constant matrices of a feeder."""

    tree: Entries
    """[L, L] identity minus children: row j of tree @ P is P_j - sum of the children's P."""
    to_parent: Entries
    """[L, L] picks the parent's value times the turns ratio squared; empty rows below the slack."""
    v_slack: Floats
    """[L, 1] v of the slack times the turns ratio squared where it is the parent, else 0."""
    from_slack: Entries
    """[1, L] adds the lines whose parent is the slack."""
    r: Floats
    """[L, 1]"""
    x: Floats
    g: Floats
    b: Floats
    has_shunts: bool
    slack_shunt: complex
    """Power that the slack's own shunt draws."""

    @property
    def z2(self) -> Floats:
        return np.asarray(self.r**2 + self.x**2)


def incidence(feeder: RadialFeeder) -> Incidence:
    """The matrices of equations (1)-(4)."""
    lines, parent = feeder.bus_count - 1, feeder.parent[1:]
    # lines at the slack have no line above them: their parent's voltage is a constant
    inner, first = np.flatnonzero(parent > 0), np.flatnonzero(parent == 0)
    every, ratio2 = np.arange(lines), feeder.turns_ratio[1:] ** 2
    of_child = Entries(parent[inner] - 1, inner, -np.ones(inner.size), (lines, lines))
    return Incidence(
        tree=together([Entries(every, every, np.ones(lines), (lines, lines)), of_child], (lines, lines)),
        to_parent=Entries(inner, parent[inner] - 1, ratio2[inner], (lines, lines)),
        v_slack=((parent == 0) * feeder.v_slack_pu**2 * ratio2)[:, None],
        from_slack=Entries(np.zeros_like(first), first, np.ones(first.size), (1, lines)),
        r=feeder.r_pu[1:, None], x=feeder.x_pu[1:, None], g=feeder.shunt_g_pu[1:, None], b=feeder.shunt_b_pu[1:, None],
        has_shunts=feeder.has_shunts, slack_shunt=feeder.slack_shunt_pu,
    )


@dataclass(frozen=True)
class Flow:
    """Unknowns of the network, [L, T] in per unit."""

    P: Any
    Q: Any
    l: Any  # noqa: E741  the letter of the literature
    v: Any


def flow_variables(lines: int, periods: int) -> Flow:
    """Fresh unknowns for cvxpy of one network over all periods."""
    shape = (lines, periods)
    return Flow(P=cp.Variable(shape, name="P"), Q=cp.Variable(shape, name="Q"),
                l=cp.Variable(shape, name="l"), v=cp.Variable(shape, name="v"))


def eq1_active_balance(net: Incidence, flow: Flow, p_bus: Any) -> Any:
    """(1) P_ij - r l - sum P_jm = p_j + g v_j; its dual is the nodal price. p_bus [L, T]."""
    return rows_of(net.tree, flow.P) - times(net.r, flow.l) == _with_shunts(net, net.g, flow, p_bus)


def eq2_reactive_balance(net: Incidence, flow: Flow, q_bus: Any) -> Any:
    """(2) Q_ij - x l - sum Q_jm = q_j - b v_j; q_bus [L, T]."""
    return rows_of(net.tree, flow.Q) - times(net.x, flow.l) == _with_shunts(net, -net.b, flow, q_bus)


def eq3_voltage_drop(net: Incidence, flow: Flow) -> Any:
    """(3) v_j = v_i - 2 (r P + x Q) + (r^2 + x^2) l."""
    # |V - z I|^2: the cross term comes twice, and the square of z I is added below
    drop = 2 * (times(net.r, flow.P) + times(net.x, flow.Q))
    return flow.v == parent_voltage(net, flow) - drop + times(net.z2, flow.l)


def eq4_current_cone(net: Incidence, flow: Flow) -> Any:
    """(4) || (2P, 2Q, l - v_i) || <= l + v_i."""
    v_i = parent_voltage(net, flow)
    return cones(flow.l + v_i, 2 * flow.P, 2 * flow.Q, flow.l - v_i)


def eq5_voltage_band(feeder: RadialFeeder, flow: Flow, below: Any = 0.0, above: Any = 0.0) -> list[Any]:
    """(5) v_min^2 - below <= v <= v_max^2 + above."""
    return [flow.v + below >= feeder.v_min_pu**2, flow.v - above <= feeder.v_max_pu**2]


def eq6_line_rating(feeder: RadialFeeder, flow: Flow, above: Any = 0.0) -> Any:
    """(6) l <= i_max^2 + above."""
    return flow.l - above <= _wide(feeder.i_max_pu[1:, None] ** 2, flow)


def eq7_transformer_active(p_behind: Any, p_cap: Floats, above: Any = 0.0) -> list[Any]:
    """(7) with reactive power fixed: |p| <= p_cap = sqrt(rating^2 - q^2); [rated buses, T] in MW."""
    return [p_behind - above <= p_cap, -p_behind - above <= p_cap]


def eq7_transformer_cone(p_behind: Any, q_behind: Any, rating: Floats, above: Any = 0.0) -> Any:
    """(7) || (p, q) || <= rating (+ above), [rated buses, T] in MVA."""
    return cones(rating + above, p_behind, q_behind)


def eq8_substation(net: Incidence, flow: Flow, rating_mva: float, above: Any = 0.0) -> Any:
    """(8) |S| drawn from the slack by the feeder <= rating (+ above [1, T])."""
    # the lines at the slack together: what the feeder draws, their losses included
    rating = np.full((1, flow.P.shape[1]), rating_mva)
    return cones(rating + above, *slack_power(net, flow))


def slack_power(net: Incidence, flow: Flow) -> tuple[Any, Any]:
    """Active and reactive power [1, T] drawn from the slack, the load of its own bus apart."""
    p, q = rows_of(net.from_slack, flow.P), rows_of(net.from_slack, flow.Q)
    own = np.ones((1, flow.P.shape[1])) * net.slack_shunt
    return (p + own.real, q + own.imag) if net.slack_shunt else (p, q)


@dataclass(frozen=True)
class Lossless:
    """Flow without losses, [L, T]."""

    P: Any
    Q: Any
    v: Any


def eq9_lossless_ceiling(feeder: RadialFeeder, net: Incidence, linear: Lossless, p_bus: Any, q_bus: Any,
                         correction: Floats, above: Any) -> list[Any]:
    """(9) u_j = u_i - 2 (r P' + x Q') with P', Q' the flows without lines' losses; u <= v_max^2 + correction + above.

    The lossless voltage never lies below the true one, and cannot be lowered by inventing losses.
    """
    drop = 2 * (times(net.r, linear.P) + times(net.x, linear.Q))
    return [rows_of(net.tree, linear.P) == _with_shunts(net, net.g, linear, p_bus),
            rows_of(net.tree, linear.Q) == _with_shunts(net, -net.b, linear, q_bus),
            linear.v == parent_voltage(net, linear) - drop, linear.v - above <= feeder.v_max_pu**2 + correction]


def eq16_curtailment(curtailed: Any, curtailable: Floats) -> Any:
    """(16) curtailed <= curtailable [L, T] (and >= 0: `signs`)."""
    return curtailed <= curtailable


def eq_voltage_penalty(low: Any, flow: Flow, threshold_pu: float) -> Any:
    """low >= threshold^2 - v: one-sided; a penalty of high voltages too would destroy exactness (docs/model.md 4.6)."""
    return low + flow.v >= threshold_pu**2


def bare_network(
    feeder: RadialFeeder, net: Incidence, flow: Flow, p_bus: Any, q_bus: Any
) -> tuple[Any, list[Any]]:
    """(1) by itself, for its dual, and all of (1)-(6)."""
    balance = eq1_active_balance(net, flow, p_bus)
    return balance, [balance, eq2_reactive_balance(net, flow, q_bus), eq3_voltage_drop(net, flow),
                     eq4_current_cone(net, flow), *eq5_voltage_band(feeder, flow), eq6_line_rating(feeder, flow)]


def lossless_voltage(feeder: RadialFeeder, p_bus: Floats, q_bus: Floats) -> Floats:
    """Squared voltages [L, T] of the lossless flow for loads [L, T] in per unit."""
    net = incidence(feeder)
    down = np.linalg.inv(net.tree.matrix().toarray())
    scale2 = feeder.voltage_scale[1:, None] ** 2
    drop = 2 * (net.r * (down @ p_bus) + net.x * (down @ q_bus)) / scale2
    lossless = (feeder.v_slack_pu**2 - down.T @ drop) * scale2
    if not net.has_shunts:
        return np.asarray(lossless)
    # shunts draw with the squared voltage itself, so voltages stand on both sides
    of_shunts = scale2 * (down.T @ (2 * (net.r * down * net.g.T - net.x * down * net.b.T) / scale2))
    return np.asarray(np.linalg.solve(np.eye(scale2.size) + of_shunts, lossless))


def parent_voltage(net: Incidence, flow: Flow | Lossless) -> Any:
    """v_i [L, T] that each line begins with: its parent's, behind the turns ratio."""
    return rows_of(net.to_parent, flow.v) + _wide(net.v_slack, flow)


def _with_shunts(net: Incidence, admittance: Floats, flow: Flow | Lossless, drawn: Any) -> Any:
    """What buses draw [L, T] with what their shunts take at their voltage."""
    # no term at all without shunts: a solver would keep its zeros
    return drawn + times(admittance, flow.v) if net.has_shunts else drawn


def _wide(column: Floats, flow: Flow | Lossless) -> Floats:
    return np.repeat(column, flow.P.shape[1], axis=1)
