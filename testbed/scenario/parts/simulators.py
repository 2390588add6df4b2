"""Other mosaik simulators in a run: in the place of profiles or of a feeder, or added; see docs/mosaik.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from testbed.scenario.parts.base import Between, Line, Part

ADDRESSES = 3
"""Most that one simulator has: a feeder is computed in three cases."""
START = r"^(python: *[^\s:][^:]*:\w+|cmd: *\S.*|connect: *[\w.-]+:\d{1,5}( *, *[\w.-]+:\d{1,5})*)$"
Arguments = dict[Line, Any]
"""By name; any plain data."""


class Port(Part):
    """An attribute of an entity of the other simulator."""

    attribute: Line
    """Its name there; `{bus}` and `{place}` in it as in `entity`."""
    entity: Line | None = None
    """Its entity; null: that of `model`. `{bus}` stands for the bus's number, `{place}` for its place among the buses,
    `{line}` for that of the line before it, both from 0."""
    unit: Annotated[str, Field(max_length=30)] | None = None
    """Unit there; null: that of the testbed."""
    bus: Annotated[int, Between(0, 1_000_000)] | None = None
    """The bus of which an added simulator hears; null: of all, one by one."""


class Simulator(Part):
    """A simulator that speaks mosaik's interface, time-based and in seconds."""

    place: Literal["profiles", "feeder", "added"]
    """What it takes the place of: what happens to load, wind, sun and loads of buses; the power flow of a district;
    nothing."""
    start: Annotated[str, Field(max_length=1000, pattern=START)]
    """`python: module:Class` or `python: file.py:Class`; `cmd: ` and a command with %(addr)s, the address to connect
    to; or `connect: HOST:PORT`, where it listens (for a feeder three, with commas)."""
    model: Line
    """The model of which one entity is made."""
    district: Line | None = None
    """The district of which loads of buses or voltages are told; null: the system, or the only one with a network."""
    init: Arguments = Field(default_factory=dict)
    """Arguments of its `init`."""
    create: Arguments = Field(default_factory=dict)
    """Arguments of its `create`."""
    step_s: Annotated[int, Between(1, 86_400)] | None = None
    """Seconds from one of its steps to the next: a multiple of the scenario's step; null: that itself."""
    gives: dict[Line, Port] = Field(default_factory=dict)
    """What it tells: by its name in the testbed, or of an added one by the name under which it is recorded."""
    hears: dict[Line, Port] = Field(default_factory=dict)
    """What it is told: `p_kw` and `q_kvar` of the buses, in the place of a feeder; of an added one recorded series, as
    `load_mw` or `DISTRICT.p_bus_kw`."""
