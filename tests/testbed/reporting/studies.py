"""A study's folder as `testbed sweep` leaves it, with figures from a formula."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from testbed.sweeping.sweep import AUDITED, LISTING, OPTIMISED, TABLE
from tests.testbed.conftest import scenario

Figures = Callable[[Mapping[str, Any], str, int], dict[str, float] | None]
"""(point, controller, seed) -> figures of the case; None: it failed."""


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """All points of a grid; `drivers__enrolled_share` stands for `drivers.enrolled_share`."""
    keys = [key.replace("__", ".") for key in values]
    return [dict(zip(keys, point, strict=True)) for point in itertools.product(*values.values())]


def write_study(folder: Path, write_result: Callable[..., Path], points: Sequence[dict[str, Any]], figures: Figures,
                controllers: Sequence[str] = ("uncoordinated", "bilayer"), seeds: Sequence[int] = (1, 2, 3),
                metrics: Sequence[str] = ("society_cost_usd_adjusted",)) -> Path:
    """results.csv, study.json and the cases' records; one result a point holds its scenario."""
    (folder / "cases").mkdir(parents=True)
    (folder / "failed").mkdir()
    (folder / LISTING).write_text(json.dumps({"name": "toy", "file": None}))
    rows = []
    for place, point in enumerate(points):
        parts: dict[str, dict[str, Any]] = {}
        for key, value in point.items():
            parts.setdefault(key.partition(".")[0], {})[key.partition(".")[2]] = value
        for seed, name in itertools.product(seeds, controllers):
            key = f"{place:04x}{seed:04x}{controllers.index(name):08x}"
            told = figures(point, name, seed)
            record: dict[str, Any] = {"case": key, "metrics": told, "violations": []}
            if told is None:
                record = {"case": key, "failure": {"simulator": "feeder", "time_s": 5400, "cause": "diverged"}}
            elif (seed, name) == (seeds[0], controllers[0]):
                write_result(str(folder / "cases" / f"{key}.h5"), made=scenario(**parts))
            (folder / ("failed" if told is None else "cases") / f"{key}.json").write_text(json.dumps(record))
            rows.append((key, name, seed, *map(json.dumps, point.values()), "failed" if told is None else "completed",
                         *("" if told is None else told.get(metric, "") for metric in metrics), 0, "one objective"))
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("case", "controller", "seed", *points[0], "status", *metrics, AUDITED, OPTIMISED),
                                    *rows])
    return folder
