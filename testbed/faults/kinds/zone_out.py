"""All cars of a zone drop out of control together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.drivers.behaviours import ZONE_OUT, follows
from models.records.arrays import Bools, Ints
from testbed.faults.kind import FaultKind
from testbed.faults.placed import Injection, Words, changed


class Unreachable(Injection):
    """At the fleet: cars that would follow hear nothing and are not heard."""

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        if not self.fault.is_on(now_s):
            return heard
        here = self.fault.district
        presence, declared = heard[here]["presence"], heard[here]["declared"]
        out, arrives_out = (self._is_out(behaviour, bus) for behaviour, bus in (
            (presence.behaviour, declared.bus_index), (presence.arrived_behaviour, presence.arrived_bus_index)))
        return changed(heard, here, presence=replace(
            presence, behaviour=np.where(out, ZONE_OUT, presence.behaviour),
            arrived_behaviour=np.where(arrives_out, ZONE_OUT, presence.arrived_behaviour)))

    def _is_out(self, behaviour: Ints, bus: Ints) -> Bools:
        return np.asarray((bus >= 0) & (self.fault.bus_zone[bus] == self.fault.zone) & follows(behaviour))


FAULT = FaultKind(
    "zone_out", "all cars of a zone drop out of control together",
    "they act as without a contract, nothing is heard of their batteries, and reasons count them as `zone_out`",
    "they follow and are heard again", {"fleet": Unreachable}, needs=("district", "zone"), decides="zone")
