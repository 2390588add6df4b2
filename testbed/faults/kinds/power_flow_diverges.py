"""The power flow of a district's network comes to no solution."""

from __future__ import annotations

from typing import Any

from testbed.faults.kind import FaultKind
from testbed.faults.placed import Injection, Placed, Words, changed

NOT_FROM_FLOW = ("transformer_kva", "load_bus_kw", "load_bus_kvar", "generation_available_kw",
                 "generation_curtailed_kw", "generation_limit_kw", "generation_curtailed_mw")


class LastFlow(Injection):
    """At the feeder: the last solved flow stands for that of the step."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.last: dict[str, Any] = {}

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """See Injection."""
        here = self.fault.district
        if self.fault.is_on(now_s) and self.last:
            return changed(said, here, **self.last)
        self.last = {name: value for name, value in said[here].items() if name not in NOT_FROM_FLOW}
        return said


FAULT = FaultKind(
    "power_flow_diverges", "the power flow of a district's network comes to no solution",
    "voltages, currents and losses of the last step that had one stand, for the record, for operators and for the "
    "system's balance alike", "flows are solved", {"feeder": LastFlow}, needs=("district",), needs_network=True,
    decides="flows")
