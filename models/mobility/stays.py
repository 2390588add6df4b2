"""Where and how long cars stay: one day's wishes, the rules that turn them into stays, and what a step's events are.

The rule of a stay (`stay_times`, `may_plug_in`) stands here alone, for arrays and for single cars: those that may have
to wait for a port have a SimPy process each (models/mobility/vehicle_processes.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.drivers.behaviours import moves
from models.drivers.plug_in_habit import NEVER_SOC
from models.records.arrays import Bools, Floats, Ints

MIN_PLUGGED_S = 1_800
"""Shorter stays are not plugged in (A)."""
SHIFT_SHARE, SHIFT_MAX_S = 0.5, 10_800
"""Leaving early or plugging in late takes at most this part of the stay and this time (A)."""
NEVER_S = 2**62
"""An instant that never comes."""


class StayTimes(NamedTuple):
    """What a behaviour makes of a stay; whole seconds, arrays of one shape or one number each."""

    begin_s: Ints
    """When the car plugs in, if it does."""
    leaves_s: Ints
    override_s: Ints
    """From when on its driver follows no more; NEVER_S if that is not moved."""


def stay_times(at_s: int | Ints, depart_s: int | Ints, behaviour: int | Ints, instant: float | Floats) -> StayTimes:
    """The rule of a stay from at_s to the intended departure depart_s, which may not be before; `instant` is 0..1.

    Plugging in and leaving move by shift = min(dwell SHIFT_SHARE, SHIFT_MAX_S) instant, the end of following is
    dwell instant after at_s (A).
    """
    # one draw serves all behaviours: whatever is moved, it is moved by the same share
    dwell_s = depart_s - at_s
    shift_s = (np.minimum(dwell_s * SHIFT_SHARE, SHIFT_MAX_S) * instant).astype(np.int64)
    until_s = at_s + np.multiply(dwell_s, instant).astype(np.int64)
    return StayTimes(at_s + shift_s * moves("plug_in", behaviour), depart_s - shift_s * moves("departure", behaviour),
                     np.where(moves("obedience", behaviour), until_s, NEVER_S))


def may_plug_in(dwell_s: int | Ints, plug_in_soc: float | Floats) -> bool | Bools:
    """Whether a stay of this length is worth a plug to a driver who plugs in at all, whatever the battery holds."""
    return (plug_in_soc > NEVER_SOC) & (dwell_s >= MIN_PLUGGED_S)


class DayDraws(NamedTuple):
    """One day of all vehicles: trips [V, J] in the order driven, and the stays around them [V, K]."""

    exists: Bools
    depart_s: Ints
    duration_s: Ints
    energy_kwh: Floats
    zone: Ints
    """[V, 1 + J] of each stay: at home before the first trip, then at each trip's end."""
    behaviour: Ints
    """[V, K >= J] like the four below: column 0 is the first stay, the last J are those after each trip."""
    plug_in_soc: Floats
    instant: Floats
    bus_choice: Floats
    accepts_guidance: Bools


class Stays(NamedTuple):
    """Stays [n] that are plugged in if the battery holds no more than plug_in_soc and a port is found."""

    begin_s: Ints
    vehicle: Ints
    zone: Ints
    declared_s: Ints
    """Declared departure."""
    behaviour: Ints
    override_s: Ints
    leaves_s: Ints
    bus_choice: Floats
    accepts_guidance: Bools
    plug_in_soc: Floats

    def rows(self, chosen: Ints | Bools | slice) -> Stays:
        """The chosen ones."""
        return Stays._make(column[chosen] for column in self)

    @classmethod
    def join(cls, parts: list[Stays]) -> Stays:
        """All of these, one after the other."""
        return parts[0] if len(parts) == 1 else cls._make(map(np.concatenate, zip(*parts, strict=True)))


NO_INTS: Ints = np.zeros(0, dtype=np.int64)
NO_FLOATS: Floats = np.zeros(0)
NO_STAYS = Stays._make([*[NO_INTS] * 7, NO_FLOATS, np.zeros(0, dtype=np.bool_), NO_FLOATS])


class Happened(NamedTuple):
    """Events of one step, of cars that are worked out as arrays."""

    begun: Stays
    """In any order; a stay that would end within the step is not among them."""
    driver: Ints
    """[m] vehicles that arrived, each in order of time."""
    driven_kwh: Floats


class Present(NamedTuple):
    """The stays in which cars [R] are, or to which they are on their way."""

    at_s: Ints
    """When each begins."""
    zone: Ints
    behaviour: Ints
    plug_in_soc: Floats
    instant: Floats
    bus_choice: Floats
    accepts_guidance: Bools

    def rows(self, chosen: Ints | Bools) -> Present:
        """The chosen ones."""
        return Present._make(column[chosen] for column in self)

    def put(self, place: Ints, following: Present) -> None:
        """Replace those at these places, in this record's own arrays."""
        for column, values in zip(self, following, strict=True):
            column[place] = values


def first_stays(draws: DayDraws, rows: Ints, start_s: int) -> Present:
    """The stays of these vehicles with which the simulation begins."""
    at_s = np.full(rows.size, start_s, dtype=np.int64)
    # from the sixth on the draws are those of stays, in the order of Present
    return Present(at_s, *(column[rows, 0] for column in (draws.zone, *draws[5:])))


def following_stays(draws: DayDraws, rows: Ints, trip: int | Ints, at_s: Ints) -> Present:
    """The stays after a trip (a column of the day) of these vehicles, begun at at_s."""
    # the last columns belong to the trips; the one before them is the stay with which the simulation begins
    after = draws.behaviour.shape[1] - draws.exists.shape[1] + trip
    return Present(at_s, draws.zone[rows, 1 + trip], *(column[rows, after] for column in draws[5:]))


def plugged_stays(vehicle: Ints, now: Present, depart_s: Ints, has_port: Bools) -> tuple[Stays, Ints]:
    """The stays [m] that may get plugged in, and when each car [R] really drives off for its trip at depart_s.

    Whether one does depends on its charge then, too. has_port [R, zones]. A car that comes after its next departure
    drives on at once.
    """
    # late arrivals: a stay of length 0, too short for a plug by the rule itself
    until_s = np.maximum(depart_s, now.at_s)
    # the rule is applied to all cars, also to those that will not plug in: when they drive off follows from it too
    times = stay_times(now.at_s, until_s, now.behaviour, now.instant)
    plugs = may_plug_in(until_s - now.at_s, now.plug_in_soc) & has_port[np.arange(vehicle.size), now.zone]
    whole = Stays(times.begin_s, vehicle, now.zone, until_s, now.behaviour, times.override_s, times.leaves_s,
                  now.bus_choice, now.accepts_guidance, now.plug_in_soc)
    return whole.rows(plugs), times.leaves_s
