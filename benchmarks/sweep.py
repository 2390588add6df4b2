"""The 64 cases of `smoke_study` with one worker and with two, each sweep in a fresh process and folder; then killed.

    python benchmarks/sweep.py [--workers 1 2]

Plans and expected days are made once before, so that both sweeps find them in the cache. Last, a sweep with most
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

STUDY, CASES = "smoke_study", 64


def words(workers: int, folder: Path) -> list[str]:
    """The command."""
    return [sys.executable, "-W", "ignore", "-m", "testbed.cli", "sweep", STUDY, "-o", str(folder), "--workers",
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
        first_s, table = None, None
        for workers in given.workers:
            seconds, found = swept(workers, folder / str(workers))
            first_s, table = first_s or seconds, table or found
            problems += found != table
            same = "same table" if found == table else "ANOTHER TABLE"
            print(f"{workers} workers: {seconds:7.1f} s   {first_s / seconds:5.2f} x   {same}", flush=True)
        before = killed(max(given.workers), folder / "killed")
        seconds, found = swept(max(given.workers), folder / "killed")
        again = sum(made(folder / "killed")[case] != written for case, written in before.items())
        problems += found != table or again > 0
        print(f"killed with {len(before)} of {CASES} cases complete, gone on in {seconds:.1f} s: {again} made again, "
              f"{'same table' if found == table else 'ANOTHER TABLE'}", flush=True)
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main())
