"""Growth of the upper layer with units and with cohorts of cars: what a time limit leaves, and how good that is.

    python benchmarks/upper_layer.py [--rows 10] [--limit 300]

The ten-unit day, then pglib-uc's RTS-GMLC (73 units, 48 h) once and several times over, then its case of 610 units;
`cohorts` counts those of so many districts of cars that share 3 % of the peak load, bidirectional, told of all stays.
Gap asked: 0.1 %. `limit`: seconds of each search of HiGHS, one thread. Each row is a process of its own, and ends
without an answer after three limits in all. `gap`: the schedule's cost over the proven bound, true curves. The smallest
rows come first, so that `--rows 2` is quick.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from controllers.port import SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.tuning import Tuning
from experiments.system.unit_commitment_scaling import TEN, replicated
from models.fleet.flexibility import cohort_flexibility
from models.records.arrays import SECONDS_PER_HOUR
from models.records.flexibility import CohortFlexibility, Sessions
from models.records.groups import THREE_CLASSES, is_bidirectional
from models.system.own_units import several
from models.system.unit_tables import TEN_UNITS, shipped_case
from testbed.checks.known_answers_units import static_problem

GAP = 1e-3
RTS, CA = "rts_gmlc_2020-02-09", "ca_2014-09-01_reserves_3"
LIMIT_S, LIMITS_IN_ALL = 300.0, 3
NODES = 1_000_000
"""None that could bind before the time does."""
SHARE_OF_PEAK = 0.03
"""Chargers of all cars together over the system's peak load."""
STAYS, CHARGER_KW, WEAR_USD_PER_KWH = 2_000, 7.0, 0.0536
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Case:
    """One row: a system so many times over, and districts of cars."""

    system: str
    copies: int
    districts: int


CASES = (Case(TEN_UNITS, 1, 0), Case(TEN_UNITS, 1, 1), Case(RTS, 1, 0), Case(RTS, 1, 1), Case(RTS, 1, 4),
         Case(RTS, 1, 16), Case(RTS, 2, 1), Case(RTS, 4, 1), Case(CA, 1, 0), Case(CA, 1, 1))


@dataclass(frozen=True)
class Row:
    """What became of it."""

    units: int
    hours: int
    cohorts: int
    cost_usd: float
    bound_usd: float
    gap: float
    compile_s: float
    solver_s: float
    wall_s: float
    memory_mib: float
    status: str


# ---------------------------------------------------------------- the problem
def problem(case: Case) -> tuple[TemporalKnowledge, SystemView]:
    """What the upper layer knows and sees; cars' wear and what they are worth to the system alone decide."""
    knowledge, view = _system(case)
    if not case.districts:
        return knowledge, view
    names = tuple(f"d{i}" for i in range(case.districts))
    cars_kw = 1e3 * SHARE_OF_PEAK * float(view.load_mw.max()) / case.districts
    return (replace(knowledge, district_names=names, terminal="match",
                    wear_usd_per_kwh=np.full(THREE_CLASSES.count, WEAR_USD_PER_KWH)),
            replace(view, districts=tuple(cars(seed, cars_kw, view.load_mw.size) for seed in range(case.districts))))


def _system(case: Case) -> tuple[TemporalKnowledge, SystemView]:
    if case.system == TEN_UNITS:
        return replicated(TEN * case.copies, GAP)
    one = shipped_case(case.system)
    times = {name: case.copies * getattr(one, name)
             for name in ("demand_mw", "reserve_mw", "renewable_least_mw", "renewable_most_mw")}
    return static_problem(replace(one, units=several(one.units, case.copies, 1.0), **times), GAP)


def cars(seed: int, charger_kw: float, hours: int) -> CohortFlexibility:
    """A district whose chargers have so many kW in all: stays of 6 to 14 hours that begin at any whole hour."""
    rng, charger = np.random.default_rng(seed), np.full(STAYS, CHARGER_KW)
    groups = np.flatnonzero(is_bidirectional(np.arange(THREE_CLASSES.count)))
    start_s = SECONDS_PER_HOUR * rng.integers(1, hours - 6, STAYS)
    energy_kwh = rng.uniform(15.0, 35.0, STAYS)
    # on average a stay fills 10 of the hours
    weight = np.full(STAYS, charger_kw * hours / 10.0 / charger.sum())
    stays = Sessions(
        group=rng.choice(groups, STAYS), bus_index=np.full(STAYS, -1), start_s=start_s,
        departure_s=start_s + SECONDS_PER_HOUR * rng.integers(6, 15, STAYS), energy_kwh=energy_kwh,
        wanted_kwh=np.full(STAYS, 45.0), max_kwh=np.full(STAYS, 50.0), floor_v2g_kwh=np.full(STAYS, 17.5),
        p_charge_max_kw=charger, p_discharge_max_kw=charger.copy(), eta_charge=np.full(STAYS, 0.933),
        eta_discharge=np.full(STAYS, 0.933), weight=weight)
    none = Sessions(*(getattr(stays, name)[:0] for name in stays.to_arrays()))
    return cohort_flexibility(none, stays, 0, hours, 1.0, np.zeros(hours))


# ---------------------------------------------------------------- one row
def measure(case: Case, limit_s: float) -> Row:
    """One plan from nothing, in this process."""
    knowledge, view = problem(case)
    begun = time.perf_counter()
    tuning = Tuning(node_limit=NODES, time_limit_s=limit_s, clusters=case.system == TEN_UNITS or case.copies > 1)
    plan = UnitCommitment(knowledge, "bidirectional" if case.districts else "none", tuning).plan(view)
    wall_s = time.perf_counter() - begun
    cohorts = sum(int((d.pc_max_kw > 0).any(axis=1).sum()) for d in view.districts)
    status = "to the gap" if plan.gap_rel <= GAP else "at the limit"
    return Row(knowledge.units.count, view.load_mw.size, cohorts, plan.objective_usd, plan.bound_usd, plan.gap_rel,
               plan.compile_s, plan.solver_s, wall_s,
               resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB, status)


def measured_apart(case: Case, limit_s: float) -> Row | str:
    """The same in a process of its own; words where there is no answer."""
    words = [sys.executable, "-W", "ignore", str(Path(__file__).resolve()), "--limit", f"{limit_s:g}",
             "--case", json.dumps(asdict(case))]
    try:
        ended = subprocess.run(words, check=True, capture_output=True, text=True, timeout=LIMITS_IN_ALL * limit_s)
    except subprocess.TimeoutExpired:
        return f"no answer within {LIMITS_IN_ALL * limit_s:g} s"
    except subprocess.CalledProcessError as error:
        return str((error.stderr.strip().splitlines() or [f"ended with {error.returncode}"])[-1])
    return Row(**json.loads(ended.stdout.splitlines()[-1]))


def told(case: Case, row: Row | str) -> str:
    """A line of the table."""
    name = f"{case.system}{f' x {case.copies}' if case.copies > 1 else ''}"
    if isinstance(row, str):
        return f"{name:26s} {case.districts} districts of cars: {row}"
    return (f"{name:26s} {row.units:5d} {row.hours:5d} {row.cohorts:7d} {row.cost_usd:15,.0f} {row.bound_usd:15,.0f} "
            f"{row.gap:8.1e} {row.compile_s:7.1f} {row.solver_s:7.1f} {row.wall_s:7.1f} {row.memory_mib:7.0f}  "
            f"{row.status}")


def main() -> None:
    """A row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=len(CASES), help="how many, the smallest first")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds of each search")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.case is not None:
        print(json.dumps(asdict(measure(Case(**json.loads(asked.case)), asked.limit))))
        return
    print(f"{'system':26s} {'units':>5s} {'hours':>5s} {'cohorts':>7s} {'cost':>15s} {'bound':>15s} {'gap':>8s} "
          f"{'compile':>7s} {'solver':>7s} {'all':>7s} {'MiB':>7s}   $, seconds; limit {asked.limit:g} s")
    for case in CASES[: asked.rows]:
        print(told(case, measured_apart(case, asked.limit)), flush=True)


if __name__ == "__main__":
    main()
