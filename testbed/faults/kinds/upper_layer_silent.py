"""The upper layer says nothing: neither plans nor re-dispatches reach anybody."""

from testbed.faults.kind import FaultKind
from testbed.faults.upper import PLAN_COMES, PLAN_STANDS, UpperHeld

FAULT = FaultKind(
    "upper_layer_silent", "the upper layer says nothing", PLAN_STANDS, PLAN_COMES, {"temporal": UpperHeld},
    decides="plan", covers_first_plan=False)
