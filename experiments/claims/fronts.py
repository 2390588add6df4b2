"""Fronts of fuel cost against emissions on one day's plan, under both sets of emission curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from controllers.temporal.pareto import Front, FrontSettings, ObjectiveName, pareto_front
from controllers.temporal.unit_commitment.problem import make_case
from controllers.temporal.unit_commitment.tuning import Tuning
from experiments.claims.objectives import EMISSIONS, with_emissions
from experiments.claims.plans import PlanJob, first_jobs, spread
from experiments.csv_rows import write_rows
from models.system.units import EmissionSet
from testbed.reporting.tables import print_table

SCENARIO, CONTROLLER = "paper_day", "temporal"
PAIR: tuple[ObjectiveName, ObjectiveName] = ("operating", "carbon")
SETTINGS = FrontSettings(points=4, mip_gap=2e-3)
HEAD = ("scenario", "emissions", "F1 operating $", "F2 owners $", "F3 curtailment $", "F4 carbon $", "CO2 t", "gap")


def measure(workers: int = 1) -> list[Front]:
    """A front for each set of emission curves, in the order of EMISSIONS."""
    job, = first_jobs([(SCENARIO, CONTROLLER, ())])
    return spread(front, [[job] * len(EMISSIONS), list(EMISSIONS)], workers)


def front(job: PlanJob, emissions: EmissionSet) -> Front:
    """Least operating cost for each of a few limits on emissions; every point has its own bound."""
    changed, tuning = with_emissions(job, emissions), Tuning()
    case = make_case(changed.knowledge, changed.view, "bidirectional", tuning.terminal_value_usd_per_mwh,
                     np.full(changed.knowledge.horizon_h, tuning.delivery_quantile))
    return pareto_front(case, *PAIR, SETTINGS)


def rows(fronts: Sequence[Front]) -> list[tuple[str, ...]]:
    """A line per point that no other one dominates."""
    return [(SCENARIO, emissions, *(f"{value:,.0f}" for value in point.costs_usd.values()), f"{point.carbon_t:,.0f}",
             f"{point.gap_rel:.1e}")
            for emissions, front in zip(EMISSIONS, fronts, strict=True) for point in front.points]


def report(folder: Path, workers: int) -> str:
    """Table to the screen and into the folder; returns a sentence on what a ton less costs."""
    fronts = measure(workers)
    print(f"fronts: {PAIR[0]} with {PAIR[1]} limited, plans of {SCENARIO}")
    print_table(HEAD, rows(fronts))
    write_rows(HEAD, rows(fronts), folder / "fronts.csv")
    return "; ".join(sentence(emissions, front) for emissions, front in zip(EMISSIONS, fronts, strict=True))


def sentence(emissions: EmissionSet, front: Front) -> str:
    """From the cheapest plan to the one with least emissions."""
    cheap = min(front.points, key=lambda p: p.costs_usd[PAIR[0]])
    clean = min(front.points, key=lambda p: p.carbon_t)
    tons, usd = cheap.carbon_t - clean.carbon_t, clean.costs_usd[PAIR[0]] - cheap.costs_usd[PAIR[0]]
    price = f", {usd / tons:,.1f} $/t" if tons > 0 else ""
    return f"{emissions} front: {tons:,.0f} t less cost {usd:,.0f} $ more{price}"
