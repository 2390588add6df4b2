"""The lower layer of a district says nothing: its computer, or the line to the chargers, is down."""

from testbed.faults.holding import CHARGERS, CHARGERS_HOLD, LowerHeld
from testbed.faults.kind import FaultKind

FAULT = FaultKind(
    "lower_layer_silent", "a district's lower layer says nothing", CHARGERS_HOLD,
    "its next words count; it has measured all the while", {"spatial": LowerHeld}, needs=("district",),
    decides="set-points", parameters=(CHARGERS,))
