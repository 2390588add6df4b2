"""How far does a rounding go? Whole runs by one code: once more, with one number moved by 1e-13 of it, and reordered.

    python benchmarks/rounding.py [--only NAME ...] [--keep FOLDER]

The number is the price of low voltages, which only the lower layer reads; reordered are the rows of cars that it is
given. Its decisions are then rounded differently, and nothing else is. What such runs differ by is what any rewriting
of its equations may differ by that does not keep every rounding. The largest difference of a voltage within each hour
shows where it begins and how it grows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from close_results import differences
from equal_runs import CASES

from controllers.port import FeederView, Setpoints, SpatialKnowledge, SpatialLayer
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.pro_rata import ProRata
from controllers.variants.bilayer import Bilayer
from controllers.variants.smart_charging import SmartCharging

PRICE_KEY, PRICE_USD_PER_PU2H = "spatial.voltage_penalty_usd_per_pu2h", 20.0
MOVED_BY = 1e-13
ASKED = ("paper_day_bilayer", "simbench_two_days")
REORDERED = {"bilayer": "ReorderedBilayer", "smart_charging": "ReorderedSmartCharging"}
VOLTAGE = "vm_pu"
OF_PAIRS = ("x_min_now_kwh", "x_max_now_kwh", "pc_max_now_kw", "pd_max_now_kw")


# ---------------------------------------------------------------- the same controllers, rows in another order
class Reordered:
    """The branch flow that gets its rows of cars in another order than they came in."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        pairs = knowledge.pairs
        self.order = np.random.default_rng(1).permutation(pairs.count)
        self.layer = BranchFlow(replace(knowledge, pairs=replace(
            pairs, bus_index=pairs.bus_index[self.order], group=pairs.group[self.order],
            departure_bin=pairs.departure_bin[self.order])))

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """As BranchFlow."""
        flex = view.flexibility
        moved = replace(flex, **{name: getattr(flex, name)[self.order] for name in OF_PAIRS})
        return self.layer.step(replace(view, flexibility=moved), compliance)


class ReorderedBilayer(Bilayer):
    """`bilayer`, so placed."""

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Branch flow where there is a network, pro rata where there is none."""
        return ProRata(knowledge, "least_laxity") if knowledge.feeder is None else Reordered(knowledge)


class ReorderedSmartCharging(SmartCharging):
    """`smart_charging`, so placed."""

    spatial = ReorderedBilayer.spatial


# ---------------------------------------------------------------- runs and what they differ by
def run(name: str, price_usd_per_pu2h: float, file: Path, reordered: bool = False) -> Path:
    """One whole command with nothing kept from others."""
    scenario, option, controller, *more = CASES[name]
    if reordered:
        controller = f"{Path(__file__).resolve()}:{REORDERED[controller]}"
    if not file.exists():
        with tempfile.TemporaryDirectory() as cache:
            words = [sys.executable, "-W", "ignore", "-m", "testbed", "run", scenario, option, controller, *more,
                     "--set", f"{PRICE_KEY}={price_usd_per_pu2h!r}", "-o", str(file)]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"XDG_CACHE_HOME": cache})
    return file


def largest(first: Path, other: Path) -> tuple[float, float]:
    """(objective relative to itself, voltage in pu)."""
    money, volts = differences(first, other)
    return max(money.values()), max(value for path, value in volts.items() if path.endswith("/" + VOLTAGE))


def by_hour(first: Path, other: Path) -> list[float]:
    """Largest difference of a bus voltage in each hour, pu; of the first district that has them."""
    with h5py.File(first) as a, h5py.File(other) as b:
        paths: list[str] = []
        a.visit(paths.append)
        path = next(path for path in paths if path.endswith("/" + VOLTAGE))
        apart, hour = np.abs(a[path][...] - b[path][...]), a["time"][...] // 3600
    return [float(np.nanmax(apart[hour == h])) for h in np.unique(hour)]


def main() -> None:
    """A block per run: once more, the number moved, rows reordered, and the hours of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=CASES, default=ASKED)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for case in given.only:
            first, again = (run(case, PRICE_USD_PER_PU2H, folder / f"{case}-{turn}.h5") for turn in (1, 2))
            moved = run(case, PRICE_USD_PER_PU2H * (1 + MOVED_BY), folder / f"{case}-moved.h5")
            reordered = run(case, PRICE_USD_PER_PU2H, folder / f"{case}-reordered.h5", reordered=True)
            for what, other in (("once more", again), (f"price moved by {MOVED_BY:g}", moved),
                                ("rows reordered", reordered)):
                usd, pu = largest(first, other)
                print(f"{case:18s} {what:20s} objective {usd:7.1e} of itself   voltage {pu:7.1e} pu; by hour "
                      f"{' '.join(f'{hour:.0e}' for hour in by_hour(first, other))}", flush=True)


if __name__ == "__main__":
    main()
