"""What all sources of feeders share: ratings that are assumed, and the chargers at a feeder's buses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import RadialFeeder, Site
from models.records.groups import ZONES

STANDARD_KVA = np.array([50, 100, 160, 250, 400, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000], float)
"""Nameplates of MV/LV transformers in kVA: the usual steps of makers' series (A)."""
UNRATED_A = 5.0e3
"""Stands for a line without rating: 25 times the lateral's; finite, since solvers dislike infinities."""
PLACEHOLDER_A = 9.0e3


def transformer_kva(peak_kva: Floats, substation_kva: float, margin: float) -> Floats:
    """Next standard size above margin x peak; inf where there is no load; row 0 is the substation's."""
    need = np.where(peak_kva > 0, margin, 0.0) * np.maximum(peak_kva, 1e-9)
    index = np.searchsorted(STANDARD_KVA, need, side="left")
    sizes = np.append(STANDARD_KVA, np.inf)[index]
    sizes = np.where(need > 0, sizes, np.inf)
    sizes[0] = substation_kva
    return np.asarray(sizes, dtype=np.float64)


def site(
    feeder: RadialFeeder, zones: Mapping[int, int], slow_ports_per_bus: int = 8, fast_ports_per_bus: int = 3
) -> Site:
    """Chargers of a feeder (A): slow ports at every bus with a zone, fast ones at commercial buses only."""
    bus_zone = zones_of_buses(feeder, zones)
    slow = np.where(bus_zone >= 0, slow_ports_per_bus, 0)
    fast = np.where(bus_zone == ZONES.index("commercial"), fast_ports_per_bus, 0)
    return Site(bus_zone=bus_zone, slow_ports=slow.astype(np.int64), fast_ports=fast.astype(np.int64))


def zones_of_buses(feeder: RadialFeeder, zones: Mapping[int, int]) -> Ints:
    """[B] zone of each bus, -1 for those without; RecordError for numbers of buses that the feeder does not have."""
    unknown = sorted(set(zones) - {int(n) for n in feeder.bus_number})
    if unknown:
        raise RecordError(f"site: zone map names buses {unknown} that feeder {feeder.name} does not have")
    return np.array([zones.get(int(n), -1) for n in feeder.bus_number], dtype=np.int64)
