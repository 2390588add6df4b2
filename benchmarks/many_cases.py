"""A thousand cases that keep figures alone: room on disk, and seconds a case beside cases that keep all.

    python benchmarks/many_cases.py [--count 1000] [--pairs 24] [--folder results/many_cases]

First the same few cases of `smoke` run with both, four at a time in turns; then all that keep figures, two at once. A
sweep that was stopped goes on. Ends with 1 where a thousand cases would take more than 60 MB, a result more than
50 kB, or a case more time than one that keeps everything.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES, MOST_BYTES_A_CASE = 60_000, 50_000
"""A case in the mean of a thousand, with its record and its share of tables; and any case's result."""
NOISE_REL = 0.03
AT_A_TIME = 4
KEPT = ("everything", "figures")
STUDY = """\
name: many_{record}
scenario: smoke
controllers: [uncoordinated]
seeds: {count}
record: {record}
"""


def swept(folder: Path, record: str, count: int, workers: int) -> Path:
    """The folder of a sweep that has been carried out to its end; one of fewer seeds in the same place goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    study = folder / "study_of_seeds.yaml"
    study.write_text(STUDY.format(record=record, count=count), encoding="utf-8")
    words = [sys.executable, "-W", "ignore", "-m", "testbed", "sweep", str(study), "-o", str(folder / "swept"),
             "--workers", str(workers), "--no-audit"]
    subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return folder / "swept"


def seconds_of(folder: Path) -> list[float]:
    """Of each case."""
    return [json.loads(file.read_text(encoding="utf-8"))["seconds"] for file in sorted(folder.glob("cases/*.json"))]


def bytes_of(folder: Path) -> int:
    """Of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> int:
    """Exit code 1 where cases take more room or time than they may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "many_cases")
    asked = parser.parse_args()
    place = asked.folder.resolve()
    for count in range(AT_A_TIME, asked.pairs + 1, AT_A_TIME):
        turns = {record: swept(place / f"turns_{record}", record, count, 1) for record in KEPT}
    whole, slim = (np.median(seconds_of(turns[record])) for record in KEPT)
    folder = swept(place / "many", "figures", asked.count, 2)
    each, largest = bytes_of(folder) / asked.count, max(file.stat().st_size for file in folder.glob("cases/*.h5"))
    print(f"{asked.count} cases: {bytes_of(folder) / 1e6:.1f} MB, largest result {largest / 1e3:.1f} kB; a case takes "
          f"{slim:.2f} s with figures alone, {whole:.2f} s with everything ({slim / whole - 1:+.1%}, medians of "
          f"{asked.pairs}); {np.mean(seconds_of(folder)):.2f} s a case beside another")
    return int(each > MOST_BYTES or largest > MOST_BYTES_A_CASE or slim > (1 + NOISE_REL) * whole)


if __name__ == "__main__":
    raise SystemExit(main())
