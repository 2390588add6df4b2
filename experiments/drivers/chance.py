"""Does a promise of cars hold as often as stated? Delivered against promised reserve of `bilayer_chance`.

    python -m experiments.drivers.chance                        4 seeds, 7 plans each, every day lived through 15 times
    python -m experiments.drivers.chance --seeds 1 --resamples 4

Runs `refusal_days` (or another scenario without feeders), then lives each day from --first-day on through again under
its stored plan, with stays that refuse anew by the same correlated law (experiments/drivers/lived_days.py). No plan is
solved. Both steps resume: complete runs and the tables of complete seeds are taken as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from controllers.temporal.learning import RISK
from experiments.csv_rows import write_rows
from experiments.drivers.lived_days import Hour, LivedDays
from experiments.runs import exit_code, results_of, say
from models.records.arrays import Bools, Floats
from testbed.reporting.tables import print_table
from testbed.results.reading import Result
from testbed.running.preflight import RESULTS, WrongRequest, compare_request
from testbed.running.several_runs import jobs
from testbed.wiring.run_spec import DAY_S

SCENARIO, CONTROLLER = "refusal_days", "bilayer_chance"
LEAST_PROMISE_MW = 0.05
"""Hours in which less is planned are no promise."""
MAIN_SHARE = 0.10
"""`main hours` plan at least this part of the day's largest discharge."""
DRAWS, BOOTSTRAP_SEED = 10_000, 20_260_101
COLUMNS = tuple(field.name for field in fields(Hour))

Table = Mapping[str, Floats]
"""The columns of `Hour`, each [plans, resamples, hours]."""
MEASURES: Mapping[str, Callable[[Table], Bools]] = {
    "discharge": lambda t: t["discharged_mw"] < t["phi"] * t["planned_mw"],
    "less charging of cars in a hurry": lambda t: (
        t["discharged_mw"] - t["charged_as_told_mw"] < t["phi"] * t["planned_mw"] - t["planned_charge_mw"]),
    "less all charging": lambda t: (
        t["discharged_mw"] - t["charged_mw"] < t["phi"] * t["planned_mw"] - t["planned_charge_mw"] - t["outside_mw"]),
    "of what was instructed": lambda t: t["discharged_mw"] < t["phi"] * t["instructed_mw"],
}
"""Where delivery fell below the promise. The first is what the reserve rule counts, the others what it leaves out."""


@dataclass(frozen=True)
class Below:
    """Share of hours below the promise, with the 95 % interval of a bootstrap over plans and the days under each."""

    measure: str
    hours: str
    share: float
    low: float
    high: float

    def holds(self, risk: float) -> bool:
        """Not above the risk plus its interval, not below half the risk."""
        return self.low <= risk and self.share >= risk / 2


# ------------------------------------------------------------------ days lived again
def lived_again(result: Result, first_day: int, resamples: int) -> Floats:
    """[plans, resamples, hours, columns of Hour] of each counted day from first_day on (the first counted day is 0)."""
    run = LivedDays(result)
    run.until((first_day - 1) * DAY_S)
    plans = []
    for day in range(first_day, run.spec.scenario.days):
        plans.append([_another_day(run, day, number) for number in range(resamples)])
        run.until(day * DAY_S)
    return np.array(plans, dtype=np.float64)


def _another_day(run: LivedDays, day: int, number: int) -> list[tuple[float, ...]]:
    """The day after the present one, its stays drawn anew: they begin to be looked at a day ahead."""
    other = run.fork()
    other.redraw(day, number)
    other.until(day * DAY_S)
    return [astuple(hour) for hour in other.until((day + 1) * DAY_S)]


def stored(result: Result, first_day: int, resamples: int, path: Path) -> Floats:
    """`lived_again`, kept in a file beside the run; made anew where the run is younger or the numbers differ."""
    if path.is_file() and path.stat().st_mtime >= result.path.stat().st_mtime:
        with np.load(path) as file:
            if (int(file["first_day"]), int(file["resamples"])) == (first_day, resamples):
                return np.asarray(file["table"], dtype=np.float64)
    table = lived_again(result, first_day, resamples)
    part = path.with_suffix(".part.npz")
    np.savez(part, table=table, first_day=first_day, resamples=resamples)
    part.replace(path)
    return table


# ------------------------------------------------------------------ how often below
def shares_below(table: Floats) -> list[Below]:
    """Every measure, over all hours with a promise and over the main ones; table as of `lived_again`."""
    columns = dict(zip(COLUMNS, np.moveaxis(table, -1, 0), strict=True))
    planned = columns["planned_mw"]
    promised = planned > LEAST_PROMISE_MW
    main = promised & (planned >= MAIN_SHARE * planned.max(axis=-1, keepdims=True))
    return [Below(name, text, *_share(is_below(columns), hours))
            for name, is_below in MEASURES.items() for text, hours in (("all", promised), ("main", main))]


def _share(below: Bools, counted: Bools) -> tuple[float, float, float]:
    """Share of counted hours that are below, and its interval: plans are drawn, then days of each drawn plan."""
    failed, hours = ((below & counted).sum(axis=-1), counted.sum(axis=-1))
    if not hours.sum():
        return np.nan, np.nan, np.nan
    plans, days = hours.shape
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    pick = rng.integers(plans, size=(DRAWS, plans, 1)), rng.integers(days, size=(DRAWS, plans, days))
    failing = failed[pick].sum(axis=(1, 2)) / np.maximum(hours[pick].sum(axis=(1, 2)), 1)
    low, high = np.quantile(failing, (0.025, 0.975))
    return float(failed.sum() / hours.sum()), float(low), float(high)


# ------------------------------------------------------------------ command
def main(arguments: Sequence[str] | None = None) -> int:
    """Make the runs, live their days again, print and write the shares."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.chance", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-day", type=int, default=5, help="first day lived again; those before are for learning")
    parser.add_argument("--resamples", type=int, default=15, help="times that each day is lived again")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=(), metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "chance")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    request = compare_request(chosen.scenario, (CONTROLLER,), chosen.seeds, chosen.set, folder=chosen.output)
    if not 1 <= chosen.first_day < request.scenario.days or chosen.resamples < 1:
        raise WrongRequest([f"--first-day {chosen.first_day}, --resamples {chosen.resamples}: the first day must be "
                            f"1 to {request.scenario.days - 1}, resamples 1 or more"])
    tables = []
    for result in results_of(jobs(request), chosen.workers):
        tables.append(stored(result, chosen.first_day, chosen.resamples, result.path.with_suffix(".days.npz")))
        say(f"seed {result.seed}: {tables[-1].shape[0] * tables[-1].shape[1]} days lived again")
    below = shares_below(np.concatenate(tables))
    rows = [(share.measure, share.hours, f"{share.share:.4f}", f"{share.low:.4f}", f"{share.high:.4f}",
             "yes" if share.holds(RISK) else "no") for share in below]
    head = ("delivered", "hours", "share below", "low", "high", f"as stated ({RISK:g})")
    write_rows(head, rows, chosen.output / "chance.csv")
    print_table(head, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
