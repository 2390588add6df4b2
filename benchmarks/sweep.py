"""The 64 cases of `smoke_study` with one worker and with two, each sweep in a fresh process and folder.

    python benchmarks/sweep.py [--workers 1 2]

Plans and expected days are made once before, so that both sweeps find them in the cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = "smoke_study"


def swept(workers: int, folder: Path) -> tuple[float, bytes]:
    """Wall seconds of the whole command, and the table."""
    words = [sys.executable, "-W", "ignore", "-m", "testbed.cli", "sweep", STUDY, "-o", str(folder), "--workers",
             str(workers)]
    begun = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - begun, (folder / "results.csv").read_bytes()


def main() -> None:
    """A row per number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swept(max(given.workers), folder / "first")
        first_s, table = None, None
        for workers in given.workers:
            seconds, found = swept(workers, folder / str(workers))
            first_s, table = first_s or seconds, table or found
            same = "same table" if found == table else "ANOTHER TABLE"
            print(f"{workers} workers: {seconds:7.1f} s   {first_s / seconds:5.2f} x   {same}", flush=True)


if __name__ == "__main__":
    main()
