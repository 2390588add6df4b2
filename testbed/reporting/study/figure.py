"""What every figure of a study's report offers, and those there are: the files of `figures/` beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.records.arrays import RecordError
from models.registry import Registry
from testbed.reporting.charts import Chart
from testbed.reporting.study.cases import StudyCases


@dataclass(frozen=True)
class StudyFigure:
    """One of what a file of `testbed/reporting/study/figures/` declares as STUDY_FIGURES; no chart where it does not
    apply."""

    name: str
    place: int
    """Lowest first."""
    shows: str
    """What it shows, in a few words."""
    draw: Callable[[StudyCases, str], list[Chart]] | None = None
    """Of one metric."""
    draw_whole: Callable[[StudyCases], list[Chart]] | None = None
    """Of the study as a whole, in its place."""

    def __post_init__(self) -> None:
        if (self.draw is None) == (self.draw_whole is None):
            raise RecordError(f"study figure {self.name}: needs either draw or draw_whole")


STUDY_FIGURES: Registry[StudyFigure] = Registry(
    "study figure", "testbed.reporting.study.figures", "STUDY_FIGURES", StudyFigure, lambda figure: figure.place)


def charts_of(study: StudyCases, metric: str) -> list[Chart]:
    """All figures of one metric."""
    return [chart for figure in STUDY_FIGURES.values() if figure.draw for chart in figure.draw(study, metric)]


def whole_charts(study: StudyCases) -> list[Chart]:
    """All figures of the study as a whole."""
    return [chart for figure in STUDY_FIGURES.values() if figure.draw_whole for chart in figure.draw_whole(study)]
