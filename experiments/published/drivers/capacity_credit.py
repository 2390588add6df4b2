"""What cars count for as capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.drivers import capacity_credit as study
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import column, cross, shown
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SHOWN = ("0.3", "0.6", "0.9", "1.0")


def run(work: Run) -> None:
    """All points; each is kept as it comes."""
    work.command(study.main, "-o", str(work.folder))


def credit(rows: Sequence[Row]) -> str:
    """Credit, and units that no longer run, MW per 1,000 cars."""
    return cross([row for row in rows if row["compliance"] in SHOWN],
                 [column("compliance", "compliance", ".0%"), column("correlation", "rho", "g")],
                 column("", "plug_in", ".0%"),
                 lambda row: f"{shown(row['credit_mw_per_1000_cars'], '.2f')} "
                             f"({shown(row['units_mw_per_1000_cars'], '.1f')})")


def picture(rows: Sequence[Row]) -> Drawing:
    """Over compliance."""
    return study.picture(records_of(rows, study.Credit))


def cheap(_: Path) -> Mapping[str, float]:
    """One point of the grid; units displaced are left out, they turn on ties within the plans' gap."""
    return {"credit_mw_per_1000_cars": study.credit_of("study_day", 0.6, 0.6, 0.0, ()).credit_mw_per_1000_cars}


EXPERIMENTS = (Experiment(
    name="capacity_credit", page="experiments/compliance.md", question="Does V2G count as firm capacity?",
    run=run,
    tables={"credit": Source("capacity_credit.csv", "study_day, rule deliverable", "1", ("bilayer",))},
    blocks={"credit": Block(("credit",), credit)},
    figures={"figure": Figure("experiments/capacity_credit.png", ("credit",), picture,
                              "What a thousand cars count for as capacity, by compliance, plug-in and correlation; "
                              "dotted: units that no longer run.")},
    cheap=CheapRow("study_day, 60 % comply, 60 % plug in, correlation 0", cheap, relative=0.02, absolute=0.05)),)
