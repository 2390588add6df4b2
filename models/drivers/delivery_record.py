"""What an operator can measure of its own instructions: stays that did as told, energy asked and energy delivered.

Everything here stands in an operator's own books: the set-point it sent, the power its meter read, the SOC and the
departure the driver declared. Nothing of why a driver did what it did is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.drivers.compliance import COMPLIANCE_KW, COMPLIANCE_SHARE
from models.drivers.willingness import on_arrival
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.vehicles import DeclaredTable, Vehicles

NEVER_S = -(2**62)


@dataclass(frozen=True)
class Delivered:
    """What ended or was measured in one step, by group [G]."""

    stays: Floats
    """Stays that ended and had at least one step that tells following from not following."""
    followed: Floats
    """Sum over them of the share of those steps in which the car did as told, 0..stays."""
    instructed_up_kwh: Floats
    delivered_up_kwh: Floats
    instructed_down_kwh: Floats
    delivered_down_kwh: Floats


class StayMeter:
    """Follows every instructed stay of a district from its first to its last step.

    A step counts only if the car was asked for something else than it would have done on its own (charge at once), and
    if no taper may limit it. After its declared departure a car leaves when it likes: a step tells something only once
    it has stayed to its end. A stay that ends before its declared departure loses the steps it did not stay for.
    """

    def __init__(self, vehicles: Vehicles, bus_zone: Ints) -> None:
        self._vehicles, self._bus_zone = vehicles, bus_zone
        n = vehicles.count
        self._since_s = np.full(n, NEVER_S, dtype=np.int64)
        self._until_s, self._group = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._told, self._did = np.zeros(n), np.zeros(n)
        self._overdue_told, self._overdue_did = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        """Last result of cars past their declared departure; it counts once they are known to have stayed."""
        self._follows_any = False
        """Whether any stay is being recorded; on most days no car is instructed at all."""

    def step(self, now_s: int, dt_s: int, setpoint_kw: Floats, is_dispatched: Ints, declared: DeclaredTable,
             soc: Floats, metered_kw: Floats) -> Delivered:
        """Read the meters of [now_s, + dt_s); soc is that as the step begins, all arrays [V]."""
        asked = (is_dispatched > 0) & declared.is_plugged & self._vehicles.is_enrolled
        if not self._follows_any and not asked.any():
            return Delivered(*np.zeros((6, self._vehicles.groups.count)))
        stays, followed = self._close(now_s, dt_s, declared)
        left_s = declared.declared_departure_s - now_s
        self._open(declared, asked)
        is_whole = asked & ((left_s >= dt_s) | (left_s <= 0))
        tolerance_kw = np.maximum(COMPLIANCE_KW, COMPLIANCE_SHARE * np.abs(setpoint_kw))
        own_kw = on_arrival(replace(self._vehicles, soc_wanted=declared.soc_wanted), soc, dt_s)
        tells = is_whole & (np.abs(setpoint_kw - own_kw) > tolerance_kw) & ~self._may_taper(soc, setpoint_kw, dt_s)
        did = tells & (np.abs(metered_kw - setpoint_kw) <= tolerance_kw)
        self._overdue_told, self._overdue_did = tells & (left_s <= 0), did & (left_s <= 0)
        self._told += tells & (left_s > 0)
        self._did += did & (left_s > 0)
        self._follows_any = True
        return Delivered(stays, followed, *self._energy(asked, setpoint_kw, metered_kw, left_s, dt_s))

    def _may_taper(self, soc: Floats, setpoint_kw: Floats, dt_s: int) -> Bools:
        v = self._vehicles
        gain = np.maximum(setpoint_kw, 0.0) * v.eta_charge * (dt_s / SECONDS_PER_HOUR) / v.capacity_kwh
        return np.asarray((setpoint_kw > 0) & (soc + gain > v.taper_start_soc))

    def _open(self, declared: DeclaredTable, asked: Bools) -> None:
        """Start recording each stay that is instructed for the first time."""
        new = np.flatnonzero(asked & (self._since_s != declared.plugged_since_s))
        v = self._vehicles
        self._since_s[new], self._until_s[new] = declared.plugged_since_s[new], declared.declared_departure_s[new]
        self._group[new] = v.group_of(new, self._bus_zone[declared.bus_index[new]])
        self._told[new] = self._did[new] = 0.0

    def _close(self, now_s: int, dt_s: int, declared: DeclaredTable) -> tuple[Floats, Floats]:
        """Book the stays that are over, by group: their number and the sum of their shares followed."""
        stays_on = declared.is_plugged & (declared.plugged_since_s == self._since_s)
        self._told += self._overdue_told & stays_on
        self._did += self._overdue_did & stays_on
        gone = np.flatnonzero((self._since_s != NEVER_S) & ~stays_on)
        lost = np.maximum((self._until_s[gone] - now_s) // dt_s, 0)
        told = self._told[gone] + np.where(self._told[gone] > 0, lost, 0)
        tells = gone[told > 0]
        share = self._did[tells] / told[told > 0]
        self._since_s[gone] = NEVER_S
        group, groups = self._group[tells], self._vehicles.groups.count
        return (np.bincount(group, minlength=groups).astype(np.float64),
                np.bincount(group, share, groups).astype(np.float64))

    def _energy(self, asked: Bools, setpoint_kw: Floats, metered_kw: Floats, left_s: Ints,
                dt_s: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Instructed and delivered energy by group, discharging first; what exceeds the instruction does not count."""
        cars = np.flatnonzero(asked)
        group, hours, groups = self._group[cars], dt_s / SECONDS_PER_HOUR, self._vehicles.groups.count
        asked_h = np.where(left_s[cars] > 0, np.minimum(left_s[cars] / SECONDS_PER_HOUR, hours), hours)
        sums = []
        for sign in (-1.0, 1.0):
            asked_kwh = np.maximum(sign * setpoint_kw[cars], 0.0) * asked_h
            given_kwh = np.minimum(np.maximum(sign * metered_kw[cars], 0.0) * hours, asked_kwh)
            sums += [np.bincount(group, kwh, groups).astype(np.float64) for kwh in (asked_kwh, given_kwh)]
        return sums[0], sums[1], sums[2], sums[3]
