"""What ignorance of drivers costs, and how much of it learning wins back.

    python -m experiments.drivers.aware                               20 paired seeds of 5 + 10 days; hours, resumes
    python -m experiments.drivers.aware --seeds 2 --days 2 2          a first look
    python -m experiments.drivers.aware --set drivers.modes.ignores=1 another world

`bilayer` that assumes 95 % against `bilayer` told the true rate and `bilayer_aware`, which has to find out. Costs are
total_cost_usd_adjusted of the scored days alone, the learning days before them left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from experiments.csv_rows import write_rows
from experiments.drivers.scored_days import ScoredDays
from experiments.runs import exit_code, results_of
from models.records.arrays import Floats
from testbed.metrics.of_runs import half_width
from testbed.metrics.registry import METRICS
from testbed.reporting.tables import print_table
from testbed.results.reading import Result
from testbed.running.job import Job
from testbed.running.preflight import RESULTS, WrongRequest, compare_request
from testbed.running.several_runs import jobs

RATE, ASSUMED, COST = 0.6, 0.95, "total_cost_usd_adjusted"
VARIANTS: Mapping[str, tuple[str, float]] = {
    "assumes": ("bilayer", ASSUMED), "told": ("bilayer", RATE), "learns": ("bilayer_aware", ASSUMED)}
"""Controller and `planning.assumed_compliance` of each."""
PARTS = ("operating_cost_usd", "carbon_cost_usd", "wear_cost_usd", "imbalance_cost_usd")
"""Of the total; the rest is what energy left in batteries is worth."""
FIGURES = (COST, *PARTS, "shed_load_mwh", "reserve_shortfall_mwh")
"""That differences are told of."""
DRAWS, BOOTSTRAP_SEED = 10_000, 20_260_102
WANTED = 0.5

Costs = Mapping[str, Mapping[str, Floats]]
"""[seeds] by variant and figure."""


@dataclass(frozen=True)
class Answer:
    """Means over seeds, USD over the scored days."""

    ignorance_usd: float
    """Assumed less told: what the truth would have saved."""
    standard_error_usd: float
    noise_usd: float
    """Twice the MILP gap."""
    won_usd: float
    """Assumed less learned."""
    share: float
    """Won over ignorance, of the means."""
    low: float
    high: float
    """95 % bootstrap interval of the share over seeds."""
    shed_mwh: float
    """Load that the operator who assumes sheds in the scored days."""
    covered_share: float
    """Of it, what reserve that stands on cars in the same step could have served; NaN where nothing is shed."""

    @property
    def matters(self) -> bool:
        """The truth saves more than two standard errors and more than the gap of the plans."""
        return self.ignorance_usd > max(2 * self.standard_error_usd, self.noise_usd)

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        told = f"{self.ignorance_usd:,.0f} USD (standard error {self.standard_error_usd:,.0f})"
        if np.isnan(self.standard_error_usd):
            return (f"one seed gives no verdict: the truth saves {self.ignorance_usd:,.0f} USD, learning "
                    f"{self.won_usd:,.0f} USD")
        if not self.matters:
            return f"nothing to win back: the truth saves {told}, no more than chance and the gap of the plans explain"
        verdict = "above" if self.low > WANTED else "not above"
        return (f"ignorance costs {told}; learning wins back {self.share:.0%} of it, 95 % interval {self.low:.0%} to "
                f"{self.high:.0%}: {verdict} {WANTED:.0%}")


# ------------------------------------------------------------------ what was found
def answer(costs: Costs) -> Answer:
    """From paired costs by seed; with one seed there is no error and no interval (NaN)."""
    ignorance, won = (costs["assumes"][COST] - costs[other][COST] for other in ("told", "learns"))
    seeds = ignorance.size
    error = float(ignorance.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else np.nan
    low, high = _interval(ignorance, won)
    return Answer(float(ignorance.mean()), error, float(np.mean(costs["assumes"]["noise_usd"])), float(won.mean()),
                  float(won.mean() / ignorance.mean()), low, high, float(np.mean(costs["assumes"]["shed_load_mwh"])),
                  _share(costs["assumes"]["covered_mwh"], costs["assumes"]["shed_load_mwh"]))


def _share(part: Floats, whole: Floats) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() > 0 else np.nan


def _interval(ignorance: Floats, won: Floats) -> tuple[float, float]:
    """Of the ratio of means: seeds are drawn, both differences with them."""
    if ignorance.size < 2:
        return np.nan, np.nan
    rows = np.random.default_rng(BOOTSTRAP_SEED).integers(ignorance.size, size=(DRAWS, ignorance.size))
    low, high = np.quantile(won[rows].mean(axis=1) / ignorance[rows].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def costs_of(result: Result, learning_days: int) -> dict[str, float]:
    """Figures of the scored days, and the noise of their cost."""
    scored = ScoredDays(result.path, learning_days)
    costs = {name: METRICS[name].function(scored) for name in FIGURES}
    gap = METRICS["plan_gap_max_rel"].function(result)
    return costs | {"noise_usd": 2 * gap * abs(METRICS["objective_usd"].function(scored)),
                    "covered_mwh": METRICS["uncalled_reserve_mwh"].function(scored)}


def differences(costs: Costs) -> list[tuple[str, str, str, str]]:
    """(variant, figure, mean above `assumes`, half width of its 95 % interval)."""
    rows = []
    for variant in ("told", "learns"):
        for name in FIGURES:
            above = costs[variant][name] - costs["assumes"][name]
            rows.append((variant, name, f"{above.mean():,.1f}", f"{half_width(above):,.1f}"))
    return rows


# ------------------------------------------------------------------ command
def main(arguments: Sequence[str] | None = None) -> int:
    """Make the runs, print the answer and what it is made of."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.aware", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="study_day")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--days", type=int, nargs=2, default=(5, 10), metavar=("LEARNING", "SCORED"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=(), metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "aware")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen))


def jobs_of(chosen: argparse.Namespace) -> dict[str, list[Job]]:
    """The runs of each variant, seed by seed, each variant in its own folder."""
    learning, scored = chosen.days
    if min(learning, scored) < 1:
        raise WrongRequest([f"--days {learning} {scored}: both must be 1 or more"])
    made = {}
    for variant, (controller, assumed) in VARIANTS.items():
        keys = (f"days={learning + scored}", f"drivers.compliance_mean={RATE}", *chosen.set,
                f"planning.assumed_compliance={assumed}")
        made[variant] = jobs(compare_request(chosen.scenario, (controller,), chosen.seeds, keys,
                                             folder=chosen.output / variant))
    return made


def _run(chosen: argparse.Namespace) -> int:
    made = jobs_of(chosen)
    by_seed = [job for same_seed in zip(*made.values(), strict=True) for job in same_seed]
    results = {result.path: result for result in results_of(by_seed, chosen.workers)}
    figures = {variant: [costs_of(results[job.output], chosen.days[0]) for job in todo]
               for variant, todo in made.items()}
    costs = {variant: {name: np.array([figures_of_run[name] for figures_of_run in runs]) for name in runs[0]}
             for variant, runs in figures.items()}
    verdict = answer(costs)
    rows = differences(costs)
    head = ("variant", "figure", "mean above `assumes`", "+- 95 %")
    write_rows(head, rows, chosen.output / "differences.csv")
    write_rows(("variant", "seed", *next(iter(figures.values()))[0]),
               [(variant, job.seed, *figures_of_run.values()) for variant, todo in made.items()
                for job, figures_of_run in zip(todo, figures[variant], strict=True)], chosen.output / "costs.csv")
    write_rows(list(asdict(verdict)), [list(asdict(verdict).values())], chosen.output / "answer.csv")
    print_table(head, rows)
    print(verdict.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
