"""What four rules of sharing limits among customers of a street grant, and what real loads make of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from controllers.spatial.three_phase.envelopes import RULES
from experiments.feeder import envelope_rules as study
from experiments.feeder.hosting_street import STEPS, Street
from experiments.publishing.drawing import DARK, PALE, SMALL, headed, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import Column, code, column, listing, shown
from experiments.publishing.metric_rows import write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.metrics.of_runs import half_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

ABOUT = f"dss:european_lv, {study.CARS} houses with a charger of 3.7 or 7.4 kW"
MEANS = ("import_kwh", "export_kwh", "least_kwh", "gini", "broken_percent", "beyond_v")
CHEAP_STEPS = (6, 12)


def run(work: Run) -> None:
    """A step per seed, then the means."""
    street, files = Street(), [work.folder / f"seed_{seed}.csv" for seed in range(study.SEEDS)]
    for seed, file in enumerate(files):
        work.step(file.stem, partial(study.write_seed, street, seed, file))
    rows = [row for file in files for row in records_of(_lines(file), study.RuleRow)]
    write_rows([means(rule, [row for row in rows if row.rule == rule]) for rule in RULES], work.folder / "rules.csv")


def _lines(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def means(rule: str, rows: Sequence[study.RuleRow]) -> Row:
    """Over seeds, with half of each mean's 95 % interval."""
    row = {"rule": rule, "seeds": str(len(rows)), "hours": str(len(rows) * STEPS),
           "broken_hours": str(sum(row.broken_hours for row in rows)),
           "refused_hours": str(sum(row.refused_hours for row in rows))}
    for name in MEANS:
        values = np.array([getattr(row, name) for row in rows])
        row |= {name: repr(float(values.mean())), f"{name}_ci95": repr(float(half_width(values)))}
    return row


def table(rows: Sequence[Row]) -> str:
    """A line per rule."""
    return listing(rows, [
        code("rule", "rule"), _mean("to draw, kWh a day", "import_kwh", ",.0f"),
        _mean("to feed back, kWh a day", "export_kwh", ",.0f"),
        _mean("both, of who gets least, kWh a day", "least_kwh", ".1f"), _mean("Gini of both", "gini", ".2f"),
        _mean("combinations that break a limit under real loads, %", "broken_percent", ".1f"),
        _mean("voltage beyond its limit then, at most, V", "beyond_v", ".2f"),
        Column("hours with one", lambda row: f"{row['broken_hours']} of {row['hours']}"),
        column("hours that grant nothing", "refused_hours")])


def _mean(head: str, name: str, form: str) -> Column:
    return Column(head, lambda row: f"{shown(row[name], form)} ± {shown(row[f'{name}_ci95'], form)}")


def picture(rows: Sequence[Row]) -> Drawing:
    """Energy, fairness and safety of each rule, a panel each."""
    drawing = sheet(9.0, 2.6)
    names, places = [row["rule"] for row in rows], np.arange(len(rows), dtype=np.float64)
    energy, gini, broken = drawing.subplots(1, 3, sharey=True)
    for offset, name, face, words in ((-0.2, "import_kwh", DARK, "to draw"), (0.2, "export_kwh", PALE, "to feed back")):
        _bars(energy, rows, name, np.add(places, offset), 0.38, color=face, label=words)
    energy.legend(frameon=False, fontsize=SMALL)
    for axes, name in ((gini, "gini"), (broken, "broken_percent")):
        _bars(axes, rows, name, places, 0.6, color=DARK)
    for axes, title in ((energy, "granted, kWh a day"), (gini, "Gini over customers with cars"),
                        (broken, "combinations that break a limit, %")):
        headed(axes, title)
    line_per_name(energy, names)
    return drawing


def _bars(axes: Any, rows: Sequence[Row], name: str, places: Any, height: float, **look: str) -> None:
    axes.barh(places, [float(row[name]) for row in rows], height, ecolor="0.4",
              xerr=[float(row[f"{name}_ci95"]) for row in rows], **look)


def cheap(_: Path) -> Mapping[str, float]:
    """Two hours of the first seed under two rules."""
    street = Street()
    draw = study.drawn(street, 0)
    return {f"{rule}_{name}": getattr(study.of_rule(street, draw, 0, rule, CHEAP_STEPS), name)
            for rule in ("equal", "most_energy") for name in ("import_kwh", "export_kwh")}


EXPERIMENTS = (Experiment(
    name="envelope_rules", page="three_phases.md", question="How can a street's room be shared among its customers?",
    run=run, tables={"rules": Source("rules.csv", ABOUT, f"0-{study.SEEDS - 1}")},
    blocks={"rules": Block(("rules",), table)},
    figures={"figure": Figure("envelope_rules.png", ("rules",), picture,
                              "Energy that four rules grant, how unequally, and how often real loads make it break a "
                              "limit, a panel each.")},
    cheap=CheapRow("hours 6 and 12 of seed 0, rules equal and most_energy", cheap, relative=1e-3)),)
