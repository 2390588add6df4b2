"""What the recorded charging at home says, pooled and by site, and how far two binned distributions are apart."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import models
from models.records.arrays import Floats

FOLDER = Path(str(models.__file__)).parent / "data" / "home"
DAYS = ("weekday", "weekend")
DISTRIBUTIONS = {"plug_in_hour_share": "h", "dwell_share": "h", "energy_share": "kWh"}
"""Those compared, with the unit of their bins."""
Row = dict[str, str]


@dataclass(frozen=True)
class Binned:
    """A distribution: edges [N + 1], shares [N] that sum to 1, even within each bin."""

    edges: Floats
    share: Floats

    def distance(self, other: Binned) -> float:
        """Area between the two distribution functions (Wasserstein), in the bins' unit; both have the same bins."""
        gap = np.concatenate([[0.0], np.cumsum(self.share - other.share)])
        a, b = np.abs(gap[:-1]), np.abs(gap[1:])
        # Where the sign changes within a bin the area is that of two triangles.
        crosses = gap[:-1] * gap[1:] < 0
        both = np.where(crosses, a + b, 1.0)
        mean = np.where(crosses, (a**2 + b**2) / (2 * both), (a + b) / 2)
        return float(mean @ np.diff(self.edges))

    def of(self, values: Floats) -> Binned:
        """Values [n] in these bins; what lies outside falls into the nearest."""
        inside = np.clip(values, self.edges[0], np.nextafter(self.edges[-1], -np.inf))
        counts = np.histogram(inside, self.edges)[0]
        return Binned(self.edges, counts / counts.sum())


@dataclass(frozen=True)
class Statistics:
    """The recorded sessions of one or all sites."""

    rows: tuple[Row, ...]

    def distribution(self, quantity: str) -> Binned:
        """Over all days: weekdays and weekends by their sessions."""
        total, edges = np.zeros(0), np.zeros(0)
        for day in DAYS:
            edges, share = self._bins(quantity, day)
            weighted = share / share.sum() * self.value("sessions", day)
            total = weighted if not total.size else total + weighted
        return Binned(edges, total / total.sum())

    def plugged_over_peak(self, day: str) -> Floats:
        """[24] cars plugged in by hour of a weekday or a day of the weekend, over the largest."""
        return self._bins("plugged_over_its_peak", day)[1]

    def value(self, quantity: str, day: str = "all", start: str = "") -> float:
        """One number; start is the percentile of a quantile."""
        rows = [row for row in self._of(quantity, day) if row["bin_start"] == start]
        if not rows:
            raise KeyError(f"data/home has no {quantity}, {day}, {start}")
        return float(rows[0]["value"])

    def _of(self, quantity: str, day: str) -> Iterator[Row]:
        return (row for row in self.rows if row["quantity"] == quantity and row["day"] == day)

    def _bins(self, quantity: str, day: str) -> tuple[Floats, Floats]:
        rows = sorted(self._of(quantity, day), key=lambda row: float(row["bin_start"]))
        edges = [float(row["bin_start"]) for row in rows] + [float(rows[-1]["bin_end"])]
        return np.array(edges), np.array([float(row["value"]) for row in rows])


def pooled() -> Statistics:
    """All sites together."""
    return Statistics(tuple(_read("norway_home_stats.csv")))


def by_site() -> dict[str, Statistics]:
    """Each site alone; small ones are noisy."""
    rows = _read("norway_home_sites.csv")
    names = dict.fromkeys(row["site"] for row in rows)
    return {name: Statistics(tuple(row for row in rows if row["site"] == name)) for name in names}


def median_site_distance(quantity: str) -> float:
    """Of each site to all together, the median over the sites."""
    everybody = pooled().distribution(quantity)
    return float(np.median([site.distribution(quantity).distance(everybody) for site in by_site().values()]))


def _read(name: str) -> list[Row]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
