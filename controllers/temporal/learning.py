"""What the system operator learns of drivers: how many do as told, how much that varies, what is safe to promise.

Evidence is the delivery record alone (`controllers.port.DeliveryRecord`): stays that have ended, and which share of
what they were told they did. Nothing is known of a stay before it is over, nor why it failed.

A stay's outcome is Bernoulli with a mean that is Beta: prior mean `assumed_compliance`, alpha + beta = CONCENTRATION.
Cohort groups shrink towards the mean of all, and outcomes within a zone and day share a correlation rho, learned from
the spread between zones and days (docs/model.md 3.16).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import betaincinv

from controllers.port import DeliveryRecord
from models.records.arrays import Floats
from models.records.flexibility import CohortFlexibility
from models.records.groups import ZONES, by_zone

CONCENTRATION = 20.0
"""alpha + beta of the prior (A)."""
RISK = 0.05
"""Chance that delivery falls below the quantile that is promised."""
PRIOR_RHO = 1.0 / (CONCENTRATION + 1.0)
"""Correlation that the prior Beta law itself gives to any two stays."""
PRIOR_CELLS = 6.0
"""Zone-days that the prior correlation weighs (A)."""
CHARGER_KW = 7.0
"""Behind each planned kW of discharge stands a car with such a charger (A); only the number of cars follows from it."""
LEAST_SHARE, MOST_SHARE = 0.02, 1.0
DAY_S = 86_400


@dataclass
class DistrictBook:
    """Outcomes of one district: by group [G], and by zone and day."""

    stays: Floats
    followed: Floats
    zones: int = len(ZONES)
    cells: dict[tuple[int, int], Floats] = field(default_factory=dict)
    """(zone, day) -> [stays, followed]"""

    def add(self, time_s: int, record: DeliveryRecord) -> None:
        """Book the stays that ended in a step."""
        self.stays = self.stays + record.stays
        self.followed = self.followed + record.followed
        both = np.stack([by_zone(record.stays, self.zones), by_zone(record.followed, self.zones)]).sum(axis=2)
        for zone in np.flatnonzero(both[0] > 0).tolist():
            key = (zone, time_s // DAY_S)
            self.cells[key] = self.cells.get(key, np.zeros(2)) + both[:, zone]


class ComplianceLearner:
    """Learned compliance of every district's cohort groups; districts stand in the order of their names."""

    def __init__(self, districts: int, assumed_compliance: float, groups: int, zones: int = len(ZONES)) -> None:
        self.assumed_compliance, self.zones = assumed_compliance, zones
        self.books = tuple(DistrictBook(np.zeros(groups), np.zeros(groups), zones) for _ in range(districts))

    def observe(self, time_s: int, records: tuple[DeliveryRecord, ...]) -> None:
        """Learn from what ended in the step before time_s."""
        for book, record in zip(self.books, records, strict=True):
            book.add(time_s, record)

    @property
    def has_evidence(self) -> bool:
        """True once any stay has been booked."""
        return any(book.cells for book in self.books)

    # ------------------------------------------------------------ what is expected
    @property
    def mean(self) -> float:
        """Posterior mean over all groups and districts: (c0 m0 + followed) / (c0 + stays)."""
        stays = sum(float(b.stays.sum()) for b in self.books)
        followed = sum(float(b.followed.sum()) for b in self.books)
        return (CONCENTRATION * self.assumed_compliance + followed) / (CONCENTRATION + stays)

    def by_group(self, district: int) -> Floats:
        """[G] posterior mean of each group, its prior being the mean of all."""
        book = self.books[district]
        share = (CONCENTRATION * self.mean + book.followed) / (CONCENTRATION + book.stays)
        return np.asarray(np.clip(share, LEAST_SHARE, MOST_SHARE), dtype=np.float64)

    def of_district(self, district: int) -> float:
        """One number for a whole district: the groups' means, weighted by the stays they are learned from."""
        book = self.books[district]
        weight = book.stays + 1e-9
        return float((weight * self.by_group(district)).sum() / weight.sum())

    @property
    def rho(self) -> float:
        """Correlation of any two stays of a zone and day, by moments over zone-days, shrunk to its prior.

        sum (k - n m)^2 = m (1 - m) sum n (1 + (n - 1) rho).
        """
        counts = self._cells()
        mean = float(counts[:, 1].sum() / counts[:, 0].sum()) if counts.size else self.mean
        n, k, unit = counts[:, 0], counts[:, 1], max(mean * (1.0 - mean), 1e-6)
        # cells of a single stay say nothing of how two go together
        pairs = float((n * (n - 1.0)).sum())
        if pairs <= 0.0:
            return PRIOR_RHO
        estimate = (float(((k - n * mean) ** 2).sum()) / unit - float(n.sum())) / pairs
        weight = float(np.count_nonzero(n > 1))
        return (PRIOR_CELLS * PRIOR_RHO + weight * min(max(estimate, 0.0), 1.0)) / (PRIOR_CELLS + weight)

    def _cells(self) -> Floats:
        """[cells, 2] stays and followed of each district, zone and day."""
        cells = [cell for book in self.books for cell in book.cells.values()]
        return np.array(cells, dtype=np.float64).reshape(-1, 2)

    def mean_variance(self) -> float:
        """Of the posterior mean: m (1 - m) / (c0 + effective stays + 1); n stays of a cell count n/(1+(n-1) rho)."""
        n = self._cells()[:, 0]
        effective = float((n / (1.0 + np.maximum(n - 1.0, 0.0) * self.rho)).sum())
        return self.mean * (1.0 - self.mean) / (CONCENTRATION + effective + 1.0)

    # ------------------------------------------------------------ what is safe
    def delivery_quantile(self, districts: tuple[CohortFlexibility, ...], risk: float = RISK) -> Floats:
        """[H] phi_t: quantile `risk` of delivered over expected discharge, given the cars of each zone and hour.

        The share that follows has mean m and variance sum_z w_z^2 m (1-m) (1 + (N_z - 1) rho)/N_z + var(m); a Beta law
        of these moments gives the quantile. Hours without such cars take the value of many cars in one zone.
        """
        if not districts:
            return np.zeros(0)
        spread = spread_of_share(districts, self.mean, self.rho, self.zones)
        return quantile_of_share(self.mean, spread, self.mean_variance(), risk)


def spread_of_share(districts: tuple[CohortFlexibility, ...], mean: float, rho: float, zones: int = len(ZONES)
                    ) -> Floats:
    """[H] sum_z w_z^2 (1 + (N_z - 1) rho)/N_z over the zones of all districts, w_z their shares of discharge limits,
    of charging limits in hours in which no car may give back."""
    give_kw, take_kw = (np.concatenate([by_zone(limit, zones).sum(axis=1) for limit in limits])
                        for limits in ([d.pd_max_kw for d in districts], [d.pc_max_kw for d in districts]))
    zone_kw = np.where(give_kw.sum(axis=0) > 0, give_kw, take_kw)
    total_kw = zone_kw.sum(axis=0)
    weight = np.divide(zone_kw, total_kw, out=np.zeros_like(zone_kw), where=total_kw > 0)
    # limits are of expected compliance already, so it takes more cars to carry them
    cars = np.maximum(zone_kw / (CHARGER_KW * max(mean, LEAST_SHARE)), 1.0)
    part = (weight**2 * (1.0 + (cars - 1.0) * rho) / cars).sum(axis=0)
    return np.asarray(np.where(total_kw > 0, part, rho), dtype=np.float64)


def quantile_of_share(mean: float, spread: Floats, mean_variance: float, risk: float) -> Floats:
    """[H] quantile of X / E[X] at `risk`, X of a Beta law with this mean and variance m (1-m) spread + var(m); <= 1."""
    if not 0.0 < mean < 1.0:
        return np.full(spread.shape, float(mean > 0.0))
    unit = mean * (1.0 - mean)
    part = np.clip((unit * spread + mean_variance) / unit, 1e-9, 0.999)
    total = 1.0 / part - 1.0
    return np.asarray(np.minimum(betaincinv(mean * total, (1.0 - mean) * total, risk) / mean, 1.0), dtype=np.float64)
