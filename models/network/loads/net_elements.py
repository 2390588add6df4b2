"""The elements of a net of pandapower, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.network.loads.elements import GENERATORS, KINDS, LOADS, Elements
from models.network.net_feeder import load_mva
from models.network.net_shape import net_shape
from models.network.net_tables import column_of, live, rows_of
from models.records.arrays import Floats, Ints


def elements_of_net(net: Any, bus_number: Ints) -> Elements:
    """All elements of a net that its feeder was made of, whose buses are `bus_number`."""
    # where a tap changer moves, no bus is held, and the feeder begins at its external grid
    stands_for = next(shape for shape in (net_shape(net), net_shape(net, holds_low_side=False))
                      if shape.slack == bus_number[0]).stands_for
    row = {int(number): i for i, number in enumerate(bus_number)}
    tables, numbers, names, buses, powers, profiles = [], list[int](), [], list[int](), [], []
    for table in (table for table in KINDS if rows_of(net, table)):
        frame, alive = net[table], live(net, table)
        tables += [table] * len(frame)
        numbers += [int(number) for number in frame.index]
        names += _texts(frame, "name")
        profiles += _texts(frame, "profile")
        buses += [row.get(stands_for.get(int(bus), -1), -1) if there else -1
                  for bus, there in zip(frame["bus"], alive, strict=True)]
        powers.append(np.stack(_drawn_mva(net, table)) * 1e3)
    p_kw, q_kvar = np.concatenate([np.zeros((2, 0)), *powers], axis=1)
    return Elements(tuple(tables), np.array(numbers, dtype=np.int64), tuple(names), np.array(buses, dtype=np.int64),
                    p_kw, q_kvar, tuple(profiles))


def _drawn_mva(net: Any, table: str) -> tuple[Floats, Floats]:
    """(MW, Mvar) [rows] drawn; 0 where they are not live."""
    if table in LOADS:
        return load_mva(net, table)
    frame, alive = net[table], live(net, table)
    scaling = column_of(frame, "scaling") * alive
    if table == "asymmetric_sgen":
        p, q = (np.sum([column_of(frame, f"{letter}_{phase}_{unit}", 0.0) for phase in "abc"], axis=0)
                for letter, unit in (("p", "mw"), ("q", "mvar")))
    else:
        p, q = column_of(frame, "p_mw", 0.0), column_of(frame, "q_mvar", 0.0)
    sign = -1.0 if table in GENERATORS else 1.0
    return np.where(alive, sign * p * scaling, 0.0), np.where(alive, sign * q * scaling, 0.0)


def _texts(frame: Any, column: str) -> list[str]:
    return [text.strip() if isinstance(text, str) else "" for text in frame.get(column, [""] * len(frame))]
