"""What a feeder leaves out of a net, each as a change of the net, so that pandapower can say what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.net_feeder import NOT_TAKEN
from models.network.net_shape import NetShape, branch_rows
from models.network.net_tables import column_of, live, rows_of
from models.network.source import Taken
from models.network.transformers.ratio import follows_a_table
from models.records.arrays import Bools


@dataclass(frozen=True)
class Approximation:
    """Rows of a table that are not modelled as they are."""

    table: str
    rows: Bools
    how: str
    make: Callable[[Any], None]
    """Makes it in a copy of the net."""


def approximations(net: Any, shape: NetShape, vm_pu: float, taken: Taken) -> Iterator[Approximation]:
    """All of a net; those of no row are left away. vm_pu: what the feeder's slack holds."""
    every = (_held(net, shape, vm_pu), _slack(net, vm_pu), _by_table(net, shape), _voltage_dependent(net),
             *(_left_out(net, table, taken) for table in NOT_TAKEN if rows_of(net, table)))
    yield from (approximation for approximation in every if approximation.rows.any())


def _held(net: Any, shape: NetShape, vm_pu: float) -> Approximation:
    def make(copy: Any) -> None:
        copy.trafo.loc[shape.held, "in_service"] = False
        grid = copy.ext_grid.index[live(copy, "ext_grid")][0]
        for bus in copy.trafo.loc[shape.held, "lv_bus"].unique():
            new = int(copy.ext_grid.index.max()) + 1
            copy.ext_grid.loc[new] = copy.ext_grid.loc[grid]
            copy.ext_grid.loc[new, ["bus", "vm_pu"]] = bus, vm_pu
        copy.ext_grid["bus"] = copy.ext_grid["bus"].astype(np.int64)
        copy.ext_grid["in_service"] = copy.ext_grid["in_service"].astype(bool)

    return Approximation("trafo", shape.held, f"its low side is held at {vm_pu:g} pu, as by a tap changer", make)


def _slack(net: Any, vm_pu: float) -> Approximation:
    def make(copy: Any) -> None:
        copy.ext_grid["vm_pu"] = vm_pu

    given = column_of(net.ext_grid, "vm_pu", None)
    return Approximation("ext_grid", live(net, "ext_grid") & (given != vm_pu),
                         f"holds {vm_pu:g} pu, as slack_vm_pu says", make)


def _by_table(net: Any, shape: NetShape) -> Approximation:
    def make(copy: Any) -> None:
        copy.trafo["tap_dependency_table"] = False

    rows = follows_a_table(net.trafo) & branch_rows(net, "trafo") & ~shape.held
    return Approximation("trafo", rows, "its table by tap position is not read", make)


def _voltage_dependent(net: Any) -> Approximation:
    def make(copy: Any) -> None:
        copy.load[shares] = 0.0

    shares = [name for name in net.load.columns if name.startswith("const_")]
    given = np.any([column_of(net.load, name, 0.0) != 0 for name in shares], axis=0) if shares else np.zeros(
        len(net.load), dtype=np.bool_)
    return Approximation("load", given & live(net, "load"), "of constant power, whatever the voltage", make)


def _left_out(net: Any, table: str, taken: Taken) -> Approximation:
    rows = live(net, table) & np.array([(table, int(row)) not in taken for row in net[table].index], dtype=np.bool_)

    def make(copy: Any) -> None:
        copy[table].loc[rows, "in_service"] = False

    return Approximation(table, rows, "left out", make)
