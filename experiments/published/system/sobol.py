"""What moves the headline figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import bold, code, column, cross, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import sobol as study
from experiments.system.sobol_indices import Index

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

GAP = "planning.mip_gap=2.0e-3"


def run(work: Run) -> None:
    """N = 32; a sweep resumes by itself."""
    work.command(study.main, "--samples", "32", "--set", GAP, "--workers", str(work.workers), "-o", str(work.folder))


def indices(rows: Sequence[Row]) -> str:
    """First order, total order with its interval in bold."""
    def cell(row: Row) -> str:
        total, half = shown(row["total"], ".2f"), shown(row["total_ci95"], ".2f")
        return f"{shown(row['first'], '.2f')}, {bold(f'{total} ± {half}')}"

    return cross(rows, [code("output", "output")], column("", "input"), cell)


def outputs(rows: Sequence[Row]) -> str:
    """How much each output varies, and the gap of the plans."""
    return listing(rows, [code("output", "output"), column("unit", "unit"), column("mean", "mean", ",.6g"),
                          column("standard deviation", "standard_deviation", ",.4g"),
                          column("twice the MILP gap", "noise", ",.4g")])


def picture(rows: Sequence[Row]) -> Drawing:
    """A panel per output."""
    return study.picture(records_of(rows, Index))


EXPERIMENTS = (Experiment(
    name="sobol", page="experiments/sobol.md", question="Which inputs move the headline figures?",
    run=run,
    tables={"indices": Source("sobol.csv", "study_day", "1", ("bilayer",)),
            "outputs": Source("outputs.csv", "study_day", "1", ("bilayer",))},
    blocks={"indices": Block(("indices",), indices), "outputs": Block(("outputs",), outputs)},
    figures={"figure": Figure("experiments/sobol.png", ("indices",), picture,
                              "Sobol indices of each output: which inputs move it alone, and with all that they "
                              "take part in.")},
    cheap=CheapRow("study_day, seed 1, bilayer, gap 2e-3", one_run(
        "study_day", "bilayer", ("total_cost_usd_adjusted", "unit_hours"), GAP), relative=4e-3)),)
