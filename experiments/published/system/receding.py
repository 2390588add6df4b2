"""Hourly re-dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.metric_rows import runs
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import receding as study


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


def cheap(folder: Path) -> Mapping[str, float]:
    """The small island with all cars."""
    day = study.DAYS["small island, all cars"]
    result, = runs(folder, day.scenario, ("temporal",), day.keys)
    return {"objective_usd": float(result.system("expected_objective_usd")[0])}


EXPERIMENTS = (Experiment(
    name="receding", page="receding.md", question="What does hourly re-dispatch keep, and what does it win?",
    minutes="6", run=run,
    tables={"drift": Source("drift.csv", "study_day, smoke", "1", ("temporal",)),
            "undelivered": Source("undelivered.csv", "study_day, placement_day, paper_day, smoke", "1; smoke 1-3",
                                  ("smart_charging", "bilayer"))},
    blocks={"drift": Block(("drift",), drift), "undelivered": Block(("undelivered",), undelivered)},
    cheap=CheapRow("smoke as small as its cars, temporal, hourly", cheap, relative=2e-3)),)
