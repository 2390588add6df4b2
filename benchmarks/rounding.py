"""How far does a rounding go? Whole runs by one code: as they are, once more, and with one number moved by 1e-13 of it.

    python benchmarks/rounding.py [--only NAME ...] [--keep FOLDER]

The number is the price of low voltages, which only the lower layer reads: its decisions are rounded differently and
nothing else is. What the two runs then differ by is what any rewriting of these equations may differ by that does not
keep every rounding. The largest difference within each hour shows where it begins and whether it grows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from close_results import differences
from equal_runs import CASES

PRICE_KEY, PRICE = "spatial.voltage_penalty_usd_per_pu2h", 20.0
MOVED_BY = 1e-13
ASKED = ("paper_day_bilayer", "simbench_two_days")
VOLTAGE = "vm_pu"


def run(name: str, price: float, file: Path) -> Path:
    """One whole command with nothing kept from others."""
    if not file.exists():
        with tempfile.TemporaryDirectory() as cache:
            words = [sys.executable, "-W", "ignore", "-m", "testbed", "run", *CASES[name],
                     "--set", f"{PRICE_KEY}={price!r}", "-o", str(file)]
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
        apart = np.abs(a[path][...] - b[path][...])
        steps = apart.shape[0] // (24 * max(1, round(apart.shape[0] / 96)))
    return [float(np.nanmax(hour)) for hour in np.split(apart, apart.shape[0] // steps)]


def main() -> None:
    """A block per run: the control, the moved number, and the hours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=CASES, default=ASKED)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for case in given.only:
            first, again = (run(case, PRICE, folder / f"{case}-{turn}.h5") for turn in (1, 2))
            moved = run(case, PRICE * (1 + MOVED_BY), folder / f"{case}-moved.h5")
            for what, other in (("once more", again), (f"price moved by {MOVED_BY:g}", moved)):
                usd, pu = largest(first, other)
                print(f"{case:20s} {what:22s} objective {usd:7.1e} of itself   voltage {pu:7.1e} pu", flush=True)
            print(f"{'':20s} voltage by hour  {' '.join(f'{pu:.0e}' for pu in by_hour(first, moved))}", flush=True)


if __name__ == "__main__":
    main()
