"""What missing reserve costs: the first missing megawatt little, the last nearly as much as load that is shed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

STEPPED_SHARE = (0.0, 0.04, 0.96)
STEPPED_USD_PER_MWH = (200.0, 1100.0)
"""First two steps of MISO's market-wide operating reserve demand curve, before its scarcity reform: 200 $/MWh while at
least 96 % of the requirement is held, 1,100 $/MWh below (K, Business Practices Manual 002). Its last step is the
value of lost load less a regulation price; here the price of shed load (A)."""


class ReserveCurveError(ValueError):
    """Steps that are no demand curve; the message names all that is wrong."""


def mistakes(missing_share: tuple[float, ...], usd_per_mwh: tuple[float, ...],
             shed_usd_per_mwh: float = np.inf) -> list[str]:
    """Everything that keeps these steps from being a demand curve, in words; empty if nothing does."""
    found = []
    if len(missing_share) != len(usd_per_mwh):
        found.append(f"has {len(missing_share)} shares for {len(usd_per_mwh)} prices")
    rises = all(a < b for a, b in pairwise(missing_share))
    if missing_share[:1] != (0.0,) or not rises or missing_share[-1] >= 1.0:
        found.append("missing shares must rise from 0 and stay below 1")
    if any(a > b for a, b in pairwise(usd_per_mwh)):
        found.append("the price must not fall as more reserve is missing")
    if min(usd_per_mwh, default=0.0) < 0.0:
        found.append("no price may be below 0")
    if max(usd_per_mwh, default=0.0) > shed_usd_per_mwh:
        found.append(f"no price may be above that of shed load, {shed_usd_per_mwh:g} $/MWh")
    return found


@dataclass(frozen=True)
class ReserveCurve:
    """Steps of price over missing reserve as a share of the requirement; raises ReserveCurveError for others."""

    missing_share: tuple[float, ...]
    """Where each step begins: 0 first, rising, below 1. The last one holds to the whole requirement."""
    usd_per_mwh: tuple[float, ...]
    """Price of each further MW on that step, never falling."""

    def __post_init__(self) -> None:
        if found := mistakes(self.missing_share, self.usd_per_mwh):
            raise ReserveCurveError("reserve curve: " + "; ".join(found))

    @classmethod
    def flat(cls, usd_per_mwh: float) -> Self:
        """The same price for every missing MW."""
        return cls((0.0,), (usd_per_mwh,))

    @classmethod
    def stepped(cls, shed_usd_per_mwh: float) -> Self:
        """The default, up to the price of shed load."""
        return cls(STEPPED_SHARE, (*STEPPED_USD_PER_MWH, shed_usd_per_mwh))

    @classmethod
    def over_held(cls, held_share: tuple[float, ...], usd_per_mwh: tuple[float, ...]) -> Self:
        """From a curve over reserve held: its steps begin at held_share (0 first, rising), its price never rises."""
        ends = (*held_share[1:], 1.0)
        return cls(tuple(round(1.0 - end, 12) for end in reversed(ends)), tuple(reversed(usd_per_mwh)))

    def steps(self, requirement_mw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """[K, N] widths of the steps in MW for requirements [N]; each step's price is in `usd_per_mwh`."""
        return np.asarray(np.outer(np.diff((*self.missing_share, 1.0)), requirement_mw), dtype=np.float64)

    def cost_usd_per_h(self, missing_mw: npt.ArrayLike, requirement_mw: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """[N] price of missing reserve [N], the integral of the curve; what is missing beyond the requirement is load
        that is shed and has its price elsewhere."""
        missing, requirement = np.broadcast_arrays(*(np.atleast_1d(np.asarray(of, dtype=np.float64))
                                                     for of in (missing_mw, requirement_mw)))
        width = self.steps(requirement)
        begin = np.outer(self.missing_share, requirement)
        return np.asarray(self.usd_per_mwh @ np.clip(missing - begin, 0.0, width), dtype=np.float64)
