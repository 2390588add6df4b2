"""What it costs that drivers do not do as told, by ledger: society, owners, operator.

    python -m experiments.drivers.compliance                    the study `compliance`; hours, resumes where it stopped
    python -m experiments.drivers.compliance my.yaml -o my_folder  any study with drivers.compliance_mean on its axes

Each run is compared twice, always with a run of the same seed, so of the same trips, batteries and forecasts: with the
same controller at the study's highest compliance (what refusing costs), and with `uncoordinated` at the same compliance
(what control is still worth; refusing touches it too, since some who refuse come late, leave early or do not plug in).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.csv_rows import write_rows
from experiments.publishing.drawing import COLOURS
from experiments.runs import RunsFailed, exit_code, save_figure, say
from testbed.metrics.of_runs import half_width
from testbed.reporting.tables import print_table
from testbed.sweeping.sweep import TABLE, run_sweep, sweep_request

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

RATE, RHO = "drivers.compliance_mean", "drivers.zone_shock_rho"
CALLED = "society with reserve called"
FULL, BASE = "full compliance", "uncoordinated"
"""What a run is compared with."""
PARTS: Mapping[str, Mapping[str, int]] = {
    "society": {"society_cost_usd_adjusted": 1},
    CALLED: {"society_cost_usd_adjusted": 1, "uncalled_reserve_usd": -1},
    "owners": {"owners_cost_usd_adjusted": 1},
    "operator": {"operator_cost_usd_adjusted": 1},
    "imbalance": {"imbalance_cost_usd": 1},
    "wear": {"wear_cost_usd": 1},
}
"""Who bears what, as sums of figures: owners and operator add up to society; imbalance and wear are parts of it. With
its reserve called society would pay at least the second: what is shed is at most as much less."""
SUMMARY = "costs.csv"
FIGURES = {FULL: "costs", BASE: "gains"}
Y_LABELS = {FULL: "1000 USD above full compliance", BASE: "1000 USD above uncoordinated"}

Row = Mapping[str, str]


@dataclass(frozen=True)
class Cost:
    """One part of what a controller costs at one point of the study above another run, mean over seeds."""

    against: str
    """`full compliance` of the same controller, or `uncoordinated` at the same point."""
    controller: str
    point: str
    """Other axes of the study."""
    compliance: float
    part: str
    seeds: int
    usd: float
    ci95_usd: float
    """Half width (Student, paired); NaN with one seed."""
    noise_usd: float
    """Twice the MILP gap of the plans: a smaller mean says nothing."""

    @property
    def is_resolved(self) -> bool:
        """Beyond the MILP gap and its own interval."""
        return abs(self.usd) > max(self.noise_usd, self.ci95_usd)


def summarise(rows: Iterable[Row]) -> list[Cost]:
    """Both comparisons from the table of a sweep, in the order of its cases; incomplete ones left out."""
    done = full_compliance_everywhere([row for row in rows if row["status"] == "completed"])
    if not done:
        return []
    axes = [name for name in done[0] if "." in name and name != RATE]
    best = max(float(row[RATE]) for row in done)
    at = {(row["controller"], _point(row, axes), float(row[RATE]), row["seed"]): row for row in done}
    costs = []
    for controller, point, rate in dict.fromkeys(key[:3] for key in at):
        mine = {key[3]: row for key, row in at.items() if key[:3] == (controller, point, rate)}
        for against, other in ((FULL, (controller, point, best)), (BASE, (BASE, point, rate))):
            pairs = [(row, at[*other, seed]) for seed, row in mine.items() if (*other, seed) in at]
            if pairs and not (against == BASE == controller):
                costs += [_cost(against, controller, point, rate, part, pairs) for part in PARTS]
    return costs


def full_compliance_everywhere(rows: Sequence[Row]) -> list[Row]:
    """Where all comply nothing is correlated: a run at compliance 1 stands for every correlation of the study."""
    rhos = list(dict.fromkeys(row[RHO] for row in rows if RHO in row))
    spread: list[Row] = []
    for row in rows:
        spread += [{**row, RHO: rho} for rho in rhos] if rhos and float(row[RATE]) == 1.0 else [row]
    return spread


def _point(row: Row, axes: Sequence[str]) -> str:
    return " ".join(f"{name.split('.')[-1]}={row[name]}" for name in axes)


def _cost(against: str, controller: str, point: str, rate: float, part: str, pairs: Sequence[tuple[Row, Row]]) -> Cost:
    """Mean over pairs of (this, what it is compared with)."""
    differences = np.array([_sum(a, PARTS[part]) - _sum(b, PARTS[part]) for a, b in pairs])
    noise = [max(2 * float(row["plan_gap_max_rel"] or 0.0) * abs(float(row["objective_usd_adjusted"])) for row in pair)
             for pair in pairs]
    return Cost(against, controller, point, rate, part, differences.size, float(differences.mean()),
                half_width(differences), float(np.mean(noise)))


def _sum(row: Row, signs: Mapping[str, int]) -> float:
    return sum(sign * float(row[name]) for name, sign in signs.items())


# ---------------------------------------------------------------- the figures
def picture(costs: Sequence[Cost]) -> Drawing:
    """One panel per part and point: cost over compliance with intervals, the noise floor in grey."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, for figures only

    points = list(dict.fromkeys(c.point for c in costs))
    rates = {c.compliance for c in costs}
    parts = [part for part in PARTS if {c.compliance for c in costs if c.part == part} == rates]
    figure = Figure(figsize=(2.6 * max(len(parts), 2), 2.3 * len(points) + 0.4), layout="constrained")
    panels = figure.subplots(len(points), len(parts), squeeze=False, sharex=True, sharey="col")
    for row, point in zip(panels, points, strict=True):
        for panel, part in zip(row, parts, strict=True):
            _lines(panel, [c for c in costs if c.point == point and c.part == part])
            panel.set_title(f"{part}, {point.replace('zone_shock_rho=', 'correlation ')}", fontsize=8)
        row[0].set_ylabel(Y_LABELS[costs[0].against], fontsize=8)
    for panel in panels[-1]:
        panel.set_xlabel("compliance", fontsize=8)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, ncols=len(labels) if len(parts) > 2 else 3, loc="outside upper center",
                  frameon=False)
    return figure


def _lines(panel: Any, costs: Sequence[Cost]) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    noise = max((c.noise_usd for c in costs if np.isfinite(c.noise_usd)), default=0.0) / 1000
    # an artist, unlike a span, leaves the scale to the lines: the losses of a feeder are small beside the gap
    panel.add_artist(Rectangle((0, -noise), 1, 2 * noise, transform=panel.get_yaxis_transform(), color="0.88",
                               linewidth=0, zorder=0, label="twice the MILP gap"))
    for place, controller in enumerate(dict.fromkeys(c.controller for c in costs)):
        mine = sorted((c for c in costs if c.controller == controller), key=lambda c: c.compliance)
        panel.errorbar([c.compliance for c in mine], [c.usd / 1000 for c in mine], label=controller, capsize=2,
                       yerr=[np.nan_to_num(c.ci95_usd) / 1000 for c in mine], color=COLOURS.get(controller),
                       linewidth=1.2, marker="os^Dv"[place % 5], markersize=3.5)
    panel.tick_params(labelsize=8)
    panel.grid(linewidth=0.4, alpha=0.6)


# ---------------------------------------------------------------- the command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run or resume the study, then print and write the costs."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.compliance", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="compliance")
    parser.add_argument("-o", "--output", type=Path, default=None)
    parser.add_argument("--workers", type=int, default=None)
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.study, chosen.output, chosen.workers))


def _run(study: str, output: Path | None, workers: int | None) -> int:
    sweep = sweep_request(study, output)
    failed = run_sweep(sweep, workers=workers, say=say)
    with (sweep.folder / TABLE).open(newline="") as file:
        costs = summarise(csv.DictReader(file))
    if costs:
        rows = [asdict(cost) | {"is_resolved": cost.is_resolved} for cost in costs]
        write_rows(list(rows[0]), [list(row.values()) for row in rows], sweep.folder / SUMMARY)
        for against, name in FIGURES.items():
            if chosen := [c for c in costs if c.against == against]:
                save_figure(picture(chosen), sweep.folder / name)
        print_table(("against", "controller", "point", "compliance", "part", "seeds", "USD", "+-", "noise", "resolved"),
                    [(c.against, c.controller, c.point, f"{c.compliance:g}", c.part, str(c.seeds), f"{c.usd:.1f}",
                      f"{c.ci95_usd:.1f}", f"{c.noise_usd:.1f}", "yes" if c.is_resolved else "no") for c in costs])
    if failed:
        raise RunsFailed(f"{failed} cases have no result; see {sweep.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
