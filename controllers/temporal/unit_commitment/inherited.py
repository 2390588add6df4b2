"""What the rows of a planning problem inherit from the hours before it: who stands behind a row, on or off since when.

A row is one unit, or several identical ones (a cluster) whose numbers of running units are planned together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, Ints
from models.records.thermal_units import ThermalUnits

POWER_KNOWN_MW = 1e-3


@dataclass(frozen=True)
class Inherited:
    """Per row the units behind it (rows of the original table) and the status of each before the plan."""

    members: tuple[Ints, ...]
    hours_on: tuple[Ints, ...]
    """Hours on (+) or off (-) of each member."""
    p_before_mw: Floats
    """[U] power of the row just before the plan; NaN where it is not known."""

    @property
    def count(self) -> Ints:
        """[U] units behind each row."""
        return np.array([m.size for m in self.members], dtype=np.int64)

    @property
    def clustered(self) -> Ints:
        """Rows with more than one unit."""
        return np.asarray(np.flatnonzero(self.count > 1), dtype=np.int64)

    @property
    def on(self) -> Ints:
        """[U] units that are on as the plan begins."""
        return np.array([(ages > 0).sum() for ages in self.hours_on], dtype=np.int64)

    def must_run(self, units: ThermalUnits, horizon_h: int) -> Ints:
        """[U, H] units whose minimum up time from before the plan is not over."""
        # ages are hours on as the plan begins, so what is left of the minimum is `up - ages`
        hours = np.arange(horizon_h)[:, None]
        return np.stack([((ages > 0) & (hours < up - ages)).sum(axis=1)
                         for ages, up in zip(self.hours_on, units.min_up_h, strict=True)])

    def must_rest(self, units: ThermalUnits, horizon_h: int) -> Ints:
        """[U, H] units whose minimum down time from before the plan is not over."""
        hours = np.arange(horizon_h)[:, None]
        return np.stack([((ages < 0) & (hours < down + ages)).sum(axis=1)
                         for ages, down in zip(self.hours_on, units.min_down_h, strict=True)])

    def still_warm(self, row: Ints, oldest_h: Ints, horizon_h: int) -> Ints:
        """[len(row), H] units of these rows that have been off since before the plan, for at most `oldest_h`."""
        hours, rows = np.arange(horizon_h)[:, None], zip(row, oldest_h, strict=True)
        return np.stack([((self.hours_on[i] < 0) & (hours - self.hours_on[i] <= most)).sum(axis=1)
                         for i, most in rows])


def single_rows(units: ThermalUnits, hours_on: Ints, p_mw: Floats) -> Inherited:
    """One unit per row."""
    each = np.arange(units.count)
    return Inherited(tuple(each[:, None]), tuple(np.asarray(hours_on)[:, None]), power_before_mw(units, hours_on, p_mw))


def power_before_mw(units: ThermalUnits, hours_on: Ints, p_mw: Floats) -> Floats:
    """[U] 0 for units that are off; NaN for units that are on below their minimum power: a power not measured."""
    # a unit that is on must have given at least its minimum: less means that nobody has measured it
    known = p_mw >= units.p_min_mw - POWER_KNOWN_MW
    running = np.where(known, np.clip(p_mw, units.p_min_mw, units.p_max_mw), np.nan)
    return np.asarray(np.where(hours_on > 0, running, 0.0), dtype=np.float64)
