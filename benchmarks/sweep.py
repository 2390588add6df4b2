"""The 64 cases of `smoke_study` with one worker and with two, each sweep in a fresh process and folder; then killed.

    python benchmarks/sweep.py [--workers 1 2]

Plans and expected days are made once before, so that all sweeps find them in the cache. Last, a sweep with most
workers gets SIGKILL when half of its cases are there, workers and all, and the same command goes on. Ends with 1 if any
table differs, or a case that was complete is made again.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

STUDY, CASES = "smoke_study", 64
TURNS = 5
"""Sweeps with each number of workers, in turns; the quickest counts, since others' work only ever slows."""


def words(workers: int, folder: Path) -> list[str]:
    """The command."""
    return [sys.executable, "-W", "ignore", "-m", "testbed", "sweep", STUDY, "-o", str(folder), "--workers",
            str(workers)]


def swept(workers: int, folder: Path) -> tuple[float, bytes]:
    """Wall seconds of the whole command, and the table."""
    begun = time.perf_counter()
    subprocess.run(words(workers, folder), check=True, capture_output=True)
    return time.perf_counter() - begun, (folder / "results.csv").read_bytes()


def made(folder: Path) -> dict[str, int]:
    """When each complete case was written."""
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("cases/*.json")}


def killed(workers: int, folder: Path) -> dict[str, int]:
    """Start a sweep and kill it and its workers half-way; the cases that are complete then."""
    process = subprocess.Popen(words(workers, folder), start_new_session=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while process.poll() is None and len(made(folder)) < CASES // 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return made(folder)


def main() -> int:
    """A row per number of workers, and one for the killed sweep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    problems = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swept(max(given.workers), folder / "first")
        runs: dict[int, list[tuple[float, bytes]]] = {workers: [] for workers in given.workers}
        for turn in range(TURNS):
            for workers, done in runs.items():
                done.append(swept(workers, folder / f"{workers}-{turn}"))
        table = next(iter(runs.values()))[0][1]
        first_s = [seconds for seconds, _ in next(iter(runs.values()))]
        for workers, done in runs.items():
            seconds, is_same = [s for s, _ in done], all(table_again == table for _, table_again in done)
            problems += not is_same
            turns = median(single_s / other for single_s, other in zip(first_s, seconds, strict=True))
            table_is = "same table" if is_same else "ANOTHER TABLE"
            print(f"{workers} workers: {min(seconds):7.1f} s   {min(first_s) / min(seconds):5.2f} x   median of turns "
                  f"{turns:5.2f} x   {table_is} ({', '.join(f'{s:.1f}' for s in seconds)})", flush=True)
        before = killed(max(given.workers), folder / "killed")
        seconds, table_again = swept(max(given.workers), folder / "killed")
        again = sum(made(folder / "killed")[case] != written for case, written in before.items())
        problems += table_again != table or again > 0
        print(f"killed with {len(before)} of {CASES} cases complete, gone on in {seconds:.1f} s: {again} made again, "
              f"{'same table' if table_again == table else 'ANOTHER TABLE'}", flush=True)
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main())
