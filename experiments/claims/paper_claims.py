"""The paper's claims, line by line: what was claimed, what is measured here, and under which switches it holds.

    python -m experiments.claims.paper_claims --workers 2

Plans are single plans of one day (no co-simulation); placement and reactive power are runs on the feeder. Plans and
runs that lie in the folder are not made again, so that a stopped command goes on where it was. Tables go to the
screen and as CSV files into the folder; `verdicts.csv` has one line per claim.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.claims import hour_tables, objective_tables, place_tables, voltage_tables
from experiments.claims.verdicts import Verdict
from experiments.csv_rows import write_rows
from experiments.runs import exit_code, say
from testbed.reporting.tables import print_table

DEFAULT_SEEDS = 2


@dataclass(frozen=True)
class Request:
    """What all parts need to know."""

    folder: Path
    workers: int
    seeds: int


Part = Callable[[Request], Sequence[Verdict]]


def hours(request: Request) -> Sequence[Verdict]:
    """Nine hours, compliance, wear."""
    return hour_tables.report(request.folder, request.workers)


def places(request: Request) -> Sequence[Verdict]:
    """Losses by placement, and where on the feeder cars charge and discharge."""
    return place_tables.report(request.folder, request.seeds, request.workers)


def voltage(request: Request) -> Sequence[Verdict]:
    """0.929 to 0.977 pu: active power, reactive power, both."""
    return voltage_tables.report(request.folder, request.seeds, request.workers)


def objectives(request: Request) -> Sequence[Verdict]:
    """Four objectives at once."""
    return objective_tables.report(request.folder, request.workers)


def solvers(request: Request) -> Sequence[Verdict]:
    """SOCP against swarm and genetic search: from that study's own table, else from a smaller one made here."""
    return place_tables.report_solvers(Path("results/spatial_solvers"), request.folder / "spatial_solvers")


PARTS: Mapping[str, Part] = {"hours": hours, "places": places, "voltage": voltage, "solvers": solvers,
                             "objectives": objectives}


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """The lines of the model page's first table."""
    print_table(("claim", "measured", "holds", "under which switches"),
                [(v.claim, v.measured, v.holds, v.switches) for v in verdicts])


def write_verdicts(verdicts: Sequence[Verdict], path: Path) -> None:
    """One line per claim."""
    write_rows(("claim", "measured", "holds", "switches"),
               [(v.claim, v.measured, v.holds, v.switches) for v in verdicts], path)


def processor_s() -> float:
    """Of this process and of its workers that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.claims.paper_claims", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=tuple(PARTS), metavar="PART",
                        help=f"some of {', '.join(PARTS)} (default all)")
    parser.add_argument("--seeds", type=int, default=DEFAULT_SEEDS, metavar="N",
                        help=f"seeds of the runs on the feeder (default {DEFAULT_SEEDS})")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="plans or runs at a time (default 2)")
    parser.add_argument("-o", dest="folder", type=Path, default=Path("results/paper_claims"), metavar="DIR")
    options = parser.parse_args(arguments)
    request = Request(options.folder, options.workers, options.seeds)
    verdicts: list[Verdict] = []
    for name in options.parts:
        began_s, began_cpu_s = time.perf_counter(), processor_s()
        verdicts += PARTS[name](request)
        say(f"paper_claims: {name} took {time.perf_counter() - began_s:.0f} s, "
            f"{processor_s() - began_cpu_s:.0f} s of processor time")
    print_verdicts(verdicts)
    write_verdicts(verdicts, options.folder / "verdicts.csv")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
