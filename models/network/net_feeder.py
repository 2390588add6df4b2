"""A net of pandapower as a radial feeder: what network sources make of the nets that they read.

One record may span several voltage levels: per-unit impedances on 1 MVA do not know levels, so a transformer inside
is a line like any other. What is taken and what is left out:
- The slack is the bus of the external grid in service (of several, all as one bus); behind transformers whose low side
  is above 1 kV, that low side (of several, all as one bus), since their tap changers are taken to hold the voltage (A).
  A transformer to low voltage is a branch.
- Open switches are honoured, closed bus-bus switches fuse their buses; what the slack does not reach is left out, as is
  all that hangs on a bus out of service.
- Left out: line charging, magnetising and iron losses, taps (A). Loads at a bus are summed; generators and storages of
  the net are not taken: what cars and profiles do is the testbed's own.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.feeder import PLACEHOLDER_A, UNRATED_A, transformer_kva
from models.network.source import FeederLimits
from models.records.arrays import Bools, Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, RadialFeeder

LOW_VOLTAGE_KV = 1.0
"""Below it a bus is a customer's connection: no transformer of its own stands behind it."""
_NOT_UNDERSTOOD = ("trafo3w", "impedance", "dcline", "tcsc", "ssc", "vsc", "asymmetric_load", "ward", "xward", "motor",
                   "shunt")


@dataclass(frozen=True)
class _Branches:
    """Lines and transformers in service between fused buses, arrays [N] of equal length."""

    start: Ints
    end: Ints
    r_pu: Floats
    x_pu: Floats
    i_max_pu: Floats
    name: tuple[str, ...]
    """For messages: `line 3`, `transformer 0`."""


def feeder_of_net(net: Any, name: str, limits: FeederLimits | None = None) -> RadialFeeder:
    """A pandapower net as a RadialFeeder; bus numbers are the net's own.

    limits.line_rating_a holds for all lines, each on its own voltage level; None takes the net's.
    limits.transformer_margin rates the MV/LV transformers behind medium-voltage buses, as for ieee33; others have none.
    Raises RecordError: mesh (with the branch that closes it), elements that a record cannot hold, placeholders.
    """
    asked = limits or FeederLimits()
    if unknown := [table for table in _NOT_UNDERSTOOD if _live(net, table).any()]:
        raise RecordError(f"feeder {name}: has elements that a radial feeder cannot hold: {', '.join(unknown)}")
    slack, held, fused = _slack(net, _fused(net), name)
    branches = _branches(net, fused, held, name, asked.line_rating_a)
    bus, parent, branch = _tree(branches, slack, name)
    p_kw, q_kvar = _loads(net, fused, bus, name)
    level_kv = net.bus["vn_kv"].to_numpy(float)[_positions(net, bus)]
    peak_kva = np.where(level_kv > LOW_VOLTAGE_KV, np.hypot(p_kw, q_kvar), 0.0)
    return RadialFeeder(
        name=name, bus_number=bus, parent=parent, r_pu=_at(branches.r_pu, branch), x_pu=_at(branches.x_pu, branch),
        i_max_pu=_at(branches.i_max_pu, branch),
        transformer_kva=transformer_kva(peak_kva, asked.substation_kva, asked.transformer_margin),
        p_base_kw=p_kw * asked.peak_scale, q_base_kvar=q_kvar * asked.peak_scale, nominal_kv=float(level_kv[0]),
        v_slack_pu=asked.slack_vm_pu, v_min_pu=asked.v_min_pu, v_max_pu=asked.v_max_pu)


def share_taken(net: Any, feeder: RadialFeeder) -> str:
    """How much of a net a feeder of it at scale 1 holds: buses (fused ones are one) and load."""
    load_kw = float((net.load["p_mw"] * _column(net.load, "scaling")).sum()) * 1e3 if len(net.load) else 0.0
    return (f"{feeder.bus_count} of {len(net.bus)} buses, {feeder.p_base_kw.sum():,.0f} of {load_kw:,.0f} kW of load")


# ---------------------------------------------------------------- buses
def _in_service(net: Any, table: str) -> Bools:
    frame = net.get(table)
    if frame is None or not len(frame) or "in_service" not in frame:
        return np.zeros(0 if frame is None else len(frame), dtype=np.bool_)
    return np.asarray(frame["in_service"], dtype=np.bool_)


def _live(net: Any, table: str) -> Bools:
    """Elements in service at buses in service."""
    live = _in_service(net, table)
    if not live.any():
        return live
    frame, dead = net[table], net.bus.index[~_in_service(net, "bus")]
    ends = [column for column in ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus") if column in frame]
    return np.asarray(live & ~np.any([frame[column].isin(dead) for column in ends], axis=0), dtype=np.bool_)


def _fused(net: Any) -> dict[int, int]:
    """The bus that stands for each bus: the lowest of those joined by closed bus-bus switches, in service only."""
    stands = {int(bus): int(bus) for bus in net.bus.index}

    def root(bus: int) -> int:
        while stands[bus] != bus:
            bus = stands[bus]
        return bus

    live = set(net.bus.index[_in_service(net, "bus")])
    closed = net.switch[(net.switch["et"] == "b") & net.switch["closed"].astype(bool)
                        & net.switch["bus"].isin(live) & net.switch["element"].isin(live)]
    for start, other in zip(closed["bus"], closed["element"], strict=True):
        low, high = sorted((root(int(start)), root(int(other))))
        stands[high] = low
    return {bus: root(bus) for bus in stands}


def _column(frame: Any, name: str) -> Floats:
    """A factor of each row; 1 where the net does not have it."""
    if name not in frame:
        return np.ones(len(frame))
    return np.asarray(frame[name].fillna(1.0), dtype=np.float64)


def _positions(net: Any, bus: Ints) -> Ints:
    return np.asarray(net.bus.index.get_indexer(bus), dtype=np.int64)


def _slack(net: Any, fused: Mapping[int, int], name: str) -> tuple[int, Bools, Mapping[int, int]]:
    """The bus whose voltage is held, which transformers stand before it [rows of net.trafo], and the buses anew.

    Busbars behind several such transformers are one bus then: all are held at the same voltage.
    """
    grids = net.ext_grid[_live(net, "ext_grid")] if len(net.ext_grid) else net.ext_grid
    if not len(grids):
        raise RecordError(f"feeder {name}: has no external grid in service")
    at_grids = {fused[int(bus)] for bus in grids["bus"]}
    if len(set(net.bus.loc[list(at_grids), "vn_kv"])) > 1:
        raise RecordError(f"feeder {name}: external grids hold buses of different voltage levels; one slack cannot")
    bus = min(at_grids)
    fused = {b: bus if stands in at_grids else stands for b, stands in fused.items()}
    trafo = net.trafo
    if not len(trafo):
        return bus, np.zeros(0, dtype=np.bool_), fused
    low_kv = net.bus["vn_kv"].to_numpy(float)[_positions(net, trafo["lv_bus"].to_numpy(np.int64))]
    at_grid = np.array([fused[int(b)] == bus for b in trafo["hv_bus"]], dtype=np.bool_)
    held = at_grid & _live(net, "trafo") & (low_kv > LOW_VOLTAGE_KV)
    if not held.any():
        return bus, held, fused
    behind = {fused[int(b)] for b in trafo.loc[held, "lv_bus"]}
    return min(behind), held, {b: min(behind) if stands in behind else stands for b, stands in fused.items()}


def _loads(net: Any, fused: Mapping[int, int], bus: Ints, name: str) -> tuple[Floats, Floats]:
    load = net.load[_live(net, "load")] if len(net.load) else net.load
    known = np.isfinite(load["p_mw"].to_numpy(float)) & np.isfinite(load["q_mvar"].to_numpy(float))
    if not known.all():
        raise RecordError(f"feeder {name}: load {load.index[~known][0]} has no finite p_mw and q_mvar")
    row = {int(b): i for i, b in enumerate(bus)}
    at = np.array([row.get(fused[int(b)], -1) for b in load["bus"]], dtype=np.int64)
    scaling = _column(load, "scaling")
    p, q = (np.bincount(at[at >= 0], weights=(load[column].to_numpy(float) * scaling)[at >= 0], minlength=bus.size)
            for column in ("p_mw", "q_mvar"))
    return np.asarray(p * 1e3, dtype=np.float64), np.asarray(q * 1e3, dtype=np.float64)


# ---------------------------------------------------------------- branches
def _opened(net: Any, kind: str) -> list[int]:
    switch = net.switch
    opened: list[int] = switch.loc[~switch["closed"].astype(bool) & (switch["et"] == kind), "element"].tolist()
    return opened


def _branches(net: Any, fused: Mapping[int, int], held: Bools, name: str, rating_a: float | None) -> _Branches:
    line = net.line[_live(net, "line") & ~net.line.index.isin(_opened(net, "l"))]
    trafo = net.trafo[_live(net, "trafo") & ~held & ~net.trafo.index.isin(_opened(net, "t"))]
    parts = [_lines(net, line, name, rating_a), _transformers(trafo)]
    ends = [(line, "from_bus", "to_bus", "line"), (trafo, "hv_bus", "lv_bus", "transformer")]
    ends = [end for end in ends if len(end[0])]
    start, end = (np.array([fused[int(b)] for frame, *columns, _ in ends for b in frame[columns[side]]], dtype=np.int64)
                  for side in (0, 1))
    r_pu, x_pu, i_max_pu = (np.concatenate(values) for values in zip(*parts, strict=True))
    names = tuple(f"{word} {i}" for frame, _, _, word in ends for i in frame.index)
    return _Branches(start, end, r_pu, x_pu, i_max_pu, names)


def _lines(net: Any, line: Any, name: str, rating_a: float | None) -> tuple[Floats, Floats, Floats]:
    """r, x and rating in per unit, each line on its own voltage level."""
    level_kv = net.bus["vn_kv"].to_numpy(float)[_positions(net, line["from_bus"].to_numpy(np.int64))]
    length, parallel = line["length_km"].to_numpy(float), _column(line, "parallel")
    z_base_ohm, i_base_a = level_kv**2 / BASE_MVA, BASE_MVA * 1e3 / (np.sqrt(3.0) * level_kv)
    r_pu, x_pu = (line[f"{letter}_ohm_per_km"].to_numpy(float) * length / parallel / z_base_ohm for letter in "rx")
    if rating_a is None:
        amps = line["max_i_ka"].to_numpy(float) * _column(line, "df") * parallel * 1e3
        if not np.all(amps <= PLACEHOLDER_A):
            raise RecordError(f"feeder {name}: max_i_ka={amps.max() / 1e3:g} is a placeholder; give line_rating_a, "
                              "a number of amperes or null for no limit")
    else:
        amps = np.full(len(line), min(rating_a, UNRATED_A))
    return r_pu, x_pu, amps / i_base_a


def _transformers(trafo: Any) -> tuple[Floats, Floats, Floats]:
    """Short-circuit impedance and rating in per unit on 1 MVA."""
    if not len(trafo):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    sn_mva = trafo["sn_mva"].to_numpy(float) * _column(trafo, "parallel")
    z_pu, r_pu = (trafo[column].to_numpy(float) / 100 * BASE_MVA / sn_mva for column in ("vk_percent", "vkr_percent"))
    return r_pu, np.sqrt(np.maximum(z_pu**2 - r_pu**2, 0.0)), sn_mva / BASE_MVA


def _tree(branches: _Branches, slack: int, name: str) -> tuple[Ints, Ints, Ints]:
    """Buses, parents' positions and branches [B] that the slack reaches; parents first, lower numbers first."""
    at: dict[int, list[int]] = {}
    for i, (start, other) in enumerate(zip(branches.start.tolist(), branches.end.tolist(), strict=True)):
        if start != other:
            at.setdefault(start, []).append(i)
            at.setdefault(other, []).append(i)
    heap, order = [(slack, -1, -1)], dict[int, int]()
    parent, used = [], []
    while heap:
        bus, above, branch = heapq.heappop(heap)
        if bus in order:
            raise RecordError(f"feeder {name}: not radial: {branches.name[branch]} closes a ring at bus {bus}; open a "
                              "switch or take a branch out of service so that each bus is reached once")
        order[bus] = len(order)
        parent.append(above)
        used.append(branch)
        for other in at.get(bus, []):
            if other != branch:
                far = int(branches.start[other] + branches.end[other] - bus)
                heapq.heappush(heap, (far, order[bus], other))
    if len(order) < 2:
        raise RecordError(f"feeder {name}: no line leaves the bus of its external grid")
    return (np.array(list(order), dtype=np.int64), np.array(parent, dtype=np.int64), np.array(used, dtype=np.int64))


def _at(values: Floats, branch: Ints) -> Floats:
    """Of each bus's branch to its parent [B]; 0 for the slack."""
    return np.asarray(np.where(branch >= 0, values[branch], 0.0), dtype=np.float64)
