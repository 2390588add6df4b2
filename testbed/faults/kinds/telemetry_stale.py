"""Measurements of a district stand still."""

from __future__ import annotations

from typing import Any

from testbed.faults.kind import FaultKind
from testbed.faults.placed import Injection, Placed, Words, changed

MEASURED = ("soc_reported", "vm_pu")


class Stale(Injection):
    """What was measured before the fault is heard again and again."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.last: dict[str, Any] = {}

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        here = self.fault.district
        if self.fault.is_on(now_s) and self.last:
            return changed(heard, here, **self.last)
        self.last = {name: heard[here][name] for name in MEASURED if name in heard[here]}
        return heard


FAULT = FaultKind(
    "telemetry_stale", "a district's measurements of batteries and voltages stand still",
    "its operator, and the upper layer's envelopes, go on with the last values; what drivers declare is still heard",
    "what is measured is heard", {"spatial": Stale, "mobility": Stale}, needs=("district",), decides="measurements")
