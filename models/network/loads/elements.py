"""Loads, static generators and storages of a net, one by one, at the buses of its feeder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, Ints

LOADS = ("load", "asymmetric_load", "motor")
GENERATORS = ("sgen", "asymmetric_sgen")
STORAGES = ("storage",)
KINDS = (*LOADS, *GENERATORS, *STORAGES)
"""Tables whose rows may have a power over time."""


@dataclass(frozen=True)
class Elements:
    """Arrays [E]; powers are those of the net, positive when drawn from the grid."""

    table: tuple[str, ...]
    number: Ints
    name: tuple[str, ...]
    """Empty where the net has none."""
    bus: Ints
    """Row of the feeder's bus; -1: out of service, cut off or not supplied."""
    p_kw: Floats
    q_kvar: Floats
    profile: tuple[str, ...]
    """Of the net's own profiles; empty where the net names none."""
    stands: tuple[str, ...] = ()
    """Where and how each draws at its bus; empty: all that a bus draws is one power."""

    @property
    def count(self) -> int:
        return len(self.table)

    def label(self, row: int) -> str:
        """`load 3 'School'`."""
        name = f" {self.name[row]!r:.60}" if self.name[row] else ""
        return f"{self.table[row]} {self.number[row]}{name}"

    def rows_of(self, tables: tuple[str, ...]) -> Ints:
        """Rows of these tables that the feeder has."""
        return np.array([i for i, table in enumerate(self.table) if table in tables and self.bus[i] >= 0],
                        dtype=np.int64)


NO_ELEMENTS = Elements((), np.zeros(0, dtype=np.int64), (), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), ())
