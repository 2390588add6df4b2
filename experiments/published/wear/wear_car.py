"""One car under every wear model: no dispatch, only traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, cross, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.wear import figures as wear_figures
from experiments.wear import one_car as wear_study
from experiments.wear import study as wear
from models.wear import wear_model_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

CAR = "a 60 kWh car, 8 kWh driven and 20 kWh given back a day"
WEAR, AGE = "wear against smart [CNY/kWh]", "age [years]"


def run(work: Run) -> None:
    """Prices, whole lives, and the grid of uses."""
    for part in ("prices", "life", "study"):
        work.step(part, lambda part=part: work.command(wear.main, part, "-o", str(work.folder)))  # type: ignore[misc]


def life_average(rows: Sequence[Row]) -> str:
    """Price of wear and break-even price by model and battery price."""
    return cross(rows, [code("model", "model")], column("", "battery [CNY/kWh]", ".0f"),
                 lambda row: f"{float(row['wear [CNY/kWh]']):.2f}; {float(row['break-even [CNY/kWh]']):.2f}")


def by_age(rows: Sequence[Row]) -> str:
    """Wear of thirty days at several ages."""
    return cross(rows, [code("model", "model")], column("", AGE, "g"), lambda row: f"{float(row[WEAR]):.2f}")


def cycling(rows: Sequence[Row]) -> str:
    """Part of the wear that is cycling, and booked wear over the price, at several ages."""
    return cross(rows, [code("model", "model")], column("", AGE, "g"),
                 lambda row: f"{row['cycling'].replace('%', ' %')}; {row['booked / price']}")


def booked(rows: Sequence[Row]) -> str:
    """Booked wear over the price, whole lives."""
    return cross(rows, [column("booked / price over years", "years")], code("", "model"),
                 lambda row: row["booked / price"])


def best_use(rows: Sequence[Row]) -> str:
    """Best depth and top at a battery price of 900 CNY/kWh and five years."""
    chosen = [row for row in rows if row["battery [CNY/kWh]"] == "900" and row["age"] == "5"]
    spreads = [name for name in rows[0] if name.startswith("spread")]
    return listing(chosen, [code("model", "model"), *(column(name.split(":")[0], name) for name in spreads)])


def break_even(rows: Sequence[Row]) -> Drawing:
    """The map."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    return wear_figures.break_even_picture({
        model: np.array([float(row[WEAR]) for row in rows if row["model"] == model]) for model in models})


def cheap(_: Path) -> Mapping[str, float]:
    """Life averages at the default battery price."""
    return {model: wear_study.life_average_cny(model, 900.0) for model in wear_model_names()}


EXPERIMENTS = (Experiment(
    name="wear_car", page="experiments/wear.md", question="When does V2G pay for one car's battery?",
    run=run,
    tables={name: Source(f"{name}.csv", CAR) for name in (
        "prices_life_average", "prices_by_age", "prices_map", "life_booked", "study_best_use")},
    blocks={"life_average": Block(("prices_life_average",), life_average), "by_age": Block(("prices_by_age",), by_age),
            "cycling": Block(("prices_by_age",), cycling), "booked": Block(("life_booked",), booked),
            "best_use": Block(("study_best_use",), best_use)},
    figures={"map": Figure("experiments/wear_break_even.png", ("prices_map",), break_even,
                           "Price at which giving a kWh back breaks even, by wear model, price and age of battery.")},
    cheap=CheapRow("life average of wear in CNY/kWh at 900 CNY/kWh", cheap, relative=1e-6)),)
