"""Does V2G pay where renewables are spilt and peakers start? The day of RTS-GMLC, and the same with more wind and sun.

    python -m experiments.system.rts_day -o results/rts_day [--seeds 1] [--scenarios rts_day rts_week]

Four controllers on each of the two scenarios; complete runs in the folder are reused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.csv_rows import write_rows
from experiments.publishing.tables import csv_of, rows_of_file
from experiments.runs import exit_code, results_of
from models.data_tables import read_columns
from models.records.arrays import Bools, Floats
from testbed.metrics.of_runs import write_metrics_csv
from testbed.results.reading import Result
from testbed.running.preflight import RESULTS, compare_request
from testbed.running.several_runs import jobs

SCENARIOS = ("rts_day", "rts_day_spilling")
ALONE, WITH_CARS = "no_pev", ("uncoordinated", "smart_charging", "bilayer")
CONTROLLERS = (ALONE, *WITH_CARS)
FEW = ("districts.2.private=100", "districts.2.taxi=15", "districts.2.government=10")
"""Cars outside the feeders where none is served: of them nothing is counted, so few need to be drawn."""
KINDS = {("Nuclear", "NUCLEAR"): "nuclear", ("Coal", "STEAM"): "coal", ("NG", "CC"): "gas, combined cycle",
         ("NG", "CT"): "gas turbine", ("Oil", "STEAM"): "oil, steam", ("Oil", "CT"): "oil turbine"}
"""Fuel and technology of `rts_gmlc/emissions.csv`, in words."""
PEAKERS = ("gas turbine", "oil turbine")
OWN = ("spilt_share", "peaker_mwh", "peaker_starts", "asked_back_mwh")
"""Figures of this study alone: wind, sun and water curtailed of what there was; energy and starts of PEAKERS; what the
upper layer asked cars to give back, hour by hour, where `discharged_mwh` is what they gave."""
METRICS = "metrics.csv"
HOURLY = ("load_mw", "renewable_mw", "spilt_mw", "thermal_mw", "charge_mw", "discharge_mw", "price_usd_per_mwh")


def kinds(result: Result) -> list[str]:
    """[U] what each unit is."""
    table = read_columns("rts_gmlc/emissions.csv")
    by_name = dict(zip(table["unit"], zip(table["fuel"], table["technology"], strict=True), strict=True))
    return [KINDS[by_name[name]] for name in result.unit_names]


def starts(result: Result) -> Floats:
    """[U] times that a unit goes on within counted time."""
    on = np.asarray(result.system("committed"), dtype=bool)
    before: Bools = result.on_before_h(np.zeros(on.shape[1])) > 0
    return np.asarray((on & ~np.vstack([before, on[:-1]])).sum(axis=0), dtype=np.float64)


def emitted_t(result: Result) -> Floats:
    """[U] of counted time, by the line of each unit (`models/data/SOURCES.md`)."""
    table = read_columns("rts_gmlc/emissions.csv")
    lines = {name: (float(alpha), float(beta)) for name, alpha, beta in zip(
        table["unit"], table["emission_alpha_t_per_h"], table["emission_beta_t_per_mwh"], strict=True)}
    alpha, beta = np.array([lines[name] for name in result.unit_names]).T
    on = np.asarray(result.system("committed"), dtype=np.float64)
    return np.asarray((alpha * on + beta * result.system("p_mw")).sum(axis=0) * result.step_h)


def technologies(result: Result) -> Iterator[tuple[str, float, float, float]]:
    """(kind, MWh, starts, t of carbon dioxide) of thermal units."""
    of_unit = np.array(kinds(result))
    energy_mwh, started, carbon_t = (result.system("p_mw").sum(axis=0) * result.step_h, starts(result),
                                     emitted_t(result))
    for name in KINDS.values():
        chosen: Bools = of_unit == name
        yield name, float(energy_mwh[chosen].sum()), float(started[chosen].sum()), float(carbon_t[chosen].sum())


def own_figures(result: Result) -> Mapping[str, float]:
    """Those of OWN."""
    there, spilt = _renewable(result)
    peakers = [row for row in technologies(result) if row[0] in PEAKERS]
    return {"spilt_share": float(spilt.sum() / there.sum()), "peaker_mwh": sum(row[1] for row in peakers),
            "peaker_starts": sum(row[2] for row in peakers),
            "asked_back_mwh": float(_cars_mw(result, "target_discharge_kw").sum()) * result.step_h}


def _renewable(result: Result) -> tuple[Floats, Floats]:
    """[steps] (what there was, what was curtailed) of wind, sun and water, MW."""
    there, spilt = (np.asarray(result.system(f"wind_{word}_mw") + result.system(f"pv_{word}_mw"))
                    for word in ("available", "curtailed"))
    return there, spilt


def _cars_mw(result: Result, name: str) -> Floats:
    """[steps] of all groups and districts."""
    return np.asarray(sum(result.district(d, name).sum(axis=1) for d in result.districts)) / 1e3


def hourly(result: Result) -> Mapping[str, Floats]:
    """[hours] means of HOURLY."""
    there, spilt = _renewable(result)
    steps: dict[str, Floats] = {
        "load_mw": result.system("load_mw"), "renewable_mw": there - spilt, "spilt_mw": spilt,
        "thermal_mw": result.system("p_mw").sum(axis=1), "charge_mw": _cars_mw(result, "charge_kw"),
        "discharge_mw": _cars_mw(result, "discharge_kw"),
        "price_usd_per_mwh": result.system("marginal_price_usd_per_mwh")}
    return {name: np.asarray(values.reshape(-1, round(1 / result.step_h)).mean(axis=1))
            for name, values in steps.items()}


# ---------------------------------------------------------------- tables
def study(folder: Path, scenario: str, seeds: int, workers: int) -> list[Result]:
    """All controllers, complete runs kept; `metrics.csv` has all figures and their differences from `uncoordinated`."""
    todo = [job for names, keys in (((ALONE,), FEW), (WITH_CARS, ()))
            for job in jobs(compare_request(scenario, names, seeds, keys, None, folder))]
    results = results_of(todo, workers)
    write_metrics_csv(results, folder / METRICS)
    return results


def write_tables(results: Sequence[Result], folder: Path) -> None:
    """Figures of OWN, technologies and hours; hours of the first seed alone."""
    head = ("scenario", "controller", "seed")
    runs = [(result, (result.scenario_name, result.controller, result.seed)) for result in results]
    write_rows((*head, "figure", "value"),
               [(*run, *row) for result, run in runs for row in own_figures(result).items()], folder / "own.csv")
    write_rows((*head, "technology", "energy_mwh", "starts", "carbon_t"),
               [(*run, *row) for result, run in runs for row in technologies(result)], folder / "technologies.csv")
    write_rows((*head, "hour", *HOURLY),
               [(*run, hour, *row) for result, run in runs if result.seed == results[0].seed
                for hour, row in enumerate(hourly_rows(result))], folder / "hours.csv")


def hourly_rows(result: Result) -> list[list[float]]:
    """[hours][HOURLY], to a thousandth."""
    by_name = hourly(result)
    return [[round(float(by_name[name][hour]), 3) for name in HOURLY] for hour in range(by_name["load_mw"].size)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables; runs are in a folder for each scenario."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.rts_day", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "rts_day")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    folder = chosen.output
    results = [result for name in chosen.scenarios
               for result in study(folder / name, name, chosen.seeds, chosen.workers)]
    write_tables(results, folder)
    figures = [row for name in chosen.scenarios for row in rows_of_file(folder / name / METRICS)]
    (folder / METRICS).write_text(csv_of(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
