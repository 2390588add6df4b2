"""How node voltages of a circuit move with what its loads draw, from its own equations around an operating point.

Y [node, node] is the admittance of all but loads, taps as they stand. A pair of nodes, V its voltage, draws y(|V|) V
(`load_currents.py`); its current moves with its own voltage, also by the magnitude, and with the load's power:

    (T8) Y dv + sum over pairs of (its nodes) dI = 0,    dI = (y + h) dV + h V/conj(V) conj(dV) + (dI/dp) dp,
         h = 1/2 |V| dy/d|V|

conj(dV) makes it a linear system in real and imaginary parts, of twice as many rows, factored once for all loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from models.network.three_phase.load_currents import LoadLaws
from models.network.three_phase.records import Complexes
from models.records.arrays import Floats, Ints

AT_ONCE = 256
"""Right sides that are solved together: no more memory than their answers need."""
W_PER_KW = 1e3
LEFT_A, ROUNDING = 1e-3, 1e-12
"""Amperes at a node, and share of all that flow through it, which an exact solution may leave unexplained."""


class VoltageSlopes:
    """Around node volts [node] with loads [load] that draw p_kw and q_kvar there."""

    def __init__(self, admittance: Any, laws: LoadLaws, v_v: Complexes, p_kw: Floats, q_kvar: Floats) -> None:
        self._laws, self._incidence = laws, incidence(laws, v_v.size)
        self._pair_v = self._incidence @ v_v
        y, h, self._by_power = pair_admittances(laws, self._pair_v, p_kw, q_kvar)
        turned = h * np.exp(2j * np.angle(self._pair_v))
        self._factored = splu(_real_parts(admittance + self._between(y + h), self._between(turned)),
                              permc_spec="MMD_AT_PLUS_A")  # the pattern is symmetric: a fifth faster than without

    def by_power(self, loads: Ints, of_q: bool) -> Complexes:
        """(T8) [node, n] volts per kW, or per kvar, more that each of these loads draws."""
        unit = (-1j if of_q else 1.0) * self._by_power[:, int(of_q)] * self._pair_v * self._laws.part * W_PER_KW
        count = int(self._laws.load.max(initial=-1)) + 1
        of_load = sparse.csr_array((unit, (self._laws.load, np.arange(unit.size))), shape=(count, unit.size))
        drawn: Any = -(of_load[loads] @ self._incidence).T
        # loads answer to voltages by their real and imaginary part apart, so the system is real and twice as tall
        right = sparse.vstack([drawn.real, drawn.imag], format="csc")
        solved = np.empty(drawn.shape, dtype=np.complex128)
        for first in range(0, loads.size, AT_ONCE):
            some = slice(first, first + AT_ONCE)
            parts = self._factored.solve(right[:, some].toarray(order="F"))
            solved.real[:, some], solved.imag[:, some] = parts[: len(solved)], parts[len(solved) :]
        return solved

    def _between(self, of_pair: Complexes) -> Any:
        """Sparse [node, node] of admittances between the nodes of pairs."""
        return self._incidence.T @ sparse.diags_array(of_pair) @ self._incidence


def incidence(laws: LoadLaws, nodes: int) -> Any:
    """Sparse [pair, node]: 1 where a pair's current leaves the network, -1 where it comes back."""
    pairs, back = np.arange(laws.load.size), np.flatnonzero(laws.end >= 0)
    triples = (np.repeat([1.0, -1.0], [pairs.size, back.size]),
               (np.concatenate([pairs, back]), np.concatenate([laws.start, laws.end[back]])))
    return sparse.csr_array(triples, shape=(pairs.size, nodes))


def pair_admittances(laws: LoadLaws, pair_v: Complexes, p_kw: Floats, q_kvar: Floats
                     ) -> tuple[Complexes, Complexes, Floats]:
    """y and h of (T8) [pair] in siemens, and w/base^2 [pair, 2] of active and reactive power."""
    u = np.abs(pair_v) / laws.base_v
    value, slope = laws.weights(u)
    square = laws.base_v[:, None] ** 2
    power_w = W_PER_KW * laws.part[:, None] * np.stack([p_kw, -q_kvar], axis=1)[laws.load] / square
    y, by_u = ((power_w * table) @ np.array([1.0, 1j]) for table in (value, slope))
    return y, 0.5 * u * by_u, value / square


def unbalanced_a(admittance: Any, laws: LoadLaws, v_v: Complexes, p_kw: Floats, q_kvar: Floats) -> Floats:
    """[node] amperes that neither the admittance nor loads explain, in what rounding and iterations may leave."""
    a = incidence(laws, v_v.size)
    y, _, _ = pair_admittances(laws, a @ v_v, p_kw, q_kvar)
    drawn = a.T @ (y * (a @ v_v))
    return np.asarray(np.abs(admittance @ v_v + drawn) / (LEFT_A + ROUNDING * (abs(admittance) @ np.abs(v_v))))


def _real_parts(straight: Any, mirrored: Any) -> Any:
    """Sparse real matrix of dv -> straight dv + mirrored conj(dv), real parts before imaginary ones."""
    return sparse.block_array([[straight.real + mirrored.real, mirrored.imag - straight.imag],
                               [straight.imag + mirrored.imag, straight.real - mirrored.real]], format="csc")
