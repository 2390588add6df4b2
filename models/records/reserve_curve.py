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
    """All that keeps steps over missing reserve from being a demand curve, in words; empty if nothing does."""
    return _mistakes("missing_share", missing_share, usd_per_mwh, shed_usd_per_mwh)


def held_mistakes(held_share: tuple[float, ...], usd_per_mwh: tuple[float, ...],
                  shed_usd_per_mwh: float = np.inf) -> list[str]:
    """The same of a curve over reserve held, whose price never rises."""
    return _mistakes("held_share", held_share, usd_per_mwh, shed_usd_per_mwh)


def _mistakes(name: str, share: tuple[float, ...], usd_per_mwh: tuple[float, ...],
              shed_usd_per_mwh: float) -> list[str]:
    problems, over_missing = [], name == "missing_share"
    if len(share) != len(usd_per_mwh):
        problems.append(f"has {len(share)} shares in {name} for {len(usd_per_mwh)} prices")
    if share[:1] != (0.0,) or any(a >= b for a, b in pairwise((*share, 1.0))):
        problems.append(f"{name}={list(share)} must rise from 0 and stay below 1")
    rising = list(usd_per_mwh) if over_missing else list(reversed(usd_per_mwh))
    if any(a > b for a, b in pairwise(rising)):
        problems.append(f"usd_per_mwh={list(usd_per_mwh)} must not {'fall' if over_missing else 'rise'} along {name}: "
                        "more missing reserve never costs less")
    if min(rising, default=0.0) < 0.0:
        problems.append(f"usd_per_mwh={list(usd_per_mwh)} must not be below 0")
    if max(rising, default=0.0) > shed_usd_per_mwh:
        problems.append(f"has a price of {max(rising):g} $/MWh, above shed_usd_per_mwh={shed_usd_per_mwh:g}")
    return problems


@dataclass(frozen=True)
class ReserveCurve:
    """Steps of price over missing reserve as a share of the requirement; raises ReserveCurveError for others."""

    missing_share: tuple[float, ...]
    """Where each step begins: 0 first, rising, below 1. The last one holds to the whole requirement."""
    usd_per_mwh: tuple[float, ...]
    """Price of each further MW on that step, never falling."""

    def __post_init__(self) -> None:
        if problems := mistakes(self.missing_share, self.usd_per_mwh):
            raise ReserveCurveError("reserve curve: " + "; ".join(problems))

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
        # each step takes what lies between its begin and its end, so prices add up to the integral
        begin = np.outer(self.missing_share, requirement)
        return np.asarray(self.usd_per_mwh @ np.clip(missing - begin, 0.0, width), dtype=np.float64)
