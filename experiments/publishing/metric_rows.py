"""Figures of runs as rows of a table: setting, controller, seed, metric, value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.publishing.tables import Row, csv_of
from experiments.runs import results_of
from testbed.metrics.of_runs import compute_metrics, half_width
from testbed.results.reading import Result
from testbed.running.preflight import compare_request, run_request
from testbed.running.several_runs import jobs, single_job


def runs(folder: Path, scenario: str, controllers: Sequence[str], overrides: Sequence[str] = (), seeds: int = 1,
         workers: int = 1) -> list[Result]:
    """Results of all controllers and seeds in the folder; complete ones are taken as they are."""
    return results_of(jobs(compare_request(scenario, controllers, seeds, overrides, None, folder)), workers)


def metric_rows(setting: str, results: Sequence[Result], names: Sequence[str]) -> list[Row]:
    """A row per controller and figure: mean over its seeds, half width of the 95 % interval (empty with one seed)."""
    by_controller: dict[str, list[Mapping[str, float]]] = {}
    for result in results:
        by_controller.setdefault(result.controller, []).append(compute_metrics(result))
    rows: list[Row] = []
    for controller, figures in by_controller.items():
        for name in names:
            values = np.array([values_of[name] for values_of in figures])
            width = repr(half_width(values)) if values.size > 1 else ""
            rows.append({"setting": setting, "controller": controller, "seeds": str(values.size), "metric": name,
                         "value": repr(float(values.mean())), "ci95": width})
    return rows


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """As a CSV file that a run leaves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_of(rows), encoding="utf-8")


def one_run(scenario: str, controller: str, names: Sequence[str], *overrides: str
            ) -> Callable[[Path], Mapping[str, float]]:
    """A cheap row: figures of one run of the scenario's own seed, made in the folder it is given."""
    def compute(folder: Path) -> Mapping[str, float]:
        request = run_request(scenario, controller, None, overrides, None, folder / f"{controller}.h5")
        result, = results_of([single_job(request)])
        metrics = compute_metrics(result)
        return {name: float(metrics[name]) for name in names}

    return compute
