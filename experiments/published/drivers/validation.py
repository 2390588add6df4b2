"""Simulated stays against recorded ones and the survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.drivers import validation
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


def run(work: Run) -> None:
    """All of it."""
    work.step("validation", lambda: work.command(validation.main, "-o", str(work.folder)))


def as_it_is(rows: Sequence[Row]) -> str:
    """Every column of the file."""
    return listing(rows, [column(name, name) for name in rows[0]])


def curves(rows: Sequence[Row]) -> Drawing:
    """Distributions and plugged share."""
    return validation.picture([(row["source"], row["quantity"], row["value"], row["density"]) for row in rows])


def cheap(_: Path) -> Mapping[str, float]:
    """Distances of the parametric days from the first workplace."""
    real, made = validation.recorded("caltech2019"), validation.simulated("parametric")
    return validation.distances(real, made)


EXPERIMENTS = (Experiment(
    name="validation", page="validation.md", question="How near are simulated cars to recorded ones?",
    run=run,
    tables={name: Source(f"{name}.csv", "1,000 private cars, five weekdays", "1")
            for name in ("distances", "medians", "trips", "home", "curves")},
    blocks={name: Block((name,), as_it_is) for name in ("distances", "medians", "trips", "home")},
    figures={"figure": Figure("validation.png", ("curves",), curves,
                              "Distributions of arrival, dwell and energy, and the plugged share by hour, of recorded "
                              "and of simulated cars.")},
    cheap=CheapRow("distances of parametric days from caltech2019", cheap, relative=1e-6)),)
