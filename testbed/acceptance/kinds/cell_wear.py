"""What a trace of states of charge costs a battery."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.wear import wear_model
from models.wear.contract import KELVIN_0C, loss_cost_usd
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    model, capacity = wear_model(inputs.text("model")), np.array([inputs.number("capacity_kwh", above=0.0)])
    none = np.zeros(1)
    new = model.initial_state(capacity, none, none)
    soc = np.tile(inputs.column("trace", "soc"), (1, 1))
    step_s, kelvin = inputs.number("step_s", above=0.0), inputs.number("celsius", 25.0) + KELVIN_0C
    worn = model.advance(new, capacity, soc, step_s, kelvin)
    usd = loss_cost_usd(worn.loss, capacity, inputs.number("battery_usd_per_kwh", 100.0),
                        inputs.number("end_of_life_loss", 0.2))
    return {"loss_percent": float(100 * worn.loss[0]), "cost_usd": float(usd[0])}


KIND = CaseKind(
    "cell_wear", "the capacity that a new battery loses over a trace, and what that is worth",
    "model (a published wear model by cell and year), capacity_kwh, trace: table with soc, linear between its rows, "
    "step_s between them, celsius (25), battery_usd_per_kwh (100), end_of_life_loss (0.2)",
    "loss_percent of the capacity, cost_usd", _answer)
