"""Cars that never wait: where each zone has one bus with a port for everybody, nothing needs a process of its own.

Every instant of such a car follows from its wishes alone, so whole days are worked out at once for all of them, with
the results that one SimPy process each would give (models/mobility.py, whose rules stand here as arrays).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.drivers import ARRIVES_LATE, LEAVES_EARLY, OVERRIDES
from models.records import Bools, Floats, Ints

MIN_PLUGGED_S = 1_800
"""Nobody plugs in for less (A)."""
SHIFT_SHARE, SHIFT_MAX_S = 0.5, 10_800
"""Who leaves early or plugs in late does so by at most this part of the stay and this time (A)."""
NEVER_S = 2**62
"""An instant that never comes."""


class DayDraws(NamedTuple):
    """One day of all vehicles: trips [V, J] in the order driven, and the stays around them [V, K]."""

    exists: Bools
    depart_s: Ints
    duration_s: Ints
    energy_kwh: Floats
    zone: Ints
    """[V, 1 + J] of each stay: at home before the first trip, then at each trip's end."""
    mode: Ints
    """[V, K >= J] like the three below: column 0 is the first stay, the last J are those after each trip."""
    plugs_in: Bools
    instant: Floats
    bus_choice: Floats
    accepts_guidance: Bools


class Happened(NamedTuple):
    """Events of one step."""

    plugged_in: Ints
    """[6, n] vehicle, instant, bus, declared departure, mode, override."""
    unplugged: Ints
    """[2, n] vehicle, instant."""
    driver: Ints
    """[m] vehicles that arrived, in order of time."""
    driven_kwh: Floats


class Uncontested:
    """The cars `rows` of a district. bus_of_zone [R, zones]: where each plugs in, -1 where the zone has no port."""

    def __init__(self, rows: Ints, bus_of_zone: Ints, start_s: int, first: DayDraws) -> None:
        self._rows, self._bus_of_zone = rows, bus_of_zone
        self._at_s = np.full(rows.size, start_s, dtype=np.int64)
        """When the last stay that is known began; its end needs the next trip."""
        self._zone, self._mode = first.zone[rows, 0], first.mode[rows, 0]
        self._plugs_in, self._instant = first.plugs_in[rows, 0], first.instant[rows, 0]
        self._leaves_s = np.full(rows.size, NEVER_S, dtype=np.int64)
        """When the stay plugged in now ends."""
        self._stays = np.zeros((7, 0), dtype=np.int64)
        """Not begun yet, by instant: instant, position in rows, bus, declared departure, mode, override, leaving."""
        self._drives, self._drive_kwh = np.zeros((2, 0), dtype=np.int64), np.zeros(0)
        """Not arrived yet, by instant: instant, position; and energy."""

    def knows(self, until_s: int) -> bool:
        """Whether all events before until_s are known; if not, `add_day` must be told the next day."""
        return bool(np.all(self._at_s >= until_s))

    def add_day(self, day: DayDraws) -> None:
        """Work out the stays before each trip of one more day, and the trips."""
        stays, drives, energies = [self._stays], [self._drives], [self._drive_kwh]
        columns = day.exists.shape[1]
        for trip in range(columns):
            place = np.flatnonzero(day.exists[self._rows, trip])
            car = self._rows[place]
            begun, leaves_s = self._stays_until(place, day.depart_s[car, trip])
            arrives_s = leaves_s + day.duration_s[car, trip]
            stays.append(begun)
            drives.append(np.stack([arrives_s, place]))
            energies.append(day.energy_kwh[car, trip])
            self._at_s[place], self._zone[place] = arrives_s, day.zone[car, 1 + trip]
            after = day.mode.shape[1] - columns + trip
            self._mode[place], self._plugs_in[place] = day.mode[car, after], day.plugs_in[car, after]
            self._instant[place] = day.instant[car, after]
        self._stays = _by_instant(np.concatenate(stays, axis=1))
        drive, energy_kwh = np.concatenate(drives, axis=1), np.concatenate(energies)
        order = np.argsort(drive[0], kind="stable")
        self._drives, self._drive_kwh = drive[:, order], energy_kwh[order]

    def _stays_until(self, place: Ints, depart_s: Ints) -> tuple[Ints, Ints]:
        """The plugged stays [7, n] that end with these trips, and when each car [N] really drives off.

        A car that comes after its next departure drives on at once.
        """
        at_s, mode, instant = self._at_s[place], self._mode[place], self._instant[place]
        stays = depart_s > at_s
        dwell_s = depart_s - at_s
        shift_s = (np.minimum(dwell_s * SHIFT_SHARE, SHIFT_MAX_S) * instant).astype(np.int64)
        leaves_s = np.where(stays, np.where(mode == LEAVES_EARLY, depart_s - shift_s, depart_s), at_s)
        bus = self._bus_of_zone[place, self._zone[place]]
        plugs = stays & self._plugs_in[place] & (dwell_s >= MIN_PLUGGED_S) & (bus >= 0)
        override_s = np.where(mode == OVERRIDES, at_s + (dwell_s * instant).astype(np.int64), NEVER_S)
        begin_s = np.where(mode == ARRIVES_LATE, at_s + shift_s, at_s)
        table = np.stack([begin_s, place, bus, depart_s, mode, override_s, leaves_s])
        return table[:, plugs], leaves_s

    def advance(self, until_s: int, step_end_s: int) -> Happened:
        """All events before until_s; a stay that would end before step_end_s is not plugged in."""
        place = np.flatnonzero(self._leaves_s < until_s)
        unplugged = np.stack([self._rows[place], self._leaves_s[place]])
        self._leaves_s[place] = NEVER_S
        count = int(np.searchsorted(self._stays[0], until_s))
        begun, self._stays = self._stays[:, :count], self._stays[:, count:]
        begun = begun[:, begun[6] >= step_end_s]
        self._leaves_s[begun[1]] = begun[6]
        instant_s, place = begun[:2]
        arrived = int(np.searchsorted(self._drives[0], until_s))
        drivers, driven_kwh = self._rows[self._drives[1, :arrived]], self._drive_kwh[:arrived]
        self._drives, self._drive_kwh = self._drives[:, arrived:], self._drive_kwh[arrived:]
        return Happened(np.stack([self._rows[place], instant_s, *begun[2:6]]), unplugged, drivers, driven_kwh)


def _by_instant(table: Ints) -> Ints:
    return table[:, np.argsort(table[0], kind="stable")]
