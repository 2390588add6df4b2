"""How full batteries are: the energy in all of them, and a fan over the cars of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.records.arrays import Floats
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, Panel, label, line_chart, numbers, panel_chart
from testbed.reporting.drawn_runs import HEAT_COLUMNS, Run, last_hour, lines_of
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array
from testbed.results.reading import Result

BANDS = ((5, 95, "1f"), (25, 75, "40"))
"""Percentiles of cars, and how opaque the band between them is (hex)."""
MEDIAN = 50
BAND_TEXTS = ("middle 90 % of cars", "middle 50 %", "median")
COLOUR = PART_COLOURS[0]


def stored_energy(runs: Sequence[Run]) -> list[Chart]:
    """Energy in all batteries of all districts."""
    lines = lines_of(runs, lambda run: np.asarray(np.sum([run.result.district(d, "stored_kwh")
                                                          for d in run.result.districts], axis=0)) / 1000)
    return [line_chart("Energy in batteries", "Of all cars, driving or parked, as each step ends. A day that ends as "
                       "it began is steady.", "energy [MWh]", lines)]


def soc_fans(runs: Sequence[Run]) -> list[Chart]:
    """A chart per class of cars, a panel per run."""
    told = [(run, counts) for run in runs if (counts := _counts(run.result)) is not None]
    if not told:
        return []
    names = [str(name) for name in told[0][0].result.district(told[0][0].result.districts[0], "car_class")]
    shown = [(place, name) for place, name in enumerate(names) if any(counts[:, place].any() for _, counts in told)]
    return [_fan(name, [(run, counts[:, place]) for run, counts in told]) for place, name in shown]


def _counts(result: Result) -> Array | None:
    """[T, class, band] cars of all districts; None in files that are older than the counting."""
    if not all(result.holds(d, "soc_count") for d in result.districts):
        return None
    return np.asarray(np.sum([result.district(d, "soc_count") for d in result.districts], axis=0))


def percentile(counts: Array, percent: float) -> Floats:
    """[T] state of charge below which so many of the cars counted in bands [T, band] are; cars of a band stand evenly.

    NaN where there is none.
    """
    up_to = np.cumsum(counts, axis=1)
    wanted = up_to[:, -1:] * percent / 100.0
    band = np.argmax(up_to >= wanted, axis=1)[:, None]
    mine = np.take_along_axis(counts, band, axis=1)
    into = wanted - np.take_along_axis(up_to, band, axis=1) + mine
    with np.errstate(invalid="ignore"):
        return np.where(up_to[:, -1] > 0, ((band + into / np.maximum(mine, 1)) / counts.shape[1])[:, 0], np.nan)


def _fan(name: str, of_runs: Sequence[tuple[Run, Array]]) -> Chart:
    panels = [Panel(run.name, _bands(run, counts)) for run, counts in of_runs]
    legend = tuple(LegendEntry(words, COLOUR + shade) for words, shade in zip(
        BAND_TEXTS, (*(shade for *_, shade in BANDS), ""), strict=True))
    return panel_chart(f"State of charge: {name} cars", "Of cars driving or parked, as each step ends.",
                       "state of charge [1]", panels, last_hour([run for run, _ in of_runs]),
                       {"range": [0, 1]}, legend=legend)


def _bands(run: Run, counts: Array) -> list[dict[str, Any]]:
    every = -(-run.hours.size // HEAT_COLUMNS)
    hours, counts = run.hours[::every] + run.result.step_h, counts[::every]
    traces: list[dict[str, Any]] = []
    for (low, high, shade), words in zip(BANDS, BAND_TEXTS, strict=False):
        for percent, fill in ((high, None), (low, "tonexty")):
            traces.append(_edge(hours, percentile(counts, percent), words, COLOUR + shade, fill))
    middle = {"color": COLOUR, "width": 2}
    return [*traces, {"type": "scatter", "mode": "lines", "name": label(BAND_TEXTS[-1]), "x": numbers(hours),
                      "y": numbers(percentile(counts, MEDIAN), 4), "line": middle}]


def _edge(hours: Floats, values: Floats, words: str, colour: str, fill: str | None) -> dict[str, Any]:
    filled = {"fill": fill, "fillcolor": colour} if fill else {}
    return {"type": "scatter", "mode": "lines", "name": label(words), "x": numbers(hours), "y": numbers(values, 4),
            "line": {"width": 0, "color": colour}, "hoverinfo": "skip", **filled}


FIGURES = (
    ReportFigure("stored_energy", "cars", 24, "energy in all batteries over time", draw=stored_energy),
    ReportFigure("soc_fans", "cars", 26, "state of charge by class: median and the middle 50 and 90 % of cars",
                 draw=soc_fans),
)
