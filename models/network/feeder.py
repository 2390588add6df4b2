"""Radial feeders as `RadialFeeder` records in per unit on 1 MVA, and the chargers at their buses.

The IEEE 33-bus feeder comes from a table, others from pandapower nets (`radial_feeder_from_pandapower`).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from models.data_tables import read_columns
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, RadialFeeder, Site
from models.records.groups import ZONES

ZoneMapName = Literal["contiguous", "public"]
Neighbours = dict[int, list[tuple[int, int]]]
"""bus -> [(other bus, row of the line between them)]"""

STANDARD_KVA = np.array([50, 100, 160, 250, 400, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000], float)
"""Nameplates of MV/LV transformers in kVA: the usual steps of makers' series (A)."""
TRANSFORMER_MARGIN = 1.2
"""Rating over peak load without cars (A)."""
IEEE33_KV = 12.66
IEEE33_TIE_LINES = (33, 34, 35, 36, 37)
IEEE33_BEST_OPEN_LINES = (7, 9, 14, 32, 37)
"""Loss-minimal reconfiguration known from the literature (K)."""
IEEE33_TRUNK_LINES = (1, 2, 3, 4, 5)
IEEE33_TRUNK_A = 400.0
IEEE33_LATERAL_A = 200.0
"""case33bw ships with 99,999 kA; 400 A for the trunk and 200 A elsewhere are assumed (A)."""
UNRATED_A = 5.0e3
"""Stands for a line without rating: 25 times the lateral's; finite, since solvers dislike infinities."""
PLACEHOLDER_A = 9.0e3

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


# ---------------------------------------------------------------- feeders
def ieee33(
    peak_scale: float = 1.0,
    slack_vm_pu: float = 1.0,
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
        transformer_kva=_transformer_kva(np.hypot(p_kw, q_kvar), substation_kva, transformer_margin),
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


def radial_feeder_from_pandapower(
    net: Any,
    name: str,
    *,
    slack_vm_pu: float = 1.0,
    v_min_pu: float = 0.90,
    v_max_pu: float = 1.05,
    i_max_a: Floats | None = None,
    first_bus_number: int = 0,
    load_scale: float = 1.0,
    substation_kva: float = np.inf,
    transformer_margin: float = TRANSFORMER_MARGIN,
    neglect_line_charging: bool = False,
) -> RadialFeeder:
    """One voltage level of a pandapower net as a RadialFeeder on 1 MVA, open switches honoured.

    The slack is the ext_grid's bus, or the low-voltage side of the transformers fed by it (their tap
    changer is taken to hold `slack_vm_pu`; A). Buses without a path to it are left out; loads at a bus are summed
    (generators are injections of the profiles, not of the record). Parents precede children, lower numbers first.
    i_max_a: [lines] in the net's row order; None takes max_i_ka and refuses placeholders.
    Raises RecordError for meshes, placeholders, and line charging unless `neglect_line_charging`.
    """
    slack, nominal_kv = _slack_bus(net)
    ends = _line_ends_in_service(net)
    if not neglect_line_charging and np.any(net.line["c_nf_per_km"].to_numpy() > 0):
        raise RecordError(f"feeder {name}: lines have charging capacitance, which a RadialFeeder does not "
                          "hold; pass neglect_line_charging=True to leave it out")
    bus, parent, line = _tree(ends, slack, name)
    z_base_ohm, i_base_a = _bases(nominal_kv)
    ratings_a = _line_ratings_a(net, name, line[1:]) if i_max_a is None else np.asarray(i_max_a, float)
    p_kw, q_kvar = _bus_loads(net, bus)
    return RadialFeeder(
        name=name,
        bus_number=np.asarray(bus + first_bus_number, dtype=np.int64),
        parent=parent,
        r_pu=_per_line(_line_ohm(net, "r") / z_base_ohm, line),
        x_pu=_per_line(_line_ohm(net, "x") / z_base_ohm, line),
        i_max_pu=_per_line(ratings_a / i_base_a, line),
        transformer_kva=_transformer_kva(np.hypot(p_kw, q_kvar), substation_kva, transformer_margin),
        p_base_kw=p_kw * load_scale,
        q_base_kvar=q_kvar * load_scale,
        nominal_kv=nominal_kv,
        v_slack_pu=slack_vm_pu,
        v_min_pu=v_min_pu,
        v_max_pu=v_max_pu,
    )


def _slack_bus(net: Any) -> tuple[int, float]:
    """Index and voltage of the bus whose voltage is held: the ext_grid's, or behind its transformers."""
    bus = int(net.ext_grid.loc[net.ext_grid["in_service"], "bus"].iloc[0])
    if len(net.trafo):
        behind = net.trafo.loc[net.trafo["in_service"] & (net.trafo["hv_bus"] == bus), "lv_bus"].unique()
        if len(behind) != 1:
            raise RecordError(f"feeder: transformers from the ext_grid end at {len(behind)} buses, not one")
        bus = int(behind[0])
    return bus, float(net.bus.at[bus, "vn_kv"])


def _line_ends_in_service(net: Any) -> Neighbours:
    """Neighbours of each bus: bus -> [(other bus, row of net.line)], closed lines and bus-bus switches only.

    A closed bus-bus switch would be a line without resistance, which the record cannot hold: refused.
    """
    switch = net.switch
    closed = np.asarray(switch["closed"], dtype=bool)
    if np.any(closed & (switch["et"] == "b").to_numpy()):
        raise RecordError("feeder: closed bus-bus switches must be fused before conversion")
    opened = set(switch.loc[~closed & (switch["et"] == "l").to_numpy(), "element"].astype(int))
    neighbours: Neighbours = {int(b): [] for b in net.bus.index}
    rows = zip(net.line.index, net.line["from_bus"], net.line["to_bus"], net.line["in_service"], strict=True)
    for row, (index, start, end, in_service) in enumerate(rows):
        if in_service and int(index) not in opened:
            neighbours[int(start)].append((int(end), row))
            neighbours[int(end)].append((int(start), row))
    return neighbours


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


def _line_ohm(net: Any, letter: str) -> Floats:
    line = net.line
    ohm = line[f"{letter}_ohm_per_km"].to_numpy(float) * line["length_km"].to_numpy(float)
    return np.asarray(ohm / line["parallel"].to_numpy(float), dtype=np.float64)


def _line_ratings_a(net: Any, name: str, used: Ints) -> Floats:
    line = net.line
    rating = line["max_i_ka"].to_numpy(float) * line["df"].to_numpy(float) * line["parallel"].to_numpy(float) * 1e3
    if np.any(rating[used] > PLACEHOLDER_A):
        worst = rating[used].max() / 1e3
        raise RecordError(f"feeder {name}: max_i_ka={worst:g} is a placeholder; pass i_max_a")
    return np.asarray(rating, dtype=np.float64)


def _per_line(values: Floats, line: Ints) -> Floats:
    """Values of each bus's line to its parent [B]; 0 for the slack."""
    return np.asarray(np.where(line >= 0, values[line], 0.0), dtype=np.float64)


def _bus_loads(net: Any, bus: Ints) -> tuple[Floats, Floats]:
    load = net.load[net.load["in_service"]]
    totals = []
    for column in ("p_mw", "q_mvar"):
        by_bus = (load[column] * load["scaling"]).groupby(load["bus"]).sum()
        totals.append(by_bus.reindex(bus, fill_value=0.0).to_numpy(float) * 1e3)
    return totals[0], totals[1]


def _transformer_kva(peak_kva: Floats, substation_kva: float, margin: float = TRANSFORMER_MARGIN) -> Floats:
    """Next standard size above margin x peak; inf where there is no load; row 0 is the substation's."""
    need = np.where(peak_kva > 0, margin, 0.0) * np.maximum(peak_kva, 1e-9)
    index = np.searchsorted(STANDARD_KVA, need, side="left")
    sizes = np.append(STANDARD_KVA, np.inf)[index]
    sizes = np.where(need > 0, sizes, np.inf)
    sizes[0] = substation_kva
    return np.asarray(sizes, dtype=np.float64)


# ---------------------------------------------------------------- sites
def zone_map(name: ZoneMapName) -> dict[int, int]:
    """Zone (index into ZONES) by bus number: `contiguous` (A) or `public` (S; its third zone is industrial)."""
    return {bus: ZONES.index(zone) for zone, buses in _ZONE_BUSES[name].items() for bus in buses}


def site(
    feeder: RadialFeeder, zones: Mapping[int, int], slow_ports_per_bus: int = 8, fast_ports_per_bus: int = 3
) -> Site:
    """Chargers of a feeder (A): slow ports at every bus with a zone, fast ones at commercial buses only."""
    unknown = sorted(set(zones) - {int(n) for n in feeder.bus_number})
    if unknown:
        raise RecordError(f"site: zone map names buses {unknown} that feeder {feeder.name} does not have")
    bus_zone = np.array([zones.get(int(n), -1) for n in feeder.bus_number], dtype=np.int64)
    slow = np.where(bus_zone >= 0, slow_ports_per_bus, 0)
    fast = np.where(bus_zone == ZONES.index("commercial"), fast_ports_per_bus, 0)
    return Site(bus_zone=bus_zone, slow_ports=slow.astype(np.int64), fast_ports=fast.astype(np.int64))
