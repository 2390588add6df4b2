"""What cars were told and what they did."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.drivers.compliance import compare
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    hours = inputs.number("hours", above=0.0)
    asked_kw, held_h = inputs.column("cars", "told_kw"), inputs.column("cars", "declared_h", hours)
    did_kwh = inputs.column("cars", "metered_kwh")
    count = asked_kw.size
    done = compare(asked_kw * held_h, asked_kw * inputs.column("cars", "stays_h", hours), np.maximum(did_kwh, 0.0),
                   np.maximum(-did_kwh, 0.0), np.ones(count, dtype=np.bool_), np.ones(count, dtype=np.bool_),
                   np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_),
                   hours)
    return {"told": float(done.instructed_count), "complied": float(done.complied_count),
            "told_up_kwh": done.instructed_up_kwh, "delivered_up_kwh": done.delivered_up_kwh,
            "told_down_kwh": done.instructed_down_kwh, "delivered_down_kwh": done.delivered_down_kwh}


KIND = CaseKind(
    "delivery", "how many cars did as they were told over a step, and how much of the energy came",
    "hours of the step; cars: table with told_kw (below 0: discharging), metered_kwh (the same sign), declared_h until "
    "the declared departure (the step), stays_h until the true one (the step)",
    "told, complied (within the larger of 0.2 kW and 2 %), told_up_kwh, delivered_up_kwh (into the grid), "
    "told_down_kwh, delivered_down_kwh (out of it); more than was told does not count", _answer)
