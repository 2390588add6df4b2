"""What a value becomes on its way out of a simulator, and what its reader makes of it.

Three ways: within the process (read-only arrays), between processes (plain JSON), and for a district that is
served elsewhere: what only its own simulators read stays in a drawer of their process, and a handle crosses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from testbed.wiring.attributes import ATTRIBUTES, DISTRICT_SIMULATORS, to_recorder
from testbed.wiring.packing import freeze, pack, unpack

HANDLE = "__kept__"
KEPT_STEPS = 2
"""A shifted reader wants the step before."""


class Origin(NamedTuple):
    """Whose value it is: simulator, entity, attribute."""

    simulator: str
    entity: str
    name: str


class Border(Protocol):
    """Both directions."""

    def outward(self, origin: Origin, step: int, value: Any) -> Any:
        """What mosaik carries of the value that was computed in that step."""
        ...

    def inward(self, value: Any) -> Any:
        """The value of what mosaik has carried."""
        ...


class InProcess:
    """Arrays by reference, read-only."""

    def outward(self, origin: Origin, step: int, value: Any) -> Any:
        """See Border."""
        return freeze(value)

    def inward(self, value: Any) -> Any:
        """See Border."""
        return value


class BetweenProcesses:
    """Everything as JSON."""

    def outward(self, origin: Origin, step: int, value: Any) -> Any:
        """See Border."""
        return pack(value)

    def inward(self, value: Any) -> Any:
        """See Border."""
        return unpack(value)


class Drawer:
    """For the simulators of one run that share a process: handles among them, JSON for the rest of the world."""

    def __init__(self, *, with_traces: bool) -> None:
        self._kept: dict[Origin, dict[int, Any]] = {}
        self._stays = kept_at_home(with_traces)

    def outward(self, origin: Origin, step: int, value: Any) -> Any:
        """See Border."""
        if (origin.simulator, origin.name) not in self._stays:
            return pack(value)
        steps = self._kept.setdefault(origin, {})
        steps[step] = freeze(value)
        steps.pop(step - KEPT_STEPS, None)
        return {HANDLE: [*origin, step]}

    def inward(self, value: Any) -> Any:
        """See Border."""
        if isinstance(value, Mapping) and HANDLE in value:
            *origin, step = value[HANDLE]
            return self._kept[Origin(*origin)][step]
        return unpack(value)


def kept_at_home(with_traces: bool) -> frozenset[tuple[str, str]]:
    """(simulator, attribute) of what a district's own simulators alone read."""
    recorded = {(producer, name) for producer in DISTRICT_SIMULATORS
                for name in to_recorder(producer, "district", with_traces)}
    alone = {(a.producer, a.name) for a in ATTRIBUTES if a.scope == "district" and a.now + a.shifted
             and {a.producer, *a.now, *a.shifted} <= set(DISTRICT_SIMULATORS)}
    return frozenset(alone - recorded)
