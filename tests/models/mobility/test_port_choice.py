"""Who takes which free port where many come and go within one step."""

from __future__ import annotations

import numpy as np

from models.mobility.port_choice import EVENTS_AT_ONCE, Comers, FreePorts, Leavers
from models.records.arrays import Ints
from models.records.feeder import Site

MANY = EVENTS_AT_ONCE
TWO_BUSES = Site(np.array([0, 0]), np.array([MANY, 1]), np.zeros(2, dtype=np.int64))


def comers(count: int, at_s: int, bus_choice: float) -> Comers:
    none = np.zeros(count, dtype=np.int64)
    return Comers(none, none, none + at_s, np.arange(count), np.full(count, bus_choice), none > 0)


def leavers(bus: Ints, at_s: int) -> Leavers:
    none = np.zeros(bus.size, dtype=np.int64)
    return Leavers(none, bus, none + at_s)


def test_a_car_after_a_whole_block_of_leavers_finds_what_they_freed() -> None:
    """Every port is taken; as many cars leave the first bus as are looked at in one go, then one comes."""
    ports = FreePorts(TWO_BUSES)
    taken = ports.take(comers(MANY + 1, 0, 0.5), leavers(np.zeros(0, dtype=np.int64), 0))
    assert np.bincount(taken).tolist() == [MANY, 1] and ports.by_bus(0).tolist() == [0, 0]
    bus = ports.take(comers(1, 20, 0.999), leavers(np.zeros(MANY, dtype=np.int64), 10))
    assert bus.tolist() == [0], "the second bus is the one that it would choose, but has no port"
    assert ports.by_bus(0).tolist() == [MANY - 1, 0]
