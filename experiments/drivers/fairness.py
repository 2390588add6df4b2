"""Who gives back: share of V2G energy by tenths of the drivers and by bus, and how uneven it is.

    python -m experiments.drivers.fairness results/study_day/bilayer-seed1.h5 results/study_day/bilayer_aware-seed1.h5

Any completed runs. Writes drivers.csv, buses.csv and a figure: one line per run over the tenths of drivers, and one row
of bars per run over the buses of the feeders. Drivers without contract or two-way charger are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.csv_rows import write_rows
from experiments.runs import exit_code
from testbed.owners.fairness import TENTHS, BusSharing, DriverSharing, bus_sharing, driver_sharing, zone_name
from testbed.reporting.tables import number, print_table
from testbed.results.reading import Result, ResultError, open_result
from testbed.running.preflight import RESULTS, WrongRequest, folder_mistakes

DRIVERS, BUSES, FIGURE = "drivers.csv", "buses.csv", "fairness"
ZONE_COLOURS = ("C0", "C1", "C2")
Run = tuple[Result, list[DriverSharing], list[BusSharing]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write the shares of all runs, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.fairness", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN.h5")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "fairness")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.runs, chosen.output))


def _run(files: Sequence[Path], folder: Path) -> int:
    runs = _opened(files, folder)
    write_rows(("run", "controller", "seed", "drivers", "count", "energy_kwh", "gini", "nothing_share",
                *(f"tenth_{i + 1}_share" for i in range(TENTHS))),
               [(result.path.stem, result.controller, result.seed, part.who, part.drivers, part.energy_kwh, part.gini,
                 part.nothing_share, *part.tenth_shares) for result, drivers, _ in runs for part in drivers],
               folder / DRIVERS)
    write_rows(("run", "controller", "seed", "district", "gini", "bus", "zone", "energy_kwh", "share"),
               [(result.path.stem, result.controller, result.seed, part.district, part.gini, bus, zone_name(part, zone),
                 energy, share) for result, _, buses in runs for part in buses
                for bus, zone, energy, share in zip(
                    part.bus_number, part.zone, part.energy_kwh, part.shares, strict=True)],
               folder / BUSES)
    print_table(("run", "controller", "who", "count", "V2G kWh", "Gini", "gave nothing", "tenth that gave most"),
                [row for run in runs for row in _rows(*run)])
    draw(runs, folder / FIGURE)
    return 0


def _opened(files: Sequence[Path], folder: Path) -> list[Run]:
    """WrongRequest lists every file that cannot serve."""
    mistakes, runs = folder_mistakes(folder, f"-o {folder}"), []
    for file in files:
        try:
            result = open_result(file)
            runs.append((result, driver_sharing(result), bus_sharing(result)))
        except ResultError as error:
            mistakes.append(str(error))
    if mistakes:
        raise WrongRequest(mistakes)
    return runs


def _rows(result: Result, drivers: Sequence[DriverSharing], buses: Sequence[BusSharing]) -> list[Sequence[str]]:
    rows = [(f"drivers: {group.who}", group.drivers, group.energy_kwh, group.gini, f"{group.nothing_share:.0%}",
             f"{group.tenth_shares[-1]:.0%}") for group in drivers]
    rows += [(f"buses: {group.district}", group.bus_number.size, float(group.energy_kwh.sum()), group.gini,
              f"{np.mean(group.energy_kwh <= 0):.0%}", "") for group in buses]
    return [(result.path.stem, result.controller, who, str(count), number(energy), number(uneven), nothing, most)
            for who, count, energy, uneven, nothing, most in rows]


# ---------------------------------------------------------------- the figure
def draw(runs: Sequence[Run], stem: Path) -> None:
    """Left: tenths of drivers, a line per run; right: buses, a panel per run and feeder. STEM.png and STEM.svg."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, for figures only

    feeders = [(result, sharing) for result, _, buses in runs for sharing in buses]
    height = max(3.0, 1.6 * len(feeders))
    figure = Figure(figsize=(10, height), layout="constrained")
    halves = figure.subfigures(1, 2, width_ratios=(2, 3), squeeze=False)[0]
    _tenths(halves[0].subplots(), runs)
    if feeders:
        panels = halves[1].subplots(len(feeders), 1, squeeze=False, sharey=True)[:, 0]
        for panel, (result, sharing) in zip(panels, feeders, strict=True):
            _buses(panel, sharing, f"{result.controller}, {sharing.district}: Gini {number(round(sharing.gini, 3))}")
        panels[-1].set_xlabel("bus", fontsize=8)
        panels[0].legend(fontsize=7, ncols=3, frameon=False)
    for suffix in (".png", ".svg"):
        figure.savefig(stem.with_suffix(suffix), dpi=200)


def _tenths(panel: Any, runs: Sequence[Run]) -> None:
    places = np.arange(1, TENTHS + 1)
    for result, drivers, _ in runs:
        for sharing in drivers[:1]:  # all drivers; the classes are in the table
            panel.plot(places, sharing.tenth_shares, "o-", markersize=4, linewidth=1.2,
                       label=f"{result.controller}, seed {result.seed}: Gini {number(round(sharing.gini, 3))}")
    panel.axhline(1 / TENTHS, color="0.4", linewidth=0.8, linestyle="--", label="all give the same")
    panel.set_xticks(places)
    panel.set_xlabel("tenth of the drivers, by energy given back", fontsize=8)
    panel.set_ylabel("share of V2G energy", fontsize=8)
    panel.tick_params(labelsize=8)
    panel.legend(fontsize=7)


def _buses(panel: Any, sharing: BusSharing, title: str) -> None:
    for zone in np.unique(sharing.zone):
        here = sharing.zone == zone
        panel.bar(sharing.bus_number[here], np.nan_to_num(sharing.shares[here]), color=ZONE_COLOURS[zone],
                  label=zone_name(sharing, zone))
    panel.set_title(title, fontsize=8)
    panel.set_ylabel("share", fontsize=8)
    panel.tick_params(labelsize=7)


if __name__ == "__main__":
    sys.exit(main())
