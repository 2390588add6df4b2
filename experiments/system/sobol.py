"""What matters: Sobol indices of drivers, fleet, wear and zone map on the headline figures of `study_day`.

    python -m experiments.system.sobol                             N = 64, 64 x 7 rows; resumes where it stopped
    python -m experiments.system.sobol --samples 128               keeps the cases of the first 64
    python -m experiments.system.sobol --inputs compliance wear    some of them

The sample is written as a study (`sobol.yaml` in the folder) and run as `testbed sweep` runs any. All cases have one
seed, so trips and batteries are the same wherever an input does not change them. Writes the indices and a figure.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from experiments.csv_rows import write_rows
from experiments.runs import RunsFailed, exit_code, save_figure, say
from experiments.system.sobol_indices import Index, Input, indices, points, sample
from models.records.arrays import Floats
from testbed.metrics.registry import METRICS
from testbed.reporting.tables import number, print_table
from testbed.running.preflight import RESULTS, WrongRequest, checked_scenario
from testbed.scenario.record import Scenario
from testbed.sweeping.sweep import TABLE, run_sweep, sweep_request

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

OUTPUTS = ("total_cost_usd_adjusted", "society_cost_called_usd_adjusted", "objective_usd_adjusted", "discharged_mwh",
           "equivalent_load_peak_mw", "feeder_losses_kwh", "vm_min_pu", "unit_hours", "reserve_shortfall_mwh")
BESIDE = ("shed_load_mwh", "uncalled_reserve_mwh")
"""Told with how much they vary, without indices: why the first two outputs differ."""
NOISE = "plan_gap_max_rel"
CLASSES = ("private", "taxi", "government")
STUDY, SUMMARY, VARIATION, FIGURE = "sobol.yaml", "sobol.csv", "outputs.csv", "sobol"


def inputs_of(scenario: Scenario) -> dict[str, Input]:
    """The uncertain inputs by name.

    Compliance from 30 %; plugging in from the British 36 % (2-3 times a week) to always; half to one and a half times
    the cars of every class in every district, those on the feeder too; wear of 0.1 to 0.6 CNY/kWh, LFP to NMC
    (docs/wear.md); and both named zone maps of the feeders.
    """
    counts = {f"districts.{place}.{name}": float(getattr(district, name))
              for place, district in enumerate(scenario.districts) for name in CLASSES if getattr(district, name)}
    maps = {f"districts.{place}.zone_map": None for place, district in enumerate(scenario.districts)
            if district.feeder == "ieee33"}
    cny = 1000 / scenario.tariff.cny_per_usd
    candidates = (Input("compliance", 0.3, 1.0, keys={"drivers.compliance_mean": None}),
                  Input("plug_in", 0.36, 1.0, keys={"drivers.plug_in_probability": None}),
                  Input("fleet", 0.5, 1.5, keys=counts),
                  Input("wear", 0.1 * cny, 0.6 * cny, keys={"objective.wear_usd_per_mwh": None}),
                  Input("zone_map", levels=("contiguous", "public"), keys=maps))
    return {candidate.name: candidate for candidate in candidates if candidate.keys}


def write_study(path: Path, scenario: str, controller: str, overrides: Mapping[str, Any],
                chosen: Sequence[Mapping[str, Any]]) -> None:
    """The sample as a study file, for `testbed sweep` too."""
    study = {"name": path.stem, "description": "A sample for Sobol indices, made by experiments.system.sobol.",
             "scenario": scenario, "controllers": [controller], "seeds": 1, "set": dict(overrides),
             "metrics": [*OUTPUTS, *BESIDE, NOISE], "points": [dict(point) for point in chosen]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(study, sort_keys=False, width=1000), encoding="utf-8")


def outputs_of(table: Path, places: Sequence[int]) -> dict[str, Floats]:
    """Every output [rows of the sample], from the table of a sweep whose rows are the points."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows])[list(places)]
            for name in (*OUTPUTS, *BESIDE, NOISE)}


def variation(values: Mapping[str, Floats], samples: int) -> list[tuple[str, str, float, float, float]]:
    """(output, unit, mean, standard deviation, noise) over the sample's independent rows.

    The noise is twice the MILP gap, for figures in USD only; 0 elsewhere.
    """
    free = independent_rows(values[NOISE].size, samples)
    usd = 2 * values[NOISE][free] * np.abs(values["objective_usd_adjusted"][free])
    return [(name, METRICS[name].unit, float(values[name][free].mean()), float(values[name][free].std(ddof=1)),
             float(np.nanmean(usd)) if METRICS[name].unit == "USD" and np.isfinite(usd).any() else 0.0)
            for name in (*OUTPUTS, *BESIDE)]


def independent_rows(rows: int, samples: int) -> Floats:
    """Places of the first (A) and last (B) row of each block of D + 2 in SALib's sample."""
    block = rows // samples
    return np.sort(np.concatenate([np.arange(0, rows, block), np.arange(block - 1, rows, block)]))


# ---------------------------------------------------------------- the figure
def picture(computed: Sequence[Index]) -> Drawing:
    """A panel per output: first and total order of each input with 95 % intervals."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, for figures only

    outputs = list(dict.fromkeys(index.output for index in computed))
    columns = min(5, len(outputs))
    rows = -(-len(outputs) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.3 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for panel in panels.flat[len(outputs):]:
        panel.set_visible(False)
    for panel, output in zip(panels.flat, outputs, strict=False):
        _bars(panel, [index for index in computed if index.output == output])
        panel.set_title(f"{output} [{METRICS[output].unit}]", fontsize=8)
    for panel in panels[-1]:
        panel.set_xlabel("share of variance", fontsize=8)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, ncols=2, loc="outside upper center", frameon=False)
    return figure


def _bars(panel: Any, computed: Sequence[Index]) -> None:
    places = np.arange(len(computed))
    for shift, label, color, name in ((-0.2, "first order", "C0", "first"), (0.2, "total order", "C1", "total")):
        panel.barh(places + shift, [getattr(index, name) for index in computed], 0.38, color=color, label=label,
                   xerr=[np.nan_to_num(getattr(index, f"{name}_ci95")) for index in computed],
                   error_kw={"elinewidth": 0.8, "capsize": 2})
    panel.axvline(0.0, color="0.3", linewidth=0.6)
    panel.set_yticks(places, [index.input.replace("_", " ") for index in computed], fontsize=8)
    panel.set_ylim(len(computed) - 0.5, -0.5)
    panel.set_xlim(-0.3, 1.3)
    panel.tick_params(axis="x", labelsize=8)
    panel.grid(axis="x", linewidth=0.4, alpha=0.6)
    panel.set_axisbelow(True)
    if not any(np.isfinite(index.total) for index in computed):
        panel.text(0.5, 0.5, "does not vary", transform=panel.transAxes, ha="center", va="center", fontsize=8)


# ---------------------------------------------------------------- the command
def main(arguments: Sequence[str] | None = None) -> int:
    """Make the sample, run or resume its cases, print and write the indices."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.sobol", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="study_day")
    parser.add_argument("--controller", default="bilayer")
    parser.add_argument("--samples", type=int, default=64, metavar="N", help="a power of two (default 64)")
    parser.add_argument("--inputs", nargs="+", metavar="NAME", help="default: all that the scenario has")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "sobol")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    inputs = _chosen_inputs(chosen)
    places = _write_sample(chosen, inputs)
    sweep = sweep_request(str(chosen.output / STUDY), chosen.output)
    say(f"{len(places)} rows of the sample, {len(sweep.cases)} of them different")
    if failed := run_sweep(sweep, workers=chosen.workers, say=say):
        raise RunsFailed(f"{failed} cases have no result, so there are no indices yet; see {sweep.folder}")
    values = outputs_of(sweep.folder / TABLE, places)
    computed = [index for name in OUTPUTS for index in indices(inputs, name, values[name])]
    _tell(computed, variation(values, chosen.samples), chosen.output)
    return 0


def _chosen_inputs(chosen: argparse.Namespace) -> list[Input]:
    """The inputs asked for; WrongRequest lists every mistake."""
    known = inputs_of(checked_scenario(chosen.scenario, chosen.overrides))
    names = chosen.inputs or list(known)
    mistakes = [f"--inputs {name}: must be one of {', '.join(known)}" for name in names if name not in known]
    mistakes += [f"--inputs {name}: stands there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if chosen.samples < 2 or chosen.samples & (chosen.samples - 1):
        mistakes.append(f"--samples {chosen.samples}: must be a power of two, 2 or more")
    if mistakes:
        raise WrongRequest(mistakes)
    return [known[name] for name in names]


def _write_sample(chosen: argparse.Namespace, inputs: Sequence[Input]) -> list[int]:
    different, places = points(inputs, sample(inputs, chosen.samples))
    overrides = {key: yaml.safe_load(value) for key, _, value in (text.partition("=") for text in chosen.overrides)}
    write_study(chosen.output / STUDY, chosen.scenario, chosen.controller, overrides, different)
    return places


def _tell(computed: Sequence[Index], varied: Sequence[tuple[str, str, float, float, float]], folder: Path) -> None:
    rows = [asdict(index) for index in computed]
    write_rows(list(rows[0]), [list(row.values()) for row in rows], folder / SUMMARY)
    write_rows(("output", "unit", "mean", "standard_deviation", "noise"), varied, folder / VARIATION)
    save_figure(picture(computed), folder / FIGURE)
    print_table(("output", "unit", "mean", "standard deviation", "noise"),
                [(name, unit, *map(number, rest)) for name, unit, *rest in varied])
    print_table(("output", "input", "first order", "+-", "total order", "+-"),
                [(index_.output, index_.input, *(f"{value:.2f}" for value in (
                    index_.first, index_.first_ci95, index_.total, index_.total_ci95))) for index_ in computed])


if __name__ == "__main__":
    sys.exit(main())
