"""A modern system: does V2G pay where renewables are spilt and peakers start?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from experiments.publishing.drawing import COLOURS, DARK, SMALL, headed, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, cross, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import rts_day as study
from testbed.scenario.loading import load_scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SEEDS = 1
BASE = "uncoordinated"
FORMS = {
    "society_cost_usd_adjusted": ",.0f", "owners_cost_usd_adjusted": ",.0f", "operator_cost_usd_adjusted": ",.0f",
    "fuel_cost_usd": ",.0f", "startup_cost_usd": ",.0f", "carbon_t": ",.0f", "wear_cost_usd": ",.0f",
    "tariff_payments_usd": ",.0f", "imbalance_cost_usd": ",.0f", "reserve_shortfall_mwh": ",.1f",
    "charged_mwh": ",.0f", "discharged_mwh": ",.1f", "unit_starts": ".0f", "unit_hours": ".0f",
    "departures_short_kwh": ",.0f", "fast_charged_mwh": ",.1f", "stored_energy_change_mwh": "+,.1f",
    "steadiness_percent": ".1f", "plan_gap_max_rel": ".1e"}
OWN_FORMS = {"spilt_share": ".1%", "peaker_mwh": ",.0f", "peaker_starts": ".0f", "asked_back_mwh": ",.1f"}
LEDGERS = {"society": "society_cost_usd_adjusted", "owners": "owners_cost_usd_adjusted",
           "operator": "operator_cost_usd_adjusted"}
BESIDE = {"wear": "wear_cost_usd", "missing, kWh": "departures_short_kwh", "given back, MWh": "discharged_mwh"}
"""What stands beside the ledgers: the first less that of BASE, the second too, the third as it is."""
PER_CARS = 1000
MOST_SHOWN_USD = 60
"""$/MWh at which the picture of prices ends: a quarter of an hour in which load is shed costs 3,000."""
DRAWN = ("uncoordinated", "smart_charging", "bilayer")
LAYERS = {"thermal_mw": ("thermal units", "#8a8a8a"), "renewable_mw": ("water, wind and sun", "#8fbf8f"),
          "spilt_mw": ("spilt", "#dfeedf")}


def run(work: Run) -> None:
    """All runs; complete ones are kept."""
    work.command(study.main, "--seeds", str(SEEDS), "--workers", str(work.workers), "-o", str(work.folder))


# ---------------------------------------------------------------- tables
@cache
def cars(scenario: str) -> int:
    """All of a scenario's."""
    return sum(d.private + d.taxi + d.government for d in load_scenario(scenario).districts)


def figures(metrics: Sequence[Row], own: Sequence[Row]) -> str:
    """Figures down, controllers across, scenario by scenario."""
    rows = [{**row, "figure": name, "form": form} for name, form in FORMS.items()
            for row in metrics if row["metric"] == name]
    rows += [{**row, "form": OWN_FORMS[row["figure"]]} for row in own]
    ordered = sorted(rows, key=lambda row: study.SCENARIOS.index(row["scenario"]))
    return cross(ordered, [code("scenario", "scenario"), code("figure", "figure")], code("", "controller"),
                 lambda row: shown(row["value"], row["form"]))


def ledgers(metrics: Sequence[Row], ten_units: Sequence[Row]) -> str:
    """Who pays how much more than where nobody is controlled, by thousand cars, beside the ten units."""
    rows = [row for table in (metrics, ten_units) for row in differences(table)]
    return listing(rows, [code("scenario", "scenario"), code("controller", "controller"),
                          *(column(name, name, "+,.0f") for name in (*LEDGERS, "wear", "missing, kWh")),
                          column("given back, MWh", "given back, MWh", ",.1f"),
                          column("not resolved below", "resolution", ",.0f")])


def differences(metrics: Sequence[Row]) -> Iterator[Row]:
    """A row for each scenario and controller with cars; USD (and kWh missing) a day and thousand cars."""
    value = {(row["scenario"], row["controller"], row["metric"]): float(row["value"] or "nan") for row in metrics}
    for scenario in dict.fromkeys(row["scenario"] for row in metrics):
        scale = PER_CARS / cars(scenario)
        for name in DRAWN[1:]:
            of: dict[str, str] = {
                words: repr(scale * (value[scenario, name, figure] - value[scenario, BASE, figure]))
                for words, figure in (LEDGERS | BESIDE).items()}
            of["given back, MWh"] = repr(scale * value[scenario, name, "discharged_mwh"])
            gap = max(value[scenario, who, "plan_gap_max_rel"] * value[scenario, who, "objective_usd"]
                      for who in (name, BASE))
            yield {"scenario": scenario, "controller": name, **of, "resolution": repr(2 * scale * gap)}


def technologies(rows: Sequence[Row]) -> str:
    """Energy and emissions by kind of unit."""
    def cell(row: Row) -> str:
        return f"{shown(row['energy_mwh'], ',.0f')}, {shown(row['starts'], '.0f')}, {shown(row['carbon_t'], ',.0f')}"

    kept = [row for row in rows if float(row["energy_mwh"]) or float(row["starts"])]
    return cross(kept, [code("scenario", "scenario"), column("MWh, starts, t of carbon dioxide", "technology")],
                 code("", "controller"), cell)


# ---------------------------------------------------------------- picture
def picture(rows: Sequence[Row]) -> Drawing:
    """What serves the load in each hour, and below it what cars take and give back and what a MWh is worth."""
    figure = sheet(9.0, 7.0)
    grid = figure.subplots(3, len(study.SCENARIOS), sharex=True, sharey="row", height_ratios=(1.6, 1, 1))
    for place, scenario in enumerate(study.SCENARIOS):
        of = {name: series(rows, scenario, name) for name in study.CONTROLLERS}
        supply(grid[0][place], of["bilayer"], f"{scenario}, bilayer")
        for name in DRAWN:
            line = {"color": COLOURS[name], "linewidth": 1.4, "baseline": None}
            grid[1][place].stairs(net(of[name]), label=name, **line)
            grid[2][place].stairs(of[name]["price_usd_per_mwh"], label=name, **line)
        headed(grid[1][place], "charging less giving back")
        headed(grid[2][place], f"the system's price, up to {MOST_SHOWN_USD}; beyond it load is shed")
        grid[1][place].axhline(0, color=DARK, linewidth=0.8)
        grid[2][place].set(xlim=(0, 24), xticks=range(0, 25, 3), xlabel="hour of the day", ylim=(-2, MOST_SHOWN_USD))
    for axes, unit in zip(grid[:, 0], ("MW", "MW", "$/MWh"), strict=True):
        axes.set_ylabel(unit)
    grid[0][0].legend(facecolor="white", edgecolor="none", framealpha=1.0, fontsize=SMALL, ncols=2, loc="lower left")
    grid[1][0].legend(frameon=False, fontsize=SMALL, loc="upper right")
    return figure


def series(rows: Sequence[Row], scenario: str, controller: str) -> dict[str, list[float]]:
    """[24] of each of HOURLY."""
    day = [row for row in rows if (row["scenario"], row["controller"]) == (scenario, controller)]
    return {name: [float(row[name]) for row in day] for name in study.HOURLY}


def net(of: Mapping[str, Sequence[float]]) -> list[float]:
    """[24] what cars take, MW; below 0 they give back."""
    return [taken - given for taken, given in zip(of["charge_mw"], of["discharge_mw"], strict=True)]


def supply(axes: Any, of: Mapping[str, Sequence[float]], title: str) -> None:
    """A stack of what serves the load."""
    below = [0.0] * len(of["load_mw"])
    for name, (words, colour) in LAYERS.items():
        above = [low + more for low, more in zip(below, of[name], strict=True)]
        axes.stairs(above, baseline=below, fill=True, color=colour, label=words)
        below = above
    axes.stairs(of["load_mw"], baseline=None, color="black", linewidth=1.2, label="load without cars")
    axes.set_ylim(bottom=0)
    headed(axes, title)


cheap = one_run("rts_day", BASE, ("charged_mwh",), "districts.2.private=1000", "districts.2.taxi=150",
                "districts.2.government=100", "planning.mip_gap=2e-2", "planning.horizon_h=25",
                "planning.redispatch=none", "spatial.look_ahead_h=2", "warmup_controlled_days=0")
"""The day without plans of cars: what those who are left to themselves charge."""


EXPERIMENTS = (Experiment(
    name="rts_day", page="experiments/rts_day.md",
    question="Does V2G pay where renewables are spilt and peakers start?", run=run,
    tables={name: Source(f"{name}.csv", ", ".join(study.SCENARIOS), str(SEEDS), study.CONTROLLERS)
            for name in ("metrics", "own", "technologies", "hours")},
    blocks={"figures": Block(("metrics", "own"), figures), "ledgers": Block(("metrics", "paper_day.metrics"), ledgers),
            "technologies": Block(("technologies",), technologies)},
    figures={"hours": Figure("experiments/rts_day.png", ("hours",), picture,
                             "What serves the load in each hour of both days, what cars take and give back under three "
                             "controllers, and what one more MWh is worth.")},
    cheap=CheapRow("rts_day with a hundredth of the cars, uncoordinated", cheap, relative=1e-6)),)
