"""Derivatives from a circuit's own equations: those of its power flow, for every law of loads; and what has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.network.source import FeederLimits
from models.network.three_phase.account import account_of
from models.network.three_phase.circuit import Circuit, circuit_from
from models.network.three_phase.feeder import ThreePhaseFlows, three_phase_feeder
from models.network.three_phase.records import Port
from models.network.three_phase.watching import PhaseLimits, WatchedCircuit, watched_feeder, watched_ports
from models.records.arrays import Floats
from tests.models.network.three_phase.small import street

pytest.importorskip("opendssdirect")
CLOSE = 1e-6
"""Of the largest derivative of its kind."""
SWITCHES = ("line.671692", "line.sw")
LAWS = [
    "phases=1 bus1=b3.2 kv=0.24 model=1", "phases=1 bus1=b3.2 kv=0.24 model=2", "phases=1 bus1=b3.2 kv=0.24 model=5",
    "phases=1 bus1=b3.2 kv=0.24 model=4 cvrwatts=0.8 cvrvars=3",
    "phases=1 bus1=b3.2 kv=0.24 model=8 zipv=(0.2 0.3 0.5 0.5 0.4 0.1 0)",
    "phases=3 bus1=b3 kv=0.416 model=1", "phases=3 bus1=b3 kv=0.416 conn=delta model=5",
    "phases=1 bus1=b3.1.3 kv=0.416 conn=delta model=1", "phases=2 bus1=b3.1.2 kv=0.416 model=1",
    "phases=2 bus1=b3.1.2.3 kv=0.416 conn=delta model=5"]


def differences(watched: WatchedCircuit, p_kw: Floats, q_kvar: Floats, taps: Floats, step_kw: float, of_q: bool
                ) -> tuple[list[np.ndarray], list[int]]:
    """Central ones of [M, n] phasors, [D, n] voltages and [n] losses by some driven connections, without their third
    derivatives."""
    some = np.unique(np.linspace(0, watched.network.driven.size - 1, 4).astype(int)).tolist()
    shift = np.zeros((len(some), p_kw.size))
    shift[np.arange(len(some)), watched.network.driven[some]] = step_kw
    halves = []
    for scale in (1.0, 2.0):
        cases = np.concatenate([scale * shift, -scale * shift])
        flow = watched(p_kw + (0.0 * cases if of_q else cases), q_kvar + (cases if of_q else 0.0 * cases),
                       np.tile(taps, (len(cases), 1)))
        halves.append([(table[: len(some)] - table[len(some) :]).T / (2.0 * scale * step_kw) for table in (
            flow.phasor, flow.vm_pu[:, watched.network.driven], flow.losses_kw)])
    return [(4.0 * near - far) / 3.0 for near, far in zip(*halves, strict=True)], some


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee37", "ieee123", "european_lv"])
def test_they_are_those_of_the_power_flow(name: str) -> None:
    """Delta, impedance, current, exponents; regulators, transformers, capacitors: within a millionth of the largest."""
    feeder = three_phase_feeder(f"dss:{name}", FeederLimits())
    watched = watched_feeder(ThreePhaseFlows(feeder))
    p_kw, q_kvar = 0.7 * feeder.p_base_kw, 0.7 * feeder.q_base_kvar
    taps = watched(p_kw[None], q_kvar[None]).taps[0]
    assert watched.slopes is not None
    # a current through a switch is a difference of nearly equal voltages, of which AC knows ten digits
    switches = np.array([element.startswith(SWITCHES) for element in watched.network.watched.element])
    for of_q, slopes in enumerate(watched.slopes(p_kw, q_kvar, taps, True)):
        by_ac, some = differences(watched, p_kw, q_kvar, taps, max(0.5, 2e-4 * float(p_kw.sum())), bool(of_q))
        for kind in range(4):
            at = (watched.network.watched.kind == kind) & ~switches
            mine, theirs = slopes.phasor[at][:, some], by_ac[0][at]
            assert np.abs(mine - theirs).max(initial=0.0) <= CLOSE * np.abs(mine).max(initial=1e-12)
        assert np.abs(slopes.vm_pu[:, some] - by_ac[1]).max() <= CLOSE * np.abs(slopes.vm_pu).max()
        assert np.abs(slopes.losses_kw[some] - by_ac[2]).max() <= 2e-5 * np.abs(slopes.losses_kw).max()


@pytest.mark.parametrize("source_pu", [1.15, 1.0, 0.9, 0.6, 0.4])
@pytest.mark.parametrize("law", LAWS)
def test_every_law_of_loads_is_the_engines(tmp_path: Path, law: str, source_pu: float) -> None:
    """Within its range of voltages, above it, on the line below it, and where it is an impedance: no current is left
    unexplained, and voltages move as AC says."""
    script = Path(street(tmp_path, f"new load.other {law} kw=6 kvar=2 vminpu=0.85 vmaxpu=1.1 vlowpu=0.5"))
    circuit = Circuit(script, [Port("b2", (1,)), Port("b3", (1, 3))], source_pu=source_pu)
    assert circuit.without_slopes == ""
    none, loads = np.zeros((1, 2)), (circuit.loads.p_kw, circuit.loads.q_kvar)
    v_v = circuit.solve(none, none).v_v[0]
    moving = circuit.slopes((none[0], none[0]), loads, v_v, circuit.tap_pu).by_power(np.array([2, 3]), of_q=False)
    by_ac = [(circuit.solve(step * np.eye(2), np.zeros((2, 2))).v_v - circuit.solve(-step * np.eye(2), np.zeros(
        (2, 2))).v_v).T / (2.0 * step) for step in (0.1, 0.2)]
    assert np.abs(moving - (4.0 * by_ac[0] - by_ac[1]) / 3.0).max() <= CLOSE * np.abs(moving).max()


@pytest.mark.parametrize(("more", "told"), [
    ("new pvsystem.roof bus1=b2 phases=3 kv=0.416 kva=5 pmpp=5", "1 pvsystem"),
    ("new generator.g bus1=b2 phases=3 kv=0.416 kw=2", "1 generator"),
    ("new load.pump bus1=b2 phases=3 kv=0.416 kw=2 model=3", "load pump (model 3)"),
    ("new load.z bus1=b2 phases=3 kv=0.416 kw=2 model=8 zipv=(1 0 0 1 0 0 0.7)",
     "load z (model 8 that drops out at a low voltage)"),
    ("new load.n bus1=b2.1.4 phases=1 kv=0.24 kw=3", "load n (a neutral that is not earth)"),
    ("new transformer.z phases=3 windings=2 buses=(b2 b2) conns=(wye delta) kvs=(0.416 0.416) kvas=(50 50) xhl=3",
     "an element at bus b2.1 that is not known")])
def test_what_draws_by_another_law_is_named_and_has_none(tmp_path: Path, more: str, told: str) -> None:
    text = street(tmp_path, more)
    circuit = circuit_from(text, [Port("b3", (1,))])
    assert circuit.without_slopes.startswith(told.rsplit(".1", 1)[0])
    assert watched_ports(circuit, ("house",), PhaseLimits(0.9, 1.1)).slopes is None
    lines = account_of(circuit, three_phase_feeder(street(tmp_path), FeederLimits())).lines()
    assert any("differences of power flows" in line and told.rsplit(".1", 1)[0] in line for line in lines)


def test_matrices_of_a_tap_leave_nothing_to_the_next_case() -> None:
    """To the last digit: the engine's matrix holds loads, which must not be those of the case before."""
    first, second = ([np.full((1, 5), kw), np.zeros((1, 5))] for kw in (90.0, 40.0))
    ports = [Port(bus, (1, 2, 3)) for bus in ("634", "675", "671", "632", "633")]
    after, alone = circuit_from("dss:ieee13", ports), circuit_from("dss:ieee13", ports)
    taps = after.tap_pu
    after.solve(*first, tap_pu=taps)
    assert np.array_equal(after.solve(*second, tap_pu=taps).v_v, alone.solve(*second, tap_pu=taps).v_v)
