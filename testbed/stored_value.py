"""What a kWh in the batteries cost: from prices at the bus, by the efficiency of the chargers it came through.

Efficiencies are the plan's constant pairs, of slow and of fast chargers; what a charger's curve adds is not looked at.
"""

from __future__ import annotations

import numpy as np

from models.flexibility import group_kind
from models.records import Floats
from testbed.results import Result


def eta_charge_of_groups(result: Result, count: int) -> Floats:
    """[count] efficiency of charging of each group: taxis through fast chargers, all others through slow ones."""
    fleet = result.scenario["fleet"]
    slow, fast = float(fleet["eta_charge"]), float(fleet.get("fast_eta_charge", fleet["eta_charge"]))
    return np.where(group_kind(np.arange(count)) == 1, fast, slow)


def in_battery_price(result: Result, price: Floats) -> float:
    """Mean price per energy in the battery, from prices [T] at the bus, over all that was charged in the run.

    Sum of price times charging power over the sum of efficiency times charging power; where nothing was charged, the
    plain mean price through a slow charger. NaN for an empty run.
    """
    if not price.size:
        return float("nan")
    charge_kw = np.sum([result.district(d, "charge_kw") for d in result.districts], axis=0)
    stored_kw = float((charge_kw @ eta_charge_of_groups(result, charge_kw.shape[1])).sum())
    if stored_kw <= 0:
        return float(price.mean()) / float(result.scenario["fleet"]["eta_charge"])
    return float(price @ charge_kw.sum(axis=1)) / stored_kw
