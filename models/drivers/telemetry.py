"""What an operator is told of batteries: the measured SOC, except where a stay's telemetry is lost."""

from __future__ import annotations

import numpy as np

from models.drivers.willingness import REASONS, TELEMETRY_LOST, ZONE_OUT
from models.records.arrays import Bools, Floats, Ints
from models.records.vehicles import PresenceTable

_IS_SILENT = np.isin(np.arange(len(REASONS)), (TELEMETRY_LOST, ZONE_OUT))


class ReportedSoc:
    """The last SOC that was reported of each car.

    A car whose telemetry is lost reports as it plugs in (its driver has said what is wanted) and then no more until it
    leaves; one that falls silent in the middle of a stay, as in an outage of its zone, until it is heard again.
    """

    def __init__(self, soc: Floats) -> None:
        self._last = soc

    def step(self, soc: Floats, soc_arrived: Floats, presence: PresenceTable) -> Floats:
        """[V] what is known at the step's end; soc [V] is the truth then, soc_arrived [V] that before a new stay."""
        arrives = (presence.arrived_bus_index >= 0) & is_silent(presence.arrived_mode)
        stays = (presence.stay_fraction > 0) & ~presence.departs & is_silent(presence.mode)
        self._last = np.where(arrives, soc_arrived, np.where(stays, self._last, soc))
        return self._last


def is_silent(mode: Ints) -> Bools:
    """Whether nothing is heard of stays with these behaviours, any shape."""
    return np.asarray(_IS_SILENT[mode])
