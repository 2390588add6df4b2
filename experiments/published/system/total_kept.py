"""What it costs, and whom, that idle cars give back for those that take more than planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, cross, shown
from experiments.publishing.metric_rows import metric_rows, one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

SCENARIO, CHEAP = "paper_day", "study_day"
FORMS = {
    "society_cost_usd_adjusted": ",.0f", "owners_cost_usd_adjusted": ",.0f", "operator_cost_usd_adjusted": ",.0f",
    "objective_usd_adjusted": ",.0f", "wear_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
    "reserve_shortfall_mwh": ",.1f", "discharged_mwh": ",.0f", "departures_short_kwh": ",.0f"}
SETTINGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "smart_charging": ("smart_charging", ()), "bilayer as planned in sum": ("bilayer", ()),
    "bilayer by charging alone": ("bilayer", ("spatial.total_kept_by=charging",))}


def run(work: Run) -> None:
    """Three runs; the first two are those of the paper's day."""
    write_rows([row for setting, (controller, keys) in SETTINGS.items() for row in metric_rows(
        setting, runs(work.folder / setting.replace(" ", "_"), SCENARIO, [controller], keys,
                      workers=work.workers), tuple(FORMS))], work.folder / "figures.csv")


def figures(rows: Sequence[Row]) -> str:
    """Figures down, settings across."""
    return cross(rows, [code("", "metric")], code("", "setting"),
                 lambda row: shown(row["value"], FORMS[row["metric"]]))


def cheap(folder: Path) -> Mapping[str, float]:
    """A run of a tenth of the system."""
    return one_run(CHEAP, "bilayer", ("society_cost_usd_adjusted", "owners_cost_usd_adjusted"),
                   "spatial.total_kept_by=charging")(folder)


EXPERIMENTS = (Experiment(
    name="total_kept", page="experiments/paper_day.md",
    question="What does it cost, and whom, that idle cars give back for those that take more than planned?", run=run,
    tables={"figures": Source("figures.csv", SCENARIO, "1", ("smart_charging", "bilayer"))},
    blocks={"figures": Block(("figures",), figures)},
    cheap=CheapRow("study_day, seed 1, bilayer, total kept by charging alone", cheap, relative=1e-2)),)
