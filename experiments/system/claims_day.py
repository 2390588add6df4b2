"""The claim of nine hours with fewer units: no_pev, uncoordinated, smart_charging and bilayer on `claims_day`.

    python -m experiments.system.claims_day --seeds 5

Prints means over seeds with paired 95 % intervals against no_pev and against uncoordinated, the MILP gap beside
each cost difference, and the hours with fewer units on. On claims_day the exit code is 1 unless the adjusted total
cost orders bilayer < smart_charging < uncoordinated; other scenarios (--scenario paper_day) are reported only.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from experiments.runs import exit_code, results_of
from models.records.arrays import Ints
from testbed.metrics.inputs import units_on_per_hour
from testbed.metrics.of_runs import compare_table, compute_metrics, half_width, resolution_usd
from testbed.metrics.registry import METRICS
from testbed.reporting.tables import number, print_table
from testbed.results.reading import Result
from testbed.running.preflight import compare_request
from testbed.running.several_runs import jobs

SCENARIO = "claims_day"
CONTROLLERS = ("no_pev", "uncoordinated", "smart_charging", "bilayer")
BASES = ("no_pev", "uncoordinated")
FIGURES = ("total_cost_usd_adjusted", "total_cost_usd", "operating_cost_usd", "startup_cost_usd",
           "imbalance_cost_usd", "stored_energy_change_mwh", "unit_hours", "charged_mwh", "discharged_mwh",
           "not_delivered_share")
COST = "total_cost_usd_adjusted"
ORDER = ("bilayer", "smart_charging", "uncoordinated")
"""Cheapest first, as claimed."""
EXPECTED_USD: Mapping[str, float] = {"bilayer": 569_314.0, "uncoordinated": 581_073.0}
"""Plans found before building (C): cyclic energy, and cars outside control."""
BY_SEED = Mapping[str, Mapping[int, Result]]


# ---------------------------------------------------------------- hours with fewer units
@dataclass(frozen=True)
class FewerUnits:
    """Hours in which a controller has fewer units on than the base, over S seeds."""

    controller: str
    base: str
    seeds: int
    hours_per_seed: Ints
    """[S]"""
    seeds_per_hour: Ints
    """[H] in how many seeds the hour counts."""

    @property
    def text(self) -> str:
        """Hours that count in every seed, then those that count in some, e.g. `h9-14; in some seeds h20`."""
        always = hour_ranges(np.flatnonzero(self.seeds_per_hour == self.seeds) + 1)
        some = hour_ranges(np.flatnonzero((self.seeds_per_hour > 0) & (self.seeds_per_hour < self.seeds)) + 1)
        return (always or "none") + (f"; in some seeds {some}" if some else "")


def fewer_units(controller: str, base: str, runs: BY_SEED) -> FewerUnits:
    """From the units that were on, seed by seed; an hour counts the most units of any of its steps."""
    seeds = [seed for seed in runs[controller] if seed in runs[base]]
    fewer = np.stack([units_on_per_hour(runs[controller][seed]) < units_on_per_hour(runs[base][seed])
                      for seed in seeds])
    return FewerUnits(controller, base, len(seeds), fewer.sum(axis=1), fewer.sum(axis=0))


def hour_ranges(hours: Ints) -> str:
    """Hours counted from 1, rising, as people write them: [9, 10, 11, 20] -> `h9-11, h20`; empty if none."""
    runs = np.split(hours, np.flatnonzero(np.diff(hours) > 1) + 1) if hours.size else []
    return ", ".join(f"h{run[0]}-{run[-1]}" if run.size > 1 else f"h{run[0]}" for run in runs)


def hours_in(ranges: str) -> list[int]:
    """The hours that people mean: `h9-11, h20` -> [9, 10, 11, 20]; none where there are no digits."""
    spans = [[int(end) for end in re.findall(r"\d+", part)] for part in ranges.split(",")]
    return [hour for span in spans if span for hour in range(span[0], span[-1] + 1)]


# ---------------------------------------------------------------- costs
@dataclass(frozen=True)
class Difference:
    """A figure of a controller less that of the base, mean of paired seeds."""

    figure: str
    controller: str
    base: str
    mean: float
    """Of the controller itself."""
    difference: float
    ci95: float
    """Half width (Student); NaN with one seed."""
    gap_usd: float
    """Largest proven MILP gap of the runs compared, in USD."""
    note: str
    """`not resolved` (below twice the gap), `interval holds 0`, `one seed`, or empty."""


def differences(runs: BY_SEED, base: str, figures: Sequence[str] = FIGURES) -> list[Difference]:
    """All controllers against the base."""
    ordered = [base, *(name for name in runs if name != base)]
    results = [result for name in ordered for result in runs[name].values()]
    gap = {name: max(resolution_usd(result) / 2 for result in runs[name].values()) for name in runs}
    return [Difference(row.metric, row.controller, base, row.mean, row.difference_mean, row.difference_ci95,
                       max(gap[row.controller], gap[base]), row.note)
            for row in compare_table(results, figures, base)]


def ordered_as_claimed(mean_usd: Mapping[str, float]) -> tuple[bool, str]:
    """Does the mean cost rise along ORDER? With the chain as found."""
    chain = " < ".join(f"{name} {mean_usd[name]:,.0f}" for name in sorted(ORDER, key=lambda name: mean_usd[name]))
    return all(mean_usd[a] < mean_usd[b] for a, b in pairwise(ORDER)), chain


def by_controller(results: Sequence[Result]) -> dict[str, dict[int, Result]]:
    """Results by controller and seed."""
    runs: dict[str, dict[int, Result]] = {}
    for result in results:
        runs.setdefault(result.controller, {})[result.seed] = result
    return runs


# ---------------------------------------------------------------- tables
def print_claims(runs: BY_SEED) -> bool:
    """All tables to the screen; True if the order holds."""
    versus = {base: {(d.figure, d.controller): d for d in differences(runs, base)} for base in BASES}
    rows = []
    for figure in FIGURES:
        for controller in runs:
            cells = [versus[base][figure, controller] for base in BASES]
            gap = number(max(cell.gap_usd for cell in cells)) if METRICS[figure].unit == "USD" else ""
            rows.append((figure, METRICS[figure].unit, controller, number(cells[0].mean),
                         *(cell_text(cell) for cell in cells), gap))
    print_table(("figure", "unit", "controller", "mean", *(f"minus {base}" for base in BASES), "MILP gap $"), rows,
                right=("mean", "MILP gap $"))
    print_table(("controller", "against", "hours with fewer units", "which"),
                [(name, base, mean_text(claim.hours_per_seed), claim.text) for base in BASES for name in runs
                 if name != base for claim in (fewer_units(name, base, runs),)])
    for name, expected in EXPECTED_USD.items():
        cost = versus[BASES[0]]["operating_cost_usd", name].mean
        print(f"{name}: operating cost {cost:,.0f} $, plan found before building {expected:,.0f} $, "
              f"difference {cost - expected:+,.0f} $")
    return print_order(runs)


def print_order(runs: BY_SEED) -> bool:
    """The claimed order, and each step of it with its interval."""
    holds, chain = ordered_as_claimed({name: mean_cost(runs[name]) for name in ORDER})
    print(f"{COST}: {chain}: the order {' < '.join(ORDER)} {'holds' if holds else 'does not hold'}")
    for cheaper, dearer in pairwise(ORDER):
        seeds = [seed for seed in runs[cheaper] if seed in runs[dearer]]
        gain = np.array([compute_metrics(runs[dearer][seed])[COST] - compute_metrics(runs[cheaper][seed])[COST]
                         for seed in seeds])
        gap = max(resolution_usd(runs[name][seed]) / 2 for name in (cheaper, dearer) for seed in seeds)
        resolved = "resolved" if abs(gain.mean()) >= 2 * gap else "not resolved (below twice the gap)"
        print(f"  {dearer} - {cheaper}: {gain.mean():,.1f} ± {number(half_width(gain))} $, MILP gap {gap:,.1f} $: "
              f"{resolved}")
    rest = {name: mean_cost(runs[name]) - mean_of(runs[name], "imbalance_cost_usd") for name in ORDER}
    also, chain = ordered_as_claimed(rest)
    print(f"for information, without imbalance_cost_usd: {chain}: the order {'holds' if also else 'does not hold'}")
    return holds


def mean_cost(runs: Mapping[int, Result]) -> float:
    """Mean adjusted total cost over seeds."""
    return mean_of(runs, COST)


def mean_of(runs: Mapping[int, Result], figure: str) -> float:
    """Mean of a figure over seeds."""
    return float(np.mean([METRICS[figure].function(result) for result in runs.values()]))


def cell_text(cell: Difference) -> str:
    """A difference with its interval and note; empty against itself."""
    if cell.controller == cell.base:
        return ""
    interval = f" ± {number(cell.ci95)}" if np.isfinite(cell.ci95) else ""
    return f"{cell.difference:+,.6g}{interval}" + (f" ({cell.note})" if cell.note else "")


def mean_text(hours_per_seed: Ints) -> str:
    """Mean, and the seeds' values where they differ."""
    mean = f"{hours_per_seed.mean():g}"
    return mean if np.ptp(hours_per_seed) == 0 else f"{mean} ({', '.join(map(str, hours_per_seed))})"


def write_csv(runs: BY_SEED, path: Path) -> None:
    """One line per figure, controller and base; hours with fewer units as figures of their own."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("figure", "controller", "base", "mean", "difference", "ci95", "milp_gap_usd", "note"))
        for base in BASES:
            for d in differences(runs, base):
                writer.writerow((d.figure, d.controller, base, d.mean, d.difference, d.ci95, d.gap_usd, d.note))
            for name in runs:
                claim = fewer_units(name, base, runs)
                hours = float(claim.hours_per_seed.mean())
                writer.writerow(("hours_fewer_units", name, base, hours, hours,
                                 half_width(claim.hours_per_seed.astype(float)), "", claim.text))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.claims_day", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("-o", dest="folder", type=Path, metavar="DIR", help="default results/SCENARIO")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="runs at a time")
    parser.add_argument("--fresh", action="store_true", help="make every run again")
    options = parser.parse_args(arguments)
    request = compare_request(options.scenario, CONTROLLERS, options.seeds, options.overrides, folder=options.folder)
    runs = by_controller(results_of(jobs(request), options.workers, options.fresh))
    holds = print_claims(runs)
    write_csv(runs, request.output / "claims.csv")
    return 0 if holds or request.scenario.name != SCENARIO else 1


if __name__ == "__main__":
    sys.exit(exit_code(main))
