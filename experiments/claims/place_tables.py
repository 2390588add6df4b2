"""Verdicts on losses by placement, on where cars act along the feeder, and on the search methods."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.claims.verdicts import Holds, Verdict
from experiments.feeder import spatial_solvers, zone_maps
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33

NEAR_BUS, END_BUS, SHORT_END_BUS = 2, 18, 22
LOSSES = "daily losses down by over 4 % by placement"
ENDS = "charge near the substation, discharge at the feeder's end"
BOUNDS = ("migrate",)
"""Power that moves freely over the buses of a zone: no car can."""
BOUND_ALONE = "as a bound alone, which no car can carry out"
SEARCHES = ("pso", "sga")
SMALL_STUDY = ("--seeds", "20", "--budgets", "2000", "--day-seeds", "0")
"""One hour, 20 seeds of each search at the evaluations that `bilayer_pso` and `bilayer_sga` have."""


@dataclass(frozen=True)
class Moved:
    """Mean marginal loss [kW/kW] of the buses where cars act when guided, less that under pro rata; one cell."""

    where: str
    charging: float
    discharging: float


def report(folder: Path, seeds: int, workers: int) -> list[Verdict]:
    """Tables of `experiments.feeder.zone_maps` and two verdicts."""
    savings, ends = zone_maps.run_studies(zone_maps.studies(seeds, folder / "zone_maps"), workers)
    zone_maps.print_tables(savings, ends)
    zone_maps.write_csv(savings, folder / "zone_maps.csv")
    zone_maps.write_csv(ends, folder / "ends_of_feeder.csv")
    return [losses_verdict(savings), ends_verdict(ends)]


def losses_verdict(savings: Sequence[zone_maps.Saving]) -> Verdict:
    """Over 4 % by placement?"""
    text = "; ".join(f"{s.variant} {s.zone_map} {s.scale}: {100 * s.reduction:+.2f} %" for s in savings)
    reached = [s for s in savings if s.reaches_claim]
    where = ", ".join(f"{s.variant} {s.zone_map} {s.scale}" for s in reached) or "nowhere"
    holds = losses_hold([s.variant for s in savings], [s.reaches_claim for s in savings])
    return Verdict(LOSSES, text, holds, named_as_bound(
        holds, f"{where}; {savings[0].seeds} seeds, against pro rata at equal energy"))


def losses_hold(variants: Sequence[str], reaches: Sequence[bool]) -> Holds:
    """In every cell that cars can carry out, in some, in none; `migrate` is a bound that nobody can, and counts not."""
    carried_out = [enough for variant, enough in zip(variants, reaches, strict=True) if variant not in BOUNDS]
    return "yes" if all(carried_out) else "partly" if any(carried_out) else "no"


def named_as_bound(holds: Holds, where: str) -> str:
    """Where 4 % is reached; said to be a bound if cars carry it out nowhere."""
    return where if holds != "no" or where.startswith(("nowhere", BOUND_ALONE)) else f"{BOUND_ALONE}: {where}"


def ends_verdict(ends: Sequence[zone_maps.EndsOfFeeder]) -> Verdict:
    """Charge near the substation, discharge at the end: marginal losses of buses, and where cars act."""
    marginal = base_marginal()
    buses = (f"marginal loss {marginal[NEAR_BUS]:.3f} kW/kW at bus {NEAR_BUS}, {marginal[END_BUS]:.3f} at bus "
             f"{END_BUS}, {marginal[SHORT_END_BUS]:.3f} at bus {SHORT_END_BUS}")
    return moved_verdict(buses, ends_moved(ends))


def ends_moved(ends: Sequence[zone_maps.EndsOfFeeder]) -> list[Moved]:
    """What guidance changes, cell by cell."""
    at = {(e.zone_map, e.scale, e.variant): e for e in ends}
    pairs = [(e, at[e.zone_map, e.scale, "pro_rata"]) for e in ends if e.variant == "guided"]
    return [Moved(f"{guided.zone_map} {guided.scale}", guided.marginal_at_charge - even.marginal_at_charge,
                  guided.marginal_at_discharge - even.marginal_at_discharge) for guided, even in pairs]


def moved_verdict(buses: str, moved: Sequence[Moved]) -> Verdict:
    """Yes if guidance moves both the way that is claimed in every cell, partly if something moves so in some."""
    text = "; ".join(f"{cell.where}: charging at buses {cell.charging:+.4f}, discharging at {cell.discharging:+.4f}"
                     for cell in moved)
    both = [cell.where for cell in moved if cell.charging < 0 < cell.discharging]
    some = any(cell.charging < 0 or cell.discharging > 0 for cell in moved)
    return Verdict(ENDS, f"{buses}; guided against pro rata, kW/kW: {text}",
                   "yes" if len(both) == len(moved) else "partly" if some else "no",
                   f"both in: {', '.join(both) or 'no setting'}; a car charges and discharges at one bus, so that "
                   "guidance can move both the same way")


def base_marginal() -> dict[int, float]:
    """dLoss/dP by bus number of the feeder at peak scale 1 (AC)."""
    feeder = ieee33()
    marginal = zone_maps.marginal_by_bus(ac_engine(feeder).power_flow, feeder.p_base_kw[None], feeder.q_base_kvar[None])
    return {int(number): float(value) for number, value in zip(feeder.bus_number, marginal[0], strict=True)}


# ---------------------------------------------------------------- search methods
def report_solvers(study: Path, own: Path) -> list[Verdict]:
    """From the rows that `experiments.feeder.spatial_solvers` left in `study`; without any, a smaller one is made in
    `own`."""
    if not answers_in(study) and not answers_in(own):
        spatial_solvers.main([*SMALL_STUDY, "-o", str(own)])
    return solvers_verdict(study if answers_in(study) else own)


def answers_in(folder: Path) -> list[Path]:
    """Files of that study with a line per answer; its summaries lie beside them."""
    return sorted(path for path in folder.glob("*.csv") if not path.stem.endswith("_summary"))


def solvers_verdict(folder: Path) -> list[Verdict]:
    """Of the tables in a folder."""
    claim = "the SOCP beats PSO and SGA in quality and consistency"
    files = answers_in(folder)
    if not files:
        return [Verdict(claim, f"no table in {folder}", "not measured here",
                        "python -m experiments.feeder.spatial_solvers")]
    text, beaten = [], []
    for path in files:
        words, is_best = solver_text(path)
        text.append(f"{path.stem}: {words}")
        beaten.append(is_best)
    return [Verdict(claim, "; ".join(text), "yes" if all(beaten) else "partly",
                    "equal evaluations, the present hour alone; see docs/experiments/spatial_solvers.md")]


def solver_text(path: Path) -> tuple[str, bool]:
    """Mean, best, worst excess of each search over the SOCP's objective, and whether no search ever was better."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    socp = {row["hour"]: float(row["objective_usd"]) for row in rows if row["method"] == "socp"}
    parts, is_best = [], True
    for method in SEARCHES:
        excess = np.array([float(r["objective_usd"]) / socp[r["hour"]] - 1.0 for r in rows
                           if r["method"] == method and r["hour"] in socp])
        if excess.size:
            parts.append(f"{method} {excess.size} answers, objective above the SOCP's by {100 * excess.mean():.3f} % "
                         f"(best {100 * excess.min():.3f}, worst {100 * excess.max():.3f}, spread "
                         f"{100 * excess.std():.3f})")
            is_best &= bool(excess.min() > -1e-4)
    return ", ".join(parts) or "no search in it", is_best
