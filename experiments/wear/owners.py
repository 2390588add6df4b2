"""What owners must be paid, found on one seed and tried on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.wear.figures import Offered
from models.records.arrays import Floats
from testbed.metrics.of_runs import half_width
from testbed.owners.compensation import SCHEMES, Compensation, combined, compensation, worse_off_share
from testbed.owners.statements import Statements

PROMISES = ((1.0, 0.99), (0.995, 0.99), (0.96, 0.95))
"""(share not worse off on the seed on which a rate is found, share promised for other seeds). A rate found for exactly
95 % leaves 5 % worse off on other seeds on average, so every second seed breaks the promise: hence the margin."""
COMBINED_PROMISE = 0.99


@dataclass(frozen=True)
class Tried:
    """One offer: what it costs on its own seed, and whom it leaves worse off elsewhere."""

    found: Compensation
    promised: float
    pays_shortfall: bool
    elsewhere: Floats
    """[seeds] share of the participants worse off; empty where the scheme can do it at no rate."""

    @property
    def label(self) -> str:
        return f"{self.found.scheme}{' + shortfall' if self.pays_shortfall else ''}"

    @property
    def kept(self) -> int:
        """Seeds on which the promise holds."""
        return int(np.count_nonzero(self.elsewhere <= 1 - self.promised + 1e-12))


def offers(own: Statements, base: Statements) -> list[tuple[Compensation, float, bool]]:
    """All offers found on one seed: (offer, promised share, whether shortfalls are paid apart)."""
    alone = [(compensation(scheme, own, base), PROMISES[0][1], False) for scheme in SCHEMES]
    with_shortfall = [(compensation(scheme, own, base, fitted, pays_shortfall=True), promised, True)
                      for fitted, promised in PROMISES for scheme in SCHEMES]
    return [*alone, *with_shortfall, (combined(own, base), COMBINED_PROMISE, True)]


def tried(own: Statements, base: Statements, others: Sequence[tuple[Statements, Statements]]) -> list[Tried]:
    """Each offer, tried on pairs (run, its uncoordinated self) of other seeds."""
    return [Tried(found, promised, pays, np.array([worse_off_share(found.offer, *pair) for pair in others])
                  if found.is_possible else np.zeros(0)) for found, promised, pays in offers(own, base)]


def offer_rows(rows: Sequence[Tried], left_usd: Mapping[int, float]) -> list[tuple[str, ...]]:
    """A row per offer for the table; left_usd is what the payer keeps, by the offer's place."""
    return [(one.label, f"{one.found.share:.1%}", _rates(one.found), f"{one.found.paid_usd:,.0f}",
             f"{one.found.worse_off_before} of {one.found.participants}", str(one.found.worse_off_after),
             f"{left_usd[place]:,.0f}" if one.found.is_possible else "impossible", f"{1 - one.promised:.1%}",
             *_elsewhere(one)) for place, one in enumerate(rows)]


OFFER_HEAD = ("scheme", "share", "rate [$]", "paid [$]", "worse off before", "after", "left for the payer [$]",
              "promised: at most", "worse off on other seeds", "95 % interval of the mean", "worst seed",
              "seeds on which it holds")


def _rates(found: Compensation) -> str:
    if not found.is_possible:
        return "inf"
    if not np.isnan(found.rate_usd):
        return f"{found.rate_usd:.4g}"
    return "; ".join(f"{name} {rate:.4g}" for name, rate in found.offer.rates_usd.items() if rate > 0) or "0"


def _elsewhere(one: Tried) -> tuple[str, str, str, str]:
    if not one.elsewhere.size:
        return ("-", "-", "-", "-")
    return (f"{one.elsewhere.mean():.2%}", f"+- {half_width(one.elsewhere):.2%}", f"{one.elsewhere.max():.2%}",
            f"{one.kept} of {one.elsewhere.size}")


def seed_rows(rows: Sequence[Tried], seeds: Sequence[int]) -> list[tuple[str, ...]]:
    """A row per offer and seed."""
    return [(one.label, f"{one.found.share:.1%}", str(seed), f"{share:.6f}") for one in rows
            for seed, share in zip(seeds, one.elsewhere, strict=False)]


def shown_offers(rows: Sequence[Tried]) -> list[Offered]:
    """For the figure: the offers that were tried on other seeds."""
    return [Offered(f"{one.label}, {one.found.share:.1%}", 100 * (1 - one.promised), 100 * float(one.elsewhere.mean()),
                    100 * half_width(one.elsewhere), 100 * float(one.elsewhere.max()))
            for one in rows if one.elsewhere.size]


SEED_HEAD = ("scheme", "share", "seed", "worse off")
