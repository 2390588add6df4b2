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

    terms: Compensation
    promised: float
    pays_shortfall: bool
    elsewhere: Floats
    """[seeds] share of the participants worse off; empty where the scheme can do it at no rate."""

    @property
    def label(self) -> str:
        return f"{self.terms.scheme}{' + shortfall' if self.pays_shortfall else ''}"

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
    return [Tried(offer, promised, pays, np.array([worse_off_share(offer.offer, *pair) for pair in others])
                  if offer.is_possible else np.zeros(0)) for offer, promised, pays in offers(own, base)]


def offer_rows(rows: Sequence[Tried], left_usd: Mapping[int, float]) -> list[tuple[str, ...]]:
    """A row per offer for the table; left_usd is what the payer keeps, by the offer's place."""
    return [(trial.label, f"{trial.terms.share:.1%}", _rates(trial.terms), f"{trial.terms.paid_usd:,.0f}",
             f"{trial.terms.worse_off_before} of {trial.terms.participants}", str(trial.terms.worse_off_after),
             f"{left_usd[place]:,.0f}" if trial.terms.is_possible else "impossible", f"{1 - trial.promised:.1%}",
             *_elsewhere(trial)) for place, trial in enumerate(rows)]


OFFER_HEAD = ("scheme", "share", "rate [$]", "paid [$]", "worse off before", "after", "left for the payer [$]",
              "promised: at most", "worse off on other seeds", "95 % interval of the mean", "worst seed",
              "seeds on which it holds")


def _rates(offer: Compensation) -> str:
    if not offer.is_possible:
        return "inf"
    if not np.isnan(offer.rate_usd):
        return f"{offer.rate_usd:.4g}"
    return "; ".join(f"{name} {rate:.4g}" for name, rate in offer.offer.rates_usd.items() if rate > 0) or "0"


def _elsewhere(trial: Tried) -> tuple[str, str, str, str]:
    if not trial.elsewhere.size:
        return ("-", "-", "-", "-")
    return (f"{trial.elsewhere.mean():.2%}", f"+- {half_width(trial.elsewhere):.2%}", f"{trial.elsewhere.max():.2%}",
            f"{trial.kept} of {trial.elsewhere.size}")


def seed_rows(rows: Sequence[Tried], seeds: Sequence[int]) -> list[tuple[str, ...]]:
    """A row per offer and seed."""
    return [(trial.label, f"{trial.terms.share:.1%}", str(seed), f"{share:.6f}") for trial in rows
            for seed, share in zip(seeds, trial.elsewhere, strict=False)]


def shown_offers(rows: Sequence[Tried]) -> list[Offered]:
    """For the figure: the offers that were tried on other seeds."""
    return [Offered(f"{trial.label}, {trial.terms.share:.1%}", 100 * (1 - trial.promised),
                    100 * float(trial.elsewhere.mean()), 100 * half_width(trial.elsewhere),
                    100 * float(trial.elsewhere.max()))
            for trial in rows if trial.elsewhere.size]


SEED_HEAD = ("scheme", "share", "seed", "worse off")
