"""What an operator is told of batteries: the measured SOC, except where a stay's telemetry is lost."""

from __future__ import annotations

import numpy as np

from models.drivers.behaviours import is_silent
from models.records.arrays import Floats
from models.records.vehicles import PresenceTable


class ReportedSoc:
    """The last SOC that was reported of each car.

    A car whose telemetry is lost reports as it plugs in (its driver has said what is wanted) and then no more until it
    leaves; one that falls silent in the middle of a stay, as in an outage of its zone, until it is heard again.
    """

    def __init__(self, soc: Floats) -> None:
        self._last = soc

    def step(self, soc: Floats, soc_arrived: Floats, presence: PresenceTable) -> Floats:
        """[V] what is known at the step's end; soc [V] is the truth then, soc_arrived [V] that before a new stay."""
        arrives = (presence.arrived_bus_index >= 0) & is_silent(presence.arrived_behaviour)
        stays = (presence.stay_fraction > 0) & ~presence.departs & is_silent(presence.behaviour)
        self._last = np.where(arrives, soc_arrived, np.where(stays, self._last, soc))
        return self._last
