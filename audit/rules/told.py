"""Figures that somebody made of the run, held against those that the series give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.figures import figures
from audit.finding import Check, holds, same
from audit.registry import rule
from audit.run import Run

NOT_FROM_SERIES = ("solver_s", "wall_s")
"""What the run itself took."""


@rule("2.4")
def metrics(run: Run) -> Iterator[Check]:
    """Every published figure is what the series give by its definition."""
    told = run.told.get("metrics")
    if told is None:
        return
    right = figures(run)
    for name, value in told.items():
        if name in NOT_FROM_SERIES:
            continue
        if name not in right:
            yield holds(f"figure {name} is one that the audit knows", False, axis="run")
        elif np.isnan(right[name]) and name.startswith("planned_"):
            continue  # where wear has the price of a cell's model, the audit has none
        else:
            yield same(name, value, right[name], "", axis="run", rel=1e-8, absolute=1e-7)


@rule("2.5")
def ledgers(run: Run) -> Iterator[Check]:
    """Society bears what owners and operator bear together."""
    told = run.told.get("metrics")
    if told is None:
        return
    for end in ("", "_adjusted"):
        society, owners, operator = (float(told[f"{who}_cost_usd{end}"]) for who in ("society", "owners", "operator"))
        yield same(f"ledgers{end}", society, owners + operator, "USD", axis="run", absolute=1e-2)


@rule("2.5")
def statements(run: Run) -> Iterator[Check]:
    """What each owner is told adds up to the owners' ledger, stored energy and missing energy at their prices."""
    told = run.told.get("statements")
    if told is None or not run.has_totals:
        return
    worth = figures(run)["stored_energy_owners_usd_per_mwh"] / 1e3
    price = float(run.part("fleet")["shortfall_usd_per_kwh"])
    first = 0
    for d in run.districts:
        mine = slice(first, first + d("vehicle_class_index").size)
        first = mine.stop
        change = d("vehicle_stored_end_kwh") - d("vehicle_stored_start_kwh")
        right = (d("vehicle_tariff_usd") + d("vehicle_fast_charged_usd") + d("vehicle_wear_usd")
                 + d("vehicle_departure_short_kwh") * price - change * worth)
        yield same(f"{d.name}: net cost of vehicle", np.asarray(told)[mine], right, "USD", axis="vehicle")
