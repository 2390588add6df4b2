"""The IEEE 33-bus feeder of Baran and Wu from a table, as a record in per unit on 1 MVA, and its two zone maps."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, get_args

import numpy as np

from models.data_tables import read_columns
from models.network.feeder import UNRATED_A, transformer_kva
from models.network.source import FeederLimits, NetworkSource
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, RadialFeeder
from models.records.groups import ZONES

ZoneMapName = Literal["contiguous", "public"]
Neighbours = dict[int, list[tuple[int, int]]]
"""bus -> [(other bus, row of the line between them)]"""
TRANSFORMER_MARGIN = 1.2
"""Rating over peak load without cars (A)."""
IEEE33_KV = 12.66
IEEE33_SLACK_VM_PU = 1.0
IEEE33_TIE_LINES = (33, 34, 35, 36, 37)
IEEE33_BEST_OPEN_LINES = (7, 9, 14, 32, 37)
"""Loss-minimal reconfiguration known from the literature (K)."""
IEEE33_TRUNK_LINES = (1, 2, 3, 4, 5)
IEEE33_TRUNK_A = 400.0
IEEE33_LATERAL_A = 200.0
"""case33bw ships with 99,999 kA; 400 A for the trunk and 200 A elsewhere are assumed (A)."""

_ZONE_BUSES: Mapping[str, Mapping[str, Sequence[int]]] = {
    "contiguous": {
        "residential": (*range(7, 19), *range(26, 30)),
        "commercial": (*range(2, 7), *range(19, 23)),
        "office": (*range(23, 26), *range(30, 34)),
    },
    "public": {
        "residential": (2, 3, 4, 6, 11, 12, 13, 15, 18, 21, 22, 25, 30, 31, 33),
        "commercial": (5, 10, 14, 19, 20, 24, 27, 29, 32),
        "office": (7, 8, 9, 16, 17, 23, 26, 28),
    },
}


def ieee33(
    peak_scale: float = 1.0,
    slack_vm_pu: float = IEEE33_SLACK_VM_PU,
    v_min_pu: float = 0.90,
    v_max_pu: float = 1.05,
    open_lines: Sequence[int] = IEEE33_TIE_LINES,
    substation_kva: float = np.inf,
    line_rating_a: float | None = None,
    transformer_margin: float = TRANSFORMER_MARGIN,
) -> RadialFeeder:
    """Baran and Wu's 33-bus feeder (12.66 kV, 3.715 MW, 2.300 Mvar; K) from `data/ieee33.csv`.

    `peak_scale` scales only the loads written into `p_base_kw`; leave it at 1 when the profiles scale.
    MV/LV transformers always follow from scale 1.0: the next standard size above 1.2 x peak load (A).
    transformer_margin: another factor than 1.2; inf: no MV/LV transformer is rated.
    Line ratings: 400 A for lines 1-5, 200 A elsewhere (A), or line_rating_a for all. Voltage limits are explicit (A).
    `open_lines` are the 1-based lines out of service; `substation_kva` rates the transformer behind the slack.
    """
    table = read_columns("ieee33.csv")
    numbers, start, end = (np.array(table[name], dtype=np.int64) for name in ("line", "from_bus", "to_bus"))
    neighbours: Neighbours = {bus: [] for bus in range(1, int(end.max()) + 1)}
    for row in np.flatnonzero(~np.isin(numbers, open_lines)):
        neighbours[int(start[row])].append((int(end[row]), int(row)))
        neighbours[int(end[row])].append((int(start[row]), int(row)))
    bus, parent, line = _tree(neighbours, 1, "ieee33")
    i_max_a = np.where(np.isin(numbers, IEEE33_TRUNK_LINES), IEEE33_TRUNK_A, IEEE33_LATERAL_A)
    if line_rating_a is not None:
        i_max_a = np.full(numbers.size, min(line_rating_a, UNRATED_A))
    z_base_ohm, i_base_a = _bases(IEEE33_KV)
    p_kw, q_kvar = (_at_buses(end, np.array(table[f"load_{name}"], float))[bus] for name in ("p_kw", "q_kvar"))
    return RadialFeeder(
        name="ieee33", bus_number=bus, parent=parent,
        r_pu=_per_line(np.array(table["r_ohm"], float) / z_base_ohm, line),
        x_pu=_per_line(np.array(table["x_ohm"], float) / z_base_ohm, line),
        i_max_pu=_per_line(i_max_a / i_base_a, line),
        transformer_kva=transformer_kva(np.hypot(p_kw, q_kvar), substation_kva, transformer_margin),
        p_base_kw=p_kw * peak_scale, q_base_kvar=q_kvar * peak_scale,
        nominal_kv=IEEE33_KV, v_slack_pu=slack_vm_pu, v_min_pu=v_min_pu, v_max_pu=v_max_pu,
    )


def _at_buses(bus: Ints, values: Floats) -> Floats:
    """Sums of `values` by bus number, from 0 to the largest."""
    return np.asarray(np.bincount(bus, weights=values), dtype=np.float64)


def _bases(nominal_kv: float) -> tuple[float, float]:
    """Impedance in ohm and current in ampere that are 1 pu."""
    return nominal_kv**2 / BASE_MVA, BASE_MVA * 1e3 / float(np.sqrt(3.0) * nominal_kv)


def tie_configuration() -> RadialFeeder:
    """`ieee33` with switches 7-9-14-32-37 open instead of 33-37: 139.551 kW of losses (K)."""
    return ieee33(open_lines=IEEE33_BEST_OPEN_LINES)


def _tree(neighbours: Neighbours, slack: int, name: str) -> tuple[Ints, Ints, Ints]:
    """Bus indices, parent positions and line rows [B], lowest bus index first among those reachable."""
    heap, order = [(slack, -1, -1)], dict[int, int]()
    parent, line = [], []
    while heap:
        bus, parent_position, row = heapq.heappop(heap)
        if bus in order:
            raise RecordError(f"feeder {name}: not radial, bus {bus} is reached twice (line row {row})")
        order[bus] = len(order)
        parent.append(parent_position)
        line.append(row)
        for other, other_row in neighbours[bus]:
            if other_row != row:
                heapq.heappush(heap, (other, order[bus], other_row))
    return np.array(list(order), dtype=np.int64), np.array(parent, dtype=np.int64), np.array(line, dtype=np.int64)


def _per_line(values: Floats, line: Ints) -> Floats:
    """Values of each bus's line to its parent [B]; 0 for the slack."""
    return np.asarray(np.where(line >= 0, values[line], 0.0), dtype=np.float64)


def zone_map(name: ZoneMapName) -> dict[int, int]:
    """Zone (index into ZONES) by bus number: `contiguous` (A) or `public` (S; its third zone is industrial)."""
    return {bus: ZONES.index(zone) for zone, buses in _ZONE_BUSES[name].items() for bus in buses}


def _feeder(_: str, limits: FeederLimits) -> RadialFeeder:
    slack_vm_pu = IEEE33_SLACK_VM_PU if limits.slack_vm_pu is None else limits.slack_vm_pu
    return ieee33(peak_scale=limits.peak_scale, slack_vm_pu=slack_vm_pu, v_min_pu=limits.v_min_pu,
                  v_max_pu=limits.v_max_pu, substation_kva=limits.substation_kva, line_rating_a=limits.line_rating_a,
                  transformer_margin=limits.transformer_margin)


SOURCE = NetworkSource(
    "ieee33", "Baran and Wu's 33 buses, with assumed ratings", "ieee33", _feeder,
    last_bus=33, zone_maps={name: partial(zone_map, name) for name in get_args(ZoneMapName)})
