"""Which free port an arriving car takes, for cars that always find one: many arrivals at once, as if one by one.

A car that follows guidance takes the best ranked bus with a free port, any other a random free port of the zone.
Each choice depends on those before it. All are guessed together and guessed again with the levels that the guesses
leave, until nothing changes; since a choice depends on earlier ones only, that is the answer of taking them one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.records.arrays import Bools, Floats, Ints
from models.records.feeder import Site

EVENTS_AT_ONCE = 8_192
"""So that the work arrays stay in the cache."""
UNRANKED = 2**62


class Comers(NamedTuple):
    """Cars [n] that come to the ports of a kind in a zone."""

    kind: Ints
    zone: Ints
    at_s: Ints
    vehicle: Ints
    bus_choice: Floats
    accepts_guidance: Bools


class Leavers(NamedTuple):
    """Cars [m] that free a port."""

    kind: Ints
    bus: Ints
    at_s: Ints


class FreePorts:
    """The free ports of one district by pool, i.e. charger kind and zone, and by bus within it."""

    def __init__(self, site: Site) -> None:
        zones, kinds = site.groups.zone_count, site.groups.kind_count
        buses = [np.flatnonzero((site.bus_zone == zone) & (site.ports(kind) > 0))
                 for kind in range(kinds) for zone in range(zones)]
        self._width = max(1, *(here.size for here in buses))
        self._bus = np.full((kinds * zones, self._width), -1, dtype=np.int64)
        self._level = np.zeros_like(self._bus)
        self._column = np.zeros((kinds, site.bus_count), dtype=np.int64)
        for pool, here in enumerate(buses):
            self._bus[pool, :here.size], self._column[pool // zones, here] = here, np.arange(here.size)
            self._level[pool, :here.size] = site.ports(pool // zones)[here]
        self._site = site
        self._rank: Ints | None = None

    def by_bus(self, kind: int) -> Ints:
        """Free ports [B] of one kind."""
        zones = self._site.groups.zone_count
        pools = slice(kind * zones, (kind + 1) * zones)
        at_bus, level = self._bus[pools], self._level[pools]
        free = self._site.ports(kind).copy()
        free[at_bus[at_bus >= 0]] = level[at_bus >= 0]
        return free

    def guide(self, rank: Ints | None) -> None:
        """From now on guide by rank [kinds, B], 0 = best, below 0 = not guided to; None = no guidance."""
        self._rank = None
        if rank is not None and np.any(rank >= 0):
            kind = np.arange(self._bus.shape[0])[:, None] // self._site.groups.zone_count
            own = rank[kind, self._bus]
            self._rank = np.where((self._bus >= 0) & (own >= 0), own, UNRANKED)

    def take(self, comers: Comers, leavers: Leavers) -> Ints:
        """The bus [n] of each comer. At one instant ports are freed first, then taken in the order of vehicles."""
        zones = self._site.groups.zone_count
        pool = comers.kind * zones + comers.zone
        freed, column = leavers.kind * zones + self._site.bus_zone[leavers.bus], self._column[leavers.kind, leavers.bus]
        chosen = np.zeros(pool.size, dtype=np.int64)
        if self._width == 1 or not pool.size:
            self._move(freed, column, pool, chosen)
            return np.asarray(self._bus[pool, chosen])
        comes = np.concatenate([np.zeros(freed.size, dtype=np.bool_), np.ones(pool.size, dtype=np.bool_)])
        at_pool, number = np.concatenate([freed, pool]), np.concatenate([np.zeros_like(freed), comers.vehicle])
        # pools do not touch each other: sorted by pool, the choices of all are guessed in one pass
        order = np.lexsort((number, comes, np.concatenate([leavers.at_s, comers.at_s]), at_pool))
        # what a block has taken and freed is in `_level` before the next one looks
        for begin in range(0, order.size, EVENTS_AT_ONCE):
            events = order[begin:begin + EVENTS_AT_ONCE]
            is_comer = comes[events]
            car, gone = events[is_comer] - freed.size, events[~is_comer]
            if car.size:
                chosen[car] = self._choose(at_pool[events], np.flatnonzero(is_comer), np.flatnonzero(~is_comer),
                                           column[gone], comers.bus_choice[car], comers.accepts_guidance[car])
            self._move(freed[gone], column[gone], pool[car], chosen[car])
        return np.asarray(self._bus[pool, chosen])

    def _move(self, freed: Ints, freed_column: Ints, taken: Ints, taken_column: Ints) -> None:
        size, width = self._level.size, self._width
        change = (np.bincount(freed * width + freed_column, minlength=size)
                  - np.bincount(taken * width + taken_column, minlength=size))
        self._level += change.reshape(self._level.shape)

    def _choose(self, pool: Ints, comer: Ints, leaver: Ints, freed_column: Ints, bus_choice: Floats,
                accepts: Bools) -> Ints:
        """The column of each comer among events sorted by pool [E] and time; comer and leaver say which is which."""
        change = np.zeros((pool.size + 1, self._width), dtype=np.int64)
        change[1 + leaver, freed_column] = 1
        # sums run on over all pools: what had changed before a pool's first event is taken off again
        mine = pool[comer]
        at_first, first = self._level[mine], np.searchsorted(pool, mine)
        chosen: Ints | None = None
        while True:
            passed = np.cumsum(change, axis=0)
            # free ports as this comer finds them: those at the block's beginning and all changes of its pool before it
            level = at_first + passed[comer] - passed[first]
            # each round puts right at least the earliest wrong guess of a pool, so this ends
            again = self._columns(level, mine, bus_choice, accepts)
            if chosen is not None:
                if np.array_equal(again, chosen):
                    return again
                change[1 + comer, chosen] = 0
            change[1 + comer, again] = -1
            chosen = again

    def _columns(self, level: Ints, pool: Ints, bus_choice: Floats, accepts: Bools) -> Ints:
        up_to = np.cumsum(np.maximum(level, 0), axis=1)
        # a random port and not a random bus: buses with more free ports are taken more often
        passed = (up_to <= (bus_choice * up_to[:, -1])[:, None]).sum(axis=1)
        column = np.minimum(passed, self._width - 1)
        if self._rank is None:
            return np.asarray(column, dtype=np.int64)
        rank = np.where(level > 0, self._rank[pool], UNRANKED)
        # full buses have no rank in this instant, so the best is the best with a free port
        best = np.argmin(rank, axis=1)
        is_guided = accepts & (rank[np.arange(pool.size), best] < UNRANKED)
        return np.asarray(np.where(is_guided, best, column))
