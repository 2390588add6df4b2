"""AC power flow of three phases in OpenDSS format."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.network.three_phase.circuit import Circuit
from models.network.three_phase.records import Port, unbalance_percent
from models.records.arrays import RecordError
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _phases(word: str) -> tuple[int, ...]:
    if not (word.isascii() and word.isdecimal()):
        raise RecordError(f"ports: phases {word!r:.40} must be 1, 2, 3, two of them, or 123")
    return tuple(int(sign) for sign in word)


def _answer(inputs: Inputs) -> Mapping[str, float]:
    ports, p_kw, q_kvar = [], np.zeros((1, 0)), np.zeros((1, 0))
    if inputs.has("ports"):
        phases = [_phases(word) for word in inputs.words("ports", "phases")]
        ports = [Port(bus, on) for bus, on in zip(inputs.words("ports", "bus"), phases, strict=True)]
        p_kw, q_kvar = inputs.column("ports", "p_kw")[None], inputs.column("ports", "q_kvar", 0.0)[None]
    circuit = Circuit(inputs.file("script"), ports)
    flow = circuit.solve(p_kw, q_kvar)
    if not flow.is_solved[0]:
        raise RecordError("circuit: the power flow does not converge: no voltages carry this load")
    voltage = {f"vm_pu.{name}": float(vm) for name, vm in zip(circuit.nodes.names, flow.vm_pu[0], strict=True)}
    unbalance = unbalance_percent(flow.v_v, circuit.nodes.three_phase_rows())
    return {"losses_kw": float(flow.losses_kw[0]), "source_kw": float(flow.p_source_kw[0]), **voltage,
            "unbalance_percent": float(unbalance.max()) if unbalance.size else 0.0}


KIND = CaseKind(
    "three_phase", "voltages by phase, unbalance and losses of a circuit in OpenDSS's language",
    "script: an OpenDSS file that makes and bases the circuit; ports: table with bus, phases (1, 23, 123, ...), p_kw, "
    "q_kvar (0) of constant power drawn there",
    "losses_kw, source_kw, vm_pu.BUS.PHASE of every node, unbalance_percent (negative over positive sequence, largest)",
    _answer)
