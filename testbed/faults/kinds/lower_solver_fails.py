"""The solver of a lower layer comes to no answer: out of time, or infeasible."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR
from testbed.faults.holding import CHARGERS, CHARGERS_HOLD, LowerHeld
from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.placed import Placed

OF_THE_SOLUTION = ("vm_socp_pu", "vm_plan_ac_pu", "nodal_price_usd_per_mwh", "losses_socp_kw", "losses_plan_ac_kw",
                   "relaxation_gap_rel", "relaxation_vm_error_pu", "relaxation_loss_error_rel")


class NoAnswer(LowerHeld):
    """Every hour whose decision falls into the fault goes by without its answer; who solves nothing is not touched."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.has_failed = False

    def is_down(self, now_s: int, words: dict[str, Any]) -> bool:
        """See LowerHeld."""
        if now_s % SECONDS_PER_HOUR == 0:
            self.has_failed = self.fault.is_on(now_s) and words["spatial_solved"] > 0
        return self.has_failed

    def _marks(self, words: dict[str, Any]) -> dict[str, Any]:
        nothing = {name: np.full_like(words[name], np.nan) if np.ndim(words[name]) else float("nan")
                   for name in OF_THE_SOLUTION}
        return {**nothing, "spatial_fallback": words["spatial_solved"], "spatial_repaired": 0.0}


FAULT = FaultKind(
    "lower_solver_fails", "a lower layer's solver comes to no answer in the hours that it decides meanwhile",
    f"the hour is recorded as fallen back, without figures of the optimisation; {CHARGERS_HOLD}",
    "the next whole hour is decided as ever", {"spatial": NoAnswer}, needs=("district",), decides="set-points",
    parameters=(CHARGERS, Parameter("ends", "as what the solver ends, for the record", "timeout",
                                    words=("timeout", "infeasible"))))
