"""A radial feeder, where cars can plug in, and an AC power flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.records.arrays import Floats, Ints, RecordError, refuse
from models.records.groups import THREE_CLASSES, Groups

BASE_MVA = 1.0
LONGEST_NUMBER = 10
"""Digits of a bus's number, below this."""


@dataclass(frozen=True)
class RadialFeeder:
    """A radial network in per unit on 1 MVA; bus 0 is the slack and parents precede children.

    Line j (j >= 1) joins bus j to `parent[j]`. Rows of bus 0 are 0 (parent -1).
    `bus_number` are the numbers people know (1-based for IEEE-33).
    """

    name: str
    bus_number: Ints
    parent: Ints
    r_pu: Floats
    x_pu: Floats
    i_max_pu: Floats
    transformer_kva: Floats
    """Rating of the MV/LV transformer behind each bus; inf where there is none."""
    p_base_kw: Floats
    """Peak loads of each bus at peak scale 1.0."""
    q_base_kvar: Floats
    nominal_kv: float
    v_slack_pu: float
    v_min_pu: float
    v_max_pu: float
    turns_ratio: Floats = field(default_factory=lambda: np.zeros(0))
    """Voltage that line j begins with over that of `parent[j]`, as an off-nominal transformer sets it; 1 elsewhere, and
    everywhere where none is given. r, x and i_max are those seen from bus j."""
    shunt_g_pu: Floats = field(default_factory=lambda: np.zeros(0))
    """Admittance g + jb of each bus to earth, of capacitors and reactors, of lines' charging and transformers' iron: it
    draws g v^2 and gives b v^2 of reactive power; 0 everywhere where none is given."""
    shunt_b_pu: Floats = field(default_factory=lambda: np.zeros(0))
    bus_name: tuple[str, ...] = ()
    """Names beside the numbers; empty where there are none, a text each where there are, empty for a bus without."""

    def __post_init__(self) -> None:
        for name, value in (("turns_ratio", 1.0), ("shunt_g_pu", 0.0), ("shunt_b_pu", 0.0)):
            if not getattr(self, name).size:
                object.__setattr__(self, name, np.full(self.parent.size, value))
        problems = []
        if self.bus_name and len(self.bus_name) != self.bus_count:
            problems.append(f"bus_name has {len(self.bus_name)} names for {self.bus_count} buses")
        if self.parent[0] != -1:
            problems.append(f"bus 0 must be the slack with parent -1, not {self.parent[0]}")
        if np.any(self.parent[1:] >= np.arange(1, self.bus_count)):
            problems.append("parents must precede their children")
        if not np.all(self.r_pu[1:] > 0):
            problems.append("every line needs r_pu > 0")
        if not np.all(self.turns_ratio > 0):
            problems.append("every turns_ratio must be above 0")
        if not np.all(np.isfinite(self.shunt_g_pu) & np.isfinite(self.shunt_b_pu)):
            problems.append("every shunt_g_pu and shunt_b_pu must be a number")
        if not self.v_min_pu < self.v_max_pu:
            problems.append(f"v_min_pu={self.v_min_pu:g} is not below v_max_pu={self.v_max_pu:g}")
        refuse(problems, f"feeder {self.name}")

    @property
    def bus_count(self) -> int:
        return int(self.parent.size)

    def bus_label(self, row: int) -> str:
        """How people call a bus: its number, and its name where it has one."""
        name = self.bus_name[row] if self.bus_name else ""
        return f"{self.bus_number[row]} ({name})" if name else f"{self.bus_number[row]}"

    def bus_row(self, called: int | str) -> int:
        """Row of the bus of that number or, a text that is no number of a bus, of that name.

        RecordError where there is none, or several have the name.
        """
        numbers = [int(number) for number in self.bus_number]
        number = int(called) if isinstance(called, int) or (called.isdecimal() and len(called) < LONGEST_NUMBER) else -1
        if number in numbers:
            return numbers.index(number)
        rows = [row for row, name in enumerate(self.bus_name) if name == called]
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise RecordError(f"feeder {self.name} has no bus {called!r:.60}")
        raise RecordError(f"feeder {self.name}: buses {', '.join(str(numbers[row]) for row in rows)} are called "
                          f"{called!r:.60}; write a number")

    @property
    def has_shunts(self) -> bool:
        return bool(np.any(self.shunt_g_pu) or np.any(self.shunt_b_pu))

    @property
    def slack_shunt_pu(self) -> complex:
        """Power that the slack's own shunt draws at its fixed voltage."""
        return complex(self.shunt_g_pu[0], -self.shunt_b_pu[0]) * self.v_slack_pu**2

    def losses_pu(self, current2: Any, v2: Any) -> Any:
        """[T] lost in lines and shunts; current2, v2 [B - 1, T] |I|^2 of each line and |V|^2 of the bus behind it.

        Also of a solver's unknowns.
        """
        in_lines = self.r_pu[1:] @ current2
        return in_lines + (self.shunt_g_pu[1:] @ v2 + self.slack_shunt_pu.real) if self.has_shunts else in_lines

    @property
    def voltage_scale(self) -> Floats:
        """[B] product of the turns ratios on the way from the slack: a bus's voltage at no load over the slack's."""
        scale = np.ones(self.bus_count)
        for bus in range(1, self.bus_count):  # parents precede children
            scale[bus] = scale[self.parent[bus]] * self.turns_ratio[bus]
        return scale


@dataclass(frozen=True)
class Site:
    """Where cars can plug in: buses of a district, or one virtual bus per zone; their zone and charger ports."""

    bus_zone: Ints
    """[B] index into `groups.zones`, -1 where no cars park (the slack bus)."""
    slow_ports: Ints
    fast_ports: Ints
    own_ports: tuple[Ints, ...] = ()
    """Of the scenario's own kinds of chargers, in their order."""
    groups: Groups = THREE_CLASSES

    def __post_init__(self) -> None:
        if len(self.groups.kinds) != 2 + len(self.own_ports):
            raise RecordError(f"site: ports of {2 + len(self.own_ports)} kinds of chargers, there are "
                              f"{', '.join(self.groups.kind_names)}")

    @property
    def bus_count(self) -> int:
        return int(self.bus_zone.size)

    def ports(self, kind: int) -> Ints:
        """Ports per bus [B] of `groups.kinds[kind]`."""
        return (self.slow_ports, self.fast_ports, *self.own_ports)[kind]

    def ports_by_kind(self) -> Ints:
        """[B, kind]"""
        return np.stack([self.ports(kind) for kind in range(self.groups.kind_count)], axis=1)


@dataclass(frozen=True)
class PowerFlow:
    """AC power flow of N cases [N], or [N, B] by bus; loads positive when drawn from the grid."""

    vm_pu: Floats
    losses_kw: Floats
    line_loading_percent: Floats
    """[N, B]; row of bus j is the line to its parent, 0 for the slack bus."""
    p_slack_kw: Floats
    q_slack_kvar: Floats


@dataclass(frozen=True)
class ThreePhaseFeeder(RadialFeeder):
    """A circuit of three phases: beside its balanced equivalent, which the fields above are, where powers act.

    A row is a bus of the circuit, or cars that are connected otherwise than the customer at their bus: those have a row
    of their own behind it, at no distance. Voltages of a row are those of its phase that is nearest to a limit.
    """

    script: str = ""
    """As a scenario writes it: `dss:ieee13`, or a path."""
    bus_phases: tuple[tuple[int, ...], ...] = ()
    """[B] phases between which and earth the row's power is drawn in equal parts; of two, between them; none where a
    row has the script's own loads of other kinds, or no power at all."""
    port_row: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[B] row where cars of the customer at this row stand; -1: there is no customer."""
    line_rating_a: float | None = None
    """Of every line; None: the script's own."""
    source_pu: float | None = None
    """Voltage of the grid above; None: the script's own."""

    def bus_row(self, called: int | str) -> int:
        """Row of the bus that the script calls so, in letters of any size; else as of any feeder.

        A script may call buses `3` and `end`: then numbers of ours are places, and `3` is still the script's bus.
        """
        name = str(called).lower()
        return self.bus_name.index(name) if name in self.bus_name else super().bus_row(called)
