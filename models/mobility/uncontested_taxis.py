"""Taxis that never wait for a port: as they decide by their charge, they go from arrival to arrival, all at once.

In each round every taxi that arrives before the step's end does so once; a quarter of an hour takes two or three.
The results are those that one SimPy process each would give (models/mobility/vehicle_processes.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.mobility.stays import (
    MIN_PLUGGED_S,
    NO_FLOATS,
    NO_INTS,
    NO_STAYS,
    DayDraws,
    Happened,
    Present,
    Stays,
    first_stays,
    plugged_stays,
)
from models.records.arrays import Bools, Floats, Ints

TAXI_LOW_SOC = 0.3
"""A taxi below it after a trip goes to charge between its regular charges (A)."""
TAXI_EXTRA_CHARGE_S = 2_400
"""(A)"""


def charging_departure_s(at_s: int | Ints, depart_s: int | Ints, is_low: bool | Bools) -> Ints:
    """When taxis arriving at at_s drive on; one low on charge whose stop is too short to plug in stays longer."""
    return np.where(is_low & (depart_s - at_s < MIN_PLUGGED_S), at_s + TAXI_EXTRA_CHARGE_S, depart_s)


class UncontestedTaxis:
    """The taxis `rows` of a district. has_port [T, zones]: whether each finds ports of its kind there."""

    def __init__(self, rows: Ints, has_port: Bools, start_s: int, first: DayDraws, capacity_kwh: Floats) -> None:
        """capacity_kwh [T]."""
        self._rows, self._has_port, self._capacity_kwh = rows, has_port, capacity_kwh
        self._coming = first_stays(first, rows, start_s)
        """The stay that each begins next."""
        self._coming_kwh = np.zeros(rows.size)
        """Of the trip that leads to it."""
        self._has_driven = np.zeros(rows.size, dtype=np.bool_)
        """False until the stay with which the simulation begins has begun."""
        self._legs = DayDraws._make(column[:, :0] for column in _legs_of(first, rows))
        """Trips not yet begun [T, W], each row's own first, and the stays after them; `exists` where one is due."""
        self._next, self._count = np.zeros((2, rows.size), dtype=np.int64)
        self._plugging = NO_STAYS
        """Stays that begin later than the step in which the taxi came."""

    def add_day(self, day: DayDraws) -> None:
        """Tell all trips of one more day."""
        # trips already driven go, or the table would grow by a day every day
        left = np.arange(self._legs.exists.shape[1]) >= self._next[:, None]
        old = self._legs._replace(exists=self._legs.exists & left)
        both = [np.concatenate(pair, axis=1) for pair in zip(old, _legs_of(day, self._rows), strict=True)]
        self._count = both[0].sum(axis=1)
        # due ones first, in their order: `_next` is then an index into a row
        order = np.argsort(~both[0], axis=1, kind="stable")[:, :int(self._count.max(initial=0))]
        self._legs = DayDraws._make(np.take_along_axis(column, order, axis=1) for column in both)
        self._next = np.zeros_like(self._next)

    def advance(self, until_s: int, step_end_s: int, soc: Floats, add_day: Callable[[], None]) -> Happened:
        """All events before until_s; soc [V] at the step's beginning; add_day must tell the next day."""
        # indexing copies: trips of this step are taken off here, the fleet's own energies stay
        soc = soc[self._rows]
        stays, drivers, energies = [self._plugging], [NO_INTS], [NO_FLOATS]
        while (arrives := self._coming.at_s < until_s).any():
            # one arrival per taxi and round: whether it charges depends on the charge that the last one left
            place = np.flatnonzero(arrives)
            soc[place] -= self._coming_kwh[place] / self._capacity_kwh[place]
            driven = place[self._has_driven[place]]
            drivers.append(self._rows[driven])
            energies.append(self._coming_kwh[driven])
            while np.any(self._next[place] >= self._count[place]):
                add_day()
            stays.append(self._stay(place, soc[place] < TAXI_LOW_SOC))
        known = Stays.join(stays)
        # a taxi that plugs in late arrives in this step, and its stay begins in a later one
        is_later = known.begin_s >= until_s
        self._plugging, begun = known.rows(is_later), known.rows(~is_later)
        return Happened(begun.rows(begun.leaves_s >= step_end_s), np.concatenate(drivers), np.concatenate(energies))

    def _stay(self, place: Ints, is_low: Bools) -> Stays:
        """Let these taxis park now and drive their next trip; the stays that get plugged in."""
        now, leg, legs = self._coming.rows(place), self._next[place], self._legs
        # a taxi that comes late drives on at once
        depart_s = np.maximum(legs.depart_s[place, leg], now.at_s)
        depart_s = charging_departure_s(now.at_s, depart_s, is_low)
        begun, leaves_s = plugged_stays(self._rows[place], now, depart_s, self._has_port[place])
        arrives_s = leaves_s + legs.duration_s[place, leg]
        self._coming.put(place, Present._make([arrives_s, *(column[place, leg] for column in legs[4:])]))
        self._coming_kwh[place], self._has_driven[place] = legs.energy_kwh[place, leg], True
        self._next[place] += 1
        return begun


def _legs_of(day: DayDraws, rows: Ints) -> DayDraws:
    """The day's trips of these taxis, and of its stays those after each trip: the last columns of every table."""
    trips = day.exists.shape[1]
    return DayDraws._make(column[rows, -trips:] for column in day)
