"""What the scenario says of cars, chargers and batteries, as bounds that each group and each car must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import CLASSES, TAXI, WAYS, ZONES, District, Run
from audit.tables import charger_efficiencies

CLASS_NAMES = ("private", "taxi", "government")
FAST_ON_THE_WAY_ETA = 0.95
"""Of fast charging outside the districts (docs/model.md 8.6)."""


@dataclass(frozen=True)
class Efficiency:
    """Least and most efficiency of charging and of discharging; equal where it is constant."""

    charge: tuple[float, float]
    discharge: tuple[float, float]


def efficiency(run: Run, is_fast: bool) -> Efficiency:
    """Of slow or of fast chargers, by their constant pair or their curve, with the loss in the cable."""
    fleet = run.part("fleet")
    kind, prefix = ("fast", "fast_") if is_fast else ("slow", "")
    curve, loss = str(fleet[f"{kind}_charger_curve"]), float(fleet["connection_loss_share"])
    if curve == "constant":
        ways = np.array([[float(fleet[f"{prefix}eta_charge"])], [float(fleet[f"{prefix}eta_discharge"])]])
    else:
        ways = charger_efficiencies(curve)
    low, high = ways.min(axis=1) * (1 - loss), ways.max(axis=1)
    return Efficiency((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


def of_kind(run: Run, is_fast: Any, way: str, end: int) -> Floats:
    """Least (end 0) or most (1) efficiency of a way, for each entry of is_fast."""
    slow, fast = (getattr(efficiency(run, kind), way)[end] for kind in (False, True))
    return np.asarray(np.where(is_fast, fast, slow))


def wear_price_usd_per_kwh(run: Run) -> float | None:
    """Per kWh out of the battery; None where it is the life average of a cell's model."""
    if run.part("wear")["model"] != "throughput":
        return None
    return float(run.part("objective")["wear_usd_per_mwh"]) / 1e3


def per_group(district: District, values: Floats) -> Floats:
    """[V] summed by class and way, as what each group [G] has at most: all its cars in one zone."""
    row = district("vehicle_class_index") * WAYS + district("vehicle_is_bidirectional")
    if row.size and not (row.min() >= 0 and row.max() < CLASSES * WAYS):
        raise AuditError(f"districts/{district.name}: classes of vehicles that there are not")
    return np.asarray(np.tile(np.bincount(row.astype(np.int64), values, CLASSES * WAYS), ZONES))


def is_fast(district: District) -> Any:
    """[V] taxis charge at fast chargers."""
    return district("vehicle_class_index") == TAXI


def by_class(run: Run, district: District, pattern: str, section: str = "fleet") -> tuple[Floats, Floats]:
    """[V] (least, most) of a range of the scenario by class: pattern has {} for its name."""
    ranges = np.array([np.broadcast_to(run.part(section)[pattern.format(name)], 2) for name in CLASS_NAMES],
                      dtype=np.float64)
    mine = ranges[district("vehicle_class_index").astype(np.int64)]
    return mine[:, 0], mine[:, 1]


def charge_max_kw(run: Run, district: District) -> Floats:
    """[V] the most that a car can charge: what a bidirectional charger gives back, else the end of its kind's range."""
    ranges = [float(np.max(run.part("fleet")[f"{kind}_charger_kw"])) for kind in ("slow", "fast")]
    most = np.where(is_fast(district), ranges[1], ranges[0])
    return np.where(district("vehicle_is_bidirectional") > 0, district("vehicle_p_discharge_max_kw"), most)
