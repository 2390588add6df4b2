"""What one more MWh costs the system of the paper's day, hour by hour, beside what the tariff charges and pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.publishing.drawing import COLOURS, DARK, SMALL, headed, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.metric_rows import runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from models.records.arrays import Floats
from testbed.results.reading import Result

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure as Drawing

SCENARIO = "paper_day"
CONTROLLERS = ("uncoordinated", "smart_charging", "bilayer")
SERIES = {"marginal_price_usd_per_mwh": 1.0, "price_charge_usd_per_kwh": 1e3, "price_discharge_usd_per_kwh": 1e3}
"""Of the result, and what makes $/MWh of them."""
TARIFF = {"price_charge_usd_per_kwh": ("owners pay", "black", "-"),
          "price_discharge_usd_per_kwh": ("owners are paid", "black", "--")}
HOURS_PER_DAY = 24


def by_hour(result: Result, name: str) -> Floats:
    """[24] means of a counted day's hours, $/MWh."""
    return np.asarray(result.system(name).reshape(HOURS_PER_DAY, -1).mean(axis=1) * SERIES[name])


def series_of(results: Sequence[Result]) -> list[Row]:
    """A row for each hour and price: the system's under each controller, and the tariff's, which is the same."""
    first = results[0]
    prices = {result.controller: by_hour(result, "marginal_price_usd_per_mwh") for result in results}
    prices |= {words: by_hour(first, name) for name, (words, *_) in TARIFF.items()}
    return [{"price": price, "hour": str(hour), "usd_per_mwh": repr(float(usd))}
            for price, values in prices.items() for hour, usd in enumerate(values)]


def range_of(results: Sequence[Result]) -> list[Row]:
    """The least and the most of every step of the day."""
    steps = {result.controller: result.system("marginal_price_usd_per_mwh") for result in results}
    steps |= {words: results[0].system(name) * SERIES[name] for name, (words, *_) in TARIFF.items()}
    return [{"price": price, **{f"{name}_usd_per_mwh": repr(float(of(values)))
                                for name, of in (("least", np.min), ("mean", np.mean), ("most", np.max))}}
            for price, values in steps.items()]


def run(work: Run) -> None:
    """A run for each controller."""
    def write() -> None:
        results = runs(work.folder, SCENARIO, CONTROLLERS, workers=work.workers)
        write_rows(series_of(results), work.folder / "series.csv")
        write_rows(range_of(results), work.folder / "range.csv")

    work.step("prices", write)


def cheap(folder: Path) -> dict[str, float]:
    """The range where nobody is controlled."""
    row = range_of(runs(folder, SCENARIO, CONTROLLERS[:1]))[0]
    return {name: float(row[name]) for name in ("least_usd_per_mwh", "most_usd_per_mwh")}


def ranges(rows: Sequence[Row]) -> str:
    """Least, mean and most."""
    return listing(rows, [code("price", "price"), column("least, $/MWh", "least_usd_per_mwh", ".1f"),
                          column("mean", "mean_usd_per_mwh", ".1f"), column("most", "most_usd_per_mwh", ".1f")])


def picture(rows: Sequence[Row]) -> Drawing:
    """A line per price over the hours of the day."""
    figure = sheet(7.4, 3.6)
    axes = figure.subplots()
    styles = {name: (name, COLOURS[name], "-") for name in CONTROLLERS}
    styles |= {words: (words, colour, line) for words, colour, line in TARIFF.values()}
    for price, (words, colour, line) in styles.items():
        values = [float(row["usd_per_mwh"]) for row in rows if row["price"] == price]
        axes.stairs(values, color=colour, linestyle=line, linewidth=1.6, baseline=None,
                    label=words if price not in CONTROLLERS else f"the system's price, {words}")
    axes.axhline(0, color=DARK, linewidth=0.8)
    axes.set(xlim=(0, HOURS_PER_DAY), xticks=range(0, HOURS_PER_DAY + 1, 3), xlabel="hour of the day", ylabel="$/MWh")
    figure.legend(frameon=False, fontsize=SMALL, ncols=3, loc="outside lower center")
    headed(axes, "What the tariff says, and what one more MWh costs the system")
    return figure


EXPERIMENTS = (Experiment(
    name="system_price", page="experiments/paper_day.md",
    question="What does one more MWh cost the system, beside the tariff?", run=run,
    tables={name: Source(f"{name}.csv", SCENARIO, "1", CONTROLLERS) for name in ("series", "range")},
    blocks={"range": Block(("range",), ranges)},
    figures={"figure": Figure("experiments/system_price.png", ("series",), picture,
                              "What owners pay and are paid in each hour of the day, and what one more MWh costs the "
                              "system under three controllers.")},
    cheap=CheapRow(f"{SCENARIO}, seed 1, uncoordinated", cheap, relative=5e-3)),)
