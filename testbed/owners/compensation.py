"""What must be paid so that no participant is worse off, who pays it, and whether the system still gains.

A scheme pays each participating owner a rate times a base (kWh given, hours plugged in, the day itself, the
wear booked). The smallest rate under which a stated share of the participants is not worse off is an order
statistic of harm / base: no solver is needed, and the answer is exact. What is missing at departures may be paid
first, at its own price; of several bases together the cheapest offer is a linear program.
The payer is the system operator (the aggregator): its budget is what it saves in fuel, start-ups, carbon and
imbalance, and what owners pay it in tariffs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from models.records.arrays import Bools, Floats
from testbed.metrics.published.ledgers import stored_energy_value_usd
from testbed.metrics.published.system import (
    carbon_cost_usd,
    imbalance_cost_usd,
    operating_cost_usd,
    tariff_payments_usd,
)
from testbed.owners.statements import Statements, change_usd, owner_statements
from testbed.results.reading import Result

TOLERANCE_USD = 1e-9
"""Rounding allowed before an owner counts as worse off."""

SCHEMES: Mapping[str, Callable[[Statements], Floats]] = {
    "per_kwh_discharged": lambda s: s.sold_kwh,
    "per_plugged_hour": lambda s: s.plugged_h,
    "availability_fee": lambda s: np.ones(s.count),
    "wear_indexed": lambda s: s.wear_usd,
}
"""What one unit of each scheme's rate is paid for, [V]."""
BASES: Mapping[str, Callable[[Statements], Floats]] = {**SCHEMES, "per_kwh_charged": lambda s: s.bought_kwh}
"""What a combined offer may pay for."""


@dataclass(frozen=True)
class Offer:
    """What an owner who takes part is paid."""

    rates_usd: Mapping[str, float]
    """Per unit of each base, by its name in BASES."""
    pays_shortfall: bool = False
    """true: what is missing at departures is made good first, at the owner's own price."""

    def payment_usd(self, statements: Statements) -> Floats:
        """[V] to each car, taken as a participant."""
        paid = statements.shortfall_usd if self.pays_shortfall else np.zeros(statements.count)
        return np.asarray(paid + sum(rate * BASES[name](statements) for name, rate in self.rates_usd.items()))


@dataclass(frozen=True)
class Compensation:
    """The smallest payment of one scheme for one run."""

    scheme: str
    share: float
    """Of the participants that must not be worse off."""
    rate_usd: float
    """Per unit of the base; inf where no rate of this scheme can do it, nan where an offer has several."""
    paid_usd: float
    participants: int
    worse_off_before: int
    worse_off_after: int
    """At this rate; above 0 only where share < 1 or the rate is inf (then without any payment)."""
    offer: Offer = Offer({})

    @property
    def is_possible(self) -> bool:
        return not np.isinf(self.rate_usd)


@dataclass(frozen=True)
class Budget:
    """What the payer gains over the base run, USD; positive is good for it."""

    saved_usd: float
    """Fuel, start-ups, carbon and imbalance, with the system's cost of refilling batteries that ended lower."""
    tariff_usd: float
    """More (or less) tariff received from owners."""
    refill_usd: float
    """Tariff still to come from owners whose batteries ended lower; what the statements charge them for it."""

    @property
    def before_payment_usd(self) -> float:
        return self.saved_usd + self.tariff_usd + self.refill_usd

    def after(self, paid_usd: float) -> float:
        """What is left when the compensation is paid; below 0 the scheme needs money from outside."""
        return self.before_payment_usd - paid_usd


def smallest_rate(harm_usd: Floats, base: Floats, share: float = 1.0) -> float:
    """Smallest rate >= 0 at which harm - rate x base <= 0 for at least `share` of all rows; inf if there is none.

    harm_usd [N] is the change of the net cost, base [N] >= 0 what the rate is paid for.
    """
    if not harm_usd.size:
        return 0.0
    needed = np.where(harm_usd <= TOLERANCE_USD, 0.0, np.inf)
    can = (harm_usd > TOLERANCE_USD) & (base > 0)
    needed[can] = harm_usd[can] / base[can]
    rank = int(np.ceil(share * harm_usd.size - 1e-9))
    return float(np.sort(needed)[rank - 1]) if rank > 0 else 0.0


def participants(statements: Statements) -> Bools:
    """[V] owners under contract with a charger that can give back: those whom V2G may hurt."""
    return statements.is_enrolled & statements.is_bidirectional


def compensation(scheme: str, statements: Statements, baseline: Statements, share: float = 1.0,
                 pays_shortfall: bool = False) -> Compensation:
    """The smallest payment of that scheme under which `share` of the participants is not worse off.

    pays_shortfall: what is missing at departures is paid apart, at its price, and the rate is for the rest.
    """
    mask = participants(statements)
    first_usd = Offer({}, pays_shortfall).payment_usd(statements)
    harm = (change_usd(statements, baseline) - first_usd)[mask]
    rate = smallest_rate(harm, SCHEMES[scheme](statements)[mask], share)
    offer = Offer({scheme: rate}, pays_shortfall) if np.isfinite(rate) else Offer({})
    return _judged(scheme, share, rate, offer, statements, baseline)


def combined(statements: Statements, baseline: Statements) -> Compensation:
    """The cheapest offer of all bases together, shortfall paid first, under which no participant is worse off.

    A linear program: least total payment, rates >= 0, each participant's payment at least its harm.
    """
    mask = participants(statements)
    first_usd = Offer({}, True).payment_usd(statements)
    harm = (change_usd(statements, baseline) - first_usd)[mask]
    bases = np.stack([base(statements)[mask] for base in BASES.values()], axis=1)
    hurt = harm > TOLERANCE_USD
    if not hurt.any():
        return _judged("combined", 1.0, np.nan, Offer({}, True), statements, baseline)
    solution = linprog(bases.sum(axis=0), A_ub=-bases[hurt], b_ub=-harm[hurt], bounds=(0, None), method="highs")
    if solution.x is None:
        raise RuntimeError(f"compensation: the solver of the combined offer says {solution.message}")
    # The solver's feasibility tolerance must not leave anybody short: every rate is a little higher.
    short = np.max(harm[hurt] / np.maximum(bases[hurt] @ solution.x, TOLERANCE_USD))
    rates = np.asarray(solution.x * max(float(short), 1.0), dtype=np.float64)
    offer = Offer({name: float(rate) for name, rate in zip(BASES, rates, strict=True)}, True)
    return _judged("combined", 1.0, np.nan, offer, statements, baseline)


def _judged(scheme: str, share: float, rate: float, offer: Offer, statements: Statements, baseline: Statements
            ) -> Compensation:
    mask = participants(statements)
    harm, paid = change_usd(statements, baseline)[mask], offer.payment_usd(statements)[mask]
    return Compensation(scheme, share, rate, float(paid.sum()), int(mask.sum()), worse_off(harm, 0.0 * paid),
                        worse_off(harm, paid), offer)


def make_whole_usd(statements: Statements, baseline: Statements) -> float:
    """Sum of the participants' harms: no offer that leaves no participant worse off can cost less."""
    return float(np.maximum(change_usd(statements, baseline)[participants(statements)], 0.0).sum())


def worse_off(harm_usd: Floats, paid_usd: Floats) -> int:
    """Owners left with a loss."""
    return int(np.count_nonzero(harm_usd - paid_usd > TOLERANCE_USD))


def worse_off_share(offer: Offer, statements: Statements, baseline: Statements) -> float:
    """Share of the participants of another run (another seed) worse off at an offer found before."""
    mask = participants(statements)
    harm = change_usd(statements, baseline)[mask]
    return worse_off(harm, offer.payment_usd(statements)[mask]) / max(harm.size, 1)


def budget(result: Result, base: Result) -> Budget:
    """The payer's budget of a run against a base run of the same seed."""
    def cost(result: Result) -> float:
        return (operating_cost_usd(result) + carbon_cost_usd(result) + imbalance_cost_usd(result)
                - stored_energy_value_usd(result))

    refill = owner_statements(base).stored_usd.sum() - owner_statements(result).stored_usd.sum()
    return Budget(cost(base) - cost(result), tariff_payments_usd(result) - tariff_payments_usd(base), float(refill))


# ---------------------------------------------------------------- break-even
def break_even_usd_per_kwh(wear_usd_per_kwh: Floats, charge_usd_per_kwh: float, eta_charge: float,
                           eta_discharge: float) -> Floats:
    """Price per kWh at the charger above which giving energy back pays: (pi_ch / eta_c + wear) / eta_d (C)."""
    return np.asarray((charge_usd_per_kwh / eta_charge + wear_usd_per_kwh) / eta_discharge, dtype=np.float64)
