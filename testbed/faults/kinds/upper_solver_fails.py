"""The solver of the upper layer comes to no answer: out of time, or infeasible."""

from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.upper import PLAN_COMES, PLAN_STANDS, UpperHeld

FAULT = FaultKind(
    "upper_solver_fails", "the upper layer's solver comes to no answer, neither for plans nor for re-dispatches",
    PLAN_STANDS, PLAN_COMES, {"temporal": UpperHeld}, decides="plan", covers_first_plan=False,
    parameters=(Parameter("ends", "as what the solver ends, for the record", "timeout",
                          words=("timeout", "infeasible")),))
