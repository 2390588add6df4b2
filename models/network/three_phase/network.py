"""Lines, transformers and other passive elements as matrices: currents and losses follow from node voltages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from models.network.three_phase.engine import Engine
from models.network.three_phase.records import PHASES, Complexes, Conductors, Nodes
from models.records.arrays import Floats, Ints

IN_SERIES = ("line", "transformer", "autotrans", "reactor", "capacitor", "fuse")
MOST_KEPT = 64
"""Positions of the taps whose matrices are kept."""


class Network:
    """Matrices of a circuit at any position of its taps."""

    def __init__(self, engine: Engine, nodes: Nodes, regulators: tuple[str, ...],
                 set_taps: Callable[[Floats], None], tap_pu: Floats) -> None:
        """set_taps: puts regulators at taps [R]; tap_pu: where they stand."""
        self._engine, self._nodes, self._set_taps, self._tap_pu = engine, nodes, set_taps, tap_pu
        names = [str(name).lower() for name in engine.circuit.AllElementNames]
        self._series = [name for name in names if name.split(".")[0] in IN_SERIES and self._is_between_buses(name)]
        self._shunts = [name for name in names if name.split(".")[0] in ("capacitor", "reactor", "vsource")
                        and name not in self._series and engine.element(name).Enabled]
        self._references = {name: engine.node_reference(name) for name in [*self._series, *self._shunts]}
        moving = {f"transformer.{regulator.rsplit('.', 1)[0]}" for regulator in regulators}
        self._moving = [name for name in self._series if name in moving]
        self._fixed = {name: self._primitive(name) for name in self._series if name not in moving}
        self._of_shunts = self._shunt_admittance()
        self._kept: dict[bytes, tuple[Any, Any, Any]] = {}
        self.conductors = self._read_conductors()
        self.line_names = tuple(name for name in self._series if name.startswith("line."))
        self._sums = self._phase_sums()

    def admittance(self, tap_pu: Floats) -> Any:
        """Sparse [node, node] in siemens at taps [R]: lines, transformers, capacitors, reactors, sources."""
        _, of_terminals, picks = self._matrices(tap_pu)
        return (picks.T @ of_terminals + self._of_shunts).tocsr()

    def _shunt_admittance(self) -> Any:
        """Sparse [node, node]: capacitors as the script leaves them, reactors and the source."""
        size, rows, columns, values = self._nodes.count, [], [], []
        for name in self._shunts:
            row, column = np.meshgrid(self._references[name], self._references[name], indexing="ij")
            is_node = (row >= 0) & (column >= 0)
            rows.append(row[is_node])
            columns.append(column[is_node])
            values.append(self._primitive(name)[is_node])
        triples = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.coo_matrix(triples, shape=(size, size)).tocsr()

    def in_series(self) -> Iterator[tuple[str, str, str, Complexes]]:
        """Name, buses of the first two ends, and primitive matrix of every element in series."""
        for name, primitive in self._at(self._tap_pu).items():
            buses = [str(bus).lower().split(".")[0] for bus in self._engine.element(name).BusNames]
            yield name, buses[0], buses[1], primitive

    def further_ends(self) -> dict[str, str]:
        """By bus the element in series of which it is the third end, or a later one."""
        told = dict[str, str]()
        for name in self._series:
            buses = [str(bus).lower().split(".")[0] for bus in self._engine.element(name).BusNames]
            told |= {bus: name for bus in buses[2:] if bus not in buses[:2]}
        return told

    def reference(self, name: str) -> Ints:
        """Nodes of an element's conductors, -1 for earth."""
        return self._references[name]

    def currents(self, tap_pu: Floats) -> Any:
        """Sparse [conductor, node]: complex amperes of every conductor from node volts, at taps [R]."""
        return self._matrices(tap_pu)[0]

    def currents_and_losses(self, v_v: Complexes, tap_pu: Floats) -> tuple[Floats, Floats, Floats]:
        """Of node volts [N, node] at taps [N, R]: ampere magnitudes [N, conductor], of the sums of lines' phases
        [N, line], and kW lost [N]."""
        current_a, losses_kw = np.empty((len(v_v), self.conductors.node.size)), np.empty(len(v_v))
        neutral_a = np.empty((len(v_v), len(self.line_names)))
        for taps in np.unique(tap_pu, axis=0) if tap_pu.size else tap_pu[:1]:
            same = (tap_pu == taps).all(axis=1)
            # an unsolved case has no taps; NaN equals nothing, so all of them are marked at once
            if np.isnan(taps).any():
                same = np.isnan(tap_pu).any(axis=1)
                current_a[same], neutral_a[same], losses_kw[same] = np.nan, np.nan, np.nan
                continue
            of_conductors, of_terminals, picks = self._matrices(taps)
            v = v_v[same].T
            currents = of_conductors @ v
            current_a[same], neutral_a[same] = np.abs(currents).T, np.abs(self._sums @ currents).T
            losses_kw[same] = np.real((picks @ v) * np.conj(of_terminals @ v)).sum(axis=0) / 1e3
        return current_a, neutral_a, losses_kw

    def loss_gradient(self, v_v: Complexes, tap_pu: Floats) -> Complexes:
        """g [node] of one case: with node volts that move by dv, losses move by Re(g dv) kW."""
        _, of_terminals, picks = self._matrices(tap_pu)
        gradient: Complexes = picks.T @ np.conj(of_terminals @ v_v) + of_terminals.T @ np.conj(picks @ v_v)
        return gradient / 1e3

    def _phase_sums(self) -> Any:
        """Sparse [line, conductor]: 1 where a conductor is a phase of the line."""
        c, row = self.conductors, {name: i for i, name in enumerate(self.line_names)}
        mine = np.flatnonzero(c.is_line & (c.phase <= len(PHASES)))
        rows = np.array([row[c.element[i]] for i in mine], dtype=np.int64)
        return sparse.coo_matrix((np.ones(mine.size), (rows, mine)), shape=(len(row), c.node.size)).tocsr()

    def _matrices(self, tap_pu: Floats) -> tuple[Any, Any, Any]:
        key = np.round(tap_pu, 9).tobytes()
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._made(tap_pu)
        return self._kept[key]

    def _made(self, tap_pu: Floats) -> tuple[Any, Any, Any]:
        """Currents of conductors, currents of all terminals, and their voltages, each [.., node]."""
        size, matrices = self._nodes.count, self._at(tap_pu)
        blocks = [matrices[name] for name in self._series]
        references = np.concatenate([self._references[name] for name in self._series])
        live = np.flatnonzero(references >= 0)
        picks = sparse.coo_matrix((np.ones(live.size), (live, references[live])), shape=(references.size, size)).tocsr()
        of_terminals: Any = (sparse.block_diag(blocks, format="csr") @ picks).tocsr()
        return of_terminals[self._terminal_rows], of_terminals, picks

    def _at(self, tap_pu: Floats) -> dict[str, Complexes]:
        """Primitive matrices of elements in series at these taps."""
        if not self._moving:
            return self._fixed
        self._set_taps(tap_pu)
        self._engine.build()  # elements tell their matrices as last built, whatever taps were set since
        return {**self._fixed, **{name: self._primitive(name) for name in self._moving}}

    def _primitive(self, name: str) -> Complexes:
        values = np.asarray(self._engine.element(name).Yprim, dtype=np.float64).reshape(-1).view(np.complex128)
        size = self._references[name].size
        return np.array(values.reshape(size, size, order="F"))

    def _is_between_buses(self, name: str) -> bool:
        element = self._engine.element(name)
        buses = {str(bus).lower().split(".")[0] for bus in element.BusNames}
        return bool(element.Enabled) and int(element.NumTerminals) > 1 and len(buses) > 1

    def _read_conductors(self) -> Conductors:
        rows = list(self._conductor_rows())
        names, terminals, nodes, ends, ratings, at = zip(*rows, strict=True) if rows else ((),) * 6
        self._terminal_rows = np.array(at, dtype=np.int64)
        node = np.array(nodes, dtype=np.int64)
        return Conductors(tuple(names), np.array(terminals, dtype=np.int64), self._nodes.phase[node], node,
                          np.array(ends, dtype=np.int64), np.array(ratings, dtype=np.float64),
                          np.array([name.startswith("line.") for name in names], dtype=np.bool_))

    def _conductor_rows(self) -> Iterator[tuple[str, int, int, int, float, int]]:
        """Element, terminal, node, node at the end, rating, and row among all terminals."""
        first = 0
        for name in self._series:
            reference = self._references[name]
            element = self._engine.element(name)
            terminals, per_terminal = int(element.NumTerminals), int(element.NumConductors)
            kind = name.split(".")[0]
            ratings = self._ratings_a(name, kind, terminals)
            for terminal in range(1 if kind != "transformer" else terminals):
                at = slice(terminal * per_terminal, (terminal + 1) * per_terminal)
                ends = reference[per_terminal:2 * per_terminal] if kind != "transformer" else np.full(per_terminal, -1)
                for i, (node, end) in enumerate(zip(reference[at], ends, strict=True)):
                    if node >= 0:
                        yield name, terminal + 1, int(node), int(end), ratings[terminal], first + at.start + i
            first += reference.size

    def _ratings_a(self, name: str, kind: str, terminals: int) -> list[float]:
        circuit = self._engine.circuit
        if kind == "line":
            circuit.Lines.Name = name.split(".", 1)[1]
            return [float(circuit.Lines.NormAmps) or np.inf]
        if kind != "transformer":
            return [np.inf]
        transformers, ratings = circuit.Transformers, []
        transformers.Name = name.split(".", 1)[1]
        phases = int(self._engine.element(name).NumPhases)
        for winding in range(1, terminals + 1):
            transformers.Wdg = winding
            # of one phase kV is that of the winding, of three that between phases
            kva, kv = float(transformers.kVA), float(transformers.kV)
            ratings.append(kva / kv if phases == 1 else kva / (np.sqrt(3.0) * kv))
        return ratings
