"""How V2G is shared in one day and in two with hourly re-dispatch: means over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from testbed.metrics.of_runs import half_width
from testbed.owners.fairness import bus_sharing, driver_sharing
from testbed.results.reading import Result

SETTINGS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "one day": (1, ("drivers.compliance_mean=0.6",)),
    "two days, hourly": (6, ("drivers.compliance_mean=0.6", "days=2", "planning.mip_gap=2e-3",
                             "planning.redispatch=hourly"))}
"""Seeds, and what is changed of `study_day`."""


def fairness_of(result: Result) -> dict[str, float]:
    """All drivers who could give back, and the buses of the first feeder; shares of 1."""
    drivers, buses = driver_sharing(result)[0], bus_sharing(result)[0]
    return {"drivers_gini": drivers.gini, "nothing_share": drivers.nothing_share,
            "most_share": float(drivers.tenth_shares[-1]), "buses_gini": buses.gini}


def fairness_rows(setting: str, results: Sequence[Result]) -> list[dict[str, str]]:
    """A row per controller: means over its seeds with half widths of 95 % intervals (empty with one seed)."""
    rows = []
    for controller in dict.fromkeys(result.controller for result in results):
        of_seeds = [fairness_of(result) for result in results if result.controller == controller]
        row = {"setting": setting, "controller": controller, "seeds": str(len(of_seeds))}
        for name in of_seeds[0]:
            values = np.array([figures[name] for figures in of_seeds])
            width = repr(half_width(values)) if values.size > 1 else ""
            row |= {name: repr(float(values.mean())), f"{name}_ci95": width}
        rows.append(row)
    return rows
