"""Lines, transformers and couplers with an impedance of a pandapower net, in per unit on 1 MVA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.feeder import UNRATED_A
from models.network.net_shape import NetShape, branch_rows
from models.network.net_shunts import Complexes, Pi, at_buses, line_pi, transformer_pi, turns_ratio
from models.network.net_tables import closed_couplers, column_of, label, level_kv
from models.network.transformers.ratio import windings_kv
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
    y_start: Complexes
    """Admittances to earth at both ends, as seen from `end`."""
    y_end: Complexes
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
    z, y_start, y_end = (np.concatenate(values) for values in zip(
        *(pi for _, (pi, *_), *_ in parts.values()), strict=True))
    i_max_pu, ratio = (np.concatenate(values) for values in zip(
        *(rest for _, (_, *rest), *_ in parts.values()), strict=True))
    names = tuple(label(net, table, int(row)) for table, (frame, *_) in parts.items() for row in frame.index)
    return Branches(start, end, z.real, z.imag, i_max_pu, ratio, y_start, y_end, names)


_Values = tuple[Pi, Floats, Floats]
"""Impedances and admittances, ratings and turns ratios, in per unit at the end's voltage level."""


def _lines(net: Any, line: Any, rating_a: float | None) -> _Values:
    bus_kv = level_kv(net, line["from_bus"].to_numpy(np.int64))
    if rating_a is None:
        amps = column_of(line, "max_i_ka") * column_of(line, "df") * column_of(line, "parallel") * 1e3
    else:
        amps = np.full(len(line), min(rating_a, UNRATED_A))
    return line_pi(net, line), amps / _base_a(bus_kv), np.ones(len(line))


def _base_a(bus_kv: Floats) -> Floats:
    return np.asarray(BASE_MVA * 1e3 / (np.sqrt(3.0) * bus_kv))


def _transformers(net: Any, trafo: Any) -> _Values:
    low_kv = level_kv(net, trafo["lv_bus"].to_numpy(np.int64))
    sn_mva = column_of(trafo, "sn_mva") * column_of(trafo, "parallel") * column_of(trafo, "df")
    # each winding may carry its nominal current; with taps off neutral that of the high side is another on the low side
    tapped = [kv / column_of(trafo, f"vn_{side}_kv") for side, kv in zip(("hv", "lv"), windings_kv(trafo), strict=True)]
    rating_pu = sn_mva / BASE_MVA * low_kv / column_of(trafo, "vn_lv_kv") * np.minimum(1.0, tapped[0] / tapped[1])
    return transformer_pi(net, trafo), rating_pu, turns_ratio(net, trafo)


def _couplers(net: Any, switch: Any) -> _Values:
    """Closed bus-bus switches with an impedance; they have no rating."""
    bus_kv = level_kv(net, switch["bus"].to_numpy(np.int64))
    z_pu = column_of(switch, "z_ohm", 0.0) / (bus_kv**2 / BASE_MVA)
    along = (SWITCH_R_OVER_X + 1j) / np.hypot(SWITCH_R_OVER_X, 1.0)
    none = np.zeros(len(switch), dtype=np.complex128)
    return (z_pu * along, none, none), UNRATED_A / _base_a(bus_kv), np.ones(len(switch))


def oriented(branches: Branches, branch: Ints, bus: Ints) -> Branches:
    """The branches of buses 1, 2, ..., as seen from the bus that each leads to."""
    used = branch[1:]
    is_along = branches.end[used] == bus[1:]
    ratio = branches.ratio[used]
    squared = np.where(is_along, 1.0, ratio**2)
    return Branches(
        branches.start[used], branches.end[used], branches.r_pu[used] / squared, branches.x_pu[used] / squared,
        branches.i_max_pu[used] * np.sqrt(squared), np.where(is_along, ratio, 1.0 / ratio),
        branches.y_start[used], branches.y_end[used], ())


def admittances_at(branches: Branches, shape: NetShape, bus: Ints) -> Complexes:
    """[B] what branches have to earth at each bus; at their start behind the turns ratio."""
    # a branch beside a closed coupler carries nothing, and is charged all the same
    return (at_buses(shape, bus, branches.start, branches.y_start * branches.ratio**2)
            + at_buses(shape, bus, branches.end, branches.y_end))
