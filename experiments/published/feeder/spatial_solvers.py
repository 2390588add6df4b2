"""Branch flow against swarm and genetic search on the same hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.feeder import spatial_solvers as study
from experiments.feeder.hour_views import kept_hours
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.running.preflight import checked_scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SETTINGS = ("--seeds", "20", "--budgets", "500,2000,8000", "--day-seeds", "3")
HOUR = 23
COLUMNS = (
    code("method", "method"), column("evaluations", "evaluations"), column("objective $ mean", "mean_usd", ".4f"),
    column("best", "best_usd", ".4f"), column("worst", "worst_usd", ".4f"), column("spread", "spread_usd", ".4f"),
    column("over SOCP", "excess", "+.2%"), column("losses kWh mean", "losses_kwh", ".2f"),
    column("best", "losses_best_kwh", ".2f"), column("worst", "losses_worst_kwh", ".2f"),
    column("spread", "losses_spread_kwh", ".2f"), column("over SOCP", "losses_excess", "+.2%"),
    column("AC cases", "flows", ".0f"), column("CPU s", "cpu_s", ".2f"))


def run(work: Run) -> None:
    """Hour and day; each hour is kept as it comes."""
    work.command(study.main, *SETTINGS, "-o", str(work.folder))


def summary(rows: Sequence[Row]) -> str:
    """A line per method and budget."""
    return listing(rows, COLUMNS)


def picture(rows: Sequence[Row]) -> Drawing:
    """Objective over the SOCP's."""
    return study.summary_picture(records_of(rows, study.Summary), f"hour {HOUR} of {study.SCENARIO}")


def cheap(folder: Path) -> Mapping[str, float]:
    """The hour's optimum and pro rata."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario = checked_scenario(study.SCENARIO, ("days=1", "spatial.placement=in_place"))
    hours = kept_hours(scenario, 1, folder / "pro_rata.h5")
    hour = study.hour_of(hours.knowledge, hours.views[HOUR])
    return {"socp_usd": study.socp_row(hour).objective_usd, "pro_rata_usd": study.pro_rata_row(hour).objective_usd}


EXPERIMENTS = (Experiment(
    name="spatial_solvers", page="experiments/spatial_solvers.md",
    question="Does the SOCP beat particle swarm and genetic search?", run=run,
    tables={name: Source(f"{name}.csv", study.SCENARIO, seeds, ("socp", "pso", "sga", "pro_rata"))
            for name, seeds in (("hour_summary", "1-20"), ("day_summary", "1-3"))},
    blocks={"hour": Block(("hour_summary",), summary), "day": Block(("day_summary",), summary)},
    figures={"figure": Figure("experiments/spatial_solvers.png", ("hour_summary",), picture,
                              "How far the two searches stay above the SOCP's objective in one hour, by evaluations: "
                              "mean, spread, best and worst of twenty seeds, and pro rata as a line.")},
    cheap=CheapRow(f"{study.SCENARIO} in place, hour {HOUR}", cheap, relative=1e-3)),)
