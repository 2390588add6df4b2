"""Unit commitment against the number of units, and against an independent implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.temporal.unit_commitment.solve import UnitCommitment
from experiments.publishing.drawing import SMALL, headed, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import unit_commitment_scaling as study
from experiments.system.pypsa_cross_check import linear_units

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

TEN = "the ten-unit day, no cars"
COSTS = (column("units", "units"), column("gap wanted", "gap_asked", "g"), column("cost, $", "cost_usd", ",.1f"),
         column("bound, $", "bound_usd", ",.1f"), column("gap proven", "gap_proven", ".2e"),
         column("CPU, s", "cpu_s", ".2f"))


def run(work: Run) -> None:
    """All sizes; each solve is kept as it comes."""
    work.command(study.main, "-o", str(work.folder))


def run_cross_check(work: Run) -> None:
    """Ten units, by PyPSA too."""
    work.command(study.main, "--units", "10", "--gaps", "1e-6", "--single-up-to", "0", "--cross-check",
                 "-o", str(work.folder))


def clustered(rows: Sequence[Row]) -> str:
    """Identical units planned together."""
    return listing([row for row in rows if row["clusters"] == "True"], COSTS)


def single(rows: Sequence[Row]) -> str:
    """Units planned one by one."""
    return listing([row for row in rows if row["clusters"] == "False"], COSTS)


def against(rows: Sequence[Row]) -> str:
    """Both optima and the judgement of the other's schedule."""
    return listing(rows, [column("this project, $", "ours_usd", ",.2f"), column("its bound, $", "bound_usd", ",.2f"),
                          column("PyPSA, $", "pypsa_usd", ",.2f"),
                          column("PyPSA's schedule, paid by this project, $", "pypsa_schedule_usd", ",.2f"),
                          column("rules it breaks", "violations")])


# ---------------------------------------------------------------- picture
STYLES = {"0.001": ("#e69f00", "s"), "0.0001": ("#0072b2", "o")}
"""Colour and mark by the gap wanted."""


def picture(rows: Sequence[Row]) -> Drawing:
    """Seconds and the gap proven over the number of units."""
    figure = sheet(7.8, 3.2)
    left, right = figure.subplots(1, 2)
    for gap, (colour, mark) in STYLES.items():
        kept = [row for row in rows if row["clusters"] == "True" and row["gap_asked"] == gap]
        for axes, name, factor in ((left, "cpu_s", 1), (right, "gap_proven", 100)):
            axes.plot([int(row["units"]) for row in kept], [factor * float(row[name]) for row in kept], color=colour,
                      marker=mark, markersize=5, linewidth=1.3, label=f"gap wanted {100 * float(gap):g} %")
        right.axhline(100 * float(gap), color=colour, linewidth=0.9, linestyle=":")
    over_units(left, (0.3, 1, 3, 10), "processor time [s]", "Time to plan a day, identical units together")
    over_units(right, (0.0001, 0.001, 0.01, 0.1), "gap proven [%]", "Proven: at most so far from the best plan")
    left.legend(frameon=False, fontsize=SMALL, loc="center right", bbox_to_anchor=(1, 0.4))
    return figure


def over_units(axes: Any, ticks: Sequence[float], words: str, title: str) -> None:
    """A logarithmic scale in plain numbers."""
    axes.set_yscale("log")
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(0, 105)
    axes.set_xlabel("units", fontsize=9)
    axes.set_ylabel(words, fontsize=9)
    axes.grid(axis="y", linewidth=0.4, color="0.85")
    headed(axes, title)


def cheap(_: Path) -> Mapping[str, float]:
    """Ten units to 0.1 %."""
    row = study.measure(study.TEN, 1e-3, clusters=True, node_limit=100_000)
    return {"cost_usd": row.cost_usd}


def cheap_linear(_: Path) -> Mapping[str, float]:
    """This project's side of the comparison."""
    known, view = study.replicated(study.TEN, 1e-6)
    known = replace(known, units=linear_units(known.units), reserve_rule="thermal_only")
    return {"ours_usd": UnitCommitment(known, "none").plan(view).objective_usd}


EXPERIMENTS = (
    Experiment(
        name="unit_commitment_scaling", page="experiments/unit_commitment_scaling.md",
        question="How far does unit commitment scale?", run=run,
        tables={"solves": Source("unit_commitment_scaling.csv", TEN)},
        blocks={"clustered": Block(("solves",), clustered), "single": Block(("solves",), single)},
        figures={"figure": Figure(
            "experiments/unit_commitment_scaling.png", ("solves",), picture,
            "Processor time of a day's plan and the gap that is proven, by the number of units and the gap wanted; "
            "dotted: the gap wanted.")},
        cheap=CheapRow(f"{TEN}, gap 1e-3", cheap, relative=1e-3)),
    Experiment(
        name="unit_commitment_cross_check", page="experiments/unit_commitment_scaling.md",
        question="Does PyPSA find the same optimum? (needs the extra `cross-check`)", run=run_cross_check,
        tables={"pypsa": Source("cross_check.csv", f"{TEN}, linear costs")},
        blocks={"pypsa": Block(("pypsa",), against)},
        cheap=CheapRow(f"{TEN}, linear costs, gap 1e-6", cheap_linear, relative=2e-6)),
)
