"""What it costs, and whom, that idle cars give back for those that take more than planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, column, cross, shown
from experiments.publishing.metric_rows import metric_rows, one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.metrics.of_runs import compute_metrics, half_width
from testbed.results.reading import Result

SEEDS: Mapping[str, int] = {"paper_day": 1, "study_day": 20, "rts_day": 1}
"""Scenarios, and how many days of each."""
CHEAP = "study_day"
LEDGERS = {"society": "society_cost_usd_adjusted", "owners": "owners_cost_usd_adjusted",
           "operator": "operator_cost_usd_adjusted", "objective": "objective_usd_adjusted"}
FORMS = {
    **dict.fromkeys(LEDGERS.values(), ",.0f"), "wear_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
    "reserve_shortfall_mwh": ",.1f", "discharged_mwh": ",.0f", "departures_short_kwh": ",.0f"}
ALONE, IN_SUM, BY_CHARGING = "smart_charging", "bilayer as planned in sum", "bilayer by charging alone"
SETTINGS: Mapping[str, tuple[str, str]] = {
    ALONE: ("smart_charging", "all"), IN_SUM: ("bilayer", "all"), BY_CHARGING: ("bilayer", "charging")}
"""Controller and `spatial.total_kept_by` of each."""
PAIRS = ((IN_SUM, BY_CHARGING), (IN_SUM, ALONE), (BY_CHARGING, ALONE))


def run(work: Run) -> None:
    """Three settings of each scenario, the same seeds for all."""
    figures, differences = list[Row](), list[Row]()
    for scenario in SEEDS:
        found = {setting: _results(work, scenario, setting) for setting in SETTINGS}
        for setting, results in found.items():
            figures += [{"scenario": scenario, **row} for row in metric_rows(setting, results, tuple(FORMS))]
        differences += paired(scenario, found)
    write_rows(figures, work.folder / "figures.csv")
    write_rows(differences, work.folder / "differences.csv")


def _results(work: Run, scenario: str, setting: str) -> list[Result]:
    controller, kept_by = SETTINGS[setting]
    return runs(work.folder / scenario / setting.replace(" ", "_"), scenario, [controller],
                [f"spatial.total_kept_by={kept_by}"], SEEDS[scenario], work.workers)


def paired(scenario: str, found: Mapping[str, Sequence[Result]]) -> Iterator[Row]:
    """By ledger, what one setting costs more than another: mean over paired seeds, half width of the 95 % interval."""
    of_seeds = {setting: [compute_metrics(result) for result in results] for setting, results in found.items()}
    for one, other in PAIRS:
        for ledger, metric in LEDGERS.items():
            more = np.array([a[metric] - b[metric]
                             for a, b in zip(of_seeds[one], of_seeds[other], strict=True)])
            yield {"scenario": scenario, "seeds": str(more.size), "setting": one, "less": other, "ledger": ledger,
                   "usd": repr(float(more.mean())), "ci95_usd": repr(half_width(more)) if more.size > 1 else ""}


def figures(rows: Sequence[Row]) -> str:
    """Figures down, settings across, scenario by scenario."""
    return cross(rows, [code("scenario", "scenario"), code("", "metric")], column("", "setting"),
                 lambda row: shown(row["value"], FORMS[row["metric"]]))


def differences(rows: Sequence[Row]) -> str:
    """Pairs of settings down, ledgers across."""
    return cross(rows, [code("scenario", "scenario"), column("seeds", "seeds"), column("", "setting"),
                        column("less", "less")], column("", "ledger"), _usd)


def _usd(row: Row) -> str:
    mean = shown(row["usd"], "+,.0f")
    return f"{mean} ± {shown(row['ci95_usd'], ',.0f')}" if row["ci95_usd"] else mean


def cheap(folder: Path) -> Mapping[str, float]:
    """A run of a tenth of the system."""
    return one_run(CHEAP, "bilayer", ("society_cost_usd_adjusted", "owners_cost_usd_adjusted"),
                   "spatial.total_kept_by=charging")(folder)


EXPERIMENTS = (Experiment(
    name="total_kept", page="experiments/paper_day.md",
    question="What does it cost, and whom, that idle cars give back for those that take more than planned?", run=run,
    tables={name: Source(f"{name}.csv", ", ".join(SEEDS), "1; study_day 1-20", ("smart_charging", "bilayer"))
            for name in ("figures", "differences")},
    blocks={"figures": Block(("figures",), figures), "differences": Block(("differences",), differences)},
    cheap=CheapRow("study_day, seed 1, bilayer, total kept by charging alone", cheap, relative=1e-2)),)
