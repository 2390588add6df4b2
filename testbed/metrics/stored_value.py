"""How much of what was charged came into the batteries: by the chargers it went through.

Efficiencies are the plan's constant pairs, of slow and of fast chargers; what a charger's curve adds is not looked at.
"""

from __future__ import annotations

import numpy as np

from models.records.arrays import Bools, Floats
from models.records.groups import kind_of
from testbed.results.reading import Result


def eta_charge_of_groups(result: Result, count: int) -> Floats:
    """[count] efficiency of charging of each group: taxis through fast chargers, all others through slow ones."""
    fleet = result.scenario["fleet"]
    slow, fast = float(fleet["eta_charge"]), float(fleet.get("fast_eta_charge", fleet["eta_charge"]))
    return np.where(kind_of(np.arange(count)) == 1, fast, slow)


def eta_charge(result: Result, steps: Bools) -> float:
    """Energy into batteries per energy charged at the bus in these steps [T]; a slow charger's where nothing was."""
    charge_kw = np.sum([result.district(d, "charge_kw")[steps] for d in result.districts], axis=0)
    at_bus_kw = float(charge_kw.sum())
    if at_bus_kw <= 0:
        return float(result.scenario["fleet"]["eta_charge"])
    return float((charge_kw @ eta_charge_of_groups(result, charge_kw.shape[1])).sum()) / at_bus_kw
