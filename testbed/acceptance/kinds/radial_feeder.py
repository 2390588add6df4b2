"""AC power flow of a radial, balanced feeder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.network.power_flow import ac_engine
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, RadialFeeder
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    feeder = _feeder(inputs)
    flow = ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    if not np.all(np.isfinite(flow.vm_pu)):
        raise RecordError("feeder: the power flow does not converge: no voltages carry this load")
    lowest = int(flow.vm_pu[0].argmin())
    return {"losses_kw": float(flow.losses_kw[0]), "lowest_voltage_pu": float(flow.vm_pu[0, lowest]),
            "highest_voltage_pu": float(flow.vm_pu.max()), "lowest_bus": float(feeder.bus_number[lowest]),
            "source_kw": float(flow.p_slack_kw[0]), "source_kvar": float(flow.q_slack_kvar[0])}


def _feeder(inputs: Inputs) -> RadialFeeder:
    start, end = (inputs.column("lines", name).astype(np.int64) for name in ("from_bus", "to_bus"))
    bus, parent, line = _tree(start, end)
    kv = inputs.number("nominal_kv", above=0.0)
    z_base_ohm, i_base_a = kv**2 / BASE_MVA, 1e3 * BASE_MVA / (np.sqrt(3) * kv)

    def of_lines(name: str, base: float, default: float | None = None) -> Floats:
        return np.where(line < 0, 0.0, inputs.column("lines", name, default)[line] / base)

    return RadialFeeder(
        name="case", bus_number=bus, parent=parent, r_pu=of_lines("r_ohm", z_base_ohm),
        x_pu=of_lines("x_ohm", z_base_ohm), i_max_pu=of_lines("i_max_a", i_base_a, 1e6),
        transformer_kva=np.full(bus.size, np.inf), p_base_kw=of_lines("p_kw", 1.0, 0.0),
        q_base_kvar=of_lines("q_kvar", 1.0, 0.0), nominal_kv=kv, v_slack_pu=inputs.number("source_pu", 1.0),
        v_min_pu=0.5, v_max_pu=1.5)


def _tree(start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """(bus numbers, positions of parents, rows of lines) from the source, the first line's beginning, outward."""
    bus, parent, line = [int(start[0])], [-1], [-1]
    left = list(range(start.size))
    while left:
        reached = [i for i in left if int(start[i]) in bus]
        if not reached:
            raise RecordError(f"feeder: no line leads from the source to bus {int(end[left[0]])}")
        for i in reached:
            if int(end[i]) in bus:
                raise RecordError(f"feeder: not radial, bus {int(end[i])} is reached twice (row {i + 1} of the lines)")
            parent.append(bus.index(int(start[i])))
            bus.append(int(end[i]))
            line.append(i)
            left.remove(i)
    return tuple(np.array(row, dtype=np.int64) for row in (bus, parent, line))  # type: ignore[return-value]


KIND = CaseKind(
    "radial_feeder", "voltages and losses of a radial feeder with balanced phases",
    "nominal_kv (between phases), source_pu (1), lines: table with from_bus, to_bus (away from the source, where the "
    "first row begins), r_ohm, x_ohm, and the load p_kw, q_kvar at to_bus (below 0: fed in)",
    "losses_kw, lowest_voltage_pu, lowest_bus, highest_voltage_pu, source_kw, source_kvar", _answer)
