"""How much of what was charged came into the batteries: by the chargers it went through.

Efficiencies are the plan's constant pairs, of slow and of fast chargers; what a charger's curve adds is not looked at.
"""

from __future__ import annotations

import numpy as np

from models.records.arrays import Bools, Floats
from testbed.results.reading import Result
from testbed.scenario.car_groups import charger_numbers, groups_of


def eta_charge_of_groups(result: Result, count: int) -> Floats:
    """[count] efficiency of charging of each group, through the chargers of its class."""
    fleet = result.scenario["fleet"]
    groups = groups_of(fleet)
    by_kind = np.array([float(charger_numbers(fleet, kind).get("eta_charge", fleet["eta_charge"]))
                        for kind in groups.kind_names])
    return np.asarray(by_kind[groups.kind_of(np.arange(count))])


def eta_charge(result: Result, steps: Bools) -> float:
    """Energy into batteries per energy charged at the bus in these steps [T]; a slow charger's where nothing was."""
    charge_kw = np.sum([result.district(d, "charge_kw")[steps] for d in result.districts], axis=0)
    at_bus_kw = float(charge_kw.sum())
    if at_bus_kw <= 0:
        return float(result.scenario["fleet"]["eta_charge"])
    return float((charge_kw @ eta_charge_of_groups(result, charge_kw.shape[1])).sum()) / at_bus_kw
