"""What splitting the problem into two layers costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.feeder import layers as study
from experiments.publishing.drawing import COLOURS, DARK, SMALL, headed, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, figures_by, listing
from experiments.publishing.metric_rows import one_run, runs
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.metrics.of_runs import write_metrics_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

CONTROLLERS = ("bilayer", "bilayer_coordinated", "bilayer_envelope", "joint")
FORMS = {"plan_gap_max_rel": ".2%", "operating_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
         "stored_energy_change_mwh": ",.1f", "total_cost_usd_adjusted": ",.0f", "objective_usd_adjusted": ",.0f",
         "not_delivered_share": ".1%"}


def run(work: Run) -> None:
    """The first plan in four ways, then whole runs."""
    work.step("layers", lambda: work.command(study.main, "-o", str(work.folder)))
    results = runs(work.folder / "runs", study.SCENARIO, CONTROLLERS, workers=work.workers)
    write_metrics_csv(results, work.folder / "runs.csv")


def plans(rows: Sequence[Row]) -> str:
    """Each way of making the plan."""
    return listing(rows, [code("plan by", "name"), column("J [$]", "j_usd", ",.2f"),
                          column("above joint [%]", "above_joint_percent", ".3f"),
                          column("gap closed [%]", "gap_closed_percent", ".1f"),
                          column("undelivered [MWh]", "undelivered_mwh", ".2f"),
                          column("losses [MWh]", "losses_mwh", ".2f"), column("iterations", "iterations"),
                          column("CPU [s]", "cpu_s", ".0f")])


def proof(rows: Sequence[Row]) -> str:
    """Bounds, and both forms of the feeder at a fixed commitment."""
    return listing(rows, [column("bound of the joint problem [$]", "bound_usd", ",.2f"),
                          column("bound of the exchange [$]", "coordination_bound_usd", ",.2f"),
                          column("commitment fixed: cones [$]", "cone_usd", ",.2f"),
                          column("tangents [$]", "tangent_usd", ",.2f")])


def whole_runs(rows: Sequence[Row]) -> str:
    """What happened in 24 hours."""
    return figures_by(rows, FORMS, CONTROLLERS)


# ---------------------------------------------------------------- picture
TALK = {"bilayer": "bilayer: no word back", "bilayer_envelope": "bilayer_envelope: one message",
        "bilayer_coordinated": "bilayer_coordinated: exchange", "joint": "joint: a single problem"}
"""What feeders tell the plan, least first."""


def picture(plans: Sequence[Row], proof: Sequence[Row], runs: Sequence[Row]) -> Drawing:
    """The plan above the proven bound, and the day that was carried out above the cheapest of the four."""
    figure = sheet(7.8, 2.7)
    left, right = figure.subplots(1, 2, sharey=True)
    bound = float(proof[0]["bound_usd"])
    planned = {row["name"]: 100 * (float(row["j_usd"]) / bound - 1) for row in plans}
    spent = {row["controller"]: float(row["value"]) for row in runs if row["metric"] == "objective_usd_adjusted"}
    least = min(spent.values())
    bars(left, planned)
    bars(right, {name: 100 * (usd / least - 1) for name, usd in spent.items()})
    left.set_xlabel("J above the proven lower bound [%]", fontsize=9)
    right.set_xlabel("objective above the cheapest of the four [%]", fontsize=9)
    headed(left, "First plan: the more is told, the better")
    headed(right, "One day carried out: not so")
    return figure


def bars(axes: Any, percent: dict[str, float]) -> None:
    """A bar and its number for each way to plan."""
    for place, name in enumerate(TALK):
        axes.barh(place, percent[name], height=0.62, color=COLOURS[name])
        axes.text(percent[name], place, f" {percent[name]:.1f} %", va="center", fontsize=SMALL)
    line_per_name(axes, list(TALK.values()))
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.margins(x=0.16)


EXPERIMENTS = (Experiment(
    name="layers", page="experiments/layers.md", question="What does it cost to plan when without knowing where?",
    run=run,
    tables={"plans": Source("layers.csv", study.SCENARIO, "1", CONTROLLERS),
            "proof": Source("proof.csv", study.SCENARIO, "1", CONTROLLERS),
            "runs": Source("runs.csv", study.SCENARIO, "1", CONTROLLERS)},
    blocks={"plans": Block(("plans",), plans), "proof": Block(("proof",), proof),
            "runs": Block(("runs",), whole_runs)},
    figures={"figure": Figure(
        "experiments/layers.png", ("plans", "proof", "runs"), picture,
        "How far each way to plan stays above the proven bound, and how far its day as carried out stays above the "
        "cheapest of the four.")},
    cheap=CheapRow("tight_island, seed 1, uncoordinated", one_run(
        study.SCENARIO, "uncoordinated", ("operating_cost_usd", "feeder_losses_kwh")), relative=2e-3)),)
