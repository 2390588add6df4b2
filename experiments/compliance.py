"""What it costs that drivers do not do as told, split between the system, the owners and the feeder.

    python -m experiments.compliance                        the study `compliance`; hours, resumes where it stopped
    python -m experiments.compliance my.yaml -o my_folder   any study with drivers.compliance_mean on its grid

Each run is compared with the run of the same controller, seed and other grid values at the study's highest compliance:
the same trips, batteries and forecasts, and the same drivers but for those who no longer comply.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from experiments.claims.verdicts import write_rows
from experiments.runs import RunsFailed, exit_code, say
from testbed.metrics import half_width
from testbed.sweep import TABLE, run_sweep, sweep_request
from testbed.tables import print_table

RATE = "drivers.compliance_mean"
PARTS: Mapping[str, tuple[str, ...]] = {
    "total": ("total_cost_usd_adjusted",),
    "system": ("operating_cost_usd", "carbon_cost_usd", "imbalance_cost_usd"),
    "owners": ("owners_net_cost_usd",),
    "feeder": ("feeder_loss_cost_usd",),
}
"""Who bears what. The parts overlap (tariffs are a transfer, losses are in the fuel) and do not add up to the total."""
OTHERS = ("compliance_realised_energy", "reserve_shortfall_mwh")
SUMMARY, FIGURE = "costs.csv", "costs.png"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Cost:
    """One part of what a controller loses at one point of the grid, mean over seeds."""

    controller: str
    point: str
    """Other axes of the grid."""
    compliance: float
    part: str
    seeds: int
    usd: float
    """Above the same at the highest compliance."""
    ci95_usd: float
    """Half width (Student, paired); NaN with one seed."""
    noise_usd: float
    """Twice the MILP gap of the plans: a smaller mean says nothing."""

    @property
    def is_resolved(self) -> bool:
        """Beyond the MILP gap and its own interval."""
        return abs(self.usd) > max(self.noise_usd, self.ci95_usd)


def summarise(rows: Iterable[Row]) -> list[Cost]:
    """The costs of non-compliance from the table of a sweep, in the order of its cases; incomplete ones left out."""
    done = [row for row in rows if row["status"] == "completed"]
    if not done:
        return []
    axes = [name for name in done[0] if "." in name and name != RATE]
    best = max(float(row[RATE]) for row in done)
    at = {(row["controller"], _point(row, axes), float(row[RATE]), row["seed"]): row for row in done}
    found = []
    for controller, point, rate in dict.fromkeys((key[0], key[1], key[2]) for key in at):
        pairs = [(row, at[controller, point, best, key[3]]) for key, row in at.items()
                 if key[:3] == (controller, point, rate) and (controller, point, best, key[3]) in at]
        found += [_cost(controller, point, rate, part, pairs) for part in PARTS if pairs]
    return found


def _point(row: Row, axes: Sequence[str]) -> str:
    return " ".join(f"{name.split('.')[-1]}={row[name]}" for name in axes)


def _cost(controller: str, point: str, rate: float, part: str, pairs: Sequence[tuple[Row, Row]]) -> Cost:
    """Mean over pairs of (this, at the highest compliance)."""
    differences = np.array([_sum(a, PARTS[part]) - _sum(b, PARTS[part]) for a, b in pairs])
    noise = [2 * float(a["plan_gap_max_rel"] or 0.0) * abs(float(a["objective_usd_adjusted"])) for a, _ in pairs]
    return Cost(controller, point, rate, part, differences.size, float(differences.mean()), half_width(differences),
                float(np.mean(noise)))


def _sum(row: Row, names: Sequence[str]) -> float:
    return sum(float(row[name]) for name in names)


def draw(costs: Sequence[Cost], path: Path) -> None:
    """One panel per part and other grid point: cost over compliance, a line with its interval for each controller."""
    import matplotlib  # noqa: PLC0415 - slow to import, for figures only

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    points = list(dict.fromkeys(c.point for c in costs))
    figure, panels = plt.subplots(len(points), len(PARTS), figsize=(4 * len(PARTS), 3 * len(points)), squeeze=False)
    for row, point in enumerate(points):
        for column, part in enumerate(PARTS):
            panel = panels[row][column]
            _lines(panel, [c for c in costs if c.point == point and c.part == part])
            panel.set_title(f"{part} {point}", fontsize=9)
            panel.set_xlabel("compliance")
            panel.set_ylabel("USD above full compliance")
    panels[0][0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _lines(panel: object, costs: Sequence[Cost]) -> None:
    for controller in dict.fromkeys(c.controller for c in costs):
        mine = sorted((c for c in costs if c.controller == controller), key=lambda c: c.compliance)
        panel.errorbar([c.compliance for c in mine], [c.usd for c in mine],  # type: ignore[attr-defined]
                       yerr=[np.nan_to_num(c.ci95_usd) for c in mine], label=controller, capsize=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or resume the study, then print and write the costs."""
    parser = argparse.ArgumentParser(prog="python -m experiments.compliance", description=__doc__,
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
        draw(costs, sweep.folder / FIGURE)
        print_table(("controller", "point", "compliance", "part", "seeds", "USD", "+-", "noise", "resolved"),
                    [(c.controller, c.point, f"{c.compliance:g}", c.part, str(c.seeds), f"{c.usd:.1f}",
                      f"{c.ci95_usd:.1f}", f"{c.noise_usd:.1f}", "yes" if c.is_resolved else "no") for c in costs])
    if failed:
        raise RunsFailed(f"{failed} cases have no result; see {sweep.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
