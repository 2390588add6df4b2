"""A tariff that opens at 18:00 on a street of three phases, and what coordination makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, cross, shown
from experiments.publishing.metric_rows import metric_rows, one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

SCENARIO, CONTROLLERS = "street_day", ("tariff", "bilayer")
FORMS = {"supply_min_v": ",.1f", "supply_max_v": ",.1f", "supply_outside_customers": ".0f",
         "supply_outside_customer_h": ".2f", "phase_loading_max_percent": ".0f", "unbalance_max_percent": ".2f",
         "charged_mwh": ".4f", "discharged_mwh": ".4f", "departures_short_kwh": ".2f", "steadiness_percent": ".2f"}


def run(work: Run) -> None:
    """One run each."""
    results = runs(work.folder, SCENARIO, CONTROLLERS)
    write_rows(metric_rows(SCENARIO, results, tuple(FORMS)), work.folder / "street_day.csv")


def figures(rows: Sequence[Row]) -> str:
    """Controllers side by side."""
    return cross(rows, [code("figure", "metric")], code("", "controller"),
                 lambda row: shown(row["value"], FORMS[row["metric"]]))


EXPERIMENTS = (Experiment(
    name="street_day", page="three_phases.md",
    question="What does a tariff do to a street when it opens, and what does coordination?", run=run,
    tables={"figures": Source("street_day.csv", SCENARIO, "1", CONTROLLERS)},
    blocks={"figures": Block(("figures",), figures)},
    cheap=CheapRow("street_day, seed 1, tariff", one_run(SCENARIO, "tariff", ("supply_min_v", "charged_mwh")),
                   relative=1e-4)),)
