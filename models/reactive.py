"""Reactive power of chargers: what those plugged in give of what a bus is asked for."""

from __future__ import annotations

import numpy as np

from models.records import Floats, Ints


def reactive_kvar(asked_kvar: Floats, bus: Ints, p_kw: Floats, kva: Floats, is_told: Floats, follows_share: Floats
                  ) -> Floats:
    """Mean reactive power [B] drawn at each bus in a step; asked_kvar [B] likewise, positive = drawn.

    Cars [N] at `bus`: p_kw is their power, kva their chargers' rating (0: one-way, gives none), is_told 1 where
    the car is dispatched, follows_share the part of the step in which it does as told. What is asked is shared in
    proportion to the room sqrt(kva^2 - p^2) of the told cars at the bus, none beyond its room; a car that does not
    follow gives nothing, and nobody stands in for it. Reactive power moves no energy and wears no battery (A).
    """
    room_kvar = np.sqrt(np.maximum(kva**2 - p_kw**2, 0.0)) * is_told
    room_bus = np.bincount(bus, room_kvar, asked_kvar.size)
    level = np.divide(asked_kvar, room_bus, out=np.zeros(asked_kvar.size), where=room_bus > 0)
    given = room_kvar * np.clip(level, -1.0, 1.0)[bus] * follows_share
    return np.asarray(np.bincount(bus, given, asked_kvar.size))
