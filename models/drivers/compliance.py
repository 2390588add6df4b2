"""Did plugged cars do as they were told, and if not, why: instructed against delivered (docs/model.md 6.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.drivers.behaviours import (
    BEHAVIOURS,
    COMPLIED,
    LEAVES_EARLY,
    LIMITED,
    NOT_ENROLLED,
    ZONE_OUT,
    follows,
    moves,
)
from models.drivers.willingness import SECONDS_PER_DAY, Drivers
from models.records.arrays import Bools, Floats, Ints

COMPLIANCE_KW = 0.2
COMPLIANCE_SHARE = 0.02
"""A car complied if |p - p_set| <= max(0.2 kW, 2 %)."""


class Reach:
    """What becomes of behaviours on days on which a whole zone cannot be reached."""

    def __init__(self, drivers: Drivers, bus_zone: Ints) -> None:
        self._drivers, self._bus_zone = drivers, bus_zone
        self._may_be_out = drivers.parameters.zone_out_probability > 0
        self._day: int | None = None
        self._out: Bools = np.zeros(0, dtype=np.bool_)

    def behaviours(self, behaviour: Ints, bus_index: Ints, now_s: int) -> Ints:
        """Behaviours [V] now of cars at buses (-1: nowhere): any that would follow is out with the zone."""
        if not self._may_be_out:
            return behaviour.copy()
        day = now_s // SECONDS_PER_DAY
        if day != self._day:
            self._day, self._out = day, self._drivers.zones_out(day)
        is_out = (bus_index >= 0) & self._out[self._bus_zone[bus_index]] & follows(behaviour)
        return np.where(is_out, ZONE_OUT, behaviour)


@dataclass(frozen=True)
class Compliance:
    """Plugged cars [N] of one step."""

    behaviour: Ints
    """Codes of BEHAVIOURS; `complied` also where nothing was asked of an enrolled car."""
    instructed_count: int
    complied_count: int
    by_behaviour: Ints
    """[len(BEHAVIOURS)] cars by behaviour; entry `complied` counts only those that were asked."""
    instructed_up_kwh: float
    delivered_up_kwh: float
    instructed_down_kwh: float
    delivered_down_kwh: float


def compare(asked_kwh: Floats, held_kwh: Floats, charged_kwh: Floats, discharged_kwh: Floats, is_asked: Bools,
            is_enrolled: Bools, behaviour: Ints, left_early: Bools, has_overridden: Bools, hours: float) -> Compliance:
    """What was asked of plugged cars [N] against what they did, over a step of some hours.

    asked_kwh is the set-point's energy until the declared departure, positive = charging; what a car
    delivers beyond it does not count as delivered. held_kwh is the same until the true departure where that is
    later: a set-point is held while the car is plugged in, so a car that stays longer and still holds it complies.
    """
    tolerance_kwh = hours * np.maximum(COMPLIANCE_KW, COMPLIANCE_SHARE * np.abs(held_kwh) / hours)
    complied = np.abs(charged_kwh - discharged_kwh - held_kwh) <= tolerance_kwh
    # A car whose behaviour is to follow deviates because it left, pressed the button now, or could not.
    why = np.where(left_early, np.where(moves("departure", behaviour), behaviour, LEAVES_EARLY), LIMITED)
    why = np.where(follows(behaviour) & ~has_overridden, why, behaviour)
    reason = np.where(complied, COMPLIED, why)
    reason = np.where(is_asked, reason, np.where(is_enrolled, COMPLIED, NOT_ENROLLED))
    counted = reason[is_asked | ~is_enrolled]
    down_kwh, up_kwh = np.maximum(asked_kwh, 0.0) * is_asked, np.maximum(-asked_kwh, 0.0) * is_asked
    return Compliance(
        behaviour=reason,
        instructed_count=int(np.count_nonzero(is_asked)),
        complied_count=int(np.count_nonzero(complied & is_asked)),
        by_behaviour=np.bincount(counted, minlength=len(BEHAVIOURS)).astype(np.int64),
        instructed_up_kwh=float(up_kwh.sum()),
        delivered_up_kwh=float(np.minimum(up_kwh, discharged_kwh).sum()),
        instructed_down_kwh=float(down_kwh.sum()),
        delivered_down_kwh=float(np.minimum(down_kwh, charged_kwh).sum()),
    )


def none_instructed(is_enrolled: Bools) -> Compliance:
    """What `compare` says of plugged cars [N] of which none is instructed."""
    by_behaviour = np.zeros(len(BEHAVIOURS), dtype=np.int64)
    by_behaviour[NOT_ENROLLED] = np.count_nonzero(~is_enrolled)
    behaviour = np.where(is_enrolled, COMPLIED, NOT_ENROLLED)
    return Compliance(behaviour, 0, 0, by_behaviour, 0.0, 0.0, 0.0, 0.0)
