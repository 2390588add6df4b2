"""A net of pandapower as a radial feeder: what network sources make of the nets that they read.

One record may span several voltage levels: per-unit impedances on 1 MVA do not know levels, so a transformer inside
is a line with a turns ratio. What is taken and what is left out:
- The slack is the bus of the external grid in service (of several, all as one bus), at the grid's own voltage unless a
  user says otherwise; behind transformers whose low side is above 1 kV, that low side (of several, all as one bus),
  since their tap changers are taken to hold the voltage there (A). A transformer to low voltage is a branch.
- Open switches are honoured, closed bus-bus switches fuse their buses, or are a branch where they have an impedance;
  what the slack does not reach is left out, as is all that hangs on a bus out of service.
- Capacitors and reactors, lines' charging, transformers' magnetising and iron losses are admittances of buses to earth.
- Loads at a bus are summed, motors and loads of three phases with them; generators and storages of the net are not
  taken: what cars and profiles do is the testbed's own.
`models/network/net_account.py` says of every element what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.network.feeder import UNRATED_A, transformer_kva
from models.network.loads.elements import LOADS
from models.network.net_branches import Branches, admittances_at, branches_of, oriented
from models.network.net_shape import LOW_VOLTAGE_KV, NetShape, branch_rows, grid_mistakes, net_shape
from models.network.net_shunts import shunts_at
from models.network.net_tables import column_of, label, level_kv, live, rows_of, structure_mistakes, value_mistakes
from models.network.net_tree import tree_mistakes, tree_of
from models.network.source import FeederLimits
from models.network.transformers.ratio import taps_of
from models.network.transformers.tap_changer import Taps
from models.records.arrays import Floats, Ints, refuse
from models.records.feeder import RadialFeeder

NOT_TAKEN = ("sgen", "gen", "storage", "asymmetric_sgen")
"""Sources of power that are left out: what they do over a day the net does not say."""


def feeder_of_net(net: Any, name: str, limits: FeederLimits | None = None) -> RadialFeeder:
    """A pandapower net as a RadialFeeder; bus numbers are the net's own.

    limits.line_rating_a holds for all lines, each on its own voltage level; None takes the net's.
    limits.slack_vm_pu: None takes the external grid's.
    limits.transformer_margin rates the MV/LV transformers behind medium-voltage buses, as for ieee33; others have none.
    Raises RecordError with all mistakes: impossible values, elements that a record cannot hold, rings, placeholders.
    """
    asked = limits or FeederLimits()
    shape, branches = _understood(net, name, asked)
    bus, parent, branch = tree_of(branches, shape.slack)
    p_kw, q_kvar = _loads(net, shape.stands_for, bus)
    bus_kv = level_kv(net, bus)
    peak_kva = np.where(bus_kv > LOW_VOLTAGE_KV, np.hypot(p_kw, q_kvar), 0.0)
    along = oriented(branches, branch, bus)
    to_earth = admittances_at(branches, shape, bus) + shunts_at(net, shape, bus)
    return RadialFeeder(
        name=name, bus_number=bus, parent=parent, r_pu=_at(along.r_pu), x_pu=_at(along.x_pu),
        i_max_pu=_at(along.i_max_pu),
        transformer_kva=transformer_kva(peak_kva, asked.substation_kva, asked.transformer_margin),
        p_base_kw=p_kw * asked.peak_scale, q_base_kvar=q_kvar * asked.peak_scale, nominal_kv=float(bus_kv[0]),
        v_slack_pu=_slack_vm_pu(shape, asked, name), v_min_pu=asked.v_min_pu, v_max_pu=asked.v_max_pu,
        turns_ratio=np.concatenate([[1.0], along.ratio]), shunt_g_pu=to_earth.real, shunt_b_pu=to_earth.imag,
        bus_name=_names(net, shape, bus))


def _understood(net: Any, name: str, asked: FeederLimits) -> tuple[NetShape, Branches]:
    """What the feeder is made of; RecordError with all mistakes, rings among them where the tables can be read."""
    refuse(structure_mistakes(net), f"feeder {name}")
    mistakes = [*value_mistakes(net, asked.line_rating_a is None), *_not_understood(net)]
    grids = grid_mistakes(net, asked.slack_vm_pu)
    if grids:
        refuse([*mistakes, *grids], f"feeder {name}")
    shape = net_shape(net, asked.holds_low_side)
    with np.errstate(all="ignore"):  # of values that are refused here
        branches = branches_of(net, shape, asked.line_rating_a)
    refuse([*mistakes, *tree_mistakes(net, branches, shape)], f"feeder {name}")
    return shape, branches


def substation_taps(net: Any, name: str) -> Taps:
    """Of the transformers behind the external grid of a net; RecordError where they cannot regulate the feeder."""
    shape = net_shape(net, holds_low_side=False)
    branches = branches_of(net, shape, UNRATED_A)
    leaving = {said for end in (branches.start, branches.end) for said in np.array(branches.name)[end == shape.slack]}
    at_grid = branch_rows(net, "trafo") & np.array([shape.stands_for[int(bus)] == shape.slack
                                                    for bus in net.trafo["hv_bus"]], dtype=np.bool_)
    regulated = [label(net, "trafo", int(row)) for row in net.trafo.index[at_grid]]
    mistakes = [] if regulated else ["no transformer stands behind its external grid; say step_percent and bus"]
    mistakes += [f"{said} leaves the bus of the external grid beside the transformer"
                 for said in sorted(leaving - set(regulated))] if regulated else []
    if regulated and shunts_at(net, shape, np.array([shape.slack]))[0]:
        mistakes.append("a shunt stands at the bus of the external grid")
    try:
        taps = taps_of(net.trafo[at_grid]) if regulated else None
    except ValueError as error:
        mistakes.append(f"{', '.join(regulated)}: {error}")
    refuse(mistakes, f"tap_changer of feeder {name}")
    assert taps is not None
    return taps


def _not_understood(net: Any) -> list[str]:
    """Elements in service that a record cannot hold: whatever pandapower has results for and is not named above."""
    known = {"bus", "ext_grid", "line", "trafo", "switch", "shunt", *LOADS, *NOT_TAKEN}
    tables = [key.removeprefix("_empty_res_") for key in net if key.startswith("_empty_res_")]
    return [f"{label(net, table, int(row))}: a radial feeder cannot hold elements of this kind"
            for table in sorted(set(tables) - known) for row in (
                net[table].index[live(net, table)] if rows_of(net, table) else ())]


def _slack_vm_pu(shape: NetShape, asked: FeederLimits, name: str) -> float:
    vm_pu = shape.grid_vm_pu if asked.slack_vm_pu is None else asked.slack_vm_pu
    if not asked.v_min_pu < vm_pu <= asked.v_max_pu:
        refuse([f"its external grid holds vm_pu = {vm_pu:g}, which must be above v_min_pu = {asked.v_min_pu:g} and not "
                f"above v_max_pu = {asked.v_max_pu:g}; say slack_vm_pu, or other limits"], f"feeder {name}")
    return vm_pu


def load_mva(net: Any, table: str) -> tuple[Floats, Floats]:
    """Active and reactive power [rows] in MW and Mvar that loads of a table draw; 0 where they are not live."""
    frame, alive = net[table], live(net, table)
    scaling = column_of(frame, "scaling") * alive
    if table == "load":
        p, q = column_of(frame, "p_mw"), column_of(frame, "q_mvar")
    elif table == "asymmetric_load":
        p, q = (np.sum([column_of(frame, f"{letter}_{phase}_{unit}") for phase in "abc"], axis=0)
                for letter, unit in (("p", "mw"), ("q", "mvar")))
    else:  # pandapower: motors draw what their shaft needs, whatever the voltage
        p = (column_of(frame, "pn_mech_mw") / (column_of(frame, "efficiency_percent") / 100.0)
             * column_of(frame, "loading_percent") / 100.0)
        q = p * np.tan(np.arccos(np.clip(column_of(frame, "cos_phi"), 0.0, 1.0)))
    return np.where(alive, p * scaling, 0.0), np.where(alive, q * scaling, 0.0)


def _loads(net: Any, stands_for: Mapping[int, int], bus: Ints) -> tuple[Floats, Floats]:
    """Sums [B] in kW and kvar at each bus."""
    row = {int(b): i for i, b in enumerate(bus)}
    p_mw, q_mvar = np.zeros(bus.size), np.zeros(bus.size)
    for table in LOADS:
        if not rows_of(net, table):
            continue
        at = np.array([row.get(stands_for[int(b)], -1) for b in net[table]["bus"]], dtype=np.int64)
        active, reactive = load_mva(net, table)
        p_mw += np.bincount(at[at >= 0], weights=active[at >= 0], minlength=bus.size)
        q_mvar += np.bincount(at[at >= 0], weights=reactive[at >= 0], minlength=bus.size)
    return p_mw * 1e3, q_mvar * 1e3


def _names(net: Any, shape: NetShape, bus: Ints) -> tuple[str, ...]:
    """Names of the buses; of several that are one the first that has one. Empty where none has."""
    names: dict[int, str] = {}
    for number, name in zip(net.bus.index, net.bus.get("name", [None] * len(net.bus)), strict=True):
        if isinstance(name, str) and name.strip():
            stands = shape.stands_for[int(number)]
            names[stands] = name.strip() if int(number) == stands else names.get(stands, name.strip())
    told = tuple(names.get(int(number), "") for number in bus)
    return told if any(told) else ()


def _at(values: Floats) -> Floats:
    """0 for the slack, then the values of the other buses' branches."""
    return np.concatenate([[0.0], values])
