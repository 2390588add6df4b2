"""The lower layer's hourly decision: solver, everything, and their ratio.

    python benchmarks/lower_layer.py [SCENARIO ...]

One day of each scenario is run once, pro rata, to have real hours; each solver then decides the same 24 hours in turn.
`placement_day` is the 33-bus feeder with 27 periods and 103 cars without a voltage penalty, `paper_day` the same with
it, `study_day` has 24 periods, `smoke` 20 cars and 10 periods. `solve` is the solver with its set-up, `decision` adds
writing the problem; the AC replay and guidance are apart. `solves` counts programs per decision.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from controllers.spatial.branch_flow.decision import Decider
from experiments.feeder.hour_views import Hours, kept_hours
from models.records.arrays import Floats
from testbed.running.preflight import checked_scenario

ROUNDS = 3
SOLVERS: tuple[Literal["QOCO", "CLARABEL"], ...] = ("QOCO", "CLARABEL")
SCENARIOS = ("placement_day", "paper_day", "study_day", "smoke")


def real_hours(name: str) -> Hours:
    """24 decision hours of the scenario's feeder."""
    scenario = checked_scenario(name, ["days=1", "planning.mip_gap=0.005"])
    with tempfile.TemporaryDirectory() as folder:
        return kept_hours(scenario, 1, Path(folder) / "hours.h5")


def milliseconds(hours: Hours, solver: Literal["QOCO", "CLARABEL"]) -> tuple[Floats, float]:
    """(solve, decision, with replay) of each hour in ms, best of the rounds [hours, 3]; programs per decision."""
    decider = Decider(replace(hours.knowledge, solver=solver))
    decider.decide(hours.views[0])  # the first imports and learns what limits matter
    best, solves = np.full((len(hours.views), 3), np.inf), 0
    for _ in range(ROUNDS):
        for i, view in enumerate(hours.views):
            began = time.perf_counter()
            decision = decider.decide(view)
            took = (decision.solver_s, decision.solver_s + decision.compile_s, time.perf_counter() - began)
            best[i] = np.minimum(best[i], took)
            solves += decider.problem.solves
    return 1e3 * best, solves / (ROUNDS * len(hours.views))


def main(names: Sequence[str] = SCENARIOS) -> None:
    """Print milliseconds per decision: median over the hours of the best of three; and of all hours together."""
    print(f"{'scenario':14s} {'solver':10s} {'solve':>8s} {'decision':>9s} {'ratio':>6s} {'with replay':>12s} "
          f"{'24 hours':>9s} {'solves':>7s}   ms, medians of 24")
    for name in names:
        hours = real_hours(name)
        for solver in SOLVERS:
            taken, solves = milliseconds(hours, solver)
            solve_ms, decision_ms, whole_ms = np.median(taken, axis=0)
            print(f"{name:14s} {solver:10s} {solve_ms:8.1f} {decision_ms:9.1f} {decision_ms / solve_ms:6.3f} "
                  f"{whole_ms:12.1f} {taken[:, 1].sum():9.0f} {solves:7.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or SCENARIOS)
