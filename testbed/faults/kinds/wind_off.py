"""Wind farms are off."""

from __future__ import annotations

from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.placed import SYSTEM, Injection, Words, changed


class Calm(Injection):
    """At the profiles: less wind power is available, whatever was forecast."""

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """See Injection."""
        if not self.fault.is_on(now_s):
            return said
        words = said[SYSTEM]
        wind_mw = words["wind_available_mw"] * (1.0 - self.fault.number("share"))
        must_take_mw = min(words["must_take_mw"], wind_mw + words["pv_available_mw"])
        return changed(said, SYSTEM, wind_available_mw=wind_mw, must_take_mw=must_take_mw)


FAULT = FaultKind(
    "wind_off", "wind farms are off", "units on make up for it as far as they can, as for any forecast that missed; "
    "forecasts still promise it", "wind is there again", {"profiles": Calm}, decides="wind",
    parameters=(Parameter("share", "share of the wind power that is off", 1.0),))
