"""A circuit of three phases as a district's network: rows of buses, and the power flow of powers at these rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.network.feeder import UNRATED_A, transformer_kva
from models.network.source import FeederLimits
from models.network.three_phase.circuit import Circuit, circuit_from
from models.network.three_phase.connections import phases_of_ports
from models.network.three_phase.records import PHASES, Port, ThreePhaseFlow
from models.network.three_phase.tree import LEAST_R_PU, Tree, tree_of
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, PowerFlow, ThreePhaseFeeder

CONSTANT_POWER = 1
"""OpenDSS's number of that model of a load."""
LEAST_LIVE_PU = 0.2
"""What no phase in use falls to: less is a phase that is cut off, with what reaches it from its neighbours (A)."""
NOTHING_REL = 1e-9
"""Of the powers of a bus's loads, at most, where they sum to nothing."""
NO_PORTS = np.zeros((1, 0))
Drawn = tuple[Floats, Floats, Floats, Floats]
"""kW and kvar [N, port] of ports, and [N, load] of the script's own loads."""
MOST_NAMED = 8


@dataclass(frozen=True)
class Customers:
    """Own loads by bus: which of them are so that cars beside them may be told as one power with them."""

    phases: dict[str, tuple[int, ...]]
    """Of the loads at each bus: all three where they are on all, else those of the first."""
    is_plain: dict[str, bool]
    """Constant power of one phase, or of three without delta, and all loads of the bus alike."""
    all_plain: dict[str, bool]
    """Each of constant power of one phase, or of three without delta."""


def customers_of(circuit: Circuit) -> Customers:
    """Of every bus with loads."""
    loads, kinds = circuit.loads, dict[str, list[tuple[tuple[int, ...], bool]]]()
    for bus, phases, is_delta, model in zip(loads.bus, loads.phases, loads.is_delta, loads.model, strict=True):
        is_plain = model == CONSTANT_POWER and not is_delta and len(phases) in (1, 3)
        kinds.setdefault(bus, []).append((phases, bool(is_plain)))
    return Customers({bus: _together([phases for phases, _ in kind]) for bus, kind in kinds.items()},
                     {bus: len(set(kind)) == 1 and kind[0][1] for bus, kind in kinds.items()},
                     {bus: all(is_plain for _, is_plain in kind) for bus, kind in kinds.items()})


def _together(phases: list[tuple[int, ...]]) -> tuple[int, ...]:
    return PHASES if {phase for some in phases for phase in some} >= set(PHASES) else phases[0]


def three_phase_feeder(text: str, limits: FeederLimits) -> ThreePhaseFeeder:
    """The network of a script; RecordError where it cannot serve."""
    circuit = circuit_from(text, source_pu=limits.slack_vm_pu)
    tree, customers = tree_of(circuit), customers_of(circuit)
    buses = circuit.phases_of_bus()
    circuit.check_sources()
    _check_neutrals(text, circuit)
    _check_sums(text, circuit)
    ports = phases_of_ports(limits.connections, buses, customers.phases)
    _check_voltages(text, circuit, customers.phases, ports)
    apart = [bus for bus in tree.bus_names if bus in ports
             and not (customers.is_plain[bus] and customers.phases[bus] == ports[bus])]
    row = {bus: i for i, bus in enumerate(tree.bus_names)}
    # ports apart are rows of their own at the end, so that a customer's house and car can be on different phases
    count, own = len(row), np.arange(len(row))
    port_row = np.where([bus in ports for bus in tree.bus_names], own, -1)
    port_row[[row[bus] for bus in apart]] = count + np.arange(len(apart))
    here = np.array([row[bus] for bus in apart], dtype=np.int64)
    kw, kvar = (_at_buses(circuit, power, row) for power in (circuit.loads.p_kw, circuit.loads.q_kvar))
    kva = transformer_kva(np.zeros(count + len(apart)), limits.substation_kva, 1.0)
    nominal_kv = circuit.base_kv(tree.bus_names[-1])
    nothing = np.zeros(len(apart))
    return ThreePhaseFeeder(
        name=text, bus_number=_numbers(tree.bus_names, len(apart)), parent=np.append(tree.parent, here),
        r_pu=np.append(tree.z_pu.real, nothing + LEAST_R_PU), x_pu=np.append(tree.z_pu.imag, nothing),
        i_max_pu=np.append(_ratings_pu(circuit, tree, limits), nothing + _unrated_pu(nominal_kv)),
        transformer_kva=kva, p_base_kw=np.append(kw, nothing) * limits.peak_scale,
        q_base_kvar=np.append(kvar, nothing) * limits.peak_scale, nominal_kv=nominal_kv,
        v_slack_pu=_source_pu(circuit), v_min_pu=limits.v_min_pu, v_max_pu=limits.v_max_pu,
        turns_ratio=np.append(tree.turns_ratio, nothing + 1.0), shunt_g_pu=np.zeros(count + len(apart)),
        shunt_b_pu=np.append(_capacitors_pu(circuit, row), nothing),
        bus_name=(*tree.bus_names, *(f"{bus} ports {''.join(map(str, ports[bus]))}" for bus in apart)),
        script=text, bus_phases=(*(ports[bus] if bus in ports and bus not in apart else () for bus in tree.bus_names),
                                 *(ports[bus] for bus in apart)),
        port_row=np.append(port_row, np.full(len(apart), -1)), line_rating_a=limits.line_rating_a,
        source_pu=limits.slack_vm_pu)


def _check_neutrals(text: str, circuit: Circuit) -> None:
    """Cars stand between phases and earth, so do the customers that they share a bus with."""
    loads = circuit.loads
    if mistakes := [f"load {name} at {'.'.join([bus, *map(str, phases)])}" for name, bus, phases in zip(
            loads.names, loads.bus, loads.phases, strict=True) if not set(phases) <= set(PHASES)]:
        raise RecordError(f"feeder {text}: loads must stand on phases 1, 2, 3 and earth, without a conductor of "
                          f"another number: {_some(mistakes)}")


def _check_sums(text: str, circuit: Circuit) -> None:
    """A bus's power is shared out among its loads as the script's own powers, which says nothing where these sum to 0.

    Where all stand alike, on the same phases, what sums to nothing draws nothing.
    """
    loads, at_bus = circuit.loads, dict[str, list[int]]()
    for i, bus in enumerate(loads.bus):
        at_bus.setdefault(bus, []).append(i)
    mixed = {bus: rows for bus, rows in at_bus.items() if len({loads.stands(i) for i in rows}) > 1}
    if mistakes := [f"{', '.join(loads.names[i] for i in rows)} at {bus} ({unit})" for bus, rows in mixed.items()
                    for unit, power in (("kW", loads.p_kw[rows]), ("kvar", loads.q_kvar[rows]))
                    if abs(power.sum()) <= NOTHING_REL * np.abs(power).sum() != 0.0]:
        raise RecordError(f"feeder {text}: loads of a bus that stand on different phases, or are of different kinds, "
                          f"must not sum to 0: {_some(mistakes)}; give one of them a bus of its own, behind a line")


def _check_voltages(text: str, circuit: Circuit, *phases: dict[str, tuple[int, ...]]) -> None:
    """RecordError names phases with loads or ports behind an open conductor; the engine finds no power flow there."""
    volts = dict(zip(circuit.nodes.names, circuit.solve(NO_PORTS, NO_PORTS).vm_pu[0], strict=True))
    asked = dict.fromkeys(f"{bus}.{phase}" for of_bus in phases for bus, some in of_bus.items() for phase in some)
    if dead := [node for node in asked if volts.get(node, 1.0) < LEAST_LIVE_PU]:
        raise RecordError(f"feeder {text}: nothing feeds {_some(dead)}, where loads or cars are; what leads there is "
                          "open")


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _numbers(names: tuple[str, ...], more: int) -> Ints:
    """Those that buses are called by, where all but the source have some; else their place from the source, from 1."""
    rest = [int(name) for name in names[1:] if name.isdecimal() and int(name) > 0]
    if len(set(rest)) == len(names) - 1:
        first = int(names[0]) if names[0].isdecimal() and int(names[0]) not in rest else 0
        numbers = [first, *rest]
    else:
        numbers = list(range(1, len(names) + 1))
    return np.array([*numbers, *range(max(numbers) + 1, max(numbers) + 1 + more)], dtype=np.int64)


def _at_buses(circuit: Circuit, power: Floats, row: dict[str, int]) -> Floats:
    rows = np.array([row[bus] for bus in circuit.loads.bus], dtype=np.int64)
    return np.asarray(np.bincount(rows, power, len(row)), dtype=np.float64)


def _source_pu(circuit: Circuit) -> float:
    """Mean of the source's phases at the script's own loads."""
    flow = circuit.solve(NO_PORTS, NO_PORTS)
    is_source = np.array(circuit.nodes.bus_names)[circuit.nodes.bus] == circuit.source_bus
    return float(flow.vm_pu[0, is_source].mean())


def _capacitors_pu(circuit: Circuit, row: dict[str, int]) -> Floats:
    shunts = np.zeros(len(row))
    for bus, mvar in circuit.capacitors_mvar():
        shunts[row[bus]] += mvar / BASE_MVA
    return shunts


def _unrated_pu(kv: float) -> float:
    return UNRATED_A * float(np.sqrt(3.0)) * kv / (BASE_MVA * 1e3)


def _ratings_pu(circuit: Circuit, tree: Tree, limits: FeederLimits) -> Floats:
    """[B] smallest rating of a phase before each bus, on 1 MVA; lines, or windings, side by side on one share it."""
    lowest = _lowest_ratings_pu(circuit, limits)
    rated = np.zeros(len(tree.bus_names))
    for i, elements in enumerate(tree.elements):
        of_phase = dict[tuple[str, int], float]()
        for name in elements:
            for phase, pu in lowest.get(name, {}).items():
                key = name.split(".")[0], phase
                of_phase[key] = of_phase.get(key, 0.0) + pu
        least = min(of_phase.values(), default=np.inf)
        rated[i] = min(least, _unrated_pu(circuit.base_kv(tree.bus_names[i]))) if elements else 0.0
    return rated


def _lowest_ratings_pu(circuit: Circuit, limits: FeederLimits) -> dict[str, dict[int, float]]:
    """By element and phase the smallest rating of its ends, on 1 MVA."""
    conductors, lowest = circuit.conductors, dict[str, dict[int, float]]()
    ratings = conductor_ratings_a(circuit, limits.line_rating_a)
    for name, phase, node, rating in zip(conductors.element, conductors.phase.tolist(), conductors.node, ratings,
                                         strict=True):
        pu = float(rating * 3 * circuit.nodes.base_v[node] / (BASE_MVA * 1e6))
        of_element = lowest.setdefault(name, {})
        of_element[phase] = min(of_element.get(phase, np.inf), pu)
    return lowest


def conductor_ratings_a(circuit: Circuit, line_rating_a: float | None) -> Floats:
    """[C] the script's own, or of all lines what the user says."""
    own = circuit.conductors.rating_a
    return own if line_rating_a is None else np.where(circuit.conductors.is_line, line_rating_a, own)


class ThreePhaseFlows:
    """AC power flow of powers at the rows of a three-phase feeder, by its circuit."""

    def __init__(self, feeder: ThreePhaseFeeder) -> None:
        self.feeder = feeder
        buses = [name.split(" ")[0] for name in feeder.bus_name]
        self._ports = np.array([i for i, phases in enumerate(feeder.bus_phases) if phases], dtype=np.int64)
        self.circuit = circuit_from(feeder.script, [Port(buses[i], feeder.bus_phases[i]) for i in self._ports],
                                    drives_loads=True, source_pu=feeder.source_pu)
        self._rating_a = conductor_ratings_a(self.circuit, feeder.line_rating_a)
        self._load_row, self._load_p, self._load_q = self._shares(buses)
        self._nodes_of_row = self._nodes(buses)
        self._conductor_row = self._conductors(buses)
        self._three = self.circuit.nodes.three_phase_rows()

    def solve(self, p_kw: Floats, q_kvar: Floats, tap_pu: Floats | None = None, begin_pu: Floats | None = None
              ) -> ThreePhaseFlow:
        """N cases of powers [N, B], taps as in `Circuit.solve`; ValueError: power at a row that draws none."""
        return self.circuit.solve(*self.drawn(p_kw, q_kvar), tap_pu, begin_pu)

    def drawn(self, p_kw: Floats, q_kvar: Floats) -> Drawn:
        """What ports and own loads draw of powers [N, B]; ValueError: power at a row that draws none."""
        rows = np.union1d(self._ports, self._load_row)
        elsewhere = np.delete(np.abs(p_kw) + np.abs(q_kvar), rows, axis=1)
        if elsewhere.max(initial=0.0) > 0:
            raise ValueError(f"feeder {self.feeder.name}: power at a bus without customers")
        return (p_kw[:, self._ports], q_kvar[:, self._ports], p_kw[:, self._load_row] * self._load_p,
                q_kvar[:, self._load_row] * self._load_q)

    def power_flow(self, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        """The same as one voltage and one loading a row: of the phase nearest to a limit, and loaded most."""
        return self.told(self.solve(p_kw, q_kvar))

    @property
    def rating_a(self) -> Floats:
        """[C] of every conductor."""
        return self._rating_a

    @property
    def conductor_row(self) -> Ints:
        """[C] row before which it is."""
        return self._conductor_row

    @property
    def nodes_of_row(self) -> Ints:
        """[B, 3] nodes of each row, the first ones repeated."""
        return self._nodes_of_row

    @property
    def port_rows(self) -> Ints:
        """Row of each port of the circuit."""
        return self._ports

    @property
    def load_row(self) -> Ints:
        """[load] row of each load of the script."""
        return self._load_row

    @property
    def load_share(self) -> Floats:
        """[load] its share of the active power at its row; 0 where a port stands for it."""
        return self._load_p

    @cached_property
    def exact_loads(self) -> Ints:
        """Loads at rows that are no ports, all of which draw exactly what is booked, in equal parts on their phases."""
        loads = self.circuit.loads
        own = np.array([not self.feeder.bus_phases[row] for row in self._load_row], dtype=np.bool_)
        is_plain = customers_of(self.circuit).all_plain
        alike = np.isclose(self._load_p, self._load_q, rtol=0.0, atol=1e-12)
        at_row = {row for row in self._load_row if not alike[self._load_row == row].all()}
        return np.array([i for i in np.flatnonzero(own)
                         if is_plain[loads.bus[i]] and self._load_row[i] not in at_row], dtype=np.int64)

    @property
    def buses_of_inexact_loads(self) -> set[str]:
        """Buses where other loads of the script draw."""
        exact = set(self.exact_loads.tolist())
        return {self.circuit.loads.bus[i] for i, row in enumerate(self._load_row)
                if not self.feeder.bus_phases[row] and i not in exact}

    @property
    def customer_row(self) -> Ints:
        """[B] row of the customer's own bus: the row itself, or that behind which cars are connected."""
        apart = np.array([" ports " in name for name in self.feeder.bus_name], dtype=np.bool_)
        return np.where(apart, self.feeder.parent, np.arange(self.feeder.bus_count))

    @property
    def unbalance_rows(self) -> Ints:
        """[K, 3] nodes of buses with all phases."""
        return self._three

    def told(self, flow: ThreePhaseFlow) -> PowerFlow:
        """A power flow of rows."""
        f = self.feeder
        room = np.minimum(flow.vm_pu - f.v_min_pu, f.v_max_pu - flow.vm_pu)
        # a row of several phases tells the one nearest to a limit: a mean would hide it
        nearest = np.argmin(room[:, self._nodes_of_row], axis=2)
        vm_pu = np.take_along_axis(flow.vm_pu[:, self._nodes_of_row], nearest[:, :, None], axis=2)[:, :, 0]
        loading = np.zeros_like(vm_pu)
        np.maximum.at(loading.T, self._conductor_row, (100 * flow.current_a / self._rating_a).T)
        loading[~flow.is_solved] = np.nan
        return PowerFlow(vm_pu, flow.losses_kw, loading, flow.p_source_kw, flow.q_source_kvar)

    def _shares(self, buses: list[str]) -> tuple[Ints, Floats, Floats]:
        """Row of each own load, and its shares of the power there; loads that a port stands for have none."""
        loads, first = self.circuit.loads, {bus: i for i, bus in reversed(list(enumerate(buses)))}
        row = np.array([first[bus] for bus in loads.bus], dtype=np.int64)
        is_own = np.array([not self.feeder.bus_phases[i] for i in row], dtype=np.bool_)
        shares = []
        for power in (loads.p_kw, loads.q_kvar):
            total = np.bincount(row, power, len(buses))[row]
            shares.append(np.where(is_own, np.divide(power, total, out=np.zeros_like(power), where=total != 0), 0.0))
        return row, shares[0], shares[1]

    def _nodes(self, buses: list[str]) -> Ints:
        """[B, 3] nodes of each row, the first repeated: of a row with ports its phases, else all of the bus."""
        nodes = self.circuit.nodes
        index = {name: i for i, name in enumerate(nodes.bus_names)}
        of_row = np.empty((len(buses), 3), dtype=np.int64)
        for row, (bus, phases) in enumerate(zip(buses, self.feeder.bus_phases, strict=True)):
            here = np.flatnonzero((nodes.bus == index[bus]) & (nodes.phase <= 3))
            mine = here[np.isin(nodes.phase[here], phases)] if phases else here
            of_row[row] = np.resize(mine, 3)
        return of_row

    def _conductors(self, buses: list[str]) -> Ints:
        """Row before which each conductor is: the one of its two buses that is farther from the source."""
        order = {bus: i for i, bus in reversed(list(enumerate(buses)))}
        nodes, row = self.circuit.nodes, dict[str, int]()
        conductors = self.circuit.conductors
        for name, node, end in zip(conductors.element, conductors.node, conductors.to_node, strict=True):
            for at in (node, end):
                if at >= 0:
                    row[name] = max(row.get(name, 0), order[nodes.bus_names[nodes.bus[at]]])
        return np.array([row[name] for name in conductors.element], dtype=np.int64)
