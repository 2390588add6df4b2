"""What plans expected, beside what came: the load on thermal units, and what cars charge and give back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from models.records.arrays import Floats
from testbed.metrics.inputs import equivalent_load_mw
from testbed.metrics.published.plan import BoundHours, bound_hours
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, Panel, label, numbers, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour, with_end
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array

PLANNED, ASKED, CAME = "planned the day before", "asked for at the hour", "what came"
STYLES = {PLANNED: (PART_COLOURS[2], "dash"), ASKED: (PART_COLOURS[1], "dot"), CAME: (PART_COLOURS[0], "solid")}
SERIES = (("load", "load_forecast_mw", "load_mw"), ("wind", "wind_forecast_mw", "wind_available_mw"),
          ("sun", "pv_forecast_mw", "pv_available_mw"))
"""In words; as forecast, and as it came."""
KW_PER_MW = 1000
NEGLIGIBLE_MW = 1e-6


def load_on_units(runs: Sequence[Run]) -> list[Chart]:
    """Power of all units as planned, and the load that they then had to serve; of runs that plan."""
    panels = []
    for run in _planning(runs):
        hours, planned = _joined(run, lambda bound: bound.p_mw.sum(axis=0))
        panels.append(Panel(run.name, [_line(PLANNED, hours, planned),
                                       _line(CAME, *with_end(run, equivalent_load_mw(run.result)))]))
    return _chart("What plans expected units to serve, and what came",
                  "Planned: power of all units in the plan in force, from forecasts and expected cars. Came: load + "
                  "cars + change of feeder losses - wind and PV used.", panels, runs, (PLANNED, CAME))


def cars(runs: Sequence[Run]) -> list[Chart]:
    """Net power of cars under control as planned, as asked for hour by hour, and of all cars as it came."""
    panels = []
    for run in _planning(runs):
        hours, planned = _joined(run, _net_mw)
        asked = _over_districts(run, "target_charge_kw") - _over_districts(run, "target_discharge_kw")
        came = _over_districts(run, "charge_kw") - _over_districts(run, "discharge_kw")
        panels.append(Panel(run.name, [_line(PLANNED, hours, planned), _line(ASKED, *with_end(run, asked)),
                                       _line(CAME, *with_end(run, came))]))
    return _chart("What plans expected of cars, and what came",
                  "Charging less discharging. Planned and asked for: cars under control, those expected to arrive "
                  "included; came: all cars, those that charge on their own included.", panels, runs,
                  (PLANNED, ASKED, CAME))


def forecasts(runs: Sequence[Run]) -> list[Chart]:
    """By how much load, wind and sun were missed when plans were made; of the first run that tells, as all runs of a
    seed have the same world. None where forecasts were exact."""
    run = next((run for run in runs if run.result.holds_system("load_forecast_mw")), None)
    if run is None:
        return []
    missed = {words: run.result.system(forecast) - run.result.system(came) for words, forecast, came in SERIES}
    if all(np.abs(values).max() < NEGLIGIBLE_MW for values in missed.values()):
        return []
    legend = tuple(LegendEntry(words, PART_COLOURS[k]) for k, words in enumerate(missed))
    lines = [step_line(entry, *with_end(run, missed[entry.name])) for entry in legend]
    means = ", ".join(f"{words} {np.nanmean(np.abs(values)):.1f} MW" for words, values in missed.items())
    return [panel_chart("What forecasts missed",
                        "Forecast when the plan in force was made, less what came: above 0 more was expected. "
                        f"Mean size: {means}.", "power [MW]", [Panel("forecast less what came", lines)],
                        last_hour([run]), legend=legend)]


def _planning(runs: Sequence[Run]) -> Iterator[Run]:
    return (run for run in runs if run.result.plan_count)


def _net_mw(bound: BoundHours) -> Floats:
    pairs = zip(bound.pc_kw, bound.pd_kw, strict=True)
    return np.asarray(sum((charge.sum(axis=0) - discharge.sum(axis=0) for charge, discharge in pairs),
                          start=np.zeros(bound.p_mw.shape[1]))) / KW_PER_MW


def _joined(run: Run, value: Any) -> tuple[Array, Array]:
    """Hours and values of the hours of all plans that were carried out, to the end of the last."""
    parts = [(bound.first_h + np.arange(bound.p_mw.shape[1]), value(bound)) for bound in bound_hours(run.result)]
    hours, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    if not hours.size:
        return hours, values
    return np.append(hours, hours[-1] + 1), np.append(values, values[-1])


def _over_districts(run: Run, name: str) -> Array:
    """[T] in MW."""
    return np.asarray(np.sum([run.result.district(d, name).sum(axis=1) for d in run.result.districts],
                             axis=0)) / KW_PER_MW


def _line(words: str, hours: Array, values: Array) -> dict[str, Any]:
    return step_line(LegendEntry(words, *STYLES[words]), hours, values)


def step_line(entry: LegendEntry, hours: Array, values: Array) -> dict[str, Any]:
    """A line of step means as the legend shows it."""
    return {"type": "scatter", "mode": "lines", "name": label(entry.name), "x": numbers(hours), "y": numbers(values),
            "line": {"color": entry.colour, "dash": entry.dash, "width": 2, "shape": "hv"}}


def _chart(title: str, caption: str, panels: Sequence[Panel], runs: Sequence[Run],
           names: Sequence[str]) -> list[Chart]:
    if not panels:
        return []
    legend = tuple(LegendEntry(name, *STYLES[name]) for name in names)
    return [panel_chart(title, caption, "power [MW]", panels, last_hour(runs), legend=legend)]


FIGURES = (
    ReportFigure("expected_load", "commitment", 30, "planned power of all units, and the load that came",
                 draw=load_on_units),
    ReportFigure("expected_world", "commitment", 25, "by how much load, wind and sun were missed when plans were made",
                 draw=forecasts),
    ReportFigure("expected_cars", "commitment", 40, "planned, asked for and actual power of cars", draw=cars),
)
