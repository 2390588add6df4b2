"""A circuit as its operator's lower layer sees it: connections, limits, and AC power flow of what is watched.

Rows are those of a district's feeder, or the ports of a circuit alone; what is drawn at a port, house and cars,
is drawn exactly, whatever the voltage. What is watched moves with node volts v by

    (T9) d|v| = Re(conj(v) dv)/|v|,  dy = C dv of currents,  dy = 100 (dn - (n/p) dp)/p of unbalance n/p,
         d losses = Re(g dv)

and v by what is drawn as `slopes` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from models.network.three_phase.circuit import Circuit
from models.network.three_phase.feeder import Drawn, ThreePhaseFlows
from models.network.three_phase.records import NEUTRAL
from models.network.three_phase.records import ThreePhaseFlow as SolvedFlow
from models.records.arrays import Floats, Ints
from models.records.three_phase import (
    CURRENT,
    TRANSFORMER,
    UNBALANCE,
    VOLTAGE,
    Complexes,
    ThreePhaseNetwork,
    Watched,
    WatchedFlow,
    WatchedSlopes,
    WatchedSlopesCall,
)

LOW_VOLTAGE_V = 1e3
CUSTOMER_WEIGHT = 0.01
"""A customer of some kW against a bus of the medium voltage with some hundred (A)."""
UNBALANCE_PERCENT = 2.0
"""Negative over positive sequence (EN 50160)."""
POSITIVE, NEGATIVE = (np.exp(2j * np.pi / 3 * np.array(turn)) for turn in ((0, 1, 2), (0, 2, 1)))
Draws = Callable[[Floats, Floats], Drawn]
"""(p_kw, q_kvar [N, B]) -> what ports and own loads draw."""


@dataclass(frozen=True)
class PhaseLimits:
    """What a network of three phases must keep."""

    v_min_pu: float
    """Of the declared voltage, as v_max_pu."""
    v_max_pu: float
    declared_v: float | None = None
    """Volts of a phase to neutral that are 1 pu; None: each node's own base."""
    unbalance_percent: float = UNBALANCE_PERCENT
    """At buses of three phases where customers are."""


@dataclass(frozen=True)
class Rows:
    """Rows of what is drawn, the source first; B of them."""

    names: tuple[str, ...]
    nodes: tuple[Ints, ...]
    """[B] nodes of each customer; none of a row without."""
    of_ports: Ints
    """[port] row of each."""
    driven: Ints
    """Where cars can act: at some of these."""


def watched_ports(circuit: Circuit, names: tuple[str, ...], limits: PhaseLimits, driven: Ints | None = None
                  ) -> WatchedCircuit:
    """Of a circuit whose ports stand for its own loads, which draw nothing themselves; names [port].

    driven: rows where cars can act, ports from 1; None: at all of them.
    """
    def draws(p_kw: Floats, q_kvar: Floats) -> Drawn:
        nothing = np.zeros((len(p_kw), circuit.loads.count))
        return p_kw[:, 1:], q_kvar[:, 1:], nothing, nothing

    nodes = (np.zeros(0, dtype=np.int64), *circuit.port_nodes)
    ports = np.arange(1, len(nodes))
    rows = Rows(("source", *names), nodes, ports, ports if driven is None else driven)
    return WatchedCircuit(circuit, draws, rows, circuit.conductors.rating_a, limits)


def watched_feeder(flows: ThreePhaseFlows) -> WatchedCircuit:
    """Of a district's network, with its own limits; cars act where its ports are."""
    feeder, circuit = flows.feeder, flows.circuit
    nothing, customers = np.zeros(0, dtype=np.int64), np.union1d(flows.port_rows, flows.load_row)
    nodes = tuple(np.unique(flows.nodes_of_row[row]) if row in customers else nothing
                  for row in range(feeder.bus_count))
    rows = Rows(feeder.bus_name, nodes, flows.port_rows, flows.port_rows)
    return WatchedCircuit(circuit, flows.drawn, rows, flows.rating_a, PhaseLimits(feeder.v_min_pu, feeder.v_max_pu))


class WatchedCircuit:
    """`network` says what is watched; calling it is a WatchedFlowCall. Not to be shared between threads."""

    def __init__(self, circuit: Circuit, draws: Draws, rows: Rows, rating_a: Floats, limits: PhaseLimits) -> None:
        self._circuit, self._draws, self._rows = circuit, draws, rows
        own_v, declared_v = circuit.nodes.base_v, limits.declared_v
        self._declared_v: Floats = own_v if declared_v is None else np.full(own_v.size, declared_v)
        self._at = np.concatenate(rows.nodes)
        """[voltages] node of each."""
        self._alike = _by_size(rows.nodes)
        self._rated = np.flatnonzero(np.isfinite(rating_a) & (circuit.conductors.phase <= NEUTRAL))
        self._rating_a = rating_a[self._rated]
        self._balance_rows = self._unbalanced_rows()
        self.network = self._network(limits)

    def __call__(self, p_kw: Floats, q_kvar: Floats, taps: Floats | None = None, begin: Floats | None = None
                 ) -> WatchedFlow:
        """See WatchedFlowCall."""
        flow = self._circuit.solve(*self._draws(p_kw, q_kvar), taps, begin)
        phasor = self._phasors(flow)
        vm = np.abs(flow.v_v) / self._declared_v
        of_rows = np.ones((len(vm), len(self._rows.nodes)))
        for rows, nodes in self._alike:
            of_rows[:, rows] = vm[:, nodes].mean(axis=2)
        return WatchedFlow(np.abs(phasor), phasor, of_rows, flow.losses_kw, flow.tap_pu, flow.p_source_kw,
                           flow.q_source_kvar)

    @property
    def slopes(self) -> WatchedSlopesCall | None:
        """None where the circuit holds what draws by a law of its own: there only differences of power flows know."""
        return None if self._circuit.without_slopes else self._slopes

    def _slopes(self, p_kw: Floats, q_kvar: Floats, taps: Floats, with_q: bool) -> tuple[WatchedSlopes, ...]:
        """See WatchedSlopesCall."""
        drawn = self._draws(p_kw[None], q_kvar[None])
        v_v = self._circuit.solve(*drawn, taps).v_v[0]
        of_port, of_load = ((drawn[i][0], drawn[i + 1][0]) for i in (0, 2))
        moving = self._circuit.slopes(of_port, of_load, v_v, taps)
        loads = self._circuit.loads.count + np.searchsorted(self._rows.of_ports, self._rows.driven)
        return tuple(self._of_volts(v_v, moving.by_power(loads, of_q), taps) for of_q in (False, True)[: 1 + with_q])

    def _of_volts(self, v_v: Complexes, by_v: Complexes, taps: Floats) -> WatchedSlopes:
        """(T9) of node volts [node] that move by [node, D]."""
        driven = [self._rows.nodes[row] for row in self._rows.driven]
        phasor: Complexes = self._moves(v_v, taps) @ by_v
        phasor[: self._at.size].imag = 0.0
        means = _rows_of(driven, [np.full(nodes.size, 1.0 / nodes.size) for nodes in driven], v_v.size)
        own: Any = means @ self._magnitudes(v_v)
        return WatchedSlopes(phasor, np.real(own @ by_v),
                             np.real(self._circuit.network.loss_gradient(v_v, taps) @ by_v))

    def _moves(self, v_v: Complexes, taps: Floats) -> Any:
        """(T9) sparse [M, node]: what is watched by node volts; of voltages the real part."""
        currents: Any = self._circuit.network.currents(taps)[self._rated]
        phases = v_v[self._balance_rows]
        positive, negative = phases @ POSITIVE, phases @ NEGATIVE
        turns = 100.0 * (NEGATIVE - np.outer(negative / positive, POSITIVE)) / positive[:, None]
        return sparse.vstack([self._magnitudes(v_v)[self._at], sparse.diags_array(1.0 / self._rating_a) @ currents,
                              _rows_of([*self._balance_rows], [*turns], v_v.size)], format="csr")

    def _magnitudes(self, v_v: Complexes) -> Any:
        """(T9) sparse [node, node]: pu by node volts, as far as real."""
        return sparse.diags_array(np.exp(-1j * np.angle(v_v)) / self._declared_v, format="csr")

    def _phasors(self, flow: SolvedFlow) -> Complexes:
        v = flow.v_v
        currents = np.full((len(v), self._rated.size), np.nan + 0j)
        # the matrix hangs on the taps, of which a batch has few; a product for all cases at each
        for taps in np.unique(flow.tap_pu[flow.is_solved], axis=0):
            same = flow.is_solved & (flow.tap_pu == taps).all(axis=1)
            matrix: Any = self._circuit.network.currents(taps)
            currents[same] = (matrix[self._rated] @ v[same].T).T / self._rating_a
        sequences = v[:, self._balance_rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            unbalance = 100.0 * (sequences @ NEGATIVE) / (sequences @ POSITIVE)
        return np.concatenate([(np.abs(v) / self._declared_v)[:, self._at], currents, unbalance], axis=1)

    def _unbalanced_rows(self) -> Ints:
        """[K, 3] nodes of the buses of three phases at which somebody is connected."""
        nodes = self._circuit.nodes
        rows = nodes.three_phase_rows()
        return rows[np.isin(nodes.bus[rows[:, 0]], nodes.bus[self._at])] if rows.size else rows.reshape(0, 3)

    def _network(self, limits: PhaseLimits) -> ThreePhaseNetwork:
        rows, base_v = self._rows, self._circuit.nodes.base_v
        weight = [1.0 if not at.size or base_v[at[0]] >= LOW_VOLTAGE_V else CUSTOMER_WEIGHT for at in rows.nodes]
        phases = tuple("".join(str(self._circuit.nodes.phase[n]) for n in at) for at in rows.nodes)
        return ThreePhaseNetwork(self._circuit.name, rows.names, phases, self._watched(limits), rows.driven,
                                 np.array(weight))

    def _watched(self, limits: PhaseLimits) -> Watched:
        nodes, conductors, at = self._circuit.nodes, self._circuit.conductors, self._at
        is_line = conductors.is_line[self._rated]
        kind = np.concatenate([np.full(at.size, VOLTAGE), np.where(is_line, CURRENT, TRANSFORMER),
                               np.full(len(self._balance_rows), UNBALANCE)]).astype(np.int64)
        bus = [f"bus {nodes.bus_names[nodes.bus[n]]}" for n in (*at, *self._balance_rows[:, 0])]
        element = (*bus[: at.size], *(conductors.element[c] for c in self._rated), *bus[at.size :])
        phase = [_phase(int(number)) for number in (*nodes.phase[at], *conductors.phase[self._rated])]
        low, high = np.full(kind.size, -np.inf), np.select(
            [kind == VOLTAGE, kind == UNBALANCE], [limits.v_max_pu, limits.unbalance_percent], 1.0)
        low[: at.size] = limits.v_min_pu
        # a voltage is of its own bus; currents and unbalance are of nobody alone
        whose = np.full(kind.size, -1)
        whose[: at.size] = np.repeat(np.arange(len(self._rows.nodes)), [own.size for own in self._rows.nodes])
        return Watched(kind, element, (*phase, *("" for _ in self._balance_rows)), whose, low, high)


def _rows_of(nodes: Sequence[Ints], values: Sequence[Any], size: int) -> Any:
    """Sparse [row, node] with the values of each row at its nodes."""
    row = np.repeat(np.arange(len(nodes)), [own.size for own in nodes])
    triples = (np.concatenate([np.zeros(0), *values]), (row, np.concatenate([np.zeros(0, dtype=np.int64), *nodes])))
    return sparse.csr_array(triples, shape=(len(nodes), size))


def _by_size(nodes: tuple[Ints, ...]) -> list[tuple[Ints, Ints]]:
    """(rows [n], their nodes [n, size]) of each number of nodes that rows have; rows without any are left out."""
    sizes = np.array([at.size for at in nodes])
    return [(rows, np.stack([nodes[row] for row in rows])) for rows in (
        np.flatnonzero(sizes == size) for size in np.unique(sizes) if size)]


def _phase(number: int) -> str:
    return "n" if number >= NEUTRAL else str(number)
