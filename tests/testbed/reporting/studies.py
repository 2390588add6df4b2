"""Studies with figures from a formula: in memory, and as a folder that `testbed sweep` leaves."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import yaml

from testbed.reporting.study.cases import StudyCase, StudyCases
from testbed.results.layout import FILE_KIND, SCHEMA_VERSION
from testbed.sweeping.sweep import AUDITED, LISTING, OPTIMISED, TABLE

Figures = Callable[[Mapping[str, Any], str, int], dict[str, float] | None]
"""(point, controller, seed) -> figures of the case; None: it failed."""


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """All points of a grid; `drivers__enrolled_share` stands for `drivers.enrolled_share`."""
    keys = [key.replace("__", ".") for key in values]
    return [dict(zip(keys, point, strict=True)) for point in itertools.product(*values.values())]


CONTROLLERS, SEEDS = ("uncoordinated", "bilayer"), (1, 2, 3)
KEPT = {"drivers": {"compliance_mean": 0.95}, "planning": {"assumed_compliance": 0.95}}
"""Of a scenario, as far as reports of studies look at it."""


def scenario_at(point: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the keys of a point make of it."""
    scenario = {part: dict(own) for part, own in KEPT.items()}
    for key, value in point.items():
        scenario.setdefault(key.partition(".")[0], {})[key.partition(".")[2]] = value
    return scenario


def study_of(points: Sequence[Mapping[str, Any]], figures: Figures, metrics: Sequence[str] = ()) -> StudyCases:
    """As `study_cases` reads it from a folder, without one."""
    cases = []
    for point, seed, name in itertools.product(points, SEEDS, CONTROLLERS):
        told = figures(point, name, seed)
        cases.append(StudyCase(f"{len(cases):016x}", name, seed, tuple(map(json.dumps, point.values())),
                               "failed" if told is None else "completed", told or {}, "one objective"))
    return StudyCases("toy", tuple(points[0]), tuple(metrics), tuple(cases), tuple(map(scenario_at, points)))


def write_study(folder: Path, points: Sequence[dict[str, Any]], figures: Figures,
                controllers: Sequence[str] = CONTROLLERS, seeds: Sequence[int] = SEEDS,
                metrics: Sequence[str] = ("society_cost_usd_adjusted",)) -> Path:
    """results.csv, study.json and the cases' records; one file a point holds its scenario, and no more."""
    (folder / "cases").mkdir(parents=True)
    (folder / "failed").mkdir()
    (folder / LISTING).write_text(json.dumps({"name": "toy", "file": None}))
    rows = []
    for place, point in enumerate(points):
        for seed, name in itertools.product(seeds, controllers):
            key = f"{place:04x}{seed:04x}{controllers.index(name):08x}"
            told = figures(point, name, seed)
            record: dict[str, Any] = {"case": key, "metrics": told, "violations": []}
            if told is None:
                record = {"case": key, "failure": {"simulator": "feeder", "time_s": 5400, "cause": "diverged"}}
            elif (seed, name) == (seeds[0], controllers[0]):
                with h5py.File(folder / "cases" / f"{key}.h5", "w") as file:
                    file.attrs.update({
                        "kind": FILE_KIND, "schema_version": SCHEMA_VERSION, "status": "completed", "controller": name,
                        "seed": seed, "scenario_name": "toy", "scenario": yaml.safe_dump(scenario_at(point)),
                        "district_names": [], "step_s": 3600, "steps_total": 0, "steps_written": 0})
            (folder / ("failed" if told is None else "cases") / f"{key}.json").write_text(json.dumps(record))
            rows.append((key, name, seed, *map(json.dumps, point.values()), "failed" if told is None else "completed",
                         *("" if told is None else told.get(metric, "") for metric in metrics), 0, "one objective"))
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("case", "controller", "seed", *points[0], "status", *metrics, AUDITED, OPTIMISED),
                                    *rows])
    return folder
