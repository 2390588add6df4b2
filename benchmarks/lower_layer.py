"""The lower layer's hourly decision on the 33-bus feeder, 27 periods: solver, everything, and their ratio.

    python benchmarks/lower_layer.py

One day of `placement_day` is run once to have real hours; each solver then decides the same 24 hours in turn.
`solve` is the solver with its set-up, `decision` adds writing the problem; the AC replay and guidance are apart.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from controllers.spatial.branch_flow.decision import Decider
from experiments.hour_views import Hours, kept_hours
from testbed.preflight import checked_scenario

ROUNDS = 3
SOLVERS = ("QOCO", "CLARABEL")


def real_hours() -> Hours:
    """24 decision hours of 103 cars."""
    scenario = checked_scenario("placement_day", ["days=1"])
    with tempfile.TemporaryDirectory() as folder:
        return kept_hours(scenario, 1, Path(folder) / "hours.h5")


def main() -> None:
    """Print milliseconds per decision: median over the hours of the best of three."""
    hours = real_hours()
    print(f"{'solver':10s} {'solve':>8s} {'decision':>9s} {'ratio':>6s} {'with replay':>12s}   "
          f"ms, median of {len(hours.views)}")
    for solver in SOLVERS:
        decider = Decider(replace(hours.knowledge, solver=solver))
        decider.decide(hours.views[0])  # compiles the network
        best = np.full((len(hours.views), 3), np.inf)
        for _ in range(ROUNDS):
            for i, view in enumerate(hours.views):
                began = time.perf_counter()
                decision = decider.decide(view)
                took = (decision.solver_s, decision.solver_s + decision.compile_s, time.perf_counter() - began)
                best[i] = np.minimum(best[i], took)
        solve_ms, decision_ms, whole_ms = 1e3 * np.median(best, axis=0)
        print(f"{solver:10s} {solve_ms:8.1f} {decision_ms:9.1f} {decision_ms / solve_ms:6.3f} {whole_ms:12.1f}")


if __name__ == "__main__":
    main()
