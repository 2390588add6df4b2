"""Admittances to earth at the buses of a pandapower net, in per unit on 1 MVA: of shunts, lines and transformers.

A line is two halves of its charging with its impedance between; a transformer's T is turned into the same form, as in
pandapower. So whatever a net has to earth stands at a bus, and voltages are exactly those of the net.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.network.net_shape import NetShape, hanging
from models.network.net_tables import column_of, level_kv, live, rows_of
from models.network.transformers.ratio import windings_kv
from models.records.arrays import Bools, Floats, Ints
from models.records.feeder import BASE_MVA

Complexes = npt.NDArray[np.complex128]
Pi = tuple[Complexes, Complexes, Complexes]
"""Series impedance, and admittances at its start and end, [rows] in per unit at the end's voltage level."""


def line_pi(net: Any, line: Any) -> Pi:
    """Of a table of lines, each on its own voltage level."""
    base_ohm = level_kv(net, line["from_bus"].to_numpy(np.int64)) ** 2 / BASE_MVA
    length, parallel = column_of(line, "length_km"), column_of(line, "parallel")
    z = (column_of(line, "r_ohm_per_km") + 1j * column_of(line, "x_ohm_per_km")) * length / parallel / base_ohm
    omega = 2 * np.pi * float(net.get("f_hz", 50.0))
    siemens_per_km = (column_of(line, "g_us_per_km", 0.0) * 1e-6
                      + 1j * omega * column_of(line, "c_nf_per_km", 0.0) * 1e-9)
    half = np.asarray(siemens_per_km * length * parallel * base_ohm / 2, dtype=np.complex128)
    return np.asarray(z, dtype=np.complex128), half, half


def transformer_pi(net: Any, trafo: Any) -> Pi:
    """Of a table of transformers, start the high side; as seen from the low side.

    As in pandapower: z = vk/100 (v_lv / v_bus)^2 / s_n and y = (p_fe, i_0) / (v_lv / v_bus)^2 with the tapped low
    winding, y standing between two parts of z, halves unless the net says otherwise.
    """
    low_kv = level_kv(net, trafo["lv_bus"].to_numpy(np.int64))
    squared = (windings_kv(trafo)[1] / low_kv) ** 2
    parallel = column_of(trafo, "parallel")
    sn_mva = column_of(trafo, "sn_mva") * parallel
    z_pu, r_pu = (column_of(trafo, f"{name}_percent") / 100 * BASE_MVA / sn_mva * squared for name in ("vk", "vkr"))
    x_pu = np.sqrt(np.maximum(z_pu**2 - r_pu**2, 0.0))
    iron = column_of(trafo, "pfe_kw", 0.0) / 1e3 * parallel
    no_load = column_of(trafo, "i0_percent", 0.0) / 100 * sn_mva
    y = (iron - 1j * np.sqrt(np.maximum(no_load**2 - iron**2, 0.0))) / BASE_MVA / squared
    high = [column_of(trafo, f"leakage_{name}_ratio_hv", 0.5) for name in ("resistance", "reactance")]
    first = r_pu * high[0] + 1j * x_pu * high[1]
    second = r_pu * (1 - high[0]) + 1j * x_pu * (1 - high[1])
    z = first + second + first * second * y
    return z, second * y / z, first * y / z


def turns_ratio(net: Any, trafo: Any) -> Floats:
    """Voltage of the low side over that of the high side without load, both in per unit of their buses."""
    high, low = (kv / level_kv(net, trafo[f"{side}_bus"].to_numpy(np.int64))
                 for side, kv in zip(("hv", "lv"), windings_kv(trafo), strict=True))
    return np.asarray(low / high)


def shunts_at(net: Any, shape: NetShape, bus: Ints) -> Complexes:
    """[B] sums at the buses of shunts, and of lines and transformers that hang on a bus by one end alone."""
    total = np.zeros(bus.size, dtype=np.complex128)
    for at, y in (_capacitors(net), *(open_ended(net, table)[1:] for table in PI_OF)):
        total += at_buses(shape, bus, at, y)
    return total


def at_buses(shape: NetShape, bus: Ints, at: Ints, values: Complexes) -> Complexes:
    """[B] sums of values at buses of the net; what is at none of these is left away."""
    row = {int(number): i for i, number in enumerate(bus)}
    to = np.array([row.get(shape.stands_for[int(number)], -1) for number in at], dtype=np.int64)
    total = np.zeros(bus.size, dtype=np.complex128)
    np.add.at(total, to[to >= 0], values[to >= 0])
    return total


def _capacitors(net: Any) -> tuple[Ints, Complexes]:
    """(buses, admittances) of the table of shunts: p + jq is drawn at 1 pu of their own nominal voltage."""
    if not rows_of(net, "shunt"):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.complex128)
    shunt = net.shunt[live(net, "shunt")]
    bus = shunt["bus"].to_numpy(np.int64)
    bus_kv = level_kv(net, bus)
    own_kv = column_of(shunt, "vn_kv", np.nan)
    drawn = (column_of(shunt, "p_mw") - 1j * column_of(shunt, "q_mvar")) / BASE_MVA * column_of(shunt, "step")
    # an admittance draws with the square of voltage, and its own nominal voltage may not be the bus's
    squared = (bus_kv / np.where(np.isnan(own_kv), bus_kv, own_kv)) ** 2
    return bus, np.asarray(drawn * squared, dtype=np.complex128)


def open_ended(net: Any, table: str) -> tuple[Bools, Ints, Complexes]:
    """Branches with one end open: (which rows of the table, their buses, admittances as seen from there)."""
    rows, bus = hanging(net, table)
    frame = net[table][rows]
    if not len(frame):
        return rows, bus, np.zeros(0, dtype=np.complex128)
    z, start, end = PI_OF[table](net, frame)
    from_start = (frame["from_bus" if table == "line" else "hv_bus"] == bus).to_numpy()
    near, far = np.where(from_start, start, end), np.where(from_start, end, start)
    seen = near + far / (1 + z * far)
    squared = turns_ratio(net, frame) ** 2 if table == "trafo" else np.ones(len(frame))
    return rows, bus, seen * np.where(from_start, squared, 1.0)


PI_OF: Mapping[str, Callable[[Any, Any], Pi]] = {"line": line_pi, "trafo": transformer_pi}
