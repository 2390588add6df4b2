"""The claim of nine hours in whole days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.claims.hours import CLAIMED_HOURS
from experiments.publishing.drawing import COLOURS, DARK, SMALL, headed, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, cross, interval, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import claims_day as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FORMS = {"total_cost_usd_adjusted": ",.0f", "operating_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
         "stored_energy_change_mwh": ",.1f", "unit_hours": ".1f"}
COMPARED = ("total_cost_usd_adjusted", "operating_cost_usd")
SEEDS = 5
WITH_CARS = ("bilayer", "smart_charging", "uncoordinated")
PARTS = {"fuel and start-ups": "#332288", "reserve that is missing": "#cc6677",
         "filling batteries up again": "#ddcc77"}
"""Of what a day costs above one without cars, from dark to pale."""
DAY_H = 24


def run(work: Run) -> None:
    """All runs; its exit code only says whether the claimed order holds."""
    work.command(study.main, "--seeds", str(SEEDS), "--workers", str(work.workers), "-o", str(work.folder),
                 accepts=(0, 1))


def means(rows: Sequence[Row]) -> str:
    """Means over seeds."""
    kept = [row for row in rows if row["figure"] in FORMS and row["base"] == study.BASES[1]]
    return cross(kept, [code("", "figure")], code("", "controller"),
                 lambda row: shown(row["mean"], FORMS[row["figure"]]))


def differences(rows: Sequence[Row]) -> str:
    """Paired, with interval and MILP gap."""
    kept = [row for row in rows if row["figure"] in COMPARED and row["controller"] not in (row["base"], study.BASES[0])]
    return listing(kept, [code("figure", "figure"), code("controller", "controller"), code("against", "base"),
                          interval("difference, $", "difference", "ci95"),
                          column("MILP gap, $", "milp_gap_usd", ",.0f"), column("", "note")])


def hours(rows: Sequence[Row]) -> str:
    """Hours with fewer units."""
    kept = [row for row in rows if row["figure"] == "hours_fewer_units" and row["controller"] != row["base"]]
    return listing(kept, [code("controller", "controller"), code("against", "base"), column("hours", "mean", ".3g"),
                          column("which", "note")])


# ---------------------------------------------------------------- picture
def picture(rows: Sequence[Row]) -> Drawing:
    """What cars add to a day's cost, and the hours in which fewer units run than without them."""
    against = {(row["figure"], row["controller"]): row for row in rows if row["base"] == "no_pev"}
    figure = sheet(7.4, 4.4)
    upper, lower = figure.subplots(2, 1, height_ratios=(1, 1.1))
    for place, name in enumerate(WITH_CARS):
        cost_bar(upper, place, {figure: float(row["difference"]) / 1000 for (figure, controller), row in against.items()
                                if controller == name})
        hour_row(lower, place + 1, study.hours_in(against["hours_fewer_units", name]["note"]), COLOURS[name])
    hour_row(lower, 0, CLAIMED_HOURS, "black")
    line_per_name(upper, list(WITH_CARS))
    upper.axvline(0, color=DARK, linewidth=0.8)
    upper.set_xlabel("thousand USD a day above a day without cars", fontsize=9)
    upper.legend(frameon=False, fontsize=SMALL, loc="lower right", bbox_to_anchor=(1, 0.3))
    upper.margins(x=0.08)
    headed(upper, "What cars add to the cost of a day")
    line_per_name(lower, ["the paper's claim", *WITH_CARS])
    lower.set(xlim=(0.5, DAY_H + 3.5), xticks=range(1, DAY_H + 1))
    lower.set_xlabel("hour of the day", fontsize=9)
    headed(lower, "Hours in which fewer units run than without cars")
    return figure


def cost_bar(axes: Any, place: int, thousands: dict[str, float]) -> None:
    """Costs from zero to the right, savings to the left, the sum as a number."""
    total = thousands["total_cost_usd_adjusted"]
    parts = (thousands["operating_cost_usd"], thousands["imbalance_cost_usd"], total - thousands["total_cost_usd"])
    ends = {True: 0.0, False: 0.0}
    for (name, colour), part in zip(PARTS.items(), parts, strict=True):
        axes.barh(place, part, left=ends[part > 0], color=colour, height=0.6, label=name if place == 0 else None)
        ends[part > 0] += part
    axes.text(ends[True] + 0.6, place, f"{total:+.1f}", va="center", fontsize=9)


def hour_row(axes: Any, place: int, hours: Sequence[int], colour: str) -> None:
    """A square per hour of the day, filled where fewer units run, and how many there are."""
    every = range(1, DAY_H + 1)
    axes.scatter(every, [place] * DAY_H, s=95, marker="s", edgecolor="0.8", linewidth=0.6,
                 facecolor=[colour if hour in hours else "white" for hour in every])
    axes.text(DAY_H + 1, place, f"{len(hours)} h", va="center", fontsize=9)


EXPERIMENTS = (Experiment(
    name="claims_day", page="experiments/claims_day.md",
    question="Do cars that feed back save nine hours of start-ups?", run=run,
    tables={"claims": Source("claims.csv", study.SCENARIO, f"1-{SEEDS}", study.CONTROLLERS)},
    blocks={"means": Block(("claims",), means), "differences": Block(("claims",), differences),
            "hours": Block(("claims",), hours)},
    figures={"figure": Figure(
        "experiments/claims_day.png", ("claims",), picture,
        "What a day costs above one without cars, by controller and part, and the hours in which fewer units run than "
        "without cars, beside those that the paper claims.")},
    cheap=CheapRow("claims_day, seed 1, no_pev", one_run(
        study.SCENARIO, "no_pev", ("operating_cost_usd", "unit_hours")), relative=1e-3)),)
