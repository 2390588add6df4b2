"""Reactive power of chargers: what those plugged in give of what a bus is asked for."""

from __future__ import annotations

import numpy as np

from models.records.arrays import Floats, Ints


def reactive_kvar(asked_kvar: Floats, bus: Ints, told_kw: Floats, p_kw: Floats, kva: Floats, is_told: Floats,
                  follows_share: Floats) -> Floats:
    """Mean reactive power [B] drawn at each bus in a step; asked_kvar [B] likewise, positive = drawn.

    Cars [N] at `bus`: told_kw is the set-point, p_kw what the car does, kva its charger's rating (0: one-way, gives
    none), is_told 1 where it is dispatched, follows_share the part of the step in which it does as told. What is
    asked is shared in proportion to the room sqrt(kva^2 - told^2) of the told cars at the bus, and each gives no
    more than its own power then leaves. A car that does not follow gives nothing, and no other makes up for it.
    Reactive power moves no energy and wears no battery (A).
    """
    planned_kvar, room_kvar = (np.sqrt(np.maximum(kva**2 - power**2, 0.0)) * is_told for power in (told_kw, p_kw))
    planned_bus = np.bincount(bus, planned_kvar, asked_kvar.size)
    # shares follow the planned room, not the true one: each charger acts on what it was told, knowing no other car
    level = np.divide(asked_kvar, planned_bus, out=np.zeros(asked_kvar.size), where=planned_bus > 0)
    share = planned_kvar * np.clip(level, -1.0, 1.0)[bus]
    given = np.clip(share, -room_kvar, room_kvar) * follows_share
    return np.asarray(np.bincount(bus, given, asked_kvar.size), dtype=np.float64)
