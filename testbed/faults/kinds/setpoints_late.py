"""Set-points reach the chargers late."""

from __future__ import annotations

from testbed.faults.holding import Told
from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.placed import Injection, Placed, Words, changed

SECONDS_PER_MINUTE = 60


class Late(Injection):
    """What is told in a step arrives whole steps later; until the first of it does, what came last stands."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        delay_s = fault.number("delay_min") * SECONDS_PER_MINUTE
        self.delay_s = fault.step_s * max(-int(-delay_s // fault.step_s), 1)
        self.sent: dict[int, Told] = {}

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        here = self.fault.district
        told, declared = heard[here]["instructions"], heard[here]["declared"]
        self.sent[now_s] = Told.of(told, declared)
        self.sent.pop(now_s - self.delay_s - self.fault.step_s, None)
        if not self.fault.is_on(now_s):
            return heard
        came = self.sent.get(max(now_s - self.delay_s, self.fault.from_s - self.fault.step_s))
        came = came or Told.nothing(told.setpoint_kw.size, told.q_bus_kvar.size)
        return changed(heard, here, instructions=came.instead_of(told, declared))


FAULT = FaultKind(
    "setpoints_late", "set-points reach a district's chargers late",
    "chargers hold what came last until later words come; words for a stay that is over reach nobody, and cars that "
    "come meanwhile act on their own until theirs arrive",
    "set-points arrive at once; those still under way are overtaken", {"fleet": Late}, needs=("district",),
    decides="set-points", parameters=(
        Parameter("delay_min", "minutes from word to charger, at least a step", 15.0, 1.0, 1440.0),))
