"""Lines, transformers and couplers with an impedance of a pandapower net, in per unit on 1 MVA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.feeder import UNRATED_A
from models.network.net_shape import NetShape, branch_rows
from models.network.net_tables import closed_couplers, column_of, label, level_kv
from models.network.transformer_ratio import windings_kv
from models.records.arrays import Floats, Ints
from models.records.feeder import BASE_MVA

SWITCH_R_OVER_X = 2.0
"""Of closed switches with an impedance, as pandapower has it."""


@dataclass(frozen=True)
class Branches:
    """Lines, transformers and switches with an impedance in service between fused buses, arrays [N] of equal length."""

    start: Ints
    end: Ints
    r_pu: Floats
    """r, x and rating are those seen from `end`."""
    x_pu: Floats
    i_max_pu: Floats
    ratio: Floats
    """Voltage at `end` over that at `start` without load."""
    name: tuple[str, ...]
    """For messages: `line 3`, `trafo 0`."""


def branches_of(net: Any, shape: NetShape, rating_a: float | None) -> Branches:
    couplers = closed_couplers(net) & (column_of(net.switch, "z_ohm", 0.0) > 0)
    line, trafo = net.line[branch_rows(net, "line")], net.trafo[branch_rows(net, "trafo") & ~shape.held]
    switch = net.switch[couplers]
    parts = {"line": (line, _lines(net, line, rating_a), "from_bus", "to_bus"),
             "trafo": (trafo, _transformers(net, trafo), "hv_bus", "lv_bus"),
             "switch": (switch, _couplers(net, switch), "bus", "element")}
    start, end = (np.array([shape.stands_for[int(bus)] for frame, _, *ends in parts.values()
                            for bus in frame[ends[side]]], dtype=np.int64) for side in (0, 1))
    r_pu, x_pu, i_max_pu, ratio = (np.concatenate(values) for values in zip(
        *(values for _, values, *_ in parts.values()), strict=True))
    names = tuple(label(net, table, int(row)) for table, (frame, *_) in parts.items() for row in frame.index)
    return Branches(start, end, r_pu, x_pu, i_max_pu, ratio, names)


_Values = tuple[Floats, Floats, Floats, Floats]


def _lines(net: Any, line: Any, rating_a: float | None) -> _Values:
    """r, x, rating in per unit, each line on its own voltage level, and a ratio of 1."""
    bus_kv = level_kv(net, line["from_bus"].to_numpy(np.int64))
    length, parallel = column_of(line, "length_km"), column_of(line, "parallel")
    r_pu, x_pu = (column_of(line, f"{letter}_ohm_per_km") * length / parallel / (bus_kv**2 / BASE_MVA)
                  for letter in "rx")
    if rating_a is None:
        amps = column_of(line, "max_i_ka") * column_of(line, "df") * parallel * 1e3
    else:
        amps = np.full(len(line), min(rating_a, UNRATED_A))
    return r_pu, x_pu, amps / _base_a(bus_kv), np.ones(len(line))


def _base_a(bus_kv: Floats) -> Floats:
    return np.asarray(BASE_MVA * 1e3 / (np.sqrt(3.0) * bus_kv))


def _transformers(net: Any, trafo: Any) -> _Values:
    """Short-circuit impedance and rating as seen from the low side, in per unit on 1 MVA, and the turns ratio.

    As in pandapower: z = vk/100 (v_lv / v_bus)^2 / s_n with the tapped low winding, ratio = (v_lv / v_bus,lv) /
    (v_hv / v_bus,hv) with both windings at their tap's position.
    """
    high_kv, low_kv = (level_kv(net, trafo[f"{side}_bus"].to_numpy(np.int64)) for side in ("hv", "lv"))
    high_pu, low_pu = (kv / bus_kv for kv, bus_kv in zip(windings_kv(trafo), (high_kv, low_kv), strict=True))
    sn_mva = column_of(trafo, "sn_mva") * column_of(trafo, "parallel")
    z_pu, r_pu = (column_of(trafo, f"{name}_percent") / 100 * BASE_MVA / sn_mva * low_pu**2 for name in ("vk", "vkr"))
    rating_pu = sn_mva / BASE_MVA * low_kv / column_of(trafo, "vn_lv_kv")
    return r_pu, np.sqrt(np.maximum(z_pu**2 - r_pu**2, 0.0)), rating_pu, low_pu / high_pu


def _couplers(net: Any, switch: Any) -> _Values:
    """Closed bus-bus switches with an impedance; they have no rating."""
    bus_kv = level_kv(net, switch["bus"].to_numpy(np.int64))
    z_pu = column_of(switch, "z_ohm", 0.0) / (bus_kv**2 / BASE_MVA)
    over_z = np.hypot(SWITCH_R_OVER_X, 1.0)
    return z_pu * SWITCH_R_OVER_X / over_z, z_pu / over_z, UNRATED_A / _base_a(bus_kv), np.ones(len(switch))


def oriented(branches: Branches, branch: Ints, bus: Ints) -> Branches:
    """The branches of buses 1, 2, ..., as seen from the bus that each leads to."""
    used = branch[1:]
    is_along = branches.end[used] == bus[1:]
    ratio = branches.ratio[used]
    squared = np.where(is_along, 1.0, ratio**2)
    return Branches(
        branches.start[used], branches.end[used], branches.r_pu[used] / squared, branches.x_pu[used] / squared,
        branches.i_max_pu[used] * np.sqrt(squared), np.where(is_along, ratio, 1.0 / ratio), ())
