"""Three ledgers of one run that add up: society's, the owners' and the system operator's.

What passes between owners and operator (tariffs) is in both of their ledgers and in society's not at all. Missing
energy at departures and the curtailment penalty are in none: they stand beside. All figures in USD; costs are
positive, earnings negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Bools, Floats


@dataclass(frozen=True)
class Booked:
    """What a run booked over counted time, USD."""

    fuel: float
    startups: float
    carbon: float
    imbalance: float
    """Load shed, power dumped and missing reserve at their prices."""
    wear: float
    fast_charging: float
    """On the way, at its price: a resource bought outside the system."""
    tariff: float
    """Paid by owners to the operator for charging less earned by discharging."""


def society_usd(booked: Booked) -> float:
    """Fuel + start-ups + carbon + wear + imbalance + fast charging on the way."""
    return (booked.fuel + booked.startups + booked.carbon + booked.wear + booked.imbalance + booked.fast_charging)


def owners_usd(booked: Booked) -> float:
    """Tariff net + wear + fast charging on the way."""
    return booked.tariff + booked.wear + booked.fast_charging


def operator_usd(booked: Booked) -> float:
    """Fuel + start-ups + carbon + imbalance - tariff net."""
    return booked.fuel + booked.startups + booked.carbon + booked.imbalance - booked.tariff


@dataclass(frozen=True)
class Refill:
    """Putting a MWh into batteries, USD per MWh in the battery, by who bears it; both of the same charging steps."""

    system: float
    """lambda / eta_c: fuel and carbon of one more MWh of load."""
    tariff: float
    """pi / eta_c: what owners pay for it."""

    @property
    def operator(self) -> float:
        """(lambda - pi) / eta_c: what it costs the operator beyond what owners pay."""
        return self.system - self.tariff


def refill_steps(tariff: Floats, charge_kw: Floats, is_served: Bools) -> Bools:
    """[T] steps in which missing energy would come back: the run's charging steps at the lowest tariff among them.

    A battery that ends lower is filled when that is cheap for its owner, not when a full one had to be topped up: days
    that follow bear it out (docs/results.md). Steps with load shed or power dumped (is_served [T] false) are left out:
    there the price is a penalty. All served steps at their lowest tariff where nothing is charged.
    """
    charging = is_served & (charge_kw > 0)
    steps = charging if charging.any() else is_served
    return np.asarray(steps & (tariff <= np.min(tariff[steps], initial=np.inf)))


def refill_usd_per_mwh(price_usd_per_mwh: Floats, charge_kw: Floats, steps: Bools, eta_charge: float) -> float:
    """Mean price [T] of these steps [T], weighted by charging power [T], over eta_charge.

    The plain mean where nothing is charged; NaN without a step.
    """
    if not steps.any():
        return float("nan")
    weight = charge_kw[steps]
    used = weight if weight.sum() > 0 else np.ones(weight.size)
    return float(np.average(price_usd_per_mwh[steps], weights=used)) / eta_charge


def adjusted_usd(cost_usd: float, stored_change_mwh: float, usd_per_mwh: float) -> float:
    """Cost less the change of stored energy at the price of refilling: drained batteries are no saving."""
    return cost_usd - stored_change_mwh * usd_per_mwh


def steadiness_percent(stored_change_mwh: float, charged_mwh: float) -> float:
    """|change of stored energy| over energy charged; NaN where nothing is charged."""
    return 100 * abs(stored_change_mwh) / charged_mwh if charged_mwh > 0 else float("nan")
