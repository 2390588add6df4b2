"""How full batteries are: a fan by class where each car was traced, else the energy in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from models.records.arrays import Floats
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, Panel, label, line_chart, numbers, panel_chart
from testbed.reporting.drawn_runs import HEAT_COLUMNS, Run, last_hour, lines_of
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import TRACES_KIND, Array, ResultError
from testbed.results.reading import Result
from testbed.results.recording import traces_path
from testbed.scenario.car_groups import groups_of

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
    """A chart per class of cars, a panel per run; of runs whose scenario records vehicles alone."""
    traced = [(run, soc) for run in runs if (soc := _traced_soc(run.result)) is not None]
    if not traced:
        return []
    names = groups_of(traced[0][0].result.scenario["fleet"]).class_names
    shown = [(place, name) for place, name in enumerate(names) if any((soc[1] == place).any() for _, soc in traced)]
    return [_fan(name, [(run, soc[0][:, soc[1] == place]) for run, soc in traced]) for place, name in shown]


def _traced_soc(result: Result) -> tuple[Array, Array] | None:
    """SOC [T, V] of all districts' cars and their class [V]; None where no trace of this run lies beside it."""
    path = traces_path(result.path)
    if not path.is_file() or not all(result.has_vehicle(d, "class_index") for d in result.districts):
        return None
    try:
        with h5py.File(path, "r", locking=False) as file:
            _check_own(file, result)
            every = -(-result.steps_written // HEAT_COLUMNS)
            soc = [file[f"districts/{d}/soc"][: result.steps_written:every] for d in result.districts]
    except (OSError, LookupError) as error:
        raise ResultError(f"{path}: cannot be read ({type(error).__name__}: {error})") from error
    return np.concatenate(soc, axis=1), np.concatenate([result.vehicle(d, "class_index") for d in result.districts])


def _check_own(file: h5py.File, result: Result) -> None:
    own = {"kind": TRACES_KIND, "controller": result.controller, "seed": result.seed}
    if other := [name for name, value in own.items() if file.attrs.get(name) != value]:
        raise ResultError(f"{file.filename}: is of another run than {result.path.name} ({', '.join(other)} differ)")


def _fan(name: str, of_runs: Sequence[tuple[Run, Array]]) -> Chart:
    panels = [Panel(run.name, _bands(run, soc)) for run, soc in of_runs]
    legend = tuple(LegendEntry(words, COLOUR + shade) for words, shade in zip(
        BAND_TEXTS, (*(shade for *_, shade in BANDS), ""), strict=True))
    return panel_chart(f"State of charge: {name} cars", "Of cars driving or parked, as each step ends.",
                       "state of charge [1]", panels, last_hour([run for run, _ in of_runs]),
                       {"range": [0, 1]}, legend=legend)


def _bands(run: Run, soc: Array) -> list[dict[str, Any]]:
    every = -(-run.hours.size // HEAT_COLUMNS)
    hours = run.hours[::every] + run.result.step_h
    traces: list[dict[str, Any]] = []
    for (low, high, shade), words in zip(BANDS, BAND_TEXTS, strict=False):
        for percent, fill in ((high, None), (low, "tonexty")):
            traces.append(_edge(hours, np.nanpercentile(soc, percent, axis=1), words, COLOUR + shade, fill))
    middle = {"color": COLOUR, "width": 2}
    return [*traces, {"type": "scatter", "mode": "lines", "name": label(BAND_TEXTS[-1]), "x": numbers(hours),
                      "y": numbers(np.nanpercentile(soc, MEDIAN, axis=1), 4), "line": middle}]


def _edge(hours: Floats, values: Floats, words: str, colour: str, fill: str | None) -> dict[str, Any]:
    filled = {"fill": fill, "fillcolor": colour} if fill else {}
    return {"type": "scatter", "mode": "lines", "name": label(words), "x": numbers(hours), "y": numbers(values, 4),
            "line": {"width": 0, "color": colour}, "hoverinfo": "skip", **filled}


FIGURES = (
    ReportFigure("stored_energy", "cars", 24, "energy in all batteries over time", draw=stored_energy),
    ReportFigure("soc_fans", "cars", 26, "state of charge by class, median and the middle 50 and 90 % of cars, where "
                 "the scenario records vehicles", draw=soc_fans),
)
