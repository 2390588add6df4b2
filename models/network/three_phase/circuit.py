"""A circuit of three phases as arrays: what is where, and AC power flows of many cases of driven powers.

    circuit = circuit_from("dss:european_lv", ports=[Port("34", (1,)), Port("47", (1, 2, 3))])
    flow = circuit.solve(p_kw, q_kvar)              # [N, port] -> ThreePhaseFlow, regulators acting
    flow = circuit.solve(p_kw, q_kvar, tap_pu=circuit.tap_pu)   # the same with regulators held at these taps [R]

Driven ports draw exactly the power that is said, whatever the voltage. The script's own loads draw what the script says
of them (constant power within its range of voltages, impedance, current, ZIP), at the powers [N, load] that are given,
or else at the script's own; `drives_loads=True` makes those of constant power as exact as driven ports. Each call is a
pure function of its arguments: before each case regulators and capacitors stand as the script leaves them.

What a linear program needs: `circuit.nodes`, `circuit.conductors`, `circuit.regulators`, `circuit.port_nodes`,
`circuit.network.admittance(tap_pu)` (sparse [node, node] in siemens, of everything but loads, generators and the
source's voltage: with injections I = Y V it is the network's own equation), `circuit.network.currents(tap_pu)` (sparse
[conductor, node]: amperes of every conductor from node volts), and `circuit.solve` as the judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models.network.three_phase.acting import SOURCES, acting, buses_of_sources, capacitors_mvar, check_sources
from models.network.three_phase.engine import Engine
from models.network.three_phase.load_currents import LoadLaws, laws_of
from models.network.three_phase.network import Network
from models.network.three_phase.reading import MOST_NAMED, own_loads, read_nodes, read_regulators
from models.network.three_phase.records import PHASES, Complexes, Conductors, Port, ThreePhaseFlow
from models.network.three_phase.shipped import master_of
from models.network.three_phase.slopes import VoltageSlopes, unbalanced_a
from models.records.arrays import Floats, Ints, RecordError

WIDE = "vminpu=0 vlowpu=0 vmaxpu=100 vminnorm=0 vminemerg=0"
"""Range of a load within which it stays at constant power; the engine's own is 0.95 to 1.05."""


@dataclass(frozen=True)
class LoadShape:
    """Factors of a load over time, or its power, as the script gives them."""

    p: Floats
    """[step]"""
    q: Floats
    """[step]; p where the script gives none."""
    step_s: float
    """0: steps of their own length each."""
    is_power: bool = False
    """Whether p is in kW (`useactual=yes`), not a factor."""
    has_q: bool = False
    """Whether q is the script's own: in kvar where p is in kW."""


@dataclass(frozen=True)
class Plate:
    """What stands on a transformer of two windings or more: of its first two."""

    kva: float
    z_percent: complex
    """Of both windings together."""
    line_kv: tuple[float, float]
    """Between phases, taps included."""


def circuit_from(text: str, ports: Sequence[Port] = (), drives_loads: bool = False,
                 source_pu: float | None = None) -> Circuit:
    """The circuit of what a scenario writes: `dss:ieee13` or the path of a script; see `Circuit`."""
    return Circuit(master_of(text), ports, drives_loads, source_pu)


class Circuit:
    """One circuit with its own engine; not to be shared between threads.

    Raises RecordError where the script may not be run, makes no circuit, does not solve or lacks voltage bases, and
    where a port names a bus or phase that is not there.
    """

    def __init__(self, master: Path, ports: Sequence[Port] = (), drives_loads: bool = False,
                 source_pu: float | None = None, changes: Sequence[str] = ()) -> None:
        """source_pu: voltage of the grid above; None: the script's own. changes: lines of OpenDSS of our own."""
        self.master = master
        self.ports = tuple(ports)
        source = () if source_pu is None else (f"vsource.source.pu={float(source_pu)!r}",)
        self._engine = Engine(master, (*changes, *source))
        if not self._engine.solve(is_free=True):
            raise RecordError(f"feeder {master}: OpenDSS finds no power flow of the circuit as it is")
        self.name = str(self._engine.circuit.Name)
        self.nodes = read_nodes(self._engine, str(master))
        """Buses and phases."""
        self.loads = own_loads(self._engine, str(master))
        """The script's own loads."""
        self._add_ports()
        if drives_loads:
            self._widen_loads()
        self._engine.solve(is_free=True)  # builds the engine's matrix, with ports at none
        self.regulators, self.tap_step_pu, self.tap_pu = read_regulators(self._engine)
        """Names `TRANSFORMER.WINDING`, sizes of a step, and taps as the script's own solution leaves them, [R] each."""
        self._capacitor_steps = self._capacitors()
        self._has_controls = bool(self.regulators or self._capacitor_steps)
        self._has_moved = True
        self.network = Network(self._engine, self.nodes, self.regulators, self._taps_of_matrices, self.tap_pu)
        """Admittances and what follows from node voltages."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that the script reads, itself first."""
        return self._engine.files

    @property
    def conductors(self) -> Conductors:
        return self.network.conductors

    @property
    def port_nodes(self) -> list[Ints]:
        """Rows of nodes of each port."""
        row = self.nodes.row_of()
        return [np.array([row[f"{port.bus}.{phase}"] for phase in port.phases]) for port in self.ports]

    def solve(self, p_kw: Floats, q_kvar: Floats, load_kw: Floats | None = None, load_kvar: Floats | None = None,
              tap_pu: Floats | None = None, begin_pu: Floats | None = None) -> ThreePhaseFlow:
        """N cases of driven powers [N, port], positive when drawn, and of own loads [N, load] (None: the script's own).

        tap_pu [R] or [N, R]: regulators held there; None: regulators act, from begin_pu [R] or [N, R] (None: from
        where the script leaves them).
        """
        cases = len(p_kw)
        begin = np.broadcast_to(self.tap_pu if begin_pu is None else begin_pu, (cases, len(self.regulators)))
        own_kw, own_kvar = (np.broadcast_to(own if given is None else given, (cases, self.loads.count))
                            for own, given in ((self.loads.p_kw, load_kw), (self.loads.q_kvar, load_kvar)))
        held = None if tap_pu is None else np.broadcast_to(tap_pu, (cases, len(self.regulators)))
        solved = [self._case(np.concatenate([own_kw[i], p_kw[i]]), np.concatenate([own_kvar[i], q_kvar[i]]),
                             begin[i] if held is None else held[i], held is None) for i in range(cases)]
        return self._flow(np.array([v for v, _, _ in solved]).reshape(cases, self.nodes.count),
                          np.array([taps for _, taps, _ in solved]).reshape(cases, len(self.regulators)),
                          np.array([source for _, _, source in solved]).reshape(cases, 2))

    @cached_property
    def laws(self) -> LoadLaws:
        """How the script's own loads draw, and after them ports."""
        return laws_of(self._engine, self._engine.load_names)

    def slopes(self, of_ports: tuple[Floats, Floats], of_loads: tuple[Floats, Floats], v_v: Complexes, tap_pu: Floats
               ) -> VoltageSlopes:
        """How node volts move around one case: kW and kvar of ports and own loads, its volts, and taps held at [R]."""
        p_kw, q_kvar = (np.concatenate([own, driven]) for own, driven in zip(of_loads, of_ports, strict=True))
        return VoltageSlopes(self.network.admittance(tap_pu), self.laws, v_v, p_kw, q_kvar)

    @cached_property
    def without_slopes(self) -> str:
        """What the circuit holds whose currents are not known at other voltages; empty: `slopes` has all of them."""
        sources = [f"{count} {kind}" for kind, count in self.others().items() if kind in SOURCES]
        return ", ".join([*sources, *self.laws.unknown[:MOST_NAMED]]) or self._unexplained()

    def _unexplained(self) -> str:
        """The bus at which the script's own solution is not that of its known elements; empty: there is none."""
        none = np.zeros((1, len(self.ports)))
        v_v = self.solve(none, none, tap_pu=self.tap_pu).v_v[0]
        power = [np.concatenate([own, none[0]]) for own in (self.loads.p_kw, self.loads.q_kvar)]
        excess = unbalanced_a(self.network.admittance(self.tap_pu), self.laws, v_v, power[0], power[1])
        excess[np.array(self.nodes.bus_names)[self.nodes.bus] == self.source_bus] = 0.0
        worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
        return "" if excess[worst] <= 1.0 else f"an element at bus {self.nodes.names[worst]} that is not known"

    def shape(self, name: str) -> LoadShape:
        """The script's load shape of that name."""
        shapes = self._engine.circuit.LoadShapes
        shapes.Name = name
        p = np.array(shapes.Pmult, dtype=np.float64)
        q = np.array(shapes.Qmult, dtype=np.float64)
        has_q = q.size == p.size and (q.size > 1 or bool(q[0]))  # without any the engine tells one 0
        return LoadShape(p, q if has_q else p, float(shapes.HrInterval) * 3600.0, bool(shapes.UseActual), has_q)

    @property
    def source_bus(self) -> str:
        """Where the grid above feeds the circuit."""
        _ = self._engine.circuit.Vsources.First  # makes it the active element
        return str(self._engine.circuit.ActiveCktElement.BusNames[0]).lower().split(".")[0]

    def base_kv(self, bus: str) -> float:
        """Voltage base between phases."""
        return float(self.nodes.base_v[self._row_of_bus[bus]] * np.sqrt(3.0) / 1e3)

    @cached_property
    def _row_of_bus(self) -> dict[str, int]:
        """Some node of each bus."""
        return {self.nodes.bus_names[bus]: row for row, bus in enumerate(self.nodes.bus)}

    def phases_of_bus(self) -> dict[str, tuple[int, ...]]:
        """Those of 1, 2, 3 that each bus has."""
        phases: dict[str, list[int]] = {name: [] for name in self.nodes.bus_names}
        for bus, phase in zip(self.nodes.bus, self.nodes.phase, strict=True):
            if phase in PHASES:
                phases[self.nodes.bus_names[bus]].append(int(phase))
        return {bus: tuple(sorted(there)) for bus, there in phases.items()}

    def plate(self, transformer: str) -> Plate:
        """Of the transformer of that name."""
        transformers = self._engine.circuit.Transformers
        transformers.Name = transformer
        phases = int(self._engine.element(f"transformer.{transformer}").NumPhases)
        line_kv, r_percent, kva = [], 0.0, 0.0
        for winding in (1, 2):
            transformers.Wdg = winding
            r_percent += float(transformers.R)
            kva = kva or float(transformers.kVA)  # %R and XHL are all on the first winding's
            line_kv.append(float(transformers.kV) * float(transformers.Tap) * (np.sqrt(3.0) if phases == 1 else 1.0))
        return Plate(kva, complex(r_percent, float(transformers.Xhl)), (line_kv[0], line_kv[1]))

    def capacitors_mvar(self) -> list[tuple[str, float]]:
        """Bus and Mvar at nominal voltage of the steps in use of every capacitor in use."""
        return capacitors_mvar(self._engine)

    def buses_of_others(self) -> set[str]:
        """Where generators, PV systems, storages and sources of current are."""
        return buses_of_sources(self._engine)

    def others(self) -> dict[str, int]:
        """What acts by itself besides loads: number of elements in use by class."""
        return acting(self._engine)

    def check_sources(self) -> None:
        """RecordError where others than loads and cars would give what nobody booked, the same in every step."""
        check_sources(self._engine, str(self.master))

    @property
    def control_mode(self) -> str:
        """`set controlmode` of the script, in small letters; what is not `off` acts within each step."""
        return self._engine.control_mode

    def _case(self, p_kw: Floats, q_kvar: Floats, tap_pu: Floats,
              is_free: bool) -> tuple[Complexes, Floats, Floats]:
        """Node volts, taps and source power of one case, with regulators held at taps or acting from there."""
        self._stand(tap_pu)
        self._engine.set_loads(p_kw, q_kvar)
        is_solved = self._engine.solve(is_free)
        self._has_moved = self._has_controls and is_free
        if not is_solved:
            return np.full(self.nodes.count, np.nan + 0j), np.full(len(self.regulators), np.nan), np.full(2, np.nan)
        source_kva = -np.asarray(self._engine.circuit.TotalPower, dtype=np.float64)
        return self._engine.node_volts(), self._taps(), source_kva

    def _stand(self, tap_pu: Floats) -> None:
        """Put regulators and capacitors where a case begins, and build the engine's matrix anew where any has moved.

        It is built with the script's own loads and none at ports, so that what is solved later owes nothing to loads
        that were there before, to the last digit.
        """
        if not self._has_controls:
            return
        self._set_taps(tap_pu)
        self._set_capacitors()
        if self._has_moved:
            none = np.zeros(len(self.ports))
            self._engine.set_loads(np.concatenate([self.loads.p_kw, none]), np.concatenate([self.loads.q_kvar, none]))
            self._engine.build()
            self._has_moved = False

    def _flow(self, v_v: Complexes, taps: Floats, source_kva: Floats) -> ThreePhaseFlow:
        current_a, neutral_a, losses_kw = self.network.currents_and_losses(v_v, taps)
        return ThreePhaseFlow(v_v, np.abs(v_v) / self.nodes.base_v, current_a, neutral_a, losses_kw,
                              source_kva[:, 0], source_kva[:, 1], taps)

    def _add_ports(self) -> None:
        known = self.nodes.row_of()
        problems = []
        for port in self.ports:
            if port.bus not in self.nodes.bus_names:
                problems.append(f"port {port.name}: there is no bus {port.bus!r}")
                continue
            there = [phase for phase in (1, 2, 3) if f"{port.bus}.{phase}" in known]
            if missing := [phase for phase in port.phases if phase not in there]:
                problems.append(f"port {port.name}: bus {port.bus!r} has no phase {missing[0]}, only "
                                f"{', '.join(map(str, there)) or 'none of 1, 2, 3'}")
        if problems:
            raise RecordError(f"feeder {self.master}: " + "; ".join(problems))
        self._engine.add_loads([self.load_at(port, f"testbed_port_{i}") for i, port in enumerate(self.ports)])

    def load_at(self, port: Port, name: str) -> str:
        """The line of OpenDSS that makes a load there which draws exactly what is said, at first nothing."""
        base_kv = self.nodes.base_v[self.nodes.row_of()[f"{port.bus}.{port.phases[0]}"]] / 1e3
        kv = base_kv if len(port.phases) == 1 else base_kv * np.sqrt(3.0)
        count, connection = (1, "delta") if len(port.phases) == 2 else (len(port.phases), "wye")
        return (f"new load.{name} bus1={port.name} phases={count} conn={connection} kv={float(kv)!r} "
                f"kw=0 kvar=0 model=1 {WIDE}")

    def _widen_loads(self) -> None:
        for name, model in zip(self.loads.names, self.loads.model, strict=True):
            if model == 1:
                self._engine.command(f"edit load.{name} {WIDE}")

    def _transformer(self, regulator: str) -> Any:
        transformers = self._engine.circuit.Transformers
        name, winding = regulator.rsplit(".", 1)
        transformers.Name = name
        transformers.Wdg = int(winding)
        return transformers

    def _taps(self) -> Floats:
        return np.array([self._transformer(name).Tap for name in self.regulators], dtype=np.float64)

    def _set_taps(self, tap_pu: Floats) -> None:
        now = self._taps()
        for i in np.flatnonzero(np.abs(now - tap_pu) > 1e-9):
            self._transformer(self.regulators[i]).Tap = float(tap_pu[i])
            self._has_moved = True

    def _taps_of_matrices(self, tap_pu: Floats) -> None:
        """For matrices the engine's own is built with whatever loads are set: not what the next case may begin with."""
        self._set_taps(tap_pu)
        self._has_moved = True

    def _capacitors(self) -> list[tuple[str, list[int]]]:
        """Steps in use of each capacitor that a control may switch."""
        if not self._engine.circuit.CapControls.Count:
            return []
        capacitors = self._engine.circuit.Capacitors
        steps = []
        for name in capacitors.AllNames:
            capacitors.Name = name
            steps.append((name, [int(state) for state in capacitors.States]))
        return steps

    def _set_capacitors(self) -> None:
        capacitors = self._engine.circuit.Capacitors
        for name, states in self._capacitor_steps:
            capacitors.Name = name
            if [int(state) for state in capacitors.States] != states:
                capacitors.States = states
                self._has_moved = True
