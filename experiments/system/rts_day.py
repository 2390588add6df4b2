"""Does V2G pay where renewables are spilt and peakers start? The day of RTS-GMLC, and the same with more wind and sun.

    python -m experiments.system.rts_day -o results/rts_day

Four controllers on each of the two scenarios; complete runs in the folder are reused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.csv_rows import write_rows
from experiments.runs import exit_code, results_of
from models.data_tables import read_columns
from models.records.arrays import Floats
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import Result
from testbed.running.preflight import RESULTS, compare_request
from testbed.running.several_runs import jobs

SCENARIOS = ("rts_day", "rts_day_spilling")
CONTROLLERS = ("no_pev", "uncoordinated", "smart_charging", "bilayer")
FIGURES = ("society_cost_usd_adjusted", "owners_cost_usd_adjusted", "operator_cost_usd_adjusted", "operating_cost_usd",
           "startup_cost_usd", "carbon_t", "wear_cost_usd", "imbalance_cost_usd", "charged_mwh", "discharged_mwh",
           "curtailed_mwh", "unit_starts", "departures_short_kwh", "steadiness_percent", "plan_gap_max_rel",
           "wall_s")
OWN = {"spilt_share": "wind and sun curtailed, of what there was", "peaker_mwh": "energy of combustion turbines"}
"""Figures of these pages alone."""
PEAKER = "CT"
HOURLY = ("load_mw", "renewable_mw", "curtailed_mw", "thermal_mw", "charge_mw", "discharge_mw", "price_usd_per_mwh")


def own_figures(result: Result) -> Mapping[str, float]:
    """Those of OWN."""
    there = result.system("wind_available_mw") + result.system("pv_available_mw")
    spilt = result.system("wind_curtailed_mw") + result.system("pv_curtailed_mw")
    return {"spilt_share": float(spilt.sum() / there.sum()),
            "peaker_mwh": float(result.system("p_mw")[:, _peakers(result)].sum()) * result.step_h}


def _peakers(result: Result) -> Floats:
    """[U] units that are combustion turbines."""
    table = read_columns("rts_gmlc/emissions.csv")
    kind = dict(zip(table["unit"], table["technology"], strict=True))
    return np.array([kind[name] == PEAKER for name in result.unit_names])


def hourly(result: Result) -> Mapping[str, Floats]:
    """[hours] means of HOURLY."""
    def mean(values: Floats) -> Floats:
        return np.asarray(values.reshape(-1, round(1 / result.step_h)).mean(axis=1))

    def cars(name: str) -> Floats:
        return np.asarray(sum(result.district(d, name).sum(axis=1) for d in result.districts)) / 1e3

    spilt = result.system("wind_curtailed_mw") + result.system("pv_curtailed_mw")
    there = result.system("wind_available_mw") + result.system("pv_available_mw")
    return {"load_mw": mean(result.system("load_mw")), "renewable_mw": mean(there - spilt),
            "curtailed_mw": mean(spilt), "thermal_mw": mean(result.system("p_mw").sum(axis=1)),
            "charge_mw": mean(cars("charge_kw")), "discharge_mw": mean(cars("discharge_kw")),
            "price_usd_per_mwh": mean(result.system("marginal_price_usd_per_mwh"))}


def runs(folder: Path, scenario: str, workers: int) -> list[Result]:
    """Of all controllers; complete ones are kept."""
    return results_of(jobs(compare_request(scenario, CONTROLLERS, 1, (), None, folder / scenario)), workers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write figures and hours."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.rts_day", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "rts_day")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.output, chosen.workers))


def _run(folder: Path, workers: int) -> int:
    figures: list[tuple[object, ...]] = []
    hours: list[tuple[object, ...]] = []
    for scenario in SCENARIOS:
        for result in runs(folder, scenario, workers):
            known = {**compute_metrics(result), **own_figures(result)}
            figures += [(scenario, result.controller, name, known[name]) for name in (*FIGURES, *OWN)]
            rows = hourly(result)
            hours += [(scenario, result.controller, hour, *(round(float(rows[name][hour]), 3) for name in HOURLY))
                      for hour in range(rows["load_mw"].size)]
    write_rows(("scenario", "controller", "metric", "value"), figures, folder / "figures.csv")
    write_rows(("scenario", "controller", "hour", *HOURLY), hours, folder / "hours.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
