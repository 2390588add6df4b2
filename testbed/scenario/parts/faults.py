"""What fails in a run: an item a fault, each of a kind (`testbed list faults`), in one place for a while."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from testbed.faults.kind import FAULTS
from testbed.scenario.parts.base import HOURS_PER_DAY, SECONDS_PER_HOUR, Between, BusNumber, Line, Name, OneOf, Part
from testbed.scenario.parts.base import ZoneName as Zone

Bus = BusNumber | Line
"""By number, or by name where the network has names."""


class KindText(OneOf):
    """Marks a text that names a kind of fault: told by schemas, judged with the rules, so that all mistakes show."""

    def __init__(self) -> None:
        super().__init__(lambda: tuple(FAULTS))

    def _checked(self, name: str) -> str:
        return name


class Fault(Part):
    """One fault. What a key means, and which are needed, its kind says."""

    kind: Annotated[Line, KindText()]
    """What fails; `testbed list faults` tells the kinds and what happens meanwhile."""
    day: Annotated[int, Between(1, 366)] = 1
    """Counted day from whose midnight the hours count; the first is 1."""
    from_h: Annotated[float, Between(0, 24)]
    """Hour in which it begins, with a step."""
    until_h: Annotated[float, Between(0, 24 * 366)]
    """Hour in which it is over, with a step; above 24 on later days."""
    district: Line | None = None
    """Where; may be left out where the scenario has one district."""
    buses: tuple[Bus, ...] = ()
    """Buses that are meant, by number or name; of a district without network 1 to 3, its zones."""
    zone: Zone | None = None
    """Zone that is meant."""
    line_to: Bus | None = None
    """Line that is meant: the one that leads to this bus."""
    phase: Annotated[int, Between(1, 3)] | None = None
    """Phase that is meant, of a network of three."""
    unit: Line | None = None
    """Thermal unit that is meant."""
    parameters: dict[Name, Annotated[float, Field(allow_inf_nan=False)] | Line] = Field(default_factory=dict)
    """Parameters of the kind where they are to differ from its usual ones, as `{share: 0.3}`."""

    @property
    def from_s(self) -> int:
        """First instant, in seconds of counted time."""
        return self._seconds(self.from_h)

    @property
    def until_s(self) -> int:
        """First instant after it."""
        return self._seconds(self.until_h)

    def _seconds(self, hour: float) -> int:
        return round(((self.day - 1) * HOURS_PER_DAY + hour) * SECONDS_PER_HOUR)
