"""How a run is carried out and what it writes besides its result."""

from __future__ import annotations

from typing import Literal

from testbed.scenario_parts.base import Part


class Execution(Part):
    """How a run is carried out; changes no result."""

    mode: Literal["in_process", "separate_processes"] = "in_process"
    """All simulators in this process, or each in its own."""
    cache_dir: str | None = None
    """Folder in which costly inputs and plans are kept between runs; null: the platform's cache folder."""


class Record(Part):
    """What a run writes beside its main result."""

    vehicles: bool = False
    """true: traces of every vehicle, in a second file."""
