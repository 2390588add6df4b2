"""The paper's day under six controllers."""

from __future__ import annotations

from collections.abc import Sequence

from experiments import paper_day as study
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import figures_by
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

FORMS = {
    "total_cost_usd_adjusted": ",.0f", "objective_usd_adjusted": ",.0f", "operating_cost_usd": ",.0f",
    "carbon_t": ",.0f", "wear_cost_usd": ",.0f", "owners_net_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
    "unit_hours": ".0f", "hours_fewer_units": ".0f", "equivalent_load_peak_mw": ",.0f",
    "equivalent_load_valley_mw": ",.0f", "equivalent_load_std_mw": ".1f", "charged_mwh": ",.0f",
    "discharged_mwh": ",.0f", "stored_energy_change_mwh": ",.0f", "feeder_losses_kwh": ",.1f", "vm_min_pu": ".4f",
    "departures_short": ",.0f", "departures_short_kwh": ",.0f", "compliance_realised": ".3f",
    "not_delivered_share": ".1%"}


def run(one: Run) -> None:
    """Six runs."""
    study.main(one.folder)


def figures(rows: Sequence[Row]) -> str:
    """Figures down, controllers across."""
    return figures_by(rows, FORMS)


EXPERIMENTS = (Experiment(
    name="paper_day", page="experiments/paper_day.md", question="What do six controllers make of the same day?",
    minutes="3", run=run, tables={"metrics": Source("metrics.csv", "paper_day", "1", study.CONTROLLERS)},
    blocks={"figures": Block(("metrics",), figures)},
    cheap=CheapRow("paper_day, seed 1, uncoordinated", one_run(
        "paper_day", "uncoordinated", ("operating_cost_usd", "feeder_losses_kwh")), relative=2e-3)),)
