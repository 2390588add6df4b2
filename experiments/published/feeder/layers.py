"""What splitting the problem into two layers costs."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.feeder import layers as study
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, column, figures_by, listing
from experiments.publishing.metric_rows import one_run, runs
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.metrics.of_runs import write_metrics_csv

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


EXPERIMENTS = (Experiment(
    name="layers", page="experiments/layers.md", question="What does it cost to plan when without knowing where?",
    minutes="15", run=run,
    tables={"plans": Source("layers.csv", study.SCENARIO, "1", CONTROLLERS),
            "proof": Source("proof.csv", study.SCENARIO, "1", CONTROLLERS),
            "runs": Source("runs.csv", study.SCENARIO, "1", CONTROLLERS)},
    blocks={"plans": Block(("plans",), plans), "proof": Block(("proof",), proof),
            "runs": Block(("runs",), whole_runs)},
    cheap=CheapRow("tight_island, seed 1, uncoordinated", one_run(
        study.SCENARIO, "uncoordinated", ("operating_cost_usd", "feeder_losses_kwh")), relative=2e-3)),)
