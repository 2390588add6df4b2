"""How all shipped controllers stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import Column, bold, code, column, listing, plus_minus
from experiments.publishing.metric_rows import runs
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.league.league import SCENARIOS, SEEDS, TABLE, league_request, play
from testbed.league.standings import NO_CARS, Standing
from testbed.metrics.of_runs import compute_metrics
from testbed.setup.controller_loading import controller_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SMALL, LEDGER = SCENARIOS[0], "society_cost_usd_adjusted"


def run(work: Run) -> None:
    """Both scenarios, all shipped controllers, all seeds; a league resumes by itself."""
    play(league_request(folder=work.folder), workers=work.workers)


def table_of(scenario: str) -> Block:
    """Rows of a scenario, the best first; what is saved is bold where it is beyond its interval, and nothing is where
    there are no scores: there the gap of the plans is wider than what is saved."""
    def table(rows: Sequence[Row]) -> str:
        own = [row for row in rows if row["scenario"] == scenario and row["saved_usd"]]
        is_resolved = any(row["score"] for row in own)
        return listing(own, [code("controller", "controller"), column("score", "score", ".0f"),
                             Column("saved [USD a day]", lambda row: saved(row, is_resolved)),
                             Column("service", lambda row: row["service"] or "equal")])

    return Block(("standings",), table)


def saved(row: Row, is_resolved: bool) -> str:
    """With its interval."""
    text = plus_minus(row, "saved_usd", "saved_ci95_usd")
    is_beyond = abs(float(row["saved_usd"])) > float(row["saved_ci95_usd"] or "inf")
    return bold(text) if is_resolved and is_beyond else text


def picture(rows: Sequence[Row]) -> Drawing:
    """What each controller saves, a panel per scenario."""
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - slow to import

    drawing = Canvas(figsize=(9, 4.5), layout="constrained")
    for axes, scenario in zip(drawing.subplots(1, len(SCENARIOS)), SCENARIOS, strict=True):
        own = [row for row in records_of([row for row in rows if row["saved_usd"]], Standing)
               if row.scenario == scenario and row.service != NO_CARS][::-1]
        axes.barh([row.controller for row in own], [row.saved_usd for row in own],
                  xerr=[row.saved_ci95_usd for row in own], color="#4c78a8", ecolor="#555555")
        axes.axvline(0.0, color="#555555", linewidth=0.8)
        axes.set_title(scenario)
        axes.set_xlabel("saved against uncoordinated [USD a day]")
    return drawing


def cheap(folder: Path) -> Mapping[str, float]:
    """Society's ledger of the first seed in the small scenario."""
    first, second = (compute_metrics(result)[LEDGER] for result in runs(
        folder, SMALL, ("uncoordinated", "smart_charging"), (f"seed={SEEDS[0]}",)))
    return {"uncoordinated": first, "smart_charging": second}


EXPERIMENTS = (Experiment(
    name="league", page="league.md", question="How do all shipped controllers stand?", run=run,
    tables={"standings": Source(TABLE, ", ".join(SCENARIOS), ", ".join(map(str, SEEDS)), controller_names())},
    blocks={scenario: table_of(scenario) for scenario in SCENARIOS},
    figures={"figure": Figure("league.png", ("standings",), picture,
                              "What each controller saves against uncoordinated, a panel for each scenario.")},
    cheap=CheapRow(f"{SMALL}, seed {SEEDS[0]}, uncoordinated and smart_charging", cheap, relative=2e-3)),)
