"""How a run is carried out and what it writes besides its result."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from testbed.scenario.parts.base import Part, PathText

ADDRESS = r"^[\w.-]+:\d{1,5}$"
LAST_PORT = 65_535


class Execution(Part):
    """How a run is carried out; changes no result."""

    mode: Literal["in_process", "separate_processes"] = "in_process"
    """All simulators in this process, or each in its own."""
    remote: dict[str, Annotated[str, Field(max_length=300, pattern=ADDRESS)]] = Field(default_factory=dict)
    """Districts whose own simulators run elsewhere, as HOST:PORT of a `testbed serve-district`."""
    patience_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    """Seconds without a sign of life after which a process that simulates for the run counts as lost; above the
    longest decision, for a solver may keep its process from giving one."""
    cache_dir: PathText | None = None
    """Folder in which costly inputs and plans are kept between runs; null: the platform's cache folder."""


class Record(Part):
    """What a run writes beside its main result."""

    vehicles: bool = False
    """true: traces of every vehicle, in a second file."""
