"""What every figure of the report offers, and those there are, the files of `testbed/reporting/figures/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.records.arrays import RecordError
from models.registry import Registry
from testbed.metrics.inputs import networks
from testbed.reporting.charts import Chart
from testbed.reporting.drawn_runs import Run

SECTIONS = ("load", "commitment", "cars", "voltage", "losses", "costs", "refusals", "prices")
"""Of the report that hold figures."""


@dataclass(frozen=True)
class ReportFigure:
    """One of what a file of `testbed/reporting/figures/` declares as FIGURES; no chart where it does not apply."""

    name: str
    section: str
    place: int
    """In its section, lowest first; figures of all districts come before those of one network."""
    shows: str
    """What it shows, in a few words."""
    draw: Callable[[Sequence[Run]], list[Chart]] | None = None
    """Of all districts; runs need at least one step."""
    draw_network: Callable[[Sequence[Run], str], list[Chart]] | None = None
    """Of one district with a network, in its place."""

    def __post_init__(self) -> None:
        if self.section not in SECTIONS:
            raise RecordError(f"figure {self.name}: section={self.section!r}, allowed: {', '.join(SECTIONS)}")
        if (self.draw is None) == (self.draw_network is None):
            raise RecordError(f"figure {self.name}: needs either draw or draw_network")


FIGURES: Registry[ReportFigure] = Registry("figure", "testbed.reporting.figures", "FIGURES", ReportFigure,
                                           lambda figure: (SECTIONS.index(figure.section), figure.place))


def charts(runs: Sequence[Run]) -> dict[str, list[Chart]]:
    """All figures by section. Runs need at least one step."""
    return {section: _of_section(runs, [figure for figure in FIGURES.values() if figure.section == section])
            for section in SECTIONS}


def _of_section(runs: Sequence[Run], figures: Sequence[ReportFigure]) -> list[Chart]:
    whole = [chart for figure in figures if figure.draw for chart in figure.draw(runs)]
    return whole + [chart for district in networks(runs[0].result) for figure in figures if figure.draw_network
                    for chart in figure.draw_network(runs, district)]
