"""What a result says of a circuit once: names along its axes, and what its voltages can be judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.network.three_phase.feeder import ThreePhaseFlows
from models.network.three_phase.records import unbalance_percent
from models.records.arrays import Floats, Ints

ACROSS = ("node", "conductor", "line", "three_phase_bus", "regulator", "connection", "admittance",
          "current_term", "port_node")
"""Axes of a circuit."""
SERIES_AXES = ACROSS[:6]
"""Those whose rows have series."""


@dataclass(frozen=True)
class Told:
    """One array of a circuit: its axis, unit and meaning."""

    axis: str
    values: Any
    unit: str
    meaning: str


@dataclass(frozen=True)
class CircuitLayout:
    """Axes by name with what stands along them, and arrays by name."""

    axes: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Told] = field(default_factory=dict)
    is_exact: bool = False
    """Whether all that draws or gives power draws what is booked, but for the source."""

    def size(self, axis: str) -> int:
        return len(self.axes.get(axis, ()))


NO_CIRCUIT = CircuitLayout()


def layout_of(flows: ThreePhaseFlows) -> CircuitLayout:
    """Of a circuit; admittances are those at the taps of the script, rows that hang on taps apart."""
    circuit = flows.circuit
    nodes, conductors = circuit.nodes, circuit.conductors
    admittance = circuit.network.admittance(circuit.tap_pu).tocoo()
    currents = circuit.network.currents(circuit.tap_pu).tocoo()
    three = nodes.three_phase_rows()
    moving = _moving(flows)
    rows, port_nodes, shares = _ports(flows)
    line = {name: i for i, name in enumerate(circuit.network.line_names)}
    number = flows.feeder.bus_number
    return CircuitLayout(
        {"node": list(nodes.names), "conductor": [f"{name}.{terminal}.{phase}" for name, terminal, phase in zip(
            conductors.element, conductors.terminal, conductors.phase, strict=True)],
         "line": list(circuit.network.line_names),
         "three_phase_bus": [nodes.bus_names[nodes.bus[i]] for i in three[:, 0]],
         "regulator": list(circuit.regulators), "connection": number[flows.port_rows],
         "admittance": np.arange(admittance.nnz),
         "current_term": np.arange(currents.nnz), "port_node": np.arange(port_nodes.size)},
        {"node_base_v": Told("node", nodes.base_v, "V", "voltage to earth that is 1 pu"),
         "node_x": Told("node", nodes.x, "1", "place of its bus on the script's own map; NaN: it gives none"),
         "node_y": Told("node", nodes.y, "1", "the same, northwards"),
         "node_is_open": Told("node", _open(flows, moving).astype(np.int8), "1",
                              "1 where power is drawn that is not booked there: sources, regulators, loads that act by "
                              "themselves"),
         "conductor_rating_a": Told("conductor", flows.rating_a, "A", "current that it may carry; inf: not known"),
         "conductor_bus": Told("conductor", number[flows.conductor_row], "1", "number of the bus that it leads to"),
         "conductor_line": Told("conductor", np.array([line.get(name, -1) for name in conductors.element]), "1",
                                "place of its line, -1 for windings"),
         "conductor_is_fixed": Told("conductor", (~np.isin(conductors.element, moving)).astype(np.int8), "1",
                                    "0 where its current hangs on a tap"),
         **{f"three_phase_node_{phase}": Told("three_phase_bus", three[:, phase - 1], "1",
                                              f"place of its node of phase {phase}") for phase in (1, 2, 3)},
         "admittance_row": Told("admittance", admittance.row.astype(np.int64), "1", "node whose current it is"),
         "admittance_node": Told("admittance", admittance.col.astype(np.int64), "1", "node whose voltage drives it"),
         "admittance_re_s": Told("admittance", admittance.data.real, "S", "real part"),
         "admittance_im_s": Told("admittance", admittance.data.imag, "S", "imaginary part"),
         "current_row": Told("current_term", currents.row.astype(np.int64), "1", "conductor whose current it is"),
         "current_node": Told("current_term", currents.col.astype(np.int64), "1", "node whose voltage drives it"),
         "current_re_s": Told("current_term", currents.data.real, "S", "real part"),
         "current_im_s": Told("current_term", currents.data.imag, "S", "imaginary part"),
         "port_bus": Told("port_node", number[rows], "1", "number of the bus whose power it draws"),
         "port_customer": Told("port_node", number[flows.customer_row[rows]], "1", "number of the customer's own bus"),
         "port_at": Told("port_node", port_nodes, "1", "place of the node where it draws it"),
         "port_share": Told("port_node", shares, "1", "share of that power")},
        not flows.buses_of_inexact_loads and not circuit.buses_of_others() and "capacitor" not in circuit.others())


def _moving(flows: ThreePhaseFlows) -> list[str]:
    """Elements whose admittance hangs on a tap."""
    return [f"transformer.{name.rsplit('.', 1)[0]}" for name in flows.circuit.regulators]


def _ports(flows: ThreePhaseFlows) -> tuple[Ints, Ints, Floats]:
    """Row, node and share of everything that ports, and loads that draw exactly what is booked, draw to earth."""
    rows, nodes, shares = [], [], []
    row_of, loads = flows.circuit.nodes.row_of(), flows.circuit.loads
    for load in flows.exact_loads:
        for phase in loads.phases[load]:
            rows.append(int(flows.load_row[load]))
            nodes.append(row_of[f"{loads.bus[load]}.{phase}"])
            shares.append(float(flows.load_share[load]) / len(loads.phases[load]))
    for row, at in zip(flows.port_rows, flows.circuit.port_nodes, strict=True):
        if len(at) != 2:  # between two phases power is not each node's own
            for node in at:
                rows.append(int(row))
                nodes.append(int(node))
                shares.append(1.0 / len(at))
    return np.array(rows, dtype=np.int64), np.array(nodes, dtype=np.int64), np.array(shares)


def _open(flows: ThreePhaseFlows, moving: list[str]) -> Any:
    """[node] whether what is drawn there is not only what ports draw, or cannot be told."""
    circuit = flows.circuit
    nodes, is_open = circuit.nodes, np.zeros(circuit.nodes.count, dtype=np.bool_)
    buses = {circuit.source_bus, *flows.buses_of_inexact_loads, *circuit.buses_of_others()}
    is_open |= np.isin(np.array(nodes.bus_names)[nodes.bus], list(buses))
    for name in moving:
        reference = circuit.network.reference(name)
        is_open[reference[reference >= 0]] = True
    for port, at in zip(circuit.ports, circuit.port_nodes, strict=True):
        if len(port.phases) == 2:
            is_open[at] = True
    return is_open


def series_of(flows: ThreePhaseFlows | None, flow: Any, case: int) -> dict[str, Any]:
    """What one case of a power flow says along the axes of the circuit; empty arrays where there is none."""
    if flows is None:
        none = np.zeros(0)
        return dict.fromkeys(("v_node_re_v", "v_node_im_v", "current_a", "neutral_current_a", "unbalance_percent",
                              "tap_pu"), none)
    v = flow.v_v[case]
    return {"v_node_re_v": v.real.copy(), "v_node_im_v": v.imag.copy(), "current_a": flow.current_a[case],
            "neutral_current_a": flow.neutral_a[case],
            "unbalance_percent": unbalance_percent(v[None, :], flows.unbalance_rows)[0], "tap_pu": flow.tap_pu[case]}
