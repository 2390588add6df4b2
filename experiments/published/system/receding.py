"""Hourly re-dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.drawing import COLOURS, PALE, SMALL, headed, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.metric_rows import runs
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import receding as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


def run(work: Run) -> None:
    """Both tables; complete runs are kept."""
    work.command(study.main, "--workers", str(work.workers), "-o", str(work.folder))


def drift(rows: Sequence[Row]) -> str:
    """How far the objective moves."""
    return listing(rows, [column("case", "case"),
                          column("objective at midnight [USD]", "objective at midnight [USD]", ",.1f"),
                          column("largest change [USD]", "largest change [USD]", ",.2f"),
                          column("of the objective", "largest change", ".3%"),
                          column("no change until hour", "still until hour")])


def undelivered(rows: Sequence[Row]) -> str:
    """With midnight's plan and with hourly targets."""
    return listing(rows, [code("scenario", "scenario"), code("controller", "controller"), column("seed", "seed"),
                          *(column(f"not delivered, `{rule}`", f"redispatch {rule}", ".2%") for rule in study.RULES),
                          *(column(f"total cost, `{rule}` [USD]", f"cost {rule} [USD]", ",.0f")
                            for rule in study.RULES)])


def picture(rows: Sequence[Row]) -> Drawing:
    """From midnight's plan to targets of every hour: energy that set-points could not ask for."""
    figure = sheet(7.4, 3.2)
    axes = figure.subplots()
    for place, row in enumerate(rows):
        stands, hourly = (100 * float(row[f"redispatch {rule}"]) for rule in study.RULES)
        axes.plot([hourly, stands], [place, place], color=PALE, linewidth=1.5, zorder=1)
        axes.scatter(stands, place, s=60, facecolor="white", edgecolor="black", label="" if place else
                     "midnight's plan stands all day")
        axes.scatter(hourly, place, s=60, color=COLOURS["bilayer"], edgecolor="black", label="" if place else
                     "found again every hour")
        axes.text(stands + 0.08, place, f"{stands:.1f}", va="center", fontsize=SMALL)
    line_per_name(axes, [f"{row['scenario']}, {row['controller']}, seed {row['seed']}" for row in rows])
    axes.margins(x=0.07)
    axes.set_xlabel("energy of the targets that cars could not be asked for [%]", fontsize=9)
    axes.legend(frameon=False, fontsize=SMALL, loc="center right")
    headed(axes, "What a plan promises in vain")
    return figure


def cheap(folder: Path) -> Mapping[str, float]:
    """The small island with all cars."""
    day = study.DAYS["small island, all cars"]
    result, = runs(folder, day.scenario, ("temporal",), day.keys)
    return {"objective_usd": float(result.system("expected_objective_usd")[0])}


EXPERIMENTS = (Experiment(
    name="receding", page="receding.md", question="What does hourly re-dispatch keep, and what does it win?",
    run=run,
    tables={"drift": Source("drift.csv", "study_day, smoke", "1", ("temporal",)),
            "undelivered": Source("undelivered.csv", "study_day, placement_day, paper_day, smoke", "1; smoke 1-3",
                                  ("smart_charging", "bilayer"))},
    blocks={"drift": Block(("drift",), drift), "undelivered": Block(("undelivered",), undelivered)},
    figures={"figure": Figure(
        "receding.png", ("undelivered",), picture,
        "Share of the targets' energy that set-points could not ask for, with midnight's plan all day and with targets "
        "of every hour.")},
    cheap=CheapRow("smoke as small as its cars, temporal, hourly", cheap, relative=2e-3)),)
