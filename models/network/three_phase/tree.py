"""The balanced equivalent of a circuit: its buses as a tree, with positive-sequence impedances.

Layers that know one phase see it; the physical feeder and the judge of their answers are the circuit itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from models.network.three_phase.circuit import Circuit, Plate
from models.network.three_phase.records import Complexes
from models.records.arrays import Bools, Floats, Ints, RecordError

LEAST_R_PU = 1e-6
"""On 1 MVA, of elements that have none; a branch needs some."""
MVA_PER_KVA = 1e-3
OPEN_REL = 1e-9
"""Admittance of an open conductor to the element's largest, at most."""


@dataclass
class Edge:
    """Everything between two buses: a line, a transformer, or several side by side."""

    ends: tuple[str, str]
    """Where its elements begin and end."""
    elements: list[str] = field(default_factory=list)
    lines: list[tuple[Ints, Complexes]] = field(default_factory=list)
    """Nodes of each that is no transformer, those at the first end before the others, and its matrix."""
    z_pu: complex = 0j
    """On 1 MVA and the voltage base of its second end."""
    ratio: float = 1.0
    """Voltage at the second end over that at the first, in pu, at no load."""


@dataclass(frozen=True)
class Tree:
    """Buses [B] from the source outwards, parents before children."""

    bus_names: tuple[str, ...]
    parent: Ints
    z_pu: Complexes
    turns_ratio: Floats
    elements: tuple[tuple[str, ...], ...]
    """In series between a bus and its parent; none at the source."""


def tree_of(circuit: Circuit) -> Tree:
    """RecordError where the circuit is no tree, or a bus is not reached from the source."""
    edges, neighbours = _edges(circuit), dict[str, list[tuple[str, Edge]]]()
    for edge in edges.values():
        first, second = edge.ends
        neighbours.setdefault(first, []).append((second, edge))
        neighbours.setdefault(second, []).append((first, edge))
    source = circuit.source_bus
    order, parent, through = [source], [-1], list[Edge | None]([None])
    waiting, row, used = deque([source]), {source: 0}, set[int]()
    while waiting:
        bus = waiting.popleft()
        for other, edge in neighbours.get(bus, []):
            if id(edge) in used:
                continue
            if other in row:
                raise RecordError(f"feeder {circuit.master}: not radial, bus {other!r} is reached twice "
                                  f"({', '.join(edge.elements[:3])})")
            used.add(id(edge))
            row[other] = len(order)
            order.append(other)
            parent.append(row[bus])
            through.append(edge)
            waiting.append(other)
    if cut_off := [bus for bus in circuit.nodes.bus_names if bus not in row]:
        thirds = circuit.network.further_ends()
        why = [f"{bus} stands at a third winding of {thirds[bus]}, whose first two buses alone are joined"
               for bus in cut_off if bus in thirds]
        raise RecordError(f"feeder {circuit.master}: buses are not reached from the source: "
                          + "; ".join([", ".join(cut_off[:8]), *why[:8]]))
    told = [_outwards(edge, order[max(at, 0)]) for edge, at in zip(through, parent, strict=True)]
    return Tree(tuple(order), np.array(parent, dtype=np.int64), np.array([z for z, _ in told]),
                np.array([ratio for _, ratio in told]),
                tuple(tuple(edge.elements) if edge else () for edge in through))


def _outwards(edge: Edge | None, parent: str) -> tuple[complex, float]:
    """Impedance and turns ratio as seen from the source's side."""
    if edge is None:
        return 0j, 1.0
    z, ratio = edge.z_pu, edge.ratio
    if edge.ends[0] != parent:
        z, ratio = z / ratio**2, 1.0 / ratio
    return complex(max(z.real, LEAST_R_PU), z.imag), ratio


def _edges(circuit: Circuit) -> dict[frozenset[str], Edge]:
    edges = dict[frozenset[str], Edge]()
    for name, first, second, primitive in circuit.network.in_series():
        if not _is_closed(primitive):
            continue
        edge = edges.setdefault(frozenset((first, second)), Edge((first, second)))
        edge.elements.append(name)
        if not name.startswith("transformer."):
            edge.lines.append(_seen_from(edge.ends[0], first, circuit.network.reference(name), primitive))
    for edge in edges.values():
        if edge.elements[0].startswith("transformer."):
            edge.z_pu, edge.ratio = _transformers(circuit, edge)
        else:
            edge.z_pu = _line_z_ohm(_side_by_side(edge.lines)) / circuit.base_kv(edge.ends[1]) ** 2
    return edges


def _seen_from(bus: str, first: str, nodes: Ints, primitive: Complexes) -> tuple[Ints, Complexes]:
    """Nodes of an element and its matrix, with the end at the bus before the other."""
    if bus == first:
        return nodes, primitive
    turned = np.roll(np.arange(nodes.size), nodes.size // 2)
    return nodes[turned], primitive[np.ix_(turned, turned)]


def _side_by_side(lines: list[tuple[Ints, Complexes]]) -> Complexes:
    """One matrix of all elements between two buses: those on the same phases share what passes."""
    if len(lines) == 1:
        return lines[0][1]
    pairs = np.unique(np.concatenate([nodes.reshape(2, -1).T for nodes, _ in lines]), axis=0)
    place = {tuple(pair): i for i, pair in enumerate(pairs.tolist())}
    total = np.zeros((2 * len(pairs), 2 * len(pairs)), dtype=np.complex128)
    for nodes, primitive in lines:
        at = np.array([place[tuple(pair)] for pair in nodes.reshape(2, -1).T.tolist()])
        both = np.concatenate([at, len(pairs) + at])
        np.add.at(total, np.ix_(both, both), primitive)
    return total


def _is_closed(primitive: Complexes) -> bool:
    """Whether anything passes from the first end; an open switch is in nobody's series."""
    return bool(_through(primitive).any())


def _through(primitive: Complexes) -> Bools:
    """[conductor] of the first end: whether it is closed."""
    between = primitive[:len(primitive) // 2, len(primitive) // 2:]
    return np.asarray(np.abs(between).max(axis=1, initial=0.0) > OPEN_REL * np.abs(primitive).max(initial=0.0))


def _line_z_ohm(primitive: Complexes) -> complex:
    """Positive sequence of the impedance between the ends: own less mutual, means over phases that are closed."""
    half, closed = len(primitive) // 2, np.flatnonzero(_through(primitive))
    count = closed.size
    z = np.linalg.inv(-primitive[np.ix_(closed, half + closed)])
    own = np.trace(z) / count
    mutual = (z.sum() - np.trace(z)) / (count * (count - 1)) if count > 1 else 0.0
    return complex(own - mutual)


def _transformers(circuit: Circuit, edge: Edge) -> tuple[complex, float]:
    """Impedance and ratio of what stands side by side, from the plates."""
    plates = [circuit.plate(name.split(".", 1)[1]) for name in edge.elements]
    z = np.complex128(_z_percent(plates)) / 100 / (sum(plate.kva for plate in plates) * MVA_PER_KVA)
    first, second = (np.array([plate.line_kv[end] for plate in plates]) / circuit.base_kv(edge.ends[end])
                     for end in (0, 1))
    # the plate's percent are on the winding's own voltage, the tap that is set included
    return complex(z * np.mean(second**2)), float(np.mean(second / first))




def _z_percent(plates: list[Plate]) -> complex:
    """Of all side by side, on their kVA together."""
    if len({plate.z_percent for plate in plates}) == 1:
        return complex(np.mean([plate.z_percent for plate in plates]))
    return sum(plate.kva for plate in plates) / sum(plate.kva / plate.z_percent for plate in plates)
