"""A thermal unit trips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from testbed.faults.kind import FaultKind
from testbed.faults.placed import SYSTEM, Injection, Words, changed
from testbed.faults.supply import UNAVAILABLE


class Tripped(Injection):
    """At the power system: the unit is off whatever was ordered."""

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        if not self.fault.is_on(now_s):
            return heard
        commitment, others = heard[SYSTEM]["commitment"], heard[SYSTEM].get(UNAVAILABLE)
        gone = np.arange(commitment.committed.size) == self.fault.unit
        return changed(heard, SYSTEM, **{UNAVAILABLE: gone if others is None else gone | others},
                       commitment=replace(commitment, committed=np.where(gone, 0, commitment.committed)))


FAULT = FaultKind(
    "unit_trip", "a thermal unit trips, or cannot start",
    "the other units on take its load as far as they can; what they cannot is shed, and quick units start for it in "
    "the next step; the plan still counts on it",
    "it starts as soon as the plan in force wants it on, whatever its minimum times", {"power_system": Tripped},
    needs=("unit",), decides="unit")
