"""What each fault costs under each controller, by ledger: every kind alone, beside the same run without it.

    python -m experiments.system.faults -o results/faults
    python -m experiments.system.faults --short -o results/faults-short    # the smallest scenario

Complete runs in the folder are reused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.csv_rows import write_rows
from experiments.publishing.markdown import shown
from experiments.runs import exit_code, results_of
from models.records.arrays import Bools
from testbed.auditing.of_runs import AuditedRun, audited_in_passing
from testbed.metrics.of_runs import compute_metrics, resolution_usd
from testbed.reporting.tables import print_table
from testbed.results.reading import Result, ResultError
from testbed.running.preflight import RESULTS, compare_request
from testbed.running.several_runs import jobs
from testbed.wiring.attributes import recorded

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

CONTROLLERS = ("uncoordinated", "smart_charging", "temporal", "bilayer")
NONE = "none"
FAULTS: Mapping[str, str] = {
    "upper_layer_silent": "{kind: upper_layer_silent, from_h: 17, until_h: 22}",
    "upper_solver_fails": "{kind: upper_solver_fails, from_h: 0, until_h: 1}",
    "lower_layer_silent": "{kind: lower_layer_silent, district: feeder33, from_h: 17, until_h: 22}",
    "lower_solver_fails": "{kind: lower_solver_fails, district: feeder33, from_h: 17, until_h: 22}",
    "setpoints_late": "{kind: setpoints_late, district: feeder33, from_h: 6, until_h: 24, parameters: {delay_min: 60}}",
    "setpoints_dropped": "{kind: setpoints_dropped, district: feeder33, from_h: 6, until_h: 24}",
    "telemetry_stale": "{kind: telemetry_stale, district: feeder33, from_h: 6, until_h: 24}",
    "measurement_error": "{kind: measurement_error, district: feeder33, from_h: 6, until_h: 24}",
    "forecast_outage": "{kind: forecast_outage, from_h: 0, until_h: 24}",
    "chargers_out": "{kind: chargers_out, district: feeder33, zone: residential, from_h: 17, until_h: 22}",
    "line_out": "{kind: line_out, district: feeder33, line_to: 26, from_h: 17, until_h: 22}",
    "zone_out": "{kind: zone_out, district: feeder33, zone: residential, from_h: 17, until_h: 22}",
    "unit_trip": "{kind: unit_trip, unit: U2, from_h: 17, until_h: 22}",
    "wind_off": "{kind: wind_off, from_h: 17, until_h: 22}",
    "power_flow_diverges": "{kind: power_flow_diverges, district: feeder33, from_h: 17, until_h: 22}",
    "phase_out": "{kind: phase_out, district: street, phase: 1, from_h: 17, until_h: 22}"}
"""Every kind; evenings, or the day where words are meant.

U2 runs all day under every controller: a unit that one of them has off would cost it nothing.
"""
SCENARIO = "study_day"
ELSEWHERE = {"phase_out": "street_day"}
"""Kinds that need another scenario: a network of three phases."""
LEDGERS = ("society_cost_usd_adjusted", "owners_cost_usd_adjusted", "operator_cost_usd_adjusted")
DIFFERENCES = (*LEDGERS, "imbalance_cost_usd", "departures_short_kwh", "not_delivered_share")
NOISE = "twice the gap [$]"
"""Of a difference of costs: twice the larger gap of the two runs' plans."""
HEAD = ("fault", "controller", "seed", *DIFFERENCES, NOISE, "violations", "named", "new NaN in")
EXPLAINED_NAN = {"lower_solver_fails": ("vm_socp_pu", "vm_plan_ac_pu", "nodal_price_usd_per_mwh", "losses_socp_kw",
                                        "losses_plan_ac_kw", "relaxation_gap_rel", "relaxation_vm_error_pu",
                                        "relaxation_loss_error_rel"),
                 "upper_solver_fails": ("expected_objective_usd",), "upper_layer_silent": ("expected_objective_usd",)}
"""Series that are not known while there is no answer."""


def rows_of(fault: str, plain: Sequence[Result], faulty: Sequence[Result],
            audits: Sequence[AuditedRun]) -> list[tuple[object, ...]]:
    """A row per run: what the fault adds to each figure, and what the audit says."""
    rows: list[tuple[object, ...]] = []
    for before, after, audit in zip(plain, faulty, audits, strict=True):
        old, new = compute_metrics(before), compute_metrics(after)
        named = [note for note in audit.notes if f"({fault})" in note]
        rows.append((fault, after.controller, after.seed, *(new[name] - old[name] for name in DIFFERENCES),
                     max(resolution_usd(before), resolution_usd(after)), audit.count, len(named),
                     " ".join(new_nans(fault, before, after))))
    return rows


def new_nans(fault: str, before: Result, after: Result) -> list[str]:
    """Series that have NaN where the run without the fault has none, and the fault does not explain it."""
    unknown, now_unknown = _unknown(before), _unknown(after)
    explained = EXPLAINED_NAN.get(fault, ())
    return sorted({place[1] for place, is_nan in now_unknown.items()
                   if place[1] not in explained and np.any(is_nan & ~unknown[place])})


def _unknown(result: Result) -> dict[tuple[str, str], Bools]:
    """Where each series that the file has is NaN, by district (empty: the system) and name."""
    known = {("", a.name): np.isnan(result.system(a.name)) for a in recorded("system")}
    for district in result.districts:
        for a in recorded("district"):
            with suppress(ResultError):  # networks, and circuits of three phases, have series of their own
                known[district, a.name] = np.isnan(result.district(district, a.name))
    return known


def study(folder: Path, scenario: str, controllers: Sequence[str], faults: Sequence[str], seeds: int,
          workers: int) -> list[tuple[object, ...]]:
    """All rows; each fault's runs lie in a folder of its name, those without one in `none` and that of the scenario."""
    def results(place: str, name: str, keys: Sequence[str] = ()) -> list[Result]:
        return results_of(jobs(compare_request(place, controllers, seeds, keys, None, folder / name)), workers)

    plain, rows = dict[str, list[Result]](), list[tuple[object, ...]]()
    for fault in faults:
        place = ELSEWHERE.get(fault, scenario)
        if place not in plain:
            plain[place] = results(place, f"{NONE}-{place}")
        faulty = results(place, fault, [f"faults=[{FAULTS[fault]}]"])
        rows += rows_of(fault, plain[place], faulty, audited_in_passing([result.path for result in faulty]))
    return rows


def picture(rows: Sequence[Mapping[str, str]]) -> Drawing:
    """Society's cost of each fault under each controller; the colour by its logarithm beyond 100 $."""
    from matplotlib.colors import SymLogNorm  # noqa: PLC0415 - an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    faults, controllers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("fault", "controller"))
    costs = np.full((len(faults), len(controllers)), np.nan)
    for row in rows:
        costs[faults.index(row["fault"]), controllers.index(row["controller"])] = float(row[LEDGERS[0]])
    figure = Figure(figsize=(7, 0.35 * len(faults) + 1), layout="constrained")
    axes = figure.subplots()
    most = max(float(np.nanmax(np.abs(costs))), 101.0)
    image = axes.imshow(costs, aspect="auto", cmap="RdBu_r", norm=SymLogNorm(100.0, vmin=-most, vmax=most))
    for (line, place), usd in np.ndenumerate(costs):
        axes.text(place, line, shown(str(usd), "+,.0f"), ha="center", va="center", fontsize=8,
                  color="white" if abs(usd) > most / 30 else "black")
    axes.set_title("What each fault adds to a day's cost for society", loc="left", fontsize=10)
    axes.set_xticks(range(len(controllers)), controllers, fontsize=8)
    axes.set_yticks(range(len(faults)), [fault.replace("_", " ") for fault in faults], fontsize=8)
    figure.colorbar(image, ax=axes, label="more for society [$ a day]")
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.faults", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="the smallest scenario, one seed; a lost phase in its own")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--controllers", default=",".join(CONTROLLERS))
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "faults")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.faults.split(",") if name not in FAULTS]:
        parser.error(f"--faults: {', '.join(unknown)}: must be of {', '.join(FAULTS)}")
    return exit_code(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    rows = study(chosen.output, "smoke" if chosen.short else SCENARIO, chosen.controllers.split(","),
                 chosen.faults.split(","), 1 if chosen.short else chosen.seeds, chosen.workers)
    write_rows(HEAD, rows, chosen.output / "faults.csv")
    print_table(HEAD, [[f"{cell:,.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows])
    return int(any(row[-3] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
