"""What an owner pays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR
from models.system.own_prices import read_prices
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    step_s = int(inputs.number("step_s", SECONDS_PER_HOUR, above=0.0))
    prices = read_prices(inputs.file("prices"), step_s, currency_per_usd=inputs.number("currency_per_usd", 1.0))
    energy = inputs.column("energy", "kwh")
    paid = np.array([prices.paid_usd_per_kwh(i * step_s, step_s) for i in range(energy.size)])
    charged, fed_in = np.maximum(energy, 0.0) @ paid[:, 0], np.maximum(-energy, 0.0) @ paid[:, 1]
    return {"paid_usd": float(charged), "earned_usd": float(fed_in), "bill_usd": float(charged - fed_in)}


KIND = CaseKind(
    "energy_bill", "what energy drawn and fed in costs at prices by time",
    "prices: table with charge_per_kwh or charge_per_mwh and, if they differ, discharge_per_kwh or discharge_per_mwh, "
    "whole days that repeat; step_s of its rows (3600); currency_per_usd (1); energy: table with kwh at the bus, a row "
    "a step (below 0: fed in)",
    "paid_usd, earned_usd, bill_usd", _answer)
