"""How the unit commitment grows with the number of units: cost, bound, gap and seconds, with and without clusters.

The ten-unit day, each unit 1, 2, ... 10 times, on as many times the load; no cars. Every plan is a schedule of single
units, judged by the independent checker. `--cross-check` solves ten units with PyPSA as well.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from controllers.port import SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.answer import TANGENT_GAP_REL
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.tuning import Tuning
from experiments.csv_rows import write_rows
from experiments.publishing.running import RowCache
from experiments.runs import exit_code, say
from experiments.system.pypsa_cross_check import cross_check
from models.system.units import ten_unit_load_mw, ten_units
from testbed.checks.known_answers import HOURS, ten_unit_knowledge
from testbed.running.preflight import WrongRequest

TEN = 10
UNITS = (10, 20, 40, 60, 80, 100)
GAPS = (1e-3, 1e-4)


@dataclass(frozen=True)
class Row:
    """One solve."""

    units: int
    clusters: bool
    gap_asked: float
    cost_usd: float
    """True quadratic cost of the single units' schedule."""
    bound_usd: float
    gap_proven: float
    status: str
    compile_s: float
    solver_s: float
    """MILP and dispatch."""
    wall_s: float
    """Everything, checker apart."""
    cpu_s: float
    violations: int


# ---------------------------------------------------------------- the problem
def replicated(units: int, gap: float) -> tuple[TemporalKnowledge, SystemView]:
    """The ten-unit day with `units` units, a multiple of ten; raises WrongRequest otherwise."""
    if units < TEN or units % TEN:
        raise WrongRequest([f"--units {units}: must be a multiple of 10"])
    copies, none = units // TEN, np.zeros(HOURS)
    known = replace(ten_unit_knowledge(), units=ten_units(unit_copies=copies), mip_gap=gap)
    view = SystemView(
        time_s=0, load_mw=copies * ten_unit_load_mw(), wind_mw=none, pv_mw=none, price_charge_usd_per_kwh=none,
        price_discharge_usd_per_kwh=none, districts=(), hours_on=known.units.initial_h, p_mw=np.zeros(units))
    return known, view


def measure(units: int, gap: float, clusters: bool, node_limit: int) -> Row:
    """One solve from nothing, timed."""
    known, view = replicated(units, gap)
    wall, cpu = time.perf_counter(), time.process_time()
    plan = UnitCommitment(known, "none", Tuning(node_limit=node_limit, clusters=clusters)).plan(view)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    violations = check_plan(known, view, plan, "none")
    for violation in violations:
        say(f"{units} units: {violation}")
    return Row(units, clusters, gap, plan.objective_usd, plan.bound_usd, plan.gap_rel, plan.status, plan.compile_s,
               plan.solver_s, wall, cpu, len(violations))


def measure_all(units: Sequence[int], gaps: Sequence[float], single_up_to: int, node_limit: int,
                kept: RowCache) -> list[Row]:
    """Clustered for all sizes and gaps; single units too up to `single_up_to`, at the first gap."""
    rows: list[Row] = []
    for gap in gaps:
        for count in units:
            for clusters in (True, False) if gap == gaps[0] and count <= single_up_to else (True,):
                given = (count, gap, clusters, node_limit)
                rows.append(Row(**kept.row({"solve": given}, partial(_measured, *given))))
                say(line(rows[-1]))
    return rows


def _measured(units: int, gap: float, clusters: bool, node_limit: int) -> dict[str, Any]:
    return asdict(measure(units, gap, clusters, node_limit))


# ---------------------------------------------------------------- output
HEADER = "| units | clusters | gap asked | cost, $ | bound, $ | gap proven | compile, s | solver, s | all, s (CPU) |"


def line(row: Row) -> str:
    """A row of the table."""
    return (f"| {row.units} | {'yes' if row.clusters else 'no'} | {row.gap_asked:g} | {row.cost_usd:,.1f} "
            f"| {row.bound_usd:,.1f} | {row.gap_proven:.2e}{'' if row.status == 'optimal' else ' ' + row.status} "
            f"| {row.compile_s:.2f} | {row.solver_s:.2f} | {row.wall_s:.2f} ({row.cpu_s:.2f}) |")


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """One line per solve."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [field.name for field in fields(Row)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in rows)


def proven(rows: Sequence[Row]) -> list[str]:
    """What is wrong: schedules that the checker refuses, clustered solves that miss the gap asked for.

    The proven gap holds the difference between tangents and true curves too, which no solver closes.
    """
    said = [f"{row.units} units: {row.violations} violations" for row in rows if row.violations]
    return said + [f"{row.units} units: gap {row.gap_proven:.2e} instead of {row.gap_asked:g}"
                   for row in rows if row.clusters and row.gap_proven > row.gap_asked + TANGENT_GAP_REL]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.unit_commitment_scaling", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=list(UNITS), metavar="N", help="multiples of ten")
    parser.add_argument("--gaps", type=float, nargs="+", default=list(GAPS), metavar="GAP")
    parser.add_argument("--single-up-to", type=int, default=20, metavar="N",
                        help="also without clusters up to N units, at the first gap (default 20)")
    parser.add_argument("--nodes", type=int, default=100_000, metavar="N", help="node limit of each MILP")
    parser.add_argument("--cross-check", action="store_true", help="ten units with PyPSA as well (needs it)")
    parser.add_argument("-o", dest="folder", type=Path, default=Path("results/unit_commitment_scaling"), metavar="DIR")
    options = parser.parse_args(arguments)
    say(HEADER)
    kept = RowCache(options.folder / "rows.jsonl")
    rows = measure_all(options.units, options.gaps, options.single_up_to, options.nodes, kept)
    print("\n".join([HEADER, "|" + " --- |" * HEADER.count(" |"), *map(line, rows)]))
    write_csv(rows, options.folder / "unit_commitment_scaling.csv")
    wrong = proven(rows)
    if options.cross_check:
        known, view = replicated(TEN, 1e-6)
        answer = cross_check(known, view)
        print(answer)
        write_rows(list(asdict(answer)), [list(asdict(answer).values())], options.folder / "cross_check.csv")
        wrong += answer.problems
    for problem in wrong:
        say(problem)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
