"""Wear inside the dispatch, and what hardware changes: runs of one day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import Column, code, column, cross, listing, number, shown
from experiments.publishing.metric_rows import metric_rows, one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.wear import study as wear
from experiments.wear.figures import Fading, fading_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

PAGE = "experiments/wear.md"
SHOWN = {"discharged_mwh": ("given back, MWh", ",.1f"), "hours_fewer_units": ("hours with fewer units", ".0f"),
         "wear_cost_usd": ("wear in the metrics, $", ",.0f"), "operating_cost_usd": ("operating cost, $", ",.0f"),
         "total_cost_usd_adjusted": ("total cost, adjusted, $", ",.0f")}
PRICES = {"53.6 $/MWh": (), "naumann": ("wear.model=naumann",), "blast_nmc622": ("wear.model=blast_nmc622",)}
CONSTANT = ("fleet.slow_charger_curve=constant", "fleet.eta_charge=0.95", "fleet.eta_discharge=0.95")
CURVES = ("fleet.slow_charger_curve=ac_onboard", "fleet.fast_charger_curve=dc_400v", "fleet.connection_loss_share=0.01")
HARDWARE = ("model_mismatch_kwh", "departures_short_kwh", "total_cost_usd_adjusted")
TRANSFORMERS = {"transformer_life_max_h": ".3f", "transformer_life_sum_h": ".2f",
                "transformer_hot_spot_max_celsius": ".1f", "transformer_losses_kwh": ",.1f"}
FOUR = ("no_pev", "uncoordinated", "smart_charging", "temporal")


# ---------------------------------------------------------------- runs
def run_dispatch(work: Run) -> None:
    """Coefficients and models under `temporal`, three of them under `bilayer` too."""
    work.command(wear.main, "dispatch", "--seeds", "1", "--workers", str(work.workers), "-o", str(work.folder))
    rows: list[Row] = []
    for label, keys in PRICES.items():
        results = runs(work.folder / "bilayer" / label.split()[0], wear.SCENARIO, ("bilayer",), keys)
        rows.append({"price of wear": label} | {row["metric"]: row["value"]
                                                for row in metric_rows(label, results, tuple(SHOWN))})
    write_rows(rows, work.folder / "bilayer.csv")


def run_fading(work: Run) -> None:
    """Rising prices of wear with and without tariff."""
    work.command(wear.main, "fading", "--seeds", "1", "--workers", str(work.workers), "-o", str(work.folder))
    rows = [{"model": name, "usd_per_mwh": f"{usd:.4f}"} for name, usd in wear.model_prices().items()]
    write_rows(rows, work.folder / "model_prices.csv")


def run_hardware(work: Run) -> None:
    """Efficiency curves, and the feeder's transformers under four controllers."""
    usual = runs(work.folder / "usual", wear.SCENARIO, FOUR, workers=work.workers)
    constant = runs(work.folder / "constant", wear.SCENARIO, (wear.V2G,), CONSTANT, workers=work.workers)
    curved = runs(work.folder / "curves", wear.SCENARIO, (wear.V2G,), CURVES)
    rows = [*metric_rows("constant 95 %", constant, HARDWARE),
            *metric_rows("ac_onboard slow", [r for r in usual if r.controller == wear.V2G], HARDWARE)]
    write_rows([*rows, *metric_rows("ac_onboard slow, dc_400v fast, 1 % in cables", curved, HARDWARE)],
               work.folder / "chargers.csv")
    write_rows(metric_rows("study_day", usual, tuple(TRANSFORMERS)), work.folder / "transformers.csv")


# ---------------------------------------------------------------- tables and figure
def dispatch(rows: Sequence[Row]) -> str:
    """A line per price of wear."""
    return listing(rows, [code("price of wear", "price of wear"),
                          *(column(head, name, form) for name, (head, form) in SHOWN.items())])


def booked(rows: Sequence[Row]) -> str:
    """The dispatch's price beside the wear that the same model books."""
    return listing(rows, [code("model", "model"), *(column(name, name) for name in list(rows[0])[2:])])


def fading(rows: Sequence[Row]) -> str:
    """A line per setting and price."""
    heads = list(SHOWN.items())
    columns = [column(head, name, form) for name, (head, form) in (heads[1], heads[0], heads[2], heads[3])]
    return listing(rows, [column("setting", "setting"), column("price of wear, $/MWh", "wear [$/MWh]"), *columns])


def fading_figure(rows: Sequence[Row], prices: Sequence[Row]) -> Drawing:
    """Hours and energy over the price."""
    curves = []
    for setting in dict.fromkeys(row["setting"] for row in rows):
        mine = [row for row in rows if row["setting"] == setting]
        values = [np.array([number(row[name]) for row in mine])
                  for name in ("wear [$/MWh]", "hours_fewer_units", "discharged_mwh")]
        curves.append(Fading(setting, values[0], values[1][:, None], values[2][:, None]))
    return fading_picture(curves, {row["model"]: float(row["usd_per_mwh"]) for row in prices})


def chargers(rows: Sequence[Row]) -> str:
    """What real curves change."""
    return cross(rows, [code("", "metric")], column("", "setting"), lambda row: shown(row["value"], ",.0f"))


def transformers(rows: Sequence[Row]) -> str:
    """Life, heat and losses of the feeder's transformers by controller."""
    return cross(rows, [code("", "metric")], Column("", lambda row: f"`{row['controller']}`"),
                 lambda row: shown(row["value"], TRANSFORMERS[row["metric"]]))


COST = ("operating_cost_usd", "wear_cost_usd", "discharged_mwh")
EXPERIMENTS = (
    Experiment(
        name="wear_dispatch", page=PAGE, question="What does each price of wear do to the dispatch?",
        run=run_dispatch,
        tables={"prices": Source("dispatch_dispatch.csv", wear.SCENARIO, "1", ("temporal",)),
                "booked": Source("dispatch_booked.csv", wear.SCENARIO, "1", wear.CONTROLLERS),
                "bilayer": Source("bilayer.csv", wear.SCENARIO, "1", ("bilayer",))},
        blocks={"prices": Block(("prices",), dispatch), "booked": Block(("booked",), booked),
                "bilayer": Block(("bilayer",), dispatch)},
        cheap=CheapRow("study_day, seed 1, temporal, wear 100 $/MWh",
                       one_run(wear.SCENARIO, wear.V2G, COST[:1], "objective.wear_usd_per_mwh=100"), relative=1e-3)),
    Experiment(
        name="wear_fading", page=PAGE, question="How do the hours with fewer units fade as wear grows?",
        run=run_fading,
        tables={"hours": Source("fading_hours.csv", wear.SCENARIO, "1", ("temporal",)),
                "model_prices": Source("model_prices.csv")},
        blocks={"hours": Block(("hours",), fading)},
        figures={"figure": Figure("experiments/wear_fading.png", ("hours", "model_prices"), fading_figure,
                                  "Hours with fewer units, and energy that cars give back, over the price of wear.")},
        cheap=CheapRow("study_day in the setting of nine hours, no tariff, wear 75 $/MWh", one_run(
            wear.SCENARIO, wear.V2G, COST[:1], *wear.NINE_HOURS, *wear.FADING["without tariff"],
            "objective.wear_usd_per_mwh=75"), relative=1e-3)),
    Experiment(
        name="wear_hardware", page=PAGE, question="What do real chargers and transformers change?",
        run=run_hardware,
        tables={"chargers": Source("chargers.csv", wear.SCENARIO, "1", (wear.V2G,)),
                "transformers": Source("transformers.csv", wear.SCENARIO, "1", FOUR)},
        blocks={"chargers": Block(("chargers",), chargers), "transformers": Block(("transformers",), transformers)},
        cheap=CheapRow("study_day, seed 1, uncoordinated", one_run(
            wear.SCENARIO, "uncoordinated", ("transformer_life_sum_h", "transformer_losses_kwh")), relative=1e-6)),
)
