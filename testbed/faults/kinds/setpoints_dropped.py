"""Set-points are lost on their way to the chargers."""

from __future__ import annotations

import numpy as np

from testbed.faults.holding import Told
from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.placed import Injection, Placed, Words, changed


class Dropped(Injection):
    """In each step the words to some cars do not arrive: those cars' chargers hold what came last."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.came: Told | None = None

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        here = self.fault.district
        told, declared = heard[here]["instructions"], heard[here]["declared"]
        sent = Told.of(told, declared)
        if not self.fault.is_on(now_s):
            self.came = sent
            return heard
        is_lost = self.fault.draws(now_s).random(told.setpoint_kw.size) < self.fault.number("share")
        before = self.came or Told.nothing(told.setpoint_kw.size, told.q_bus_kvar.size)
        self.came = Told(np.where(is_lost, before.setpoint_kw, sent.setpoint_kw),
                         np.where(is_lost, before.is_dispatched, sent.is_dispatched), sent.q_bus_kvar,
                         np.where(is_lost, before.since_s, sent.since_s))
        return changed(heard, here, instructions=self.came.instead_of(told, declared))


FAULT = FaultKind(
    "setpoints_dropped", "some of a district's set-points are lost, drawn anew for each car and step",
    "a charger that hears nothing holds what came last as long as the stay lasts; a car that was never told anything "
    "acts on its own", "all set-points arrive", {"fleet": Dropped}, needs=("district",), decides="set-points",
    parameters=(Parameter("share", "share of set-points that are lost", 0.5),))
