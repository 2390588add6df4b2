"""The layer of three phases on circuits of OpenDSS: a balanced one against branch flow, and a street in the evening."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.layout import make_layout
from controllers.spatial.branch_flow.problem import LowerProblem
from controllers.spatial.three_phase.decision import PhaseDecider
from controllers.spatial.three_phase.linear import sensitivities
from controllers.spatial.three_phase.rounds import Rounds
from models.network.three_phase.circuit import Circuit, circuit_from
from models.network.three_phase.records import Port
from models.network.three_phase.watching import PhaseLimits, WatchedCircuit, watched_ports
from models.records.feeder import BASE_MVA, RadialFeeder
from models.records.three_phase import VOLTAGE
from tests.controllers.spatial import branch_flow_case as radial
from tests.controllers.spatial import street_case as street

pytest.importorskip("opendssdirect")
HOUR = 19
LOWEST_V, DECLARED_V = 216.2, 230.0


def balanced(feeder: RadialFeeder, folder: Path) -> WatchedCircuit:
    """The feeder with three equal phases that do not see each other; every bus but the slack has a port of three."""
    ohm = feeder.nominal_kv**2 / BASE_MVA
    lines = ["clear", f"new circuit.balanced basekv={feeder.nominal_kv} pu={feeder.v_slack_pu} r1=0 x1=1e-9 r0=0 "
             "x0=1e-9 bus1=b0"]
    for bus in range(1, feeder.bus_count):
        r, x = (float(z[bus] * ohm) for z in (feeder.r_pu, feeder.x_pu))
        lines.append(f"new line.l{bus} bus1=b{feeder.parent[bus]} bus2=b{bus} phases=3 length=1 units=none "
                     f"r1={r!r} x1={x!r} r0={r!r} x0={x!r} c1=0 c0=0 normamps=99999")
    lines += [f"set voltagebases=[{feeder.nominal_kv}]", "calcvoltagebases", "solve"]
    script = folder / "balanced.dss"
    script.write_text("\n".join(lines))
    names = tuple(f"b{bus}" for bus in range(1, feeder.bus_count))
    circuit = Circuit(script, [Port(name, (1, 2, 3)) for name in names])
    return watched_ports(circuit, names, PhaseLimits(feeder.v_min_pu, feeder.v_max_pu))


@pytest.mark.slow
def test_a_balanced_circuit_has_the_optimum_of_branch_flow(tmp_path: Path) -> None:
    """IEEE-33 at its evening peak, voltages below the penalty's threshold: the same objective within 0.1 %."""
    feeder = radial.unlimited_transformers(radial.FEEDER)
    known = radial.knowledge(radial.fleet(), feeder, step_s=1800, look_ahead_h=4)
    declared, soc = radial.parked(known.vehicles, HOUR * 3600)
    view = radial.view(known, declared, soc, HOUR)
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    inputs = inputs_of(known, layout, forecast(known, layout, view))
    exact = LowerProblem(known).solve(layout, inputs)
    circuit = balanced(feeder, tmp_path)
    trace = Rounds(replace(known, feeder=None, power_flow=None, network=circuit.network, network_flow=circuit)
                   ).run(layout, inputs)
    assert trace.stands
    assert trace.best.usd == pytest.approx(exact.objective_usd, rel=1e-3)
    assert np.abs(trace.best.flow.vm_pu[:, 1:] ** 2 - exact.flow.v.T).max() < 1e-4


def european_street() -> WatchedCircuit:
    """55 houses, British limits."""
    loads = circuit_from("dss:european_lv").loads
    circuit = circuit_from("dss:european_lv", [Port(*at) for at in zip(loads.bus, loads.phases, strict=True)])
    return watched_ports(circuit, loads.names, PhaseLimits(LOWEST_V / DECLARED_V, 1.1, DECLARED_V))


def evening(circuit: WatchedCircuit, cars: int) -> tuple[SpatialKnowledge, FeederView]:
    """All cars plugged in at 18:00 and a plan that asks all of them for all they can in the tariff's first hours."""
    rng = np.random.default_rng(1)
    vehicles = street.cars(rng, cars, (7.4,))
    zone = np.r_[-1, np.zeros(circuit.network.connection_count - 1, dtype=np.int64)]
    ports = np.where(zone >= 0, 1, 0)
    known = street.knowledge_of(circuit.network, circuit, vehicles, street.Site(zone, ports, np.zeros_like(ports)),
                                step_s=1800, look_ahead_h=3)
    view = street.hour(known, rng, house_kw=0.9)
    at = rng.permutation(np.arange(1, circuit.network.connection_count))[:cars]
    return known, street.full_charge(known, street.at_connections(known, view, at))


@pytest.mark.parametrize("with_q", [False, True])
def test_the_circuits_own_derivatives_are_differences_of_its_power_flow(with_q: bool) -> None:
    """As far as a step of a tenth of a kW, and (T5) for what that adds to losses, let these be right."""
    circuit = european_street()
    network = circuit.network
    p_kw = np.pad(np.full((3, network.driven.size), 0.9), ((0, 0), (1, 0)))
    given = circuit, p_kw, 0.2 * p_kw, np.zeros((3, 0)), 1, with_q, network.driven
    own, by_ac = sensitivities(*given, circuit.slopes), sensitivities(*given)
    for name in ("phasor_by_p", "phasor_by_q", "vm_by_p", "vm_by_q", "loss_by_p", "loss_by_q", "point_of", "p_kw"):
        mine, theirs = getattr(own, name), getattr(by_ac, name)
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max(initial=0.0) <= 5e-3 * np.abs(theirs).max(initial=1e-9)
    curved = [s.root.T @ s.root + np.diag(s.own) for s in (own, by_ac)]
    assert np.abs(curved[0] - curved[1]).max() < 1e-2 * np.abs(curved[1]).max()


@pytest.mark.slow
def test_the_herd_breaks_the_street_and_the_layer_does_not() -> None:
    circuit = european_street()
    known, view = evening(circuit, 40)
    decision = PhaseDecider(known).decide(view)
    is_voltage = circuit.network.watched.kind == VOLTAGE
    steps, q_kvar = decision.layout.steps, decision.forecast.q_fixed_kvar.T
    herd = decision.forecast.p_fixed_kw.T[:steps].copy()
    np.add.at(herd, (slice(None), view.declared.bus_index), 7.4)
    lowest_v = [DECLARED_V * float(circuit(p[:steps], q_kvar[:steps]).value[:, is_voltage].min())
                for p in (herd, decision.p_plan_bus_kw)]
    assert lowest_v[0] < LOWEST_V - 1.0
    assert lowest_v[1] > LOWEST_V - 5e-4 * DECLARED_V
    assert decision.pc_kw.sum() > 0.3 * 40 * 7.4
