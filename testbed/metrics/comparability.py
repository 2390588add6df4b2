"""What must stand beside costs before anyone compares them: the same service, steady batteries, what was optimised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from models.records.objective import Objective
from testbed.metrics.numbers import readable
from testbed.metrics.published.ledgers import steadiness_percent
from testbed.results.layout import FIGURES_KEPT
from testbed.results.reading import Result

BASE = "uncoordinated"
"""Controller from which differences are taken, if it was run: the same cars, charging on their own."""
STEADY_PERCENT = 2.0
"""A run whose stored energy changes by more of what it charged is no steady day."""
EQUAL_SERVICE_KWH = 1.0
"""Services that differ by less are called equal."""
SERVICE = {"departures_short_kwh": 1.0, "fast_charged_mwh": 1000.0}
"""Figures of service, with kWh in one unit of each: missing at departures, fast-charged on the way."""
EQUAL = ""
NOT_EQUAL_MARK = "†"
WEIGHTS = Objective().names


# ---------------------------------------------------------------- whom to compare with
def base_controller(controllers: Iterable[str]) -> str:
    """`uncoordinated` if it is there, else the first; empty without any."""
    names = list(controllers)
    return BASE if BASE in names else next(iter(names), "")


def base_text(base: str) -> str:
    """Words for a table's note: the base of the differences, and whether the usual one is missing."""
    return base if base == BASE else f"{base} ({BASE}, the usual base, is not among the runs)"


# ---------------------------------------------------------------- service
def service_text(difference: Mapping[str, float]) -> str:
    """Differences of service from the base, by figure of SERVICE; empty where all are below a kWh."""
    missing_kwh, fast_kwh = (difference[name] * kwh for name, kwh in SERVICE.items())
    if not np.isfinite([missing_kwh, fast_kwh]).all():
        return "service unknown"
    if max(abs(missing_kwh), abs(fast_kwh)) < EQUAL_SERVICE_KWH:
        return EQUAL
    return (f"{readable(missing_kwh, 4, '+')} kWh missing at departures, "
            f"{readable(fast_kwh, 4, '+')} kWh fast-charged on the way")


def serves_no_cars(figures: Mapping[str, float]) -> bool:
    """A run without cars."""
    return figures["charged_mwh"] == 0 and figures["driven_mwh"] == 0


# ---------------------------------------------------------------- steadiness
def steadiness_warnings(results: Sequence[Result]) -> list[str]:
    """A sentence for each run whose batteries end fuller or emptier than a steady day allows."""
    warnings = []
    for result in results:
        percent = _steadiness_percent(result)
        if percent > STEADY_PERCENT:
            warnings.append(f"{result.controller}, seed {result.seed}: not a steady day, stored energy changes by "
                            f"{readable(percent, 3)} % of what is charged (above {STEADY_PERCENT:g} %); "
                            "compare adjusted figures, and those with care")
    return warnings


def _steadiness_percent(result: Result) -> float:
    kept = result.kept_figures
    return steadiness_percent(result) if kept is None else kept["steadiness_percent"]


# ---------------------------------------------------------------- what was optimised
def objective_text(result: Result) -> str:
    """The objective of the scenario in words: weights, and whether tariff payments count."""
    objective = result.scenario["objective"]
    weights = ", ".join(f"{name} {objective[f'weight_{name}']:g}" for name in WEIGHTS)
    counted = "counted" if objective["tariff_in_objective"] else "not counted"
    return f"weights {weights}; tariff payments {counted}; {_nearest_ledger(objective)}"


def _nearest_ledger(objective: Mapping[str, float]) -> str:
    operating, owners, carbon = (objective[f"weight_{name}"] for name in ("operating", "owners", "carbon"))
    if objective["tariff_in_objective"]:
        alone = operating == carbon == 0 and owners > 0
        return "the owners' ledger" if alone else "no ledger: tariffs count as a cost and as no one's income"
    return "society's ledger" if operating == owners == carbon > 0 else "no ledger: society's at unequal weights"


def optimised(result: Result) -> str:
    """Who was planned by the objective: `units and cars`, `units`, or `nobody` where no plan was made."""
    if FIGURES_KEPT in result.attributes:
        return str(result.attributes[FIGURES_KEPT])
    if not result.plan_count:
        return "nobody"
    cars = any(np.nansum(np.abs(result.district(d, f"plan_{name}"))) > 0
               for d in result.districts for name in ("pc_kw", "pd_kw"))
    return "units and cars" if cars else "units"


def optimised_text(result: Result) -> str:
    """Who was planned by which objective, in a line."""
    return f"{optimised(result)} by {objective_text(result)}"
