"""Charging and discharging of cars by zone and by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.records.arrays import Floats
from models.records.groups import Groups
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, Panel, Part, area_traces, panel_chart
from testbed.reporting.drawn_runs import Run, last_hour
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array
from testbed.scenario.car_groups import groups_of


def by_zone(runs: Sequence[Run]) -> list[Chart]:
    """Of all districts, in MW."""
    return [cars_by(runs, "zone", runs[0].result.districts, "MW")]


def by_class(runs: Sequence[Run]) -> list[Chart]:
    """Of all districts, in MW."""
    return [cars_by(runs, "class", runs[0].result.districts, "MW")]


def of_network(runs: Sequence[Run], district: str) -> list[Chart]:
    """Of one district by zone, in kW."""
    return [cars_by(runs, "zone", [district], "kW")]


def cars_by(runs: Sequence[Run], axis: str, districts: Sequence[str], unit: str) -> Chart:
    """Charging (up) and discharging (down) by `zone` or `class`, summed over districts, in kW or MW."""
    groups = groups_of(runs[0].result.scenario["fleet"])
    names = groups.zones if axis == "zone" else groups.class_names
    shift = 0 if axis == "zone" else groups.zone_count
    colours = [PART_COLOURS[(shift + k) % len(PART_COLOURS)] for k in range(len(names))]
    factor = 1000 if unit == "MW" else 1
    panels = []
    for i, run in enumerate(runs):
        up, down = (np.sum([_by(run.result.district(d, name), axis, groups) for d in districts], axis=0) / factor
                    for name in ("charge_kw", "discharge_kw"))
        parts = [Part(name, up[:, k], -down[:, k]) for k, name in enumerate(names)]
        panels.append(Panel(run.name, area_traces(run.hours, parts, i, colours)))
    legend = tuple(LegendEntry(name, colour) for name, colour in zip(names, colours, strict=True))
    return panel_chart(f"Charging and discharging by {axis}: {', '.join(districts)}",
                       "Above zero charging, below zero discharging, stacked.", f"power [{unit}]", panels,
                       last_hour(runs), legend=legend)


def _by(per_group: Array, axis: str, groups: Groups) -> Floats:
    """[T, group] -> [T, zone] or [T, class]."""
    return np.asarray(groups.by_zone_class_way(per_group).sum(axis=(2, 3) if axis == "zone" else (1, 3)))


FIGURES = (
    ReportFigure("cars_by_zone", "cars", 10, "charging (up) and discharging (down) of all cars by zone", draw=by_zone),
    ReportFigure("cars_by_class", "cars", 20, "the same by class of car", draw=by_class),
    ReportFigure("cars_of_network", "cars", 30, "the same of one network's cars, by zone", draw_network=of_network),
)
