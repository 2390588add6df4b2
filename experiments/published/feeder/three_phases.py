"""Houses that charge on a street of three phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.feeder import three_phases
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

ABOUT = "dss:european_lv at 18:00 of the measured day, cars at 7 kW"


def run(work: Run) -> None:
    """All of it."""
    work.step("three_phases", lambda: work.command(three_phases.main, "-o", str(work.folder)))


def as_it_is(rows: Sequence[Row]) -> str:
    """Every column of the file."""
    return listing(rows, [column(name, name) for name in rows[0]])


def street(voltages: Sequence[Row], places: Sequence[Row]) -> Drawing:
    """Map and curves."""
    return three_phases.picture(voltages, places)


def cheap(_: Path) -> Mapping[str, float]:
    """The lowest customer with cars on the houses' own phases."""
    return {str(row["houses charging"]): float(str(row["lowest customer, mean [V]"]))
            for row in three_phases.lowest(three_phases.ONE)}


EXPERIMENTS = (Experiment(
    name="three_phases", page="three_phases.md", question="How many houses of a street can charge at once?",
    run=run, tables={name: Source(f"{name}.csv", ABOUT, "0-19") for name in ("voltages", "places")},
    blocks={"voltages": Block(("voltages",), as_it_is)},
    figures={"street": Figure("three_phases.png", ("voltages", "places"), street,
                              "A map of the street with 40 of its 55 houses charging, and beside it the voltage of the "
                              "lowest customer by the number of houses that charge.")},
    cheap=CheapRow("mean voltage of the lowest customer in V by houses charging", cheap, relative=1e-6)),)
