"""Costs by item, and what they differ by."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.charts import Chart, bar_chart
from testbed.reporting.drawn_runs import Run, base_and_others
from testbed.reporting.figure import ReportFigure

COSTS = (("fuel", "fuel_cost_usd"), ("start-ups", "startup_cost_usd"), ("carbon", "carbon_cost_usd"),
         ("wear", "wear_cost_usd"), ("imbalance", "imbalance_cost_usd"),
         ("fast charging", "fast_charge_cost_usd"), ("curtailment penalty", "curtailment_penalty_usd"),
         ("tariff payments", "tariff_payments_usd"))
"""Items of the ledgers and the objectives; the penalty is in no ledger, the last is a transfer."""


def costs(runs: Sequence[Run]) -> list[Chart]:
    """Items of the objectives, unweighted, stacked."""
    figures = [compute_metrics(run.result) for run in runs]
    parts = [(name, [f[key] for f in figures]) for name, key in COSTS]
    return [bar_chart("Costs by item", "Unweighted. Tariff payments are a transfer from owners (negative: owners earn) "
                      "and no part of society's ledger, nor is the curtailment penalty.", "cost [USD]",
                      [run.name for run in runs], parts)]


def cost_differences(runs: Sequence[Run]) -> list[Chart]:
    """The same against the base controller."""
    if len(runs) < 2:
        return []
    against, others = base_and_others(runs)
    base, figures = compute_metrics(against.result), [compute_metrics(run.result) for run in others]
    parts = [(name, [f[key] - base[key] for f in figures]) for name, key in COSTS]
    return [bar_chart(f"Cost differences from {against.name}", f"Left of zero: cheaper than {against.name}. "
                      "First seed only, stored energy not valued, service not looked at: see the ledgers.",
                      "difference [USD]", [run.name for run in others], parts)]


FIGURES = (
    ReportFigure("costs", "costs", 10, "items of the objectives, unweighted", draw=costs),
    ReportFigure("cost_differences", "costs", 20,
                 "the same less the base controller's, with two controllers or more", draw=cost_differences),
)
