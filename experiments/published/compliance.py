"""What non-compliance costs, with and without hourly re-dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments import compliance as study
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


def run(one: Run) -> None:
    """The study; a sweep resumes by itself."""
    one.command(study.main, "compliance", "--workers", str(one.workers), "-o", str(one.folder))


def run_redispatch(one: Run) -> None:
    """The same under hourly re-dispatch."""
    one.command(study.main, "compliance_redispatch", "--workers", str(one.workers), "-o", str(one.folder))


def cost(row: Row) -> str:
    """Bold where it is beyond its interval and the gap of the plans."""
    text = plus_minus(row, "usd", "ci95_usd")
    return bold(text) if row["is_resolved"] == "True" else text


def refusing(rows: Sequence[Row]) -> str:
    """In total, against full compliance of the same controller."""
    return cross(_of(rows, study.FULL, "total"), [code("", "controller"), CORRELATION],
                 column("", "compliance", ".0%"), cost)


def gains(rows: Sequence[Row]) -> str:
    """In total, against `uncoordinated` at the same compliance."""
    return cross(_of(rows, study.BASE, "total"), [code("", "controller"), CORRELATION],
                 column("", "compliance", ".0%"), cost)


def who_pays(rows: Sequence[Row]) -> str:
    """The parts of what refusing costs, without correlation."""
    parts = [row for row in rows if row["against"] == study.FULL and row["part"] != "total"
             and CORRELATION.cell(row) in ("0.0", "")]
    return cross(parts, [code("", "controller"), column("part", "part")], column("", "compliance", ".0%"), cost)


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
          "who_pays": Block(("costs",), who_pays)}
KEYS = ("days=2", "planning.mip_gap=2e-3", "drivers.compliance_mean=0.3")
EXPERIMENTS = (
    Experiment(
        name="compliance", page=PAGE, question="What does it cost that drivers do not do as told?", minutes="60",
        run=run, tables={"costs": Source("costs.csv", "study_day, two days", "1-20", (
            "uncoordinated", "smart_charging", "bilayer", "bilayer_aware"))}, blocks=BLOCKS,
        figures={
            "costs_figure": Figure("experiments/compliance_costs.png", ("costs",), costs_figure,
                                   "What refusing costs"),
            "gains_figure": Figure("experiments/compliance_gains.png", ("costs",), gains_figure,
                                   "What control is still worth")},
        cheap=CheapRow("study_day, two days, seed 1, smart_charging, 30 % comply", one_run(
            "study_day", "smart_charging", ("total_cost_usd_adjusted",), *KEYS), relative=4e-3)),
    Experiment(
        name="compliance_redispatch", page=PAGE, question="And if targets are found again every hour?", minutes="20",
        run=run_redispatch, tables={"costs": Source("costs.csv", "study_day, two days, hourly re-dispatch", "1-6", (
            "uncoordinated", "bilayer", "bilayer_aware"))}, blocks=BLOCKS,
        cheap=CheapRow("study_day, one day, seed 1, temporal, hourly, 30 % comply", one_run(
            "study_day", "temporal", ("total_cost_usd_adjusted",), *KEYS[1:], "planning.redispatch=hourly"),
            relative=4e-3)),
)
