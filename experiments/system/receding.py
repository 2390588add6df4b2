"""Hourly re-dispatch: how far the expected objective moves over a day, and what midnight's plan cannot deliver.

    python -m experiments.system.receding -o results/receding

All comply and are expected exactly, forecasts are the truth. Complete runs in the folder are reused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.csv_rows import write_rows
from experiments.runs import exit_code, results_of
from models.records.arrays import Floats
from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.tables import print_table
from testbed.results.reading import Result
from testbed.running.preflight import RESULTS, compare_request
from testbed.running.several_runs import jobs

FULL = ("drivers.profile=full", "planning.assumed_compliance=1")
KEPT = (*FULL, "planning.redispatch=hourly", "planning.expectation=perfect")
EXACT = (*KEPT, "system.reserve_rule=scheduled", "fleet.eta_charge=0.95", "fleet.eta_discharge=0.95",
         "fleet.slow_charger_curve=constant")
"""And the plan's chargers are the cars' own. Reserve does not hang on what the operator learns of drivers."""
SMALL = ("system.unit_scale=0.001", "profiles.load_peak_mw=1.5", "profiles.wind_capacity_mw=0.15",
         "profiles.pv_capacity_mw=0.1", "days=1", "step_s=3600", "planning.mip_gap=1e-3")
"""A system as small as the twenty cars of `smoke`."""
PRIVATE = tuple(f"districts.{i}.{kind}=0" for i in (0, 1) for kind in ("taxi", "government"))
LEAVE_FULL = "fleet.soc_wanted=[0.9,0.9]"
STILL_REL = 1e-7
"""A smaller change of the objective is none."""


@dataclass(frozen=True)
class Day:
    """A run whose expected objective is followed hour by hour."""

    scenario: str
    keys: tuple[str, ...]


DAYS: Mapping[str, Day] = {
    "study_day, `temporal`": Day("study_day", (*EXACT, "planning.horizon_h=36", "spatial.look_ahead_h=12",
                                               "planning.mip_gap=5e-4", "days=1")),
    "study_day, reserve by `deliverable`, chargers as measured": Day("study_day", (
        *KEPT, "planning.horizon_h=36", "spatial.look_ahead_h=12", "planning.mip_gap=5e-4", "days=1")),
    "small island, all cars": Day("smoke", (*EXACT, *SMALL)),
    "small island, private cars alone": Day("smoke", (*EXACT, *SMALL, *PRIVATE)),
    "small island, private cars that leave full": Day("smoke", (*EXACT, *SMALL, *PRIVATE, LEAVE_FULL)),
}
UNDELIVERED: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    "study_day": ("study_day", 1, ("smart_charging", "bilayer")), "placement_day": ("placement_day", 1, ("bilayer",)),
    "paper_day": ("paper_day", 1, ("bilayer",)), "smoke": ("smoke", 3, ("bilayer",))}
"""Scenario, seeds and controllers."""
RULES = ("none", "hourly")
DRIFT_HEAD = ("case", "objective at midnight [USD]", "largest change [USD]", "largest change", "still until hour")
UNDELIVERED_HEAD = ("scenario", "controller", "seed", *(f"redispatch {rule}" for rule in RULES),
                    *(f"cost {rule} [USD]" for rule in RULES))


def drift_row(name: str, expected_usd: Floats) -> tuple[object, ...]:
    """How far the plan's expected objective [hours] moves from midnight's, and the last hour before it moves at all."""
    change = np.abs(expected_usd - expected_usd[0])
    moved = np.flatnonzero(change > STILL_REL * abs(expected_usd[0]))
    return (name, float(expected_usd[0]), float(change.max()), float(change.max() / abs(expected_usd[0])),
            int(moved[0]) - 1 if moved.size else expected_usd.size - 1)


def drift(folder: Path, workers: int) -> list[tuple[object, ...]]:
    """A row per day."""
    rows = []
    for place, (name, day) in enumerate(DAYS.items()):
        result, = _results(folder / f"drift-{place}", day.scenario, ("temporal",), 1, day.keys, workers)
        rows.append(drift_row(name, result.system("expected_objective_usd")))
    return rows


def undelivered(folder: Path, workers: int) -> list[tuple[object, ...]]:
    """A row per scenario, controller and seed: energy of the targets that set-points could not ask for, and cost."""
    rows: list[tuple[object, ...]] = []
    for name, (scenario, seeds, controllers) in UNDELIVERED.items():
        by_rule = [_results(folder / f"{name}-{rule}", scenario, controllers, seeds, (
            *FULL, "planning.expectation=perfect", "days=1", f"planning.redispatch={rule}"), workers)
            for rule in RULES]
        for pair in zip(*by_rule, strict=True):
            figures = [compute_metrics(result) for result in pair]
            rows.append((name, pair[0].controller, pair[0].seed, *(f["not_delivered_share"] for f in figures),
                         *(f["total_cost_usd_adjusted"] for f in figures)))
    return rows


def _results(folder: Path, scenario: str, controllers: Sequence[str], seeds: int, keys: Sequence[str],
             workers: int) -> list[Result]:
    return results_of(jobs(compare_request(scenario, controllers, seeds, keys, None, folder)), workers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write both tables."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.receding", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "receding")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.output, chosen.workers))


def _run(folder: Path, workers: int) -> int:
    for name, head, rows in (("drift", DRIFT_HEAD, drift(folder, workers)),
                             ("undelivered", UNDELIVERED_HEAD, undelivered(folder, workers))):
        write_rows(head, rows, folder / f"{name}.csv")
        print_table(head, [[str(cell) for cell in row] for row in rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
