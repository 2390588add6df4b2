"""Cars that never wait for a port and drive whatever they hold: whole days worked out at once.

Every instant of such a car follows from its wishes alone. Only whether it is plugged in, where that depends on its
charge, and the bus (models/mobility/port_choice.py) are decided as it comes.
The results are those that one SimPy process each would give (models/mobility/vehicle_processes.py).
"""

from __future__ import annotations

import numpy as np

from models.mobility.stays import (
    NO_FLOATS,
    NO_INTS,
    NO_STAYS,
    DayDraws,
    Happened,
    Stays,
    first_stays,
    following_stays,
    plugged_stays,
)
from models.records.arrays import Bools, Floats, Ints
from models.records.vehicles import Vehicles


class Uncontested:
    """The cars `rows` of a district. has_port [R, zones]: whether each finds ports of its kind there."""

    def __init__(self, rows: Ints, has_port: Bools, start_s: int, first: DayDraws, vehicles: Vehicles) -> None:
        self._rows, self._has_port, self._capacity_kwh = rows, has_port, vehicles.capacity_kwh
        self._now = first_stays(first, rows, start_s)
        """The last stay of each car that is known; its end needs the next trip."""
        self._stays = NO_STAYS
        """Not begun yet, by instant."""
        self._drive_s, self._driver, self._drive_kwh = NO_INTS, NO_INTS, NO_FLOATS
        """Not arrived yet, by instant."""

    def knows(self, until_s: int) -> bool:
        """Whether all events before until_s are known; if not, `add_day` must be told the next day."""
        return bool(np.all(self._now.at_s >= until_s))

    def add_day(self, day: DayDraws) -> None:
        """Work out the stays before each trip of one more day, and the trips."""
        stays = [self._stays]
        drives: list[tuple[Ints, Ints, Floats]] = [(self._drive_s, self._driver, self._drive_kwh)]
        # in the order driven: how a stay ends is known only from the trip after it
        for trip in range(day.exists.shape[1]):
            place = np.flatnonzero(day.exists[self._rows, trip])
            if place.size:
                begun, arrives_s, cars, energy_kwh = self._trip(place, day, trip)
                stays.append(begun)
                drives.append((arrives_s, cars, energy_kwh))
        joined = Stays.join(stays)
        # stable, so that cars of one instant come in the order in which processes would take them
        self._stays = joined.rows(np.argsort(joined.begin_s, kind="stable"))
        drive_s, driver, drive_kwh = map(np.concatenate, zip(*drives, strict=True))
        order = np.argsort(drive_s, kind="stable")
        self._drive_s, self._driver, self._drive_kwh = drive_s[order], driver[order], drive_kwh[order]

    def _trip(self, place: Ints, day: DayDraws, trip: int) -> tuple[Stays, Ints, Ints, Floats]:
        """The plugged stays before one trip; when it ends, whose it is and what it takes."""
        cars = self._rows[place]
        # a car that leaves early arrives early: the drive counts from when it really leaves
        begun, leaves_s = plugged_stays(cars, self._now.rows(place), day.depart_s[cars, trip], self._has_port[place])
        arrives_s = leaves_s + day.duration_s[cars, trip]
        self._now.put(place, following_stays(day, cars, trip, arrives_s))
        return begun, arrives_s, cars, day.energy_kwh[cars, trip]

    def advance(self, until_s: int, step_end_s: int, soc: Floats) -> Happened:
        """All events before until_s; soc [V] at the step's beginning.

        A stay that would end before step_end_s is not plugged in: so all of a car's trips within the step end before
        the one stay that may be.
        """
        count = int(np.searchsorted(self._stays.begin_s, until_s))
        begun, self._stays = self._stays.rows(slice(count)), self._stays.rows(slice(count, None))
        arrived = int(np.searchsorted(self._drive_s, until_s))
        drivers, driven_kwh = self._driver[:arrived], self._drive_kwh[:arrived]
        self._drive_s, self._driver = self._drive_s[arrived:], self._driver[arrived:]
        self._drive_kwh = self._drive_kwh[arrived:]
        # keeps at most one beginning stay per car and step, which is all that PresenceTable can hold
        lasting = begun.rows(begun.leaves_s >= step_end_s)
        return Happened(lasting.rows(self._is_willing(lasting, drivers, driven_kwh, soc)), drivers, driven_kwh)

    def _is_willing(self, stays: Stays, drivers: Ints, driven_kwh: Floats, soc: Floats) -> Bools:
        """Whether what the battery holds on arrival is little enough for the driver to plug in."""
        # soc is that of the step's beginning; since then a car of these has only driven
        # several trips of a car in one step add up
        used_soc = np.bincount(drivers, driven_kwh, soc.size) / self._capacity_kwh
        return np.asarray((soc - used_soc)[stays.vehicle] <= stays.plug_in_soc)
