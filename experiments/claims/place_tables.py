"""Verdicts on losses by placement, on where cars act along the feeder, and on the search methods."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.claims.verdicts import Verdict
from experiments.feeder import spatial_solvers, zone_maps
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33

NEAR_BUS, END_BUS, SHORT_END_BUS = 2, 18, 22
SEARCHES = ("pso", "sga")
SMALL_STUDY = ("--seeds", "20", "--budgets", "2000", "--day-seeds", "0")
"""One hour, 20 seeds of each search at the evaluations that `bilayer_pso` and `bilayer_sga` have."""


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
    carried_out = [s for s in reached if s.variant != "migrate"]
    where = ", ".join(f"{s.variant} {s.zone_map} {s.scale}" for s in reached) or "nowhere"
    return Verdict("daily losses down by over 4 % by placement", text,
                   "yes" if carried_out else "partly" if reached else "no",
                   f"{where}; {savings[0].seeds} seeds, against pro rata at equal energy")


def ends_verdict(ends: Sequence[zone_maps.EndsOfFeeder]) -> Verdict:
    """Charge near the substation, discharge at the end: marginal losses of buses, and where cars act."""
    marginal = base_marginal()
    guided = [e for e in ends if e.variant == "guided"]
    pro_rata = [e for e in ends if e.variant == "pro_rata"]
    near = float(np.mean([g.marginal_at_charge - p.marginal_at_charge for g, p in zip(guided, pro_rata, strict=True)]))
    far = float(np.mean([g.marginal_at_discharge - p.marginal_at_discharge
                         for g, p in zip(guided, pro_rata, strict=True)]))
    both = near < 0 < far
    return Verdict(
        "charge near the substation, discharge at the feeder's end",
        f"marginal loss {marginal[NEAR_BUS]:.3f} kW/kW at bus {NEAR_BUS}, {marginal[END_BUS]:.3f} at bus {END_BUS}, "
        f"{marginal[SHORT_END_BUS]:.3f} at bus {SHORT_END_BUS}; guided against pro rata: charging at buses "
        f"{near:+.4f}, discharging at {far:+.4f} kW/kW",
        "yes" if both else "partly" if near < 0 or far > 0 else "no",
        "the same car charges and discharges at one bus, so guidance moves both the same way")


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
