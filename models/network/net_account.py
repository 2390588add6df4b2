"""Which elements of a net a feeder holds, and what pandapower's own power flow of the net says to the rest."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from models.network.account import NetAccount, Part, Verdict
from models.network.loads.elements import LOADS
from models.network.loads.net_elements import elements_of_net
from models.network.net_approximations import Approximation, approximations
from models.network.net_feeder import feeder_of_net, load_mva
from models.network.net_shape import NetShape, branch_rows, net_shape
from models.network.net_shunts import PI_OF, open_ended
from models.network.net_tables import BUS_COLUMNS, live, positions, rows_of
from models.network.power_flow import ac_engine, net_flow, net_voltages_pu
from models.network.source import FeederLimits, Taken
from models.records.arrays import Bools, Floats, RecordError
from models.records.feeder import RadialFeeder

NONE_TAKEN: Taken = {}


def account_of_net(net: Any, name: str, limits: FeederLimits, taken: Taken = NONE_TAKEN) -> NetAccount:
    """The account of a net of which these generators and storages are taken.

    Raises RecordError as `feeder_of_net`, and where pandapower finds no power flow of the net.
    """
    feeder = feeder_of_net(net, name, replace(limits, peak_scale=1.0))
    shape = net_shape(net, limits.holds_low_side)
    own_pu, why_none = net_flow(net)
    if np.isnan(own_pu).all():
        raise RecordError(f"feeder {name}: pandapower's own power flow of the net finds no voltages, so no feeder can "
                          f"be held against it: {why_none or 'no bus is supplied'}")
    made = list(approximations(net, shape, feeder.v_slack_pu, taken))
    inside = _inside(net, shape, feeder)
    vm_pu = ac_engine(feeder).power_flow(*_powers(net, feeder, taken)).vm_pu[0]
    likewise_pu = _voltages_without(net, made)
    load_kw = sum(float(load_mva(net, table)[0].sum()) * 1e3 for table in LOADS if rows_of(net, table))
    parts = tuple(part for part in _parts(net, inside, own_pu, made, feeder, taken) if part.rows)
    return NetAccount(
        parts=parts, buses=(int(inside.sum()), len(net.bus)),
        load_kw=(float(feeder.p_base_kw.sum()), load_kw), vm_min_pu=float(vm_pu.min()),
        difference_pu=_largest(vm_pu - own_pu[positions(net, feeder.bus_number)]),
        unexplained_pu=_largest(vm_pu - likewise_pu[positions(net, feeder.bus_number)]))


def _powers(net: Any, feeder: RadialFeeder, taken: Taken) -> tuple[Floats, Floats]:
    """(kW, kvar) [1, B] of the net's loads and of the generators and storages that are taken, at its own powers."""
    elements = elements_of_net(net, feeder.bus_number)
    kept = np.array([key in taken for key in zip(elements.table, elements.number.tolist(), strict=True)]) & (
        elements.bus >= 0) if elements.count else np.zeros(0, dtype=np.bool_)
    p_kw, q_kvar = (base + np.bincount(elements.bus[kept], power[kept], feeder.bus_count) for base, power in (
        (feeder.p_base_kw, elements.p_kw), (feeder.q_base_kvar, elements.q_kvar)))
    return p_kw[None], q_kvar[None]


def _largest(difference: Floats) -> float:
    return float(np.abs(difference).max())


def _voltages_without(net: Any, made: list[Approximation]) -> Floats:
    changed = copy.deepcopy(net)
    for approximation in made:
        approximation.make(changed)
    return net_voltages_pu(changed)


def _inside(net: Any, shape: NetShape, feeder: RadialFeeder) -> Bools:
    """Which buses of the net are in the feeder, by themselves or as one with others."""
    held = set(feeder.bus_number.tolist())
    return np.array([shape.stands_for[int(bus)] in held for bus in net.bus.index], dtype=np.bool_) & live(net, "bus")


# ---------------------------------------------------------------- parts
def _parts(net: Any, inside: Bools, own_pu: Floats, made: list[Approximation], feeder: RadialFeeder, taken: Taken
           ) -> Iterator[Part]:
    here = positions(net, feeder.bus_number)
    effects_pu = [_largest((own_pu - _voltages_without(net, [approximation]))[here]) for approximation in made]
    for table in _tables(net):
        left = np.ones(rows_of(net, table), dtype=np.bool_)
        if f"_empty_res_{table}" not in net:
            yield _part(net, table, left, "not in use", "no part of a power flow")
            continue
        for approximation, effect_pu in zip(made, effects_pu, strict=True):
            if approximation.table == table:
                yield _part(net, table, approximation.rows & left, "approximated", approximation.how, effect_pu)
                left &= ~approximation.rows
        if table in PI_OF:
            ending = left & _ending(net, table, inside)
            yield _part(net, table, ending, "taken", "its own admittance alone, as it is open at one end")
            left &= ~ending
        held = left & _at_buses(net, table, inside)
        above = left & ~held & _at_buses(net, table, np.isfinite(own_pu))
        idle = left & ~held & ~above
        hows = np.array([taken.get((table, row), _how_taken(table, feeder)) for row in net[table].index], dtype=object)
        for how in dict.fromkeys(hows):
            yield _part(net, table, held & (hows == how), "taken", how)
        yield _part(net, table, above, "approximated", "left out, on the grid's side of the slack")
        yield _part(net, table, idle, "not in use", _how_idle(net, table, idle))


def _ending(net: Any, table: str, inside: Bools) -> Bools:
    """Which lines or transformers hang on a bus of the feeder by one end, and draw something there."""
    rows, bus, admittance = open_ended(net, table)
    there = rows.copy()
    there[rows] = inside[positions(net, bus)] & (admittance != 0)
    return there


def _tables(net: Any) -> list[str]:
    """Names of all tables with rows, but results."""
    return [name for name in net if not name.startswith(("_", "res_")) and rows_of(net, name)]


def _part(net: Any, table: str, rows: Bools, verdict: Verdict, how: str = "", effect_pu: float | None = None) -> Part:
    frame = net[table][rows]
    names = tuple(name.strip() if isinstance(name, str) else "" for name in frame.get("name", [""] * len(frame)))
    numbers = frame.index if frame.index.dtype.kind in "iu" else np.flatnonzero(rows)
    return Part(table, tuple(int(number) for number in numbers), names, verdict, how, effect_pu)


def _at_buses(net: Any, table: str, buses: Bools) -> Bools:
    """Which elements are in use with all their ends at some of these buses [rows of net.bus]."""
    if table == "bus":
        return buses & live(net, "bus")
    frame, there = net[table], net.bus.index[buses]
    if table == "ext_grid":  # the slack is what it holds, wherever it stands
        return live(net, table)
    rows = {"line": branch_rows, "trafo": branch_rows, "switch": _all_rows}.get(table, live)(net, table)
    for end in (name for name in BUS_COLUMNS if name in frame):
        rows = rows & frame[end].isin(there).to_numpy()
    if table == "switch":
        rows = rows & ((frame["et"] != "b") | frame["element"].isin(there)).to_numpy()
    return np.asarray(rows, dtype=np.bool_)


def _all_rows(net: Any, table: str) -> Bools:
    return np.ones(len(net[table]), dtype=np.bool_)


def _how_taken(table: str, feeder: RadialFeeder) -> str:
    return {"ext_grid": f"the slack, at {feeder.v_slack_pu:g} pu", "motor": "a load of its bus",
            "asymmetric_load": "a load of its bus, phases summed"}.get(table, "")


def _how_idle(net: Any, table: str, rows: Bools) -> str:
    lost_kw = float(load_mva(net, table)[0][rows].sum()) * 1e3 if table in LOADS else 0.0
    return "out of service, cut off or not supplied" + (f" ({lost_kw:,.0f} kW)" if lost_kw else "")
