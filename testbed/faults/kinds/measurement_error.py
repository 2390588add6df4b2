"""Measurements of a district with noise and bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from testbed.faults.kind import FaultKind, Parameter
from testbed.faults.placed import Injection, Words, changed


class Wrong(Injection):
    """Values of each step with a bias for all and noise for each; both layers hear the same."""

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        here, fault = self.fault.district, self.fault
        if not fault.is_on(now_s):
            return heard
        draws, wrong = fault.draws(now_s), dict[str, Any]()
        soc = heard[here]["soc_reported"]
        wrong["soc_reported"] = np.clip(
            soc + fault.number("soc_bias") + fault.number("soc_noise") * draws.standard_normal(soc.size), 0.0, 1.0)
        if "vm_pu" in heard[here]:
            vm_pu = heard[here]["vm_pu"]
            wrong["vm_pu"] = (vm_pu + fault.number("vm_bias_pu")
                              + fault.number("vm_noise_pu") * draws.standard_normal(vm_pu.size))
        return changed(heard, here, **wrong)


FAULT = FaultKind(
    "measurement_error",
    "a district's measurements of batteries and voltages are wrong: noise for each value and step, one bias for all",
    "they are believed; a state of charge outside 0 to 1 is cut there",
    "what is measured is heard", {"spatial": Wrong, "mobility": Wrong}, needs=("district",), decides="measurements",
    parameters=(Parameter("soc_noise", "standard deviation of the state of charge", 0.05, 0.0, 0.5),
                Parameter("soc_bias", "added to every state of charge", 0.0, -0.5, 0.5),
                Parameter("vm_noise_pu", "standard deviation of voltages", 0.005, 0.0, 0.1),
                Parameter("vm_bias_pu", "added to every voltage", 0.0, -0.1, 0.1)))
