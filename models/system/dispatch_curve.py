"""Least-cost powers of running units as a function of their sum."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np

from models.records.arrays import Bools, Floats, Ints
from models.records.thermal_units import ThermalUnits

SAME_TOTAL_MW = 1e-9
"""Sums of powers that differ by less are the same corner of the dispatch."""


class DispatchCurve:
    """Least-cost powers of a set of running units as an exact piecewise linear function of their sum.

    Between two breakpoints of the price each P_i(price) = clip((price - b)/(2c), P_min, P_max) is linear, so
    powers interpolate exactly between the corner points; units with c = 0 make corners of equal price.
    """

    def __init__(self, slope: Floats, curvature: Floats, p_min: Floats, p_max: Floats) -> None:
        """slope [$/MWh], curvature [$/MW2h], p_min and p_max [MW], all [U]; curvature >= 0."""
        low, high = slope + 2 * curvature * p_min, slope + 2 * curvature * p_max
        corners = np.concatenate([low, high]) if slope.size else np.zeros(1)
        price = np.unique(corners)[:, None]
        inner = (price - slope) / np.where(curvature > 0, 2 * curvature, 1.0)
        # units without curvature jump at their price: both ends of the jump are kept, and the dispatch lies between
        before = np.where(price <= low, p_min, np.where(price >= high, p_max, inner))
        after = np.where(price >= high, p_max, np.where(price <= low, p_min, inner))
        self.powers = np.stack([before, after], axis=1).reshape(2 * price.size, slope.size)
        self.totals = self.powers.sum(axis=1)
        self.prices = np.repeat(price[:, 0], 2)

    def at(self, total_mw: float) -> tuple[Floats, float]:
        """(powers [U], price) for a total within [totals[0], totals[-1]]."""
        k = int(np.clip(np.searchsorted(self.totals, total_mw), 1, self.totals.size - 1))
        width = self.totals[k] - self.totals[k - 1]
        part = (total_mw - self.totals[k - 1]) / width if width > 0 else 0.0
        powers = (1 - part) * self.powers[k - 1] + part * self.powers[k]
        return powers, float((1 - part) * self.prices[k - 1] + part * self.prices[k])

    def shares_at(self, total_mw: float) -> Floats:
        """[U] exact dP_i/dtotal: who follows one more MW; at a corner the mean of both sides, at an end the inner one.

        Sums to 1, except with no unit free to move, where it is 0.
        """
        width = np.diff(self.totals)
        # totals that differ by rounding are one corner and have no slope
        real = np.flatnonzero(width > SAME_TOTAL_MW)
        near = (self.totals[real] <= total_mw + SAME_TOTAL_MW) & (total_mw - SAME_TOTAL_MW <= self.totals[real + 1])
        beside = real[near]
        if not beside.size:
            return np.zeros(self.powers.shape[1])
        return np.asarray((np.diff(self.powers, axis=0)[beside] / width[beside, None]).mean(axis=0))


@dataclass(frozen=True)
class Pieces:
    """Running units cut at the kinks of their cost curves, arrays [M]: a convex curve fills its pieces in order."""

    unit: Ints
    """Row of the unit."""
    extra_usd_per_mwh: Floats
    """By how much fuel is dearer on this piece than b + 2 c P: the kinks below it."""
    offset_mw: Floats
    """Power of the unit where the piece begins; 0 for a unit's first, which holds all of its power up to there."""
    low_mw: Floats
    high_mw: Floats


def pieces(units: ThermalUnits, on: Bools, low_mw: Floats, high_mw: Floats) -> Pieces:
    """Of the units that are `on` [U] between `low_mw` and `high_mw` [U]; whole units where no curve has a kink."""
    rows = np.flatnonzero(on)
    if not units.kink_mw.shape[1]:
        none = np.zeros(rows.size)
        return Pieces(rows, none, none, low_mw[on], high_mw[on])
    parts = [part for i in rows for part in _pieces_of(units, int(i), float(low_mw[i]), float(high_mw[i]))]
    unit, *rest = zip(*parts, strict=True) if parts else ((), (), (), (), ())
    return Pieces(np.array(unit, dtype=np.int64), *(np.array(values, dtype=np.float64) for values in rest))


def _pieces_of(units: ThermalUnits, i: int, low: float, high: float) -> list[tuple[int, float, float, float, float]]:
    """(unit, extra, offset, low, high) of each piece."""
    known = list(zip(units.kink_mw[i], units.kink_usd_per_mwh[i], strict=True))
    extra = fsum(float(usd) for at, usd in known if at <= low)
    inside = sorted((float(at), float(usd)) for at, usd in known if low < at < high and usd > 0)
    ends = [*(at for at, _ in inside), high]
    out = [(i, extra, 0.0, low, ends[0])]
    for (at, usd), end in zip(inside, ends[1:], strict=True):
        extra += usd
        out.append((i, extra, at, 0.0, end - at))
    return out
