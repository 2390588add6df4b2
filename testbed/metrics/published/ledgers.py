"""Figures of the three ledgers, of stored energy and what it is worth, and of how steady a run was.

The ledgers themselves are in `testbed.metrics.ledgers`. Adjusted twins value the change of stored energy at what
refilling costs in the run's own cheap charging steps: by fuel and carbon, by the tariff, or by both as the objective
weighs them.
"""

from __future__ import annotations

import numpy as np

from models.records.arrays import Floats
from testbed.metrics import ledgers
from testbed.metrics.inputs import Subject, charging_kw, is_served, objective_parameter
from testbed.metrics.published.cars import charged_mwh
from testbed.metrics.published.system import (
    carbon_cost_usd,
    fast_charge_cost_usd,
    fuel_cost_usd,
    imbalance_cost_usd,
    objective_usd,
    startup_cost_usd,
    tariff_payments_usd,
    total_cost_usd,
    uncalled_reserve_usd,
    wear_cost_usd,
)
from testbed.metrics.stored_value import eta_charge
from testbed.results.reading import Result

METRICS = Subject(place=30)
metric = METRICS.metric

LEDGERS = ("society_cost_usd", "society_cost_usd_adjusted", "owners_cost_usd", "owners_cost_usd_adjusted",
           "operator_cost_usd", "operator_cost_usd_adjusted")
MARGINAL_COST = "marginal_cost_usd_per_mwh"


def booked(result: Result) -> ledgers.Booked:
    """What the ledgers are made of."""
    return ledgers.Booked(
        fuel=fuel_cost_usd(result), startups=startup_cost_usd(result), carbon=carbon_cost_usd(result),
        imbalance=imbalance_cost_usd(result), wear=wear_cost_usd(result),
        fast_charging=fast_charge_cost_usd(result), tariff=tariff_payments_usd(result))


# ---------------------------------------------------------------- stored energy
@metric("stored_energy_change_mwh", "MWh",
        "energy in all batteries at the end less that at the start of counted time")
def stored_energy_change_mwh(result: Result) -> float:
    if not all(result.has_totals(d) for d in result.districts):
        return np.nan
    return float(sum((result.vehicle(d, "stored_end_kwh") - result.vehicle(d, "stored_start_kwh")).sum()
                     for d in result.districts)) / 1000


@metric("steadiness_percent", "%",
        "|stored_energy_change_mwh| over charged_mwh: above 2 % the run lives on its batteries or fills them")
def steadiness_percent(result: Result) -> float:
    return ledgers.steadiness_percent(stored_energy_change_mwh(result), charged_mwh(result))


@metric("stored_energy_usd_per_mwh", "USD/MWh",
        "refilling costs society: fuel and carbon of one more MWh of load (weights 1; curtailed power costs nothing), "
        "mean over the run's charging steps at the lowest charging tariff weighted by charging power (plain mean if "
        "nothing is charged), steps with load shed or power dumped left out, over eta_charge")
def stored_energy_usd_per_mwh(result: Result) -> float:
    return _refill(result, result.system(MARGINAL_COST)) if result.holds_system(MARGINAL_COST) else np.nan


@metric("stored_energy_owners_usd_per_mwh", "USD/MWh",
        "refilling costs owners: the charging tariff over the same steps, over eta_charge")
def stored_energy_owners_usd_per_mwh(result: Result) -> float:
    return _refill(result, 1000 * result.system("price_charge_usd_per_kwh"))


@metric("stored_energy_objective_usd_per_mwh", "USD/MWh",
        "refilling costs the objective: the system's price as weighted, and w2 times the tariff if "
        "tariff_in_objective, over the same steps, over eta_charge")
def stored_energy_objective_usd_per_mwh(result: Result) -> float:
    system = _refill(result, result.system("marginal_price_usd_per_mwh"))
    if not result.scenario["objective"]["tariff_in_objective"]:
        return system
    return system + objective_parameter(result, "weight_owners") * stored_energy_owners_usd_per_mwh(result)


def _refill(result: Result, price_usd_per_mwh: Floats) -> float:
    """The same steps for all prices and one efficiency for all cars: so the prices add up as the costs do."""
    charge_kw = charging_kw(result)
    steps = ledgers.refill_steps(result.system("price_charge_usd_per_kwh"), charge_kw, is_served(result))
    return ledgers.refill_usd_per_mwh(price_usd_per_mwh, charge_kw, steps, eta_charge(result, steps))


def refill(result: Result) -> ledgers.Refill:
    """What a MWh in the battery costs society and owners."""
    return ledgers.Refill(stored_energy_usd_per_mwh(result), stored_energy_owners_usd_per_mwh(result))


def stored_energy_value_usd(result: Result) -> float:
    """What the gain of stored energy is worth to society."""
    return stored_energy_change_mwh(result) * stored_energy_usd_per_mwh(result)


# ---------------------------------------------------------------- adjusted sums
@metric("total_cost_usd_adjusted", "USD",
        "total_cost_usd less stored_energy_change_mwh x stored_energy_usd_per_mwh: drained batteries "
        "are no saving", moved_by_gap=True)
def total_cost_usd_adjusted(result: Result) -> float:
    return _adjusted(result, total_cost_usd(result), refill(result).system)


@metric("objective_usd_adjusted", "USD",
        "objective_usd less stored_energy_change_mwh x stored_energy_objective_usd_per_mwh", moved_by_gap=True)
def objective_usd_adjusted(result: Result) -> float:
    return _adjusted(result, objective_usd(result), stored_energy_objective_usd_per_mwh(result))


# ---------------------------------------------------------------- the three ledgers
@metric("society_cost_usd", "USD",
        "society's ledger: fuel + start-ups + carbon + wear + imbalance + fast charging on the way at its price; "
        "owners_cost_usd + operator_cost_usd", moved_by_gap=True)
def society_cost_usd(result: Result) -> float:
    return ledgers.society_usd(booked(result))


@metric("society_cost_usd_adjusted", "USD",
        "society_cost_usd less stored_energy_change_mwh x stored_energy_usd_per_mwh", moved_by_gap=True)
def society_cost_usd_adjusted(result: Result) -> float:
    return _adjusted(result, society_cost_usd(result), refill(result).system)


@metric("society_cost_called_usd_adjusted", "USD",
        "society_cost_usd_adjusted less uncalled_reserve_usd: what it would at least be if reserve on cars were called "
        "before load is shed; NaN under other rules than `deliverable`", moved_by_gap=True)
def society_cost_called_usd_adjusted(result: Result) -> float:
    return society_cost_usd_adjusted(result) - uncalled_reserve_usd(result)


@metric("owners_cost_usd", "USD",
        "owners' ledger: tariff payments + wear + fast charging on the way; negative: owners earn", moved_by_gap=True)
def owners_cost_usd(result: Result) -> float:
    return ledgers.owners_usd(booked(result))


@metric("owners_cost_usd_adjusted", "USD",
        "owners_cost_usd less stored_energy_change_mwh x stored_energy_owners_usd_per_mwh", moved_by_gap=True)
def owners_cost_usd_adjusted(result: Result) -> float:
    return _adjusted(result, owners_cost_usd(result), refill(result).tariff)


@metric("operator_cost_usd", "USD",
        "operator's ledger: operating + carbon + imbalance - tariff payments", moved_by_gap=True)
def operator_cost_usd(result: Result) -> float:
    return ledgers.operator_usd(booked(result))


@metric("operator_cost_usd_adjusted", "USD",
        "operator_cost_usd less stored_energy_change_mwh x (stored_energy_usd_per_mwh - "
        "stored_energy_owners_usd_per_mwh)", moved_by_gap=True)
def operator_cost_usd_adjusted(result: Result) -> float:
    return _adjusted(result, operator_cost_usd(result), refill(result).operator)


def _adjusted(result: Result, cost_usd: float, usd_per_mwh: float) -> float:
    return ledgers.adjusted_usd(cost_usd, stored_energy_change_mwh(result), usd_per_mwh)
