"""What the scenario says of cars, chargers and batteries, as bounds that each group and each car must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.classes import Kind
from audit.finding import AuditError, Floats
from audit.run import WAYS, District, Run
from audit.tables import charger_efficiencies

FAST_ON_THE_WAY_ETA = 0.95
"""Of fast charging outside the districts (docs/model.md 8.6)."""


@dataclass(frozen=True)
class Efficiency:
    """Least and most efficiency of charging and of discharging; equal where it is constant."""

    charge: tuple[float, float]
    discharge: tuple[float, float]


def efficiency(run: Run, kind: Kind) -> Efficiency:
    """Of a kind of chargers, by its constant pair or its curve, with the loss in the cable."""
    loss = float(run.part("fleet")["connection_loss_share"])
    ways = (np.array([[kind.eta_charge], [kind.eta_discharge]]) if kind.curve == "constant"
            else charger_efficiencies(kind.curve))
    low, high = ways.min(axis=1) * (1 - loss), ways.max(axis=1)
    return Efficiency((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


def of_kind(run: Run, kind: Any, way: str, end: int) -> Floats:
    """Least (end 0) or most (1) efficiency of a way, for each entry of an array of kinds."""
    return np.asarray(np.array([getattr(efficiency(run, k), way)[end] for k in run.classes.kinds])[kind])


def wear_price_usd_per_kwh(run: Run) -> float | None:
    """Per kWh out of the battery; None where it is the life average of a cell's model."""
    if run.part("wear")["model"] != "throughput":
        return None
    return float(run.part("objective")["wear_usd_per_mwh"]) / 1e3


def per_group(district: District, values: Floats) -> Floats:
    """[V] summed by class and way, as what each group [G] has at most: all its cars in one zone."""
    row, rows = district("vehicle_class_index") * WAYS + district("vehicle_is_bidirectional"), district.group_count
    in_zone = rows // district.zone_count
    if row.size and not (row.min() >= 0 and row.max() < in_zone):
        raise AuditError(f"districts/{district.name}: classes of vehicles that there are not")
    return np.asarray(np.tile(np.bincount(row.astype(np.int64), values, in_zone), district.zone_count))


def by_class(district: District, name: str) -> tuple[Floats, Floats]:
    """[V] (least, most) of a range of each car's class; anything where a file describes each car."""
    ranges = np.array([getattr(c, name) for c in district.classes.classes], dtype=np.float64)
    if district.has_given_cars:
        ranges[:] = 0.0, np.inf
    mine = ranges[district("vehicle_class_index").astype(np.int64)]
    return mine[:, 0], mine[:, 1]


def charge_max_kw(district: District) -> Floats:
    """[V] the most that a car can charge: what a bidirectional charger gives back, else the end of its range."""
    return np.where(district("vehicle_is_bidirectional") > 0, district("vehicle_p_discharge_max_kw"),
                    by_class(district, "charger_kw")[1])


USUAL_PORTS = 8
"""At each bus, of a kind of the scenario's own that has no number."""


def ports_per_bus(district: District, kind: int) -> int | None:
    """At each bus of the kind's zones; None: as many as there are cars."""
    name = district.classes.kinds[kind].name
    ports = (district.scenario[f"{name}_ports_per_bus"] if name in ("slow", "fast")
             else district.scenario["ports_per_bus"].get(name, USUAL_PORTS))
    return None if ports is None else int(ports)
