"""Fuel and start-ups against carbon on the first plan of a windy day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controllers.temporal.pareto import OBJECTIVES
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import pareto as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FIRST, SECOND = "operating", "carbon"
SETTINGS = ("--first", FIRST, "--second", SECOND, "--points", "7", "--gap", "0.01", "--nodes", "5")


def run(work: Run) -> None:
    """The front; its file is brought up to date after each answer."""
    work.step("front", lambda: work.command(study.main, *SETTINGS, "-o", str(work.folder)))


def front(rows: Sequence[Row]) -> str:
    """Each answer with its proof."""
    return listing([row for row in rows if row["front"] == "1"], [
        code("minimised", "minimises"), column("limit, $", "epsilon_usd", ",.0f"),
        *(column(f"{name} $", f"{name}_usd", ",.0f") for name in OBJECTIVES),
        column("CO2 t", "carbon_t", ",.0f"), column("gap proven", "gap_rel", ".2%")])


def picture(rows: Sequence[Row]) -> Drawing:
    """The front with the room that bounds leave."""
    return study.picture(study.dots(rows), FIRST, SECOND, f"{study.SCENARIO}: first plan")


EXPERIMENTS = (Experiment(
    name="pareto", page="experiments/pareto.md", question="What does a dollar less of one objective cost in another?",
    run=run, tables={"front": Source("pareto.csv", study.SCENARIO, "1", (study.CONTROLLER,))},
    blocks={"front": Block(("front",), front)},
    figures={"figure": Figure("experiments/pareto.png", ("front",), picture,
                              "Operating cost over carbon cost of each answer, with the room that the bounds leave.")},
    cheap=CheapRow("windy_day, seed 1, no_pev, gap 0.01", one_run(
        study.SCENARIO, "no_pev", ("objective_usd",), "planning.mip_gap=0.01"), relative=2e-2)),)
