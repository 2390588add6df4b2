"""AC power flow of a radial network by backward and forward sweeps, and what voltages say of the powers behind them.

Per unit on 1 MVA; lines are series impedances, what they and others have to earth stands at the buses (docs/model.md
4.4, 5.4 and 10). An off-nominal transformer scales all voltages behind it: the flow is that of the network with
voltages v / s, impedances z / s^2 and admittances y s^2, s being the product of the turns ratios on the way from the
slack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import District

KVA = 1e3
"""Per unit of power."""
MOST_SWEEPS = 200
CONVERGED, AT_REST = 1e-13, 1e-9


@dataclass(frozen=True)
class Flow:
    """[N, B] or [N]."""

    vm_pu: Floats
    current_pu: Floats
    """[N, B] through the line to the parent; 0 at the slack."""
    losses_kw: Floats
    p_slack_kw: Floats
    q_slack_kvar: Floats


@dataclass(frozen=True)
class Tree:
    """A radial network [B]: parents stand before their children, the slack first."""

    parent: Any
    z: Any
    """Complex impedance of the line to the parent, seen from its end, pu."""
    v_slack: Any
    """One voltage, or [N] by case."""
    turns_ratio: Any
    """Voltage that each line begins with over its parent's."""
    y: Any
    """Complex admittance of each bus to earth, pu."""

    def at(self, v_slack: Any) -> Tree:
        """The same network at other voltages of its slack [N]."""
        return replace(self, v_slack=v_slack)

    @cached_property
    def scale(self) -> Floats:
        """[B] voltage of each bus at no load over the slack's."""
        scale = np.ones(self.parent.size)
        for j in range(1, self.parent.size):
            scale[j] = scale[self.parent[j]] * self.turns_ratio[j]
        return scale

    @cached_property
    def z_scaled(self) -> Any:
        """[B] impedances of the network without transformers."""
        return self.z / self.scale**2

    @cached_property
    def y_scaled(self) -> Any:
        """[B] its admittances."""
        return self.y * self.scale**2

    @cached_property
    def _order(self) -> list[int]:
        return list(range(self.parent.size - 1, 0, -1))

    def flow(self, p_kw: Floats, q_kvar: Floats) -> Flow:
        """The AC power flow of N cases of loads [N, B]; NaN where it does not come to rest."""
        s = (p_kw + 1j * q_kvar).T / KVA
        v = np.full(s.shape, self.v_slack, dtype=np.complex128)
        with np.errstate(all="ignore"):  # beyond what a line can carry voltages run away, and are NaN
            for _ in range(MOST_SWEEPS):
                new = self._swept(v, s)
                change, v = np.abs(new - v).max(initial=0.0), new
                if not change > CONVERGED:
                    break
            if not change <= AT_REST:
                v = np.full(v.shape, np.nan + 0j)
            return self._told(v, self._currents(self._drawn(v, s)), s)

    def _drawn(self, v: Any, s: Any) -> Any:
        """[B, N] currents that loads and admittances draw at each bus."""
        return np.conj(s / v) + self.y_scaled[:, None] * v

    def _swept(self, v: Any, s: Any) -> Any:
        """Currents from the ends to the slack, then voltages from the slack to the ends."""
        current, new = self._currents(self._drawn(v, s)), v.copy()
        for j in range(1, self.parent.size):
            new[j] = new[self.parent[j]] - self.z_scaled[j] * current[j]
        return new

    def _currents(self, at_bus: Any) -> Any:
        """Through each line: what its bus and all behind it draw."""
        current = at_bus.copy()
        for j in self._order:
            current[self.parent[j]] += current[j]
        return current

    def _told(self, v: Any, current: Any, s: Any) -> Flow:
        losses = (np.abs(current[1:]) ** 2 * self.z_scaled[1:].real[:, None]).sum(axis=0)
        losses += (np.abs(v) ** 2 * self.y_scaled.real[:, None]).sum(axis=0)
        from_slack = self.v_slack * np.conj(current[0])
        through = np.abs(current)
        through[0] = 0.0
        vm_pu, current_pu = np.abs(v).T * self.scale, through.T / self.scale
        return Flow(vm_pu, current_pu, losses * KVA, from_slack.real * KVA, from_slack.imag * KVA)

    def powers_behind(self, vm_pu: Floats, q_kvar: Floats) -> tuple[Floats, Floats]:
        """([N, B] kW drawn at each bus, [N] kW lost) that voltages [N, B] and reactive loads [N, B] imply.

        v_i = v_j + 2 (r P + x Q) + |z|^2 (P^2 + Q^2)/v_j with P, Q at the far end of the line (Baran and Wu 1989).
        """
        v = ((vm_pu / self.scale) ** 2).T
        in_shunts = np.conj(self.y_scaled)[:, None] * v
        q = q_kvar.T / KVA + in_shunts.imag
        sent_p, sent_q = np.zeros(v.shape), np.zeros(v.shape)
        p, losses = np.zeros(v.shape), in_shunts.real.sum(axis=0)
        for j in self._order:
            r, x = self.z_scaled[j].real, self.z_scaled[j].imag
            far_q = q[j] + sent_q[j]
            square = (r * r + x * x) / v[j]
            rest = v[j] + 2 * x * far_q + square * far_q**2 - v[self.parent[j]]
            root = np.sqrt(np.maximum(r * r - square * rest, 0.0))
            far_p = -rest / (r + root)
            lost = (far_p**2 + far_q**2) / v[j]
            p[j] = far_p - sent_p[j] - in_shunts[j].real
            losses += r * lost
            sent_p[self.parent[j]] += far_p + r * lost
            sent_q[self.parent[j]] += far_q + x * lost
        return (p * KVA).T, losses * KVA


def tree_of(district: District) -> Tree:
    """The network of a district; AuditError where its buses are no tree."""
    numbers, parent = district.axes["bus"], district("bus_parent")
    position = {int(number): row for row, number in enumerate(numbers)}
    rows = np.array([position.get(int(number), -1) for number in parent])
    if len(position) != numbers.size or rows[0] != -1 or parent[0] != -1 or not np.all(
            (rows[1:] >= 0) & (rows[1:] < np.arange(1, rows.size))):
        raise AuditError(f"districts/{district.name}/bus_parent is no tree with parents before their children")
    z = district("line_r_pu") + 1j * district("line_x_pu")
    y = district("shunt_g_pu") + 1j * district("shunt_b_pu")
    return Tree(rows, z, float(district.attributes["v_slack_pu"]), district("line_turns_ratio"), y)


def slack_vm_pu(district: District) -> Floats:
    """[T] voltage of the slack in each step, as the position of the tap changer says; NaN for one that there is not."""
    if not district.holds("tap_slack_vm_pu"):
        return np.full(district("vm_pu").shape[0], float(district.attributes["v_slack_pu"]))
    at = {float(number): row for row, number in enumerate(district.axes["tap"])}
    rows = np.array([at.get(float(number), -1) for number in district("tap_position")])
    return np.where(rows >= 0, district("tap_slack_vm_pu")[rows], np.nan)


def loads(district: District) -> tuple[Floats, Floats]:
    """(kW, kvar) [T, B] without cars, all generation taken as it comes."""
    return district("load_bus_kw"), district("load_bus_kvar")


def loads_taken(district: District) -> tuple[Floats, Floats]:
    """The same with the generation that was taken: what was curtailed is drawn in its place."""
    p_kw, q_kvar = loads(district)
    if not district.holds("generation_curtailed_kw"):
        return p_kw, q_kvar
    p_kw = p_kw.copy()
    p_kw[:, generation_rows(district)] += district("generation_curtailed_kw")
    return p_kw, q_kvar


def generation_rows(district: District) -> list[int]:
    """Place among its buses of each of whose generators less may be taken; AuditError where there is no such bus."""
    row = {int(number): i for i, number in enumerate(district.axes["bus"])}
    numbers = [int(number) for number in district.axes["generation_bus"]]
    if len(set(numbers)) != len(numbers) or any(number not in row for number in numbers):
        raise AuditError(f"districts/{district.name}/generation_bus names a bus twice, or one that there is not")
    return [row[number] for number in numbers]


def curtailed_mw(networks: tuple[District, ...], steps: int) -> Floats:
    """[T] generation that feeders do not take, all networks."""
    total = np.zeros(steps)
    for district in networks:
        if district.holds("generation_curtailed_kw"):
            total += district("generation_curtailed_kw").sum(axis=1) / KVA
    return total
