"""The report: MB of its file, seconds to write it and to open it in Chromium, of one seed and of twenty.

    python benchmarks/report.py [--controllers A,B,...] [--times 3]

Runs are of `smoke` with a wide gap; files of the other seeds are copies of the first one's that call themselves
another seed. A browser opens the page until everything in it has run; what it takes for an empty page is taken off.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from experiments.runs import results_of
from testbed.reporting.report import write_report
from testbed.running.preflight import compare_request
from testbed.running.several_runs import jobs

CONTROLLERS = "uncoordinated,no_pev,tariff,smart_charging,temporal,bilayer"
OVERRIDES = ("planning.mip_gap=2e-2", "planning.tangents=4")
SEEDS = (1, 20)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


def runs(controllers: list[str], seeds: int, folder: Path) -> list[Path]:
    """Files of all controllers and seeds."""
    request = compare_request("smoke", controllers, 1, OVERRIDES, None, folder / "runs")
    first = [result.path for result in results_of(jobs(request), workers=2)]
    made = list(first)
    for seed in range(2, seeds + 1):
        for path in first:
            made.append(folder / f"{path.stem}-as-{seed}.h5")
            shutil.copy(path, made[-1])
            with h5py.File(made[-1], "r+") as file:
                file.attrs["seed"] = seed
    return made


def opening_s(page: str, times: int, folder: Path) -> float:
    """Median seconds that the browser takes to open the page and end."""
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
             "--dump-dom", page]
    seconds = []
    for _ in range(times + 1):  # the first fills the browser's own caches
        begun = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds[1:]))


def main() -> None:
    """A line for each number of seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--controllers", default=CONTROLLERS)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    controllers = asked.controllers.split(",")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = runs(controllers, max(SEEDS), folder)
        empty_s = opening_s("about:blank", asked.times, folder) if CHROMIUM else np.nan
        for seeds in SEEDS:
            page, begun = folder / f"{seeds}.html", time.perf_counter()
            write_report(paths[: seeds * len(controllers)], page)
            written_s = time.perf_counter() - begun
            opened_s = opening_s(page.as_uri(), asked.times, folder) - empty_s if CHROMIUM else np.nan
            print(f"{seeds:3} seeds x {len(controllers)} controllers {page.stat().st_size / 1e6:6.1f} MB   "
                  f"written in {written_s:5.1f} s   opened in {opened_s:5.1f} s", flush=True)


if __name__ == "__main__":
    main()
