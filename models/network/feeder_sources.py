"""Radial feeders from elsewhere, by name or file: pandapower's networks, SimBench's, and pandapower's JSON files.

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
import io
import re
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from models.network.feeder import PLACEHOLDER_A, STANDARD_KVA, TRANSFORMER_MARGIN, UNRATED_A
from models.network.quiet import quiet
from models.records.arrays import Bools, Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, RadialFeeder
from models.records.groups import ZONES

LOW_VOLTAGE_KV = 1.0
"""Below it a bus is a customer's connection: no transformer of its own stands behind it."""
SOURCE = re.compile(r"pandapower:[A-Za-z_]\w*|simbench:[\w.-]+|.+\.json")
ZONE_SHARES: Mapping[str, float] = {"commercial": 0.28, "office": 0.22, "residential": 0.5}
"""Shares of the load buses from the substation outwards, as in the contiguous map of ieee33 (A)."""
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


def feeder_from(source: str, *, peak_scale: float = 1.0, slack_vm_pu: float = 1.0, v_min_pu: float = 0.9,
                v_max_pu: float = 1.1, substation_kva: float = np.inf, line_rating_a: float | None = None,
                transformer_margin: float = TRANSFORMER_MARGIN) -> RadialFeeder:
    """The feeder of that source: `pandapower:FUNCTION`, `simbench:CODE`, or the path of a pandapower JSON file.

    Bus numbers are the net's own. line_rating_a: for all lines, each on its own voltage level; None takes the net's.
    transformer_margin rates the MV/LV transformers behind medium-voltage buses, as for ieee33; others have none.
    Raises RecordError: unknown source, mesh (with the branch that closes it), elements a record cannot hold.
    """
    return feeder_of_net(_net(source), source, peak_scale=peak_scale, slack_vm_pu=slack_vm_pu, v_min_pu=v_min_pu,
                         v_max_pu=v_max_pu, substation_kva=substation_kva, line_rating_a=line_rating_a,
                         transformer_margin=transformer_margin)


def feeder_of_net(net: Any, name: str, *, peak_scale: float = 1.0, slack_vm_pu: float = 1.0, v_min_pu: float = 0.9,
                  v_max_pu: float = 1.1, substation_kva: float = np.inf, line_rating_a: float | None = None,
                  transformer_margin: float = TRANSFORMER_MARGIN) -> RadialFeeder:
    """A pandapower net as a RadialFeeder; see `feeder_from`."""
    if found := [table for table in _NOT_UNDERSTOOD if _live(net, table).any()]:
        raise RecordError(f"feeder {name}: has elements that a radial feeder cannot hold: {', '.join(found)}")
    slack, held, fused = _slack(net, _fused(net), name)
    branches = _branches(net, fused, held, name, line_rating_a)
    bus, parent, branch = _tree(branches, slack, name)
    p_kw, q_kvar = _loads(net, fused, bus, name)
    level_kv = net.bus["vn_kv"].to_numpy(float)[_positions(net, bus)]
    need_kva = np.where(level_kv > LOW_VOLTAGE_KV, transformer_margin * np.hypot(p_kw, q_kvar), 0.0)
    return RadialFeeder(
        name=name, bus_number=bus, parent=parent, r_pu=_at(branches.r_pu, branch), x_pu=_at(branches.x_pu, branch),
        i_max_pu=_at(branches.i_max_pu, branch), transformer_kva=_standard_kva(need_kva, substation_kva),
        p_base_kw=p_kw * peak_scale, q_base_kvar=q_kvar * peak_scale, nominal_kv=float(level_kv[0]),
        v_slack_pu=slack_vm_pu, v_min_pu=v_min_pu, v_max_pu=v_max_pu)


def what_is_taken(source: str) -> str:
    """How much of the source's net a feeder of it holds: buses (fused ones are one) and load at scale 1."""
    net, feeder = _net(source), feeder_from(source, line_rating_a=np.inf)
    load_kw = float((net.load["p_mw"] * _column(net.load, "scaling")).sum()) * 1e3 if len(net.load) else 0.0
    return (f"{feeder.bus_count} of {len(net.bus)} buses, {feeder.p_base_kw.sum():,.0f} of {load_kw:,.0f} kW of load")


# ---------------------------------------------------------------- nets by name or file
def _net(source: str) -> Any:
    file = Path(source)
    return _read_net(source, file.stat().st_mtime_ns if source.endswith(".json") and file.is_file() else 0)


@lru_cache(maxsize=4)
def _read_net(source: str, changed_ns: int) -> Any:
    """Read once; a file once for each time of its last change."""
    if not SOURCE.fullmatch(source):
        raise RecordError(f"feeder {source!r}: must be pandapower:FUNCTION, simbench:CODE or a path ending in .json")
    kind, _, name = source.partition(":")
    # both libraries talk while they load, and some networks run a power flow while they are made and ask for numba
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), quiet("pandapower"):
        warnings.simplefilter("ignore")
        if source.endswith(".json"):
            return _net_of_file(Path(source))
        return _net_of_pandapower(name) if kind == "pandapower" else _net_of_simbench(name)


def _net_of_file(file: Path) -> Any:
    import pandapower  # noqa: PLC0415

    if not file.is_file():
        raise RecordError(f"feeder {file}: no such file")
    try:
        net = pandapower.from_json(str(file))
    except Exception as error:
        raise RecordError(f"feeder {file}: pandapower cannot read it: {type(error).__name__}: {error}") from error
    if not hasattr(net, "ext_grid"):
        raise RecordError(f"feeder {file}: holds no pandapower net")
    return net


def _net_of_pandapower(name: str) -> Any:
    from pandapower import networks  # noqa: PLC0415

    maker = getattr(networks, name, None)
    if not callable(maker) or name.startswith("_"):
        raise RecordError(f"feeder pandapower:{name}: pandapower.networks has no such function")
    try:
        made = maker()
    except TypeError as error:
        raise RecordError(f"feeder pandapower:{name}: makes no net without arguments: {error}") from error
    net = made[0] if isinstance(made, tuple) else made
    if not hasattr(net, "ext_grid"):
        raise RecordError(f"feeder pandapower:{name}: makes no net")
    return net


def _net_of_simbench(code: str) -> Any:
    try:
        import simbench  # noqa: PLC0415
    except ImportError as error:
        raise RecordError(f"feeder simbench:{code}: needs the extra real-profiles: "
                          "pip install v2g-testbed[real-profiles]") from error
    if code not in simbench.collect_all_simbench_codes():
        raise RecordError(f"feeder simbench:{code}: SimBench has no such grid, see "
                          "simbench.collect_all_simbench_codes()")
    return simbench.get_simbench_net(code)


# ---------------------------------------------------------------- buses
def _in_service(net: Any, table: str) -> Bools:
    frame = net.get(table)
    if frame is None or not len(frame) or "in_service" not in frame:
        return np.zeros(0 if frame is None else len(frame), dtype=np.bool_)
    return np.asarray(frame["in_service"], dtype=np.bool_)


def _live(net: Any, table: str) -> Bools:
    """Elements in service at buses in service."""
    found = _in_service(net, table)
    if not found.any():
        return found
    frame, dead = net[table], net.bus.index[~_in_service(net, "bus")]
    ends = [column for column in ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus") if column in frame]
    return np.asarray(found & ~np.any([frame[column].isin(dead) for column in ends], axis=0), dtype=np.bool_)


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
    for one, other in zip(closed["bus"], closed["element"], strict=True):
        low, high = sorted((root(int(one)), root(int(other))))
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


def _standard_kva(need_kva: Floats, substation_kva: float) -> Floats:
    """Next standard size above the need; inf where there is none; row 0 is the substation's."""
    index = np.searchsorted(STANDARD_KVA, need_kva, side="left")
    sizes = np.where(need_kva > 0, np.append(STANDARD_KVA, np.inf)[index], np.inf)
    sizes[0] = substation_kva
    return sizes


# ---------------------------------------------------------------- branches
def _opened(net: Any, kind: str) -> list[int]:
    switch = net.switch
    found: list[int] = switch.loc[~switch["closed"].astype(bool) & (switch["et"] == kind), "element"].tolist()
    return found


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
    for i, (one, other) in enumerate(zip(branches.start.tolist(), branches.end.tolist(), strict=True)):
        if one != other:
            at.setdefault(one, []).append(i)
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


# ---------------------------------------------------------------- zones
def zones_by_distance(feeder: RadialFeeder, shares: Mapping[str, float] = ZONE_SHARES) -> dict[int, int]:
    """Zone (index into ZONES) of each bus with a load: shares of these buses in order of electrical distance.

    The distance is the sum of |z| to the slack; the first zone named gets the nearest buses. Raises RecordError unless
    the shares add up to 1 and every zone gets a bus.
    """
    if abs(sum(shares.values()) - 1.0) > 1e-9:
        raise RecordError(f"zone_map: shares add up to {sum(shares.values()):g}, must be 1")
    distance = np.zeros(feeder.bus_count)
    for bus in range(1, feeder.bus_count):  # once per run; parents precede children
        distance[bus] = distance[feeder.parent[bus]] + np.hypot(feeder.r_pu[bus], feeder.x_pu[bus])
    loaded = np.flatnonzero(feeder.p_base_kw[1:] > 0) + 1
    inwards_out = loaded[np.argsort(distance[loaded], kind="stable")]
    edges = np.round(np.cumsum([0.0, *shares.values()]) * loaded.size).astype(int)
    counts = dict(zip(shares, np.diff(edges).tolist(), strict=True))
    if empty := [zone for zone in ZONES if not counts.get(zone, 0)]:
        raise RecordError(f"feeder {feeder.name}: {loaded.size} buses with loads leave none for {', '.join(empty)}")
    zone = np.repeat([ZONES.index(name) for name in shares], np.diff(edges))
    return {int(feeder.bus_number[bus]): int(z) for bus, z in zip(inwards_out, zone, strict=True)}
