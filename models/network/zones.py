"""Zones of a feeder's buses by electrical distance, for networks that have no map of their own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from models.records.groups import ZONES

ZONE_SHARES: Mapping[str, float] = {"commercial": 0.28, "office": 0.22, "residential": 0.5}
"""Shares of the load buses from the substation outwards, as in the contiguous map of ieee33 (A)."""


def zones_by_distance(feeder: RadialFeeder, shares: Mapping[str, float] = ZONE_SHARES,
                      names: tuple[str, ...] = ZONES) -> dict[int, int]:
    """Zone (index into `names`) of each bus with a load: shares of these buses in order of electrical distance.

    The distance is the sum of |z| to the slack; the first zone named gets the nearest buses. Raises RecordError unless
    the shares add up to 1 and every zone gets a bus.
    """
    if abs(sum(shares.values()) - 1.0) > 1e-9:
        raise RecordError(f"zone_map: shares add up to {sum(shares.values()):g}, must be 1")
    distance = np.zeros(feeder.bus_count)
    for bus in range(1, feeder.bus_count):  # once per run; parents precede children
        distance[bus] = distance[feeder.parent[bus]] + np.hypot(feeder.r_pu[bus], feeder.x_pu[bus])
    loaded = np.flatnonzero(feeder.p_base_kw[1:] > 0) + 1
    inwards_out = loaded[np.argsort(distance[loaded], kind="stable")]
    edges = np.round(np.cumsum([0.0, *shares.values()]) * loaded.size).astype(int)
    counts = dict(zip(shares, np.diff(edges).tolist(), strict=True))
    if empty := [zone for zone in names if not counts.get(zone, 0)]:
        raise RecordError(f"feeder {feeder.name}: {loaded.size} buses with loads leave none for {', '.join(empty)}")
    zone = np.repeat([names.index(name) for name in shares], np.diff(edges))
    return {int(feeder.bus_number[bus]): int(z) for bus, z in zip(inwards_out, zone, strict=True)}
