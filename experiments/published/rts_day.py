"""A modern system: does V2G pay where renewables are spilt and peakers start?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, cross, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import rts_day as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FORMS = {
    "society_cost_usd_adjusted": ",.0f", "owners_cost_usd_adjusted": ",.0f", "operator_cost_usd_adjusted": ",.0f",
    "operating_cost_usd": ",.0f", "startup_cost_usd": ",.0f", "carbon_t": ",.0f", "wear_cost_usd": ",.0f",
    "imbalance_cost_usd": ",.0f", "charged_mwh": ",.0f", "discharged_mwh": ",.1f", "curtailed_mwh": ",.0f",
    "spilt_share": ".1%", "peaker_mwh": ",.0f", "unit_starts": ".0f", "departures_short_kwh": ",.0f",
    "steadiness_percent": ".1f", "plan_gap_max_rel": ".1e"}
DRAWN = ("uncoordinated", "bilayer")


def run(work: Run) -> None:
    """All runs; complete ones are kept."""
    work.command(study.main, "--workers", str(work.workers), "-o", str(work.folder))


def figures(rows: Sequence[Row]) -> str:
    """Figures down, controllers across, scenario by scenario."""
    return cross([row for row in rows if row["metric"] in FORMS],
                 [code("scenario", "scenario"), code("figure", "metric")], code("", "controller"),
                 lambda row: shown(row["value"], FORMS[row["metric"]]))


def draw(rows: Sequence[Row]) -> Drawing:
    """What thermal units, wind and sun give and what cars take, hour by hour."""
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - drawing alone needs it

    canvas = Canvas(figsize=(9.0, 6.0), layout="constrained")
    axes = canvas.subplots(len(study.SCENARIOS), len(DRAWN), sharex=True, sharey=True)
    for line, scenario in zip(axes, study.SCENARIOS, strict=True):
        for place, controller in zip(line, DRAWN, strict=True):
            day = [row for row in rows if row["scenario"] == scenario and row["controller"] == controller]
            hours = [float(row["hour"]) for row in day]
            value = {name: [float(row[name]) for row in day] for name in study.HOURLY}
            place.stackplot(hours, value["thermal_mw"], value["renewable_mw"], value["curtailed_mw"],
                            labels=("thermal units", "wind, sun, water used", "spilt"),
                            colors=("#8a8a8a", "#7fb27f", "#d9e8d9"))
            place.plot(hours, value["load_mw"], color="black", label="load without cars")
            place.plot(hours, value["charge_mw"], color="#3060a0", label="charging")
            place.plot(hours, value["discharge_mw"], color="#c04040", label="giving back")
            place.set_title(f"{scenario}, {controller}", fontsize=9)
    for place in axes[-1]:
        place.set_xlabel("hour")
    for line in axes:
        line[0].set_ylabel("MW")
    axes[0][0].legend(fontsize=7, loc="upper left")
    return canvas


def cheap(folder: Path) -> Mapping[str, float]:
    """The day without plans of cars: what those who are left to themselves charge."""
    return one_run("rts_day", "uncoordinated", ("charged_mwh",), "districts.2.private=1000", "districts.2.taxi=150",
                   "districts.2.government=100", "planning.mip_gap=2e-2", "planning.horizon_h=25",
                   "spatial.look_ahead_h=2", "warmup_controlled_days=0")(folder)


EXPERIMENTS = (Experiment(
    name="rts_day", page="experiments/rts_day.md",
    question="Does V2G pay where renewables are spilt and peakers start?", minutes="25", run=run,
    tables={"figures": Source("figures.csv", "rts_day, rts_day_spilling", "1", study.CONTROLLERS),
            "hours": Source("hours.csv", "rts_day, rts_day_spilling", "1", study.CONTROLLERS)},
    blocks={"figures": Block(("figures",), figures)},
    figures={"hours": Figure("experiments/rts_day.png", ("hours",), draw,
                             "thermal units, wind, sun and water, what is spilt, and what cars take and give back, "
                             "by hour")},
    cheap=CheapRow("rts_day with a hundredth of the cars, uncoordinated", cheap, relative=1e-6)),)
