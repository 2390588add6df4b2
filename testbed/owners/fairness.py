"""How evenly V2G is shared: energy given back by tenths of the drivers and by bus, and the Gini coefficient of both.

Only those are counted who could give back: cars under contract with a bidirectional charger, and buses where cars may
park. A Gini coefficient of 0 means that all give the same; it comes near 1 where a few give everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Bools, Floats, Ints
from models.records.groups import ZONES
from testbed.owners.compensation import participants
from testbed.owners.statements import owner_statements
from testbed.results.reading import Result, ResultError
from testbed.scenario.car_groups import groups_of

TENTHS = 10
GAVE_KWH = 1e-9
"""Rounding below which a driver gave nothing."""
BY_BUS = "discharge_bus_kw"


@dataclass(frozen=True)
class DriverSharing:
    """Energy given back by one group of drivers in the counted time."""

    who: str
    drivers: int
    energy_kwh: float
    gini: float
    """NaN where no energy was given back."""
    nothing_share: float
    """Drivers who gave nothing."""
    tenth_shares: Floats
    """[10] of the energy, from the tenth of the drivers who gave least to the one who gave most."""


@dataclass(frozen=True)
class BusSharing:
    """Energy given back at the buses of one district, arrays over its buses where cars may park [P]."""

    district: str
    bus_number: Ints
    zone: Ints
    energy_kwh: Floats
    zone_names: tuple[str, ...] = ZONES

    @property
    def shares(self) -> Floats:
        """[P] of the district's energy; NaN where none was given back."""
        return _shares(self.energy_kwh)

    @property
    def gini(self) -> float:
        """Over the buses where cars may park."""
        return gini(self.energy_kwh)


def gini(values: Floats) -> float:
    """sum_i (2 i - N - 1) x_i / (N sum x) of values [N] >= 0 in rising order; NaN where their sum is 0.

    It is half the mean difference of two values, relative to their mean: at most (N - 1) / N.
    """
    if not values.size or values.sum() <= 0:
        return float("nan")
    rank = 2 * np.arange(1, values.size + 1) - values.size - 1
    return float(rank @ np.sort(values) / (values.size * values.sum()))


def part_shares(values: Floats, parts: int = TENTHS) -> Floats:
    """[parts] shares of the sum that equal parts of the rows have, from the least to the most; NaN where it is 0.

    Steps of the Lorenz curve; a row on the border between two parts counts for each with what lies in it.
    """
    cumulated = np.concatenate([[0.0], np.cumsum(_shares(np.sort(values)))])
    return np.diff(np.interp(np.linspace(0, values.size, parts + 1), np.arange(values.size + 1), cumulated))


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return np.asarray(values / total if total > 0 else np.full(values.shape, np.nan))


def driver_sharing(result: Result) -> list[DriverSharing]:
    """All who could give back, then by class; ResultError if the run did not complete, classes without any left out."""
    statements = owner_statements(result)
    could = participants(statements)
    groups = [("all", could)] + [(name, could & (statements.class_index == index))
                                 for index, name in enumerate(statements.groups.class_names)]
    return [_of_drivers(who, statements.sold_kwh, mask) for who, mask in groups if mask.any()]


def _of_drivers(who: str, sold_kwh: Floats, mask: Bools) -> DriverSharing:
    given = sold_kwh[mask]
    return DriverSharing(who, given.size, float(given.sum()), gini(given), float(np.mean(given <= GAVE_KWH)),
                         part_shares(given))


def bus_sharing(result: Result) -> list[BusSharing]:
    """Every district with a feeder; ResultError if the file is of an older version that did not write it by bus."""
    return [_of_buses(result, name) for name in result.districts if result.has_network(name)]


def _of_buses(result: Result, district: str) -> BusSharing:
    if not result.holds(district, BY_BUS):
        raise ResultError(f"{result.path}: holds no {BY_BUS}; an older version made it")
    zone = result.district(district, "bus_zone")
    here = np.flatnonzero(zone >= 0)
    energy_kwh = result.district(district, BY_BUS).sum(axis=0) * result.step_h
    names = groups_of(result.scenario["fleet"]).zones
    return BusSharing(district, result.district(district, "bus")[here], zone[here], energy_kwh[here], names)


def zone_name(sharing: BusSharing, index: int) -> str:
    """Of a bus's zone."""
    return sharing.zone_names[index]
