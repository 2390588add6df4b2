"""What not knowing the future costs: a controller's objective less the oracle's on the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.metrics.registry import METRICS
from testbed.results.reading import Result
from testbed.setup.controller_loading import ORACLE

OBJECTIVE = METRICS["objective_usd_adjusted"]


def regret_of_runs(results: Sequence[Result]) -> list[tuple[Result, float]]:
    """(run, regret) of every run whose seed the oracle has run too; energy left in batteries is accounted for.

    Below twice the MILP gap it says nothing, and it may be negative: the oracle foresees load, wind, sun and stays,
    but plans the same linearised day for cohorts, and sees no feeder beforehand either.
    """
    best = {run.seed: float(OBJECTIVE.function(run)) for run in results if run.controller == ORACLE}
    return [(run, float(OBJECTIVE.function(run)) - best[run.seed]) for run in results if run.seed in best]


def regret_usd(results: Sequence[Result]) -> dict[str, float]:
    """Mean regret by controller over the seeds shared with the oracle; empty without one."""
    by_controller: dict[str, list[float]] = {}
    for run, value in regret_of_runs(results):
        by_controller.setdefault(run.controller, []).append(value)
    return {name: float(np.mean(values)) for name, values in by_controller.items()}
