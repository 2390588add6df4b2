"""Which buses of a pandapower net are one, and where the voltage is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.net_tables import closed_couplers, column_of, in_service, label, level_kv, live
from models.records.arrays import Bools, Ints

ENDS = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}
LOW_VOLTAGE_KV = 1.0
"""Below it a bus is a customer's connection: no transformer of its own stands behind it."""


@dataclass(frozen=True)
class NetShape:
    """What of a net a feeder is made of."""

    slack: int
    grid_vm_pu: float
    held: Bools
    """[rows of net.trafo] which transformers stand before the slack."""
    stands_for: Mapping[int, int]
    """The bus that stands for each bus."""


def opened(net: Any, kind: str) -> list[int]:
    """Lines (`l`) or transformers (`t`) that an open switch cuts off."""
    switch = net.switch
    elements: list[int] = switch.loc[~switch["closed"].astype(bool) & (switch["et"] == kind), "element"].tolist()
    return elements


def branch_rows(net: Any, table: str) -> Bools:
    """Which lines or transformers are live and not cut off by an open switch."""
    return np.asarray(live(net, table) & ~net[table].index.isin(opened(net, table[0])), dtype=np.bool_)


def hanging(net: Any, table: str) -> tuple[Bools, Ints]:
    """Lines or transformers connected at one end alone: (which rows, the bus of that end)."""
    frame, ends = net[table], ENDS[table]
    dead = net.bus.index[~in_service(net, "bus")]
    switch = net.switch[~net.switch["closed"].astype(bool) & (net.switch["et"] == table[0])]
    open_at = set(zip(switch["element"], switch["bus"], strict=True))
    cut = np.array([[bus in dead or (row, bus) in open_at for row, bus in zip(frame.index, frame[end], strict=True)]
                    for end in ends], dtype=np.bool_).reshape(2, len(frame))
    rows = in_service(net, table) & (cut[0] != cut[1])
    # a transformer at a bus out of service is none at all, a line there ends in the air
    if table == "trafo":
        rows &= live(net, table)
    bus = np.where(cut[0], frame[ends[1]], frame[ends[0]]).astype(np.int64)
    return np.asarray(rows, dtype=np.bool_), bus[rows]


def net_shape(net: Any, holds_low_side: bool = True) -> NetShape:
    """The bus whose voltage is held, which transformers stand before it, and the buses that are one.

    Busbars behind several such transformers are one bus: all are held at the same voltage. Without holds_low_side no
    transformer stands before the slack. For a net without `grid_mistakes`.
    """
    fused, grids = _fused(net), net.ext_grid[live(net, "ext_grid")]
    at_grids = {fused[int(bus)] for bus in grids["bus"]}
    fused = _as_one(fused, at_grids)
    low_kv = level_kv(net, net.trafo["lv_bus"].to_numpy(np.int64))
    at_grid = np.array([fused[int(bus)] == min(at_grids) for bus in net.trafo["hv_bus"]], dtype=np.bool_)
    held = at_grid & branch_rows(net, "trafo") & (low_kv > LOW_VOLTAGE_KV) & holds_low_side
    behind = {fused[int(bus)] for bus in net.trafo.loc[held, "lv_bus"]} or at_grids
    return NetShape(min(behind), float(grids["vm_pu"].iloc[0]), held, _as_one(fused, behind))


def _fused(net: Any) -> dict[int, int]:
    """The bus that stands for each bus: the lowest of those joined by closed couplers without impedance."""
    stands = {int(bus): int(bus) for bus in net.bus.index}

    def root(bus: int) -> int:
        while stands[bus] != bus:
            bus = stands[bus]
        return bus

    switch = net.switch
    closed = switch[closed_couplers(net) & (column_of(switch, "z_ohm", 0.0) <= 0)]
    for first, second in zip(closed["bus"], closed["element"], strict=True):
        low, high = sorted((root(int(first)), root(int(second))))
        stands[high] = low
    return {bus: root(bus) for bus in stands}


def _as_one(stands_for: Mapping[int, int], buses: set[int]) -> dict[int, int]:
    return {bus: min(buses) if stands in buses else stands for bus, stands in stands_for.items()}


def grid_mistakes(net: Any, slack_vm_pu: float | None = None) -> list[str]:
    """Why the external grids of a net are no slack: none, or several that differ where slack_vm_pu does not decide.

    It decides no angle: power flows between grids of different ones.
    """
    grids = net.ext_grid[live(net, "ext_grid")]
    if not len(grids):
        return ["ext_grid: has no external grid in service at a bus in service"]
    named = ", ".join(label(net, "ext_grid", int(row)) for row in grids.index)
    mistakes = []
    if len(set(level_kv(net, grids["bus"].to_numpy(np.int64)))) > 1:
        mistakes.append(f"{named}: hold buses of different voltage levels; one slack cannot")
    if len(angles := np.unique(column_of(grids, "va_degree", 0.0))) > 1:
        turned = " and ".join(f"{degree:g}" for degree in angles)
        mistakes.append(f"{named}: stand at different angles, {turned} degree; one slack cannot: make va_degree alike")
    if slack_vm_pu is None and grids["vm_pu"].nunique() > 1:
        held = " and ".join(f"{vm_pu:g}" for vm_pu in sorted(grids["vm_pu"].unique()))
        mistakes.append(f"{named}: hold different voltages, {held} pu; one slack cannot: say slack_vm_pu")
    return mistakes
