"""What non-compliance costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.drivers import compliance as study
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import Column, bold, code, column, cross, plus_minus
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

PAGE = "experiments/compliance.md"
CORRELATION = Column("correlation", lambda row: row["point"].removeprefix("zone_shock_rho="))


def run(work: Run) -> None:
    """The study; a sweep resumes by itself."""
    work.command(study.main, "compliance", "--workers", str(work.workers), "-o", str(work.folder))


def cost(row: Row) -> str:
    """Bold where it is beyond its interval and the gap of the plans."""
    text = plus_minus(row, "usd", "ci95_usd")
    return bold(text) if row["is_resolved"] == "True" else text


def refusing(rows: Sequence[Row]) -> str:
    """Society's ledger, against full compliance of the same controller."""
    return cross(_of(rows, study.FULL, "society"), [code("", "controller"), CORRELATION],
                 column("", "compliance", ".0%"), cost)


def gains(rows: Sequence[Row]) -> str:
    """Society's ledger, against `uncoordinated` at the same compliance."""
    return cross(_of(rows, study.BASE, "society"), [code("", "controller"), CORRELATION],
                 column("", "compliance", ".0%"), cost)


def who_pays(rows: Sequence[Row]) -> str:
    """The ledgers against `uncoordinated` at the same compliance, without correlation."""
    parts = [row for row in rows if row["against"] == study.BASE
             and CORRELATION.cell(row) in ("0.0", "")]
    return cross(parts, [code("", "controller"), column("part", "part")], column("", "compliance", ".0%"), cost)


def called(rows: Sequence[Row]) -> str:
    """Society's ledger if cars' reserve were called before load is shed, against `uncoordinated` at the same rate."""
    return cross(_of(rows, study.BASE, study.CALLED), [code("", "controller"), CORRELATION],
                 column("", "compliance", ".0%"), cost)


def _of(rows: Sequence[Row], against: str, part: str) -> list[Row]:
    """Without the runs at full compliance where these are what is compared with."""
    return [row for row in rows if (row["against"], row["part"]) == (against, part)
            and not (against == study.FULL and float(row["compliance"]) == 1)]


def costs_figure(rows: Sequence[Row]) -> Drawing:
    """What refusing costs."""
    return study.picture(records_of([row for row in rows if row["against"] == study.FULL], study.Cost))


def gains_figure(rows: Sequence[Row]) -> Drawing:
    """What control is still worth."""
    return study.picture(records_of([row for row in rows if row["against"] == study.BASE], study.Cost))


BLOCKS = {"refusing": Block(("costs",), refusing), "gains": Block(("costs",), gains),
          "called": Block(("costs",), called), "who_pays": Block(("costs",), who_pays)}
KEYS = ("drivers.compliance_mean=0.3",)
EXPERIMENTS = (
    Experiment(
        name="compliance", page=PAGE, question="What does it cost that drivers do not do as told?",
        run=run, tables={"costs": Source("costs.csv", "study_day", "1-20", (
            "uncoordinated", "smart_charging", "bilayer", "bilayer_aware"))}, blocks=BLOCKS,
        figures={
            "costs_figure": Figure("experiments/compliance_costs.png", ("costs",), costs_figure,
                                   "What it costs society, owners and operator that drivers refuse, by controller and "
                                   "compliance."),
            "gains_figure": Figure("experiments/compliance_gains.png", ("costs",), gains_figure,
                                   "What each controller costs society, owners and operator above uncoordinated, by "
                                   "compliance.")},
        cheap=CheapRow("study_day, seed 1, smart_charging, 30 % comply", one_run(
            "study_day", "smart_charging", ("society_cost_usd_adjusted",), *KEYS), relative=4e-3)),
)
