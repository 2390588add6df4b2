"""A circuit as its operator's lower layer sees it: connections, limits, and AC power flow of what is watched.

What is drawn at a connection, house and cars together, is drawn exactly; the script's own loads are left out where they
are replaced by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.three_phase.circuit import Circuit
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
)

LOW_VOLTAGE_V = 1e3
CUSTOMER_WEIGHT = 0.01
"""A customer of some kW against a bus of the medium voltage with some hundred (A)."""
POSITIVE, NEGATIVE = (np.exp(2j * np.pi / 3 * np.array(turn)) for turn in ((0, 1, 2), (0, 2, 1)))


@dataclass(frozen=True)
class PhaseLimits:
    """What a network of three phases must keep."""

    v_min_pu: float
    """Of the declared voltage, as v_max_pu."""
    v_max_pu: float
    declared_v: float | None = None
    """Volts of a phase to neutral that are 1 pu; None: each node's own base."""
    unbalance_percent: float = 2.0
    """Negative over positive sequence at connections' buses of three phases (EN 50160)."""


class WatchedCircuit:
    """`network` says what is watched; calling it is a WatchedFlowCall. Not to be shared between threads."""

    def __init__(self, circuit: Circuit, names: tuple[str, ...], limits: PhaseLimits, keeps_loads: bool = False
                 ) -> None:
        """names [port] of the connections, in the order of the circuit's ports; keeps_loads: its own loads draw too."""
        self._circuit, self._keeps_loads = circuit, keeps_loads
        self._nodes = circuit.port_nodes
        own_v, declared_v = circuit.nodes.base_v, limits.declared_v
        self._declared_v: Floats = own_v if declared_v is None else np.full(own_v.size, declared_v)
        self._at = np.concatenate(self._nodes)
        """[voltages] node of each."""
        rated = np.isfinite(circuit.conductors.rating_a) & (circuit.conductors.phase <= NEUTRAL)
        self._rated = np.flatnonzero(rated)
        self._rows = self._unbalanced_rows()
        self.network = self._network(names, limits)

    def __call__(self, p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        """See WatchedFlowCall."""
        own = None if self._keeps_loads else np.zeros((len(p_kw), self._circuit.loads.count))
        flow = self._circuit.solve(p_kw[:, 1:], q_kvar[:, 1:], own, own, taps)
        phasor = self._phasors(flow)
        vm = np.abs(flow.v_v) / self._declared_v
        of_connections = np.stack([vm[:, nodes].mean(axis=1) for nodes in self._nodes], axis=1)
        return WatchedFlow(np.abs(phasor), phasor, np.pad(of_connections, ((0, 0), (1, 0)), constant_values=1.0),
                           flow.losses_kw, flow.tap_pu, flow.p_source_kw, flow.q_source_kvar)

    def _phasors(self, flow: SolvedFlow) -> Complexes:
        v = flow.v_v
        currents = np.full((len(v), self._rated.size), np.nan + 0j)
        rating = self._circuit.conductors.rating_a[self._rated]
        for taps in np.unique(flow.tap_pu[flow.is_solved], axis=0):
            same = flow.is_solved & (flow.tap_pu == taps).all(axis=1)
            matrix: Any = self._circuit.network.currents(taps)
            currents[same] = (matrix[self._rated] @ v[same].T).T / rating
        sequences = v[:, self._rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            unbalance = 100.0 * (sequences @ NEGATIVE) / (sequences @ POSITIVE)
        volts = (np.abs(v) / self._declared_v)[:, self._at]
        return np.concatenate([volts, currents, unbalance], axis=1)

    def _unbalanced_rows(self) -> Ints:
        """[K, 3] nodes of the buses of three phases at which something is connected."""
        nodes = self._circuit.nodes
        rows = nodes.three_phase_rows()
        return rows[np.isin(nodes.bus[rows[:, 0]], nodes.bus[self._at])] if rows.size else rows.reshape(0, 3)

    def _network(self, names: tuple[str, ...], limits: PhaseLimits) -> ThreePhaseNetwork:
        nodes, conductors = self._circuit.nodes, self._circuit.conductors
        connection = np.repeat(np.arange(1, len(self._nodes) + 1), [at.size for at in self._nodes])
        is_line = conductors.is_line[self._rated]
        kind = np.concatenate([np.full(self._at.size, VOLTAGE), np.where(is_line, CURRENT, TRANSFORMER),
                               np.full(len(self._rows), UNBALANCE)])
        element = [f"bus {nodes.bus_names[nodes.bus[at]]}" for at in self._at]
        element += [conductors.element[c] for c in self._rated]
        element += [f"bus {nodes.bus_names[nodes.bus[row[0]]]}" for row in self._rows]
        phase = [_phase(int(nodes.phase[at])) for at in self._at]
        phase += [_phase(int(conductors.phase[c])) for c in self._rated] + [""] * len(self._rows)
        low, high = np.full(kind.size, -np.inf), np.select(
            [kind == VOLTAGE, kind == UNBALANCE], [limits.v_max_pu, limits.unbalance_percent], 1.0)
        low[: self._at.size] = limits.v_min_pu
        none = np.full(kind.size, -1)
        none[: self._at.size] = connection
        weight = [1.0, *(CUSTOMER_WEIGHT if nodes.base_v[at[0]] < LOW_VOLTAGE_V else 1.0 for at in self._nodes)]
        own_phases = ["", *("".join(str(nodes.phase[n]) for n in at) for at in self._nodes)]
        return ThreePhaseNetwork(
            self._circuit.name, ("source", *names), tuple(own_phases),
            Watched(kind, tuple(element), tuple(phase), none, low, high), voltage_weight=np.array(weight))


def _phase(number: int) -> str:
    return "n" if number >= NEUTRAL else str(number)
