"""Day-ahead marginal prices of the system of `rts_day` without cars, for owners to pay and earn.

    python -m experiments.system.rts_prices -o results/rts_prices [--tables prices_2020-02_spilling]

Each midnight's plan of the commitment, with all hours of its horizon; its marginal price is that of one more MWh of
load with the units on as planned, what counts as reserve kept. The last plan's hours beyond a day end the table.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.runs import exit_code, results_of
from experiments.system.rts_day import FEW
from experiments.system.rts_gmlc import FOLDER, write
from testbed.results.reading import Result
from testbed.running.preflight import RESULTS, compare_request
from testbed.running.several_runs import jobs

HEAD = ("time", "charge_per_mwh", "discharge_per_mwh", "source")
ALONE = ("tariff.table=none", "warmup_controlled_days=0", "step_s=3600", "planning.redispatch=none",
         "planning.mip_gap=5.0e-3", "planning.patience_s=3600", *FEW)
HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Table:
    """One table of prices: of which scenario, from which day on, and where it is kept."""

    scenario: str
    first: dt.date
    days: int
    file: Path


TABLES = (Table("rts_day", dt.date(2020, 2, 7), 4, FOLDER / "prices_2020-02.csv"),
          Table("rts_day", dt.date(2020, 2, 7), 10, FOLDER / "prices_2020-02_week.csv"),
          Table("rts_day_spilling", dt.date(2020, 2, 7), 4, FOLDER / "prices_2020-02_spilling.csv"))
"""Planned days: two before the scenarios' first, a day or a week, and one; the last looks one more ahead."""


def rows(result: Result, first: dt.date) -> Iterator[list[str]]:
    """Time and price of every hour that a plan was made for, by the last plan that binds it."""
    for index in range(result.plan_count):
        planned = result.plan(index)["marginal_price_usd_per_mwh"]
        hours = planned.size if index == result.plan_count - 1 else HOURS_PER_DAY
        midnight = dt.datetime.combine(first, dt.time()) + dt.timedelta(days=index)
        for hour, price in enumerate(planned[:hours].tolist()):
            shown = f"{round(price, 2) + 0.0:.2f}"  # no -0.00
            yield [(midnight + dt.timedelta(hours=hour)).isoformat(timespec="minutes"), shown, shown, "C"]


def table(folder: Path, wanted: Table, workers: int) -> None:
    """Run and write one; a complete run in the folder is kept."""
    keys = (*ALONE, f"profiles.start_date={wanted.first}", f"fleet.first_weekday={wanted.first.weekday()}",
            f"days={wanted.days}")
    request = compare_request(wanted.scenario, ("no_pev",), 1, keys, None, folder / wanted.file.stem)
    result, = results_of(jobs(request), workers)
    write(wanted.file, HEAD, rows(result, wanted.first))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all tables, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.rts_prices", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [wanted.file.stem for wanted in TABLES]
    parser.add_argument("--tables", nargs="+", choices=names, default=names)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "rts_prices")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.output, chosen.workers, chosen.tables))


def _run(folder: Path, workers: int, names: Sequence[str]) -> int:
    for wanted in TABLES:
        if wanted.file.stem in names:
            table(folder, wanted, workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
