"""How many houses of a street can have a car."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.csv_rows import write_rows
from experiments.feeder import hosting as study
from experiments.feeder.hosting_street import Judge, Street, drawn_day
from experiments.processes import process_pool
from experiments.publishing.drawing import DARK, PALE, SMALL, headed, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import Column, code, column, cross, listing, shown
from experiments.publishing.running import Run, study_hash
from experiments.publishing.tables import Row
from models.records.arrays import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SEEDS = 20
ABOUT = "dss:european_lv, a day of 55 houses from noon, cars of 7.4 kW"
SETTINGS = {
    "as published": study.Setting(),
    "source at 1.00": study.Setting(source_pu=1.0),
    "three-phase chargers": study.Setting(chargers="three"),
    "three-phase chargers, source at 1.00": study.Setting(chargers="three", source_pu=1.0),
    "home drivers": study.Setting(drivers="home"),
    "home drivers, source at 1.00": study.Setting(drivers="home", source_pu=1.0),
}
CHEAP_CARS = 25


def run(work: Run) -> None:
    """A folder per setting, case by case resumable; then one table."""
    folders = [work.folder / study_hash() / setting.replace(", ", "_").replace(" ", "_") for setting in SETTINGS]
    with process_pool(work.workers) as pool:
        list(pool.map(partial(study.study, SEEDS), SETTINGS.values(), folders))
    rows = [{"setting": setting, **row} for setting, folder in zip(SETTINGS, folders, strict=True)
            for row in _lines(folder / study.CAPACITIES)]
    write_rows(list(rows[0]), [list(row.values()) for row in rows], work.folder / "capacities.csv")


def _lines(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def medians(rows: Sequence[Row]) -> str:
    """Median capacity by setting and controller."""
    return cross(rows, [column("", "setting")], code("", "controller"), lambda row: _between(row, "median"))


def tails(rows: Sequence[Row]) -> str:
    """What one street in twenty can take, and what stops it."""
    return listing(rows, [column("setting", "setting"), code("controller", "controller"),
                          Column("one street in twenty, %", lambda row: _between(row, "quantile_5")),
                          column("what the next share breaks, in seeds", "stopped_by")])


def _between(row: Row, name: str) -> str:
    low, high = (shown(row[f"{name}_{end}"], ".0%").removesuffix(" %") for end in ("low", "high"))
    return f"{shown(row[name], '.0%').removesuffix(' %')} ({low} to {high})"


def picture(rows: Sequence[Row]) -> Drawing:
    """Median and one street in twenty by controller, a panel per setting."""
    drawing = sheet(9.0, 4.2)
    panels = drawing.subplots(2, 3, sharex=True, sharey=True).T.ravel()
    for axes, setting in zip(panels, SETTINGS, strict=True):
        mine = [row for row in rows if row["setting"] == setting]
        for name, offset, colour, words in (("median", -0.15, DARK, "median street"),
                                            ("quantile_5", 0.15, PALE, "one in twenty")):
            at, low, high = (_percent(mine, f"{name}{end}") for end in ("", "_low", "_high"))
            axes.errorbar(at, np.arange(len(mine)) + offset, xerr=[at - low, high - at], fmt="o", markersize=4,
                          color=colour, label=words, linewidth=1)
        headed(axes, setting.replace(", ", ",\n"))
        axes.set_xlim(-4, 104)
        line_per_name(axes, [row["controller"] for row in mine])
    panels[2].legend(frameon=False, fontsize=SMALL, loc="lower left")
    drawing.supxlabel("houses that can have a car, %", fontsize=9)
    return drawing


def _percent(rows: Sequence[Row], name: str) -> Floats:
    return 100 * np.array([float(row[name]) for row in rows])


def cheap(_: Path) -> Mapping[str, float]:
    """Lowest volts of one day with 25 cars, at once and from a forecast."""
    setting = SETTINGS["source at 1.00"]
    street = Street(setting.chargers, setting.source_pu)
    day = drawn_day(street, 1, everybody=True)
    judge = Judge(street, day)
    return {f"{name}_lowest_v": study.tried(street, judge, day, study.Case(setting, 1, name, CHEAP_CARS)).lowest_v
            for name in ("uncoordinated", "smart_charging_forecast")}


EXPERIMENTS = (Experiment(
    name="hosting", page="three_phases.md", question="How many houses of a street can have a car?",
    run=run, tables={"capacities": Source("capacities.csv", ABOUT, f"1-{SEEDS}", tuple(study.CONTROLLERS))},
    blocks={"medians": Block(("capacities",), medians), "tails": Block(("capacities",), tails)},
    figures={"figure": Figure("hosting.png", ("capacities",), picture,
                              "Share of houses that can have a car, in the median street and in one of twenty, by "
                              "controller, a panel per setting.")},
    cheap=CheapRow(f"seed 1, {CHEAP_CARS} cars, source at 1.00", cheap, relative=1e-4)),)
