"""How controllers stand in a scenario: 0 is `uncoordinated`, 100 is `oracle`, on the ledger that is optimised there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from testbed.metrics.comparability import BASE, SERVICE, serves_no_cars, service_text
from testbed.metrics.of_runs import half_width
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import objective_of

ORACLE = "oracle"
NO_CARS = "no cars to serve"
Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Standing:
    """One controller in one scenario, over the league's seeds."""

    scenario: str
    ledger: str
    controller: str
    seeds: int
    saved_usd: float
    """Against `uncoordinated`, mean over seeds."""
    saved_ci95_usd: float
    score: float
    """100 x saved over what `oracle` saves; NaN where that is not resolved, or for who has no cars to serve."""
    service: str
    """How the service of cars differs; empty where it is equal."""


def ledger_of(scenario: Scenario) -> str:
    """The figure that `oracle` optimises there: society's or the owners' ledger where the objective is one of them."""
    weights, counted = objective_of(scenario), scenario.objective.tariff_in_objective
    operating, owners, carbon = weights.operating, weights.owners, weights.carbon
    if not counted and operating == owners == carbon > 0:
        return "society_cost_usd_adjusted"
    if counted and operating == carbon == 0 < owners:
        return "owners_cost_usd_adjusted"
    return "objective_usd_adjusted"


def standings(scenario: str, ledger: str, runs: Mapping[str, Mapping[int, Figures]]) -> list[Standing]:
    """Rows of all controllers, the best first, who serves nobody last; `runs` are figures by controller and seed."""
    base, oracle = runs[BASE], runs.get(ORACLE, {})
    best = _saved(base, oracle, ledger)
    is_resolved = best.size > 0 and best.mean() >= max(_resolution(base, oracle), _half(best)) > 0
    rows = [_row(scenario, ledger, name, base, own, float(best.mean()) if is_resolved else np.nan)
            for name, own in runs.items()]
    return sorted(rows, key=lambda row: (
        row.service == NO_CARS, -row.saved_usd if np.isfinite(row.saved_usd) else np.inf, row.controller))


def _row(scenario: str, ledger: str, name: str, base: Mapping[int, Figures], own: Mapping[int, Figures],
         best_usd: float) -> Standing:
    saved = _saved(base, own, ledger)
    mean = float(saved.mean()) if saved.size else np.nan
    service = _service(base, own)
    # the cost of a system without cars is no achievement of a controller
    score = np.nan if service == NO_CARS else 100 * mean / best_usd
    return Standing(scenario, ledger, name, saved.size, mean, half_width(saved), score, service)


def _saved(base: Mapping[int, Figures], own: Mapping[int, Figures], ledger: str) -> np.ndarray:
    """[seeds that both have] USD."""
    pairs = [(base[seed][ledger], own[seed][ledger]) for seed in sorted(base.keys() & own.keys())]
    return np.array([first - second for first, second in pairs if first is not None and second is not None])


def _half(saved: np.ndarray) -> float:
    half = half_width(saved)
    return half if np.isfinite(half) else 0.0


def _resolution(*runs: Mapping[int, Figures]) -> float:
    """Twice the largest gap of the plans in USD: what a difference has to pass to say anything; above 0."""
    gaps = [2 * (figures.get("plan_gap_max_rel") or 0.0) * abs(figures.get("objective_usd") or 0.0)
            for by_seed in runs for figures in by_seed.values()]
    return max([*gaps, 1e-9])


def _service(base: Mapping[int, Figures], own: Mapping[int, Figures]) -> str:
    seeds = sorted(base.keys() & own.keys())
    if seeds and all(serves_no_cars({name: value or 0.0 for name, value in own[seed].items()}) for seed in seeds):
        return NO_CARS
    means = {name: float(np.mean([(own[seed][name] or 0.0) - (base[seed][name] or 0.0) for seed in seeds]))
             if seeds else np.nan for name in SERVICE}
    return service_text(means)


# ---------------------------------------------------------------- the page
HEAD = """# League

Saved: less than `uncoordinated` on the same seeds ({seeds}), mean and half of its 95 % interval, on the ledger that
`oracle` optimises there. Score: 0 is `uncoordinated`, 100 is `oracle`; a dash where the difference between the two is
not resolved (below twice the gap of the plans, or within its interval), and for who has no cars to serve.
"""


def page(rows: Sequence[Standing], seeds: Sequence[int]) -> str:
    """Markdown: one table over all scenarios, then one each."""
    parts = [HEAD.format(seeds=", ".join(map(str, seeds))), _overall(rows)]
    for scenario in dict.fromkeys(row.scenario for row in rows):
        own = [row for row in rows if row.scenario == scenario]
        parts.append(f"## {scenario}\n\nLedger: `{own[0].ledger}`.\n\n"
                     "| controller | score | saved, USD | ± | service |\n| --- | --- | --- | --- | --- |\n"
                     + "\n".join(f"| `{row.controller}` | {_number(row.score, 1)} | {_number(row.saved_usd, 2)} | "
                                 f"{_number(row.saved_ci95_usd, 2)} | {row.service or 'equal'} |" for row in own))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _overall(rows: Sequence[Standing]) -> str:
    """Mean score over the scenarios in which there is one."""
    scores: dict[str, list[float]] = {}
    for row in rows:
        if np.isfinite(row.score):
            scores.setdefault(row.controller, []).append(row.score)
    ordered = sorted(scores.items(), key=lambda item: (-float(np.mean(item[1])), item[0]))
    return ("| controller | score, mean | scenarios |\n| --- | --- | --- |\n"
            + "\n".join(f"| `{name}` | {_number(float(np.mean(own)), 1)} | {len(own)} |" for name, own in ordered))


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"
