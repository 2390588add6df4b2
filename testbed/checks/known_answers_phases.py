"""Known answers of circuits of three phases: published voltages, losses and taps; a balanced feeder solved both ways.

Where the published case and the script of a feeder differ, the script is changed to the case (AS_PUBLISHED):
- 13 nodes: the load along the line from 632 to 671 stands half at each of its ends; the script puts all of it at 670, a
  third of the way, which lifts phase 3 behind it by up to 2.8 V.
- 37 nodes: substation at 1 pu and regulators without impedance, which the script gives some.
- 123 nodes: the line from 80 to 81 is 475 feet long; the script has 175, which lowers bus 81 by up to 3.6 V.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from models.data_tables import read_columns
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import IEEE33_KV, ieee33
from models.network.three_phase.circuit import Circuit
from models.network.three_phase.records import Port, ThreePhaseFlow
from models.network.three_phase.shipped import master_of
from models.records.arrays import Floats
from models.records.feeder import BASE_MVA, RadialFeeder
from testbed.checks.known_answer import Check, at_most, equal, near
from testbed.wiring.remains import temporary_folder

TABLES = "IEEE PES test feeders, as asserted in GridLAB-D's own tests (S)"
LOSSES = "IEEE PES test feeders (K)"
COMPUTED = "computed for this project (C)"
STEP = 0.00625
TAPS = {"ieee13": (10, 8, 11), "ieee34": (12, 5, 5, 13, 11, 12), "ieee37": (7, 4), "ieee123": (7, -1, 0, -1, 8, 1, 5)}
"""Published, in the order of the scripts' regulators."""
ALONG_13 = {"a": (1, 17.0, 10.0), "b": (2, 66.0, 38.0), "c": (3, 117.0, 68.0)}
"""(phase, kW, kvar) of the load along the line from 632 to 671, by the ending of its name."""
AS_PUBLISHED = {
    "ieee13": (*(f"edit load.670{name} bus1=632.{phase} kw={kw / 2} kvar={kvar / 2}"
                 for name, (phase, kw, kvar) in ALONG_13.items()),
               *(f"new load.671{name} bus1=671.{phase} phases=1 conn=wye model=1 kv=2.4 kw={kw / 2} kvar={kvar / 2}"
                 for name, (phase, kw, kvar) in ALONG_13.items()), "solve"),
    "ieee37": ("edit transformer.subxf xhl=0.0001 %loadloss=0.0001",
               "edit transformer.reg1a xhl=0.0001 %loadloss=0.0001",
               "edit transformer.reg1c xhl=0.0001 %loadloss=0.0001", "solve"),
    "ieee123": ("edit line.l81 length=0.475", "solve")}
NONE = np.zeros((1, 0))


def check_published_feeders() -> list[Check]:
    """Voltages with regulators held at the published taps, losses, and where regulators begun there come to rest."""
    if find_spec("opendssdirect") is None:
        return [equal("feeders of three phases", "not checked", "not checked", "needs the extra three-phase")]
    return [*_of("ieee13", 2.0), near("13-node feeder: losses [kW]", 111.063, _losses("ieee13"), 1.666, LOSSES),
            *_of("ieee34", 1.5), near("34-node feeder: losses [kW]", 273.049, _losses("ieee34"), 1.365, LOSSES),
            *_of("ieee37", 0.5), *_of("ieee123", 5.0)]


def circuit_as_published(name: str) -> Circuit:
    """The circuit that comes along, changed as the published case is."""
    return Circuit(master_of(f"dss:{name}"), changes=AS_PUBLISHED.get(name, ()))


def taps_pu(name: str) -> Floats:
    """Published taps [R]."""
    return 1.0 + STEP * np.array(TAPS[name], dtype=np.float64)


def differences_v(name: str) -> dict[tuple[str, str], float]:
    """Volts by which magnitudes differ from the published ones, by bus and phases, taps held."""
    circuit = circuit_as_published(name)
    flow = circuit.solve(NONE, NONE, tap_pu=taps_pu(name))
    return {(bus, phases): _volts(circuit, flow, bus, phases) - volts for bus, phases, volts in _published(name)}


def _published(name: str) -> list[tuple[str, str, float]]:
    table = read_columns("feeders/published_voltages.csv")
    rows = zip(table["circuit"], table["bus"], table["phases"], table["volts"], strict=True)
    return [(bus, phases, float(volts)) for circuit, bus, phases, volts in rows if circuit == name]


def _volts(circuit: Circuit, flow: ThreePhaseFlow, bus: str, phases: str) -> float:
    """To earth, or between the two phases that are named."""
    row = circuit.nodes.row_of()
    v = [complex(flow.v_v[0, row[f"{bus}.{phase}"]]) for phase in phases]
    return abs(v[0] - v[1]) if len(v) > 1 else abs(v[0])


def _losses(name: str) -> float:
    return float(circuit_as_published(name).solve(NONE, NONE, tap_pu=taps_pu(name)).losses_kw[0])


def _moved(name: str) -> Check:
    """Regulators that begin at the published taps are at rest there."""
    moved = circuit_as_published(name).solve(NONE, NONE, begin_pu=taps_pu(name)).tap_pu[0] - taps_pu(name)
    return at_most(f"{name}: steps that a regulator moves from the published taps", float(np.abs(moved).max() / STEP),
                   1.01, TABLES)


def _of(name: str, most_v: float) -> list[Check]:
    worst_v = max(map(abs, differences_v(name).values()))
    return [at_most(f"{name}: largest difference of a voltage [V]", worst_v, most_v, TABLES), _moved(name)]


def check_balanced_circuit() -> list[Check]:
    """IEEE-33 written as a circuit of three phases is the feeder of one phase."""
    if find_spec("opendssdirect") is None:
        return []
    feeder = ieee33()
    p_kw, q_kvar = (np.outer([1.0, 0.3, -0.2], base) for base in (feeder.p_base_kw, feeder.q_base_kvar))
    one = ac_engine(feeder).power_flow(p_kw, q_kvar)
    three = balanced_flow(feeder, p_kw, q_kvar)
    vm_pu = three.vm_pu[:, -3 * feeder.bus_count:].reshape(len(p_kw), feeder.bus_count, 3)
    return [at_most("ieee33 as a balanced circuit: difference of a voltage [pu]",
                    float(np.abs(vm_pu - one.vm_pu[:, :, None]).max()), 1e-6, COMPUTED),
            at_most("ieee33 as a balanced circuit: relative difference of losses",
                    float(np.abs(three.losses_kw / one.losses_kw - 1).max()), 1e-5, COMPUTED)]


def balanced_flow(feeder: RadialFeeder, p_kw: Floats, q_kvar: Floats) -> ThreePhaseFlow:
    """Powers [N, B] of a one-phase feeder on a circuit of three phases with the same impedances."""
    with temporary_folder("circuit") as folder:
        master = folder / "Master.dss"
        master.write_text(balanced_script(feeder), encoding="utf-8")
        ports = [Port(f"b{number}", (1, 2, 3)) for number in feeder.bus_number]
        return Circuit(master, ports).solve(p_kw, q_kvar)


def balanced_script(feeder: RadialFeeder) -> str:
    """The feeder in OpenDSS's language: no mutual impedance, source at the slack's voltage."""
    z_ohm = feeder.nominal_kv**2 / BASE_MVA
    number = feeder.bus_number
    lines = [f"new line.l{number[j]} bus1=b{number[feeder.parent[j]]} bus2=b{number[j]} phases=3 length=1 c1=0 c0=0 "
             f"r1={float(feeder.r_pu[j] * z_ohm)!r} x1={float(feeder.x_pu[j] * z_ohm)!r} "
             f"r0={float(feeder.r_pu[j] * z_ohm)!r} x0={float(feeder.x_pu[j] * z_ohm)!r}"
             for j in range(1, feeder.bus_count)]
    source = (f"new circuit.balanced bus1=b{number[0]} basekv={IEEE33_KV} pu={feeder.v_slack_pu} r1=1e-9 x1=1e-9 "
              "r0=1e-9 x0=1e-9")
    return "\n".join(["clear", source, *lines, f"set voltagebases=[{IEEE33_KV}]", "calcvoltagebases", "solve", ""])


CHECKS = (check_published_feeders, check_balanced_circuit)
