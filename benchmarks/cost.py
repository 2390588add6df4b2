"""What a change costs: CPU seconds of whole commands, with the code here and with that of another checkout, in pairs.

    python benchmarks/cost.py ../other [--pairs 5] [--folder results/cost]

Both commands of a pair begin together and share one core, so that whatever else the machine does (another core's work,
its clock, its caches) slows both alike: the ratio of a pair moves by less than 1 %, where seconds taken one after the
other move by 20 %. Each pair is kept in FOLDER/cost.jsonl, so that a stopped measurement goes on. Linux only. Ends with
1 where commands cost more than 3 % more.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FAMILY = Path(__file__).with_name("whole_family.py")
TEN_THOUSAND = ("--set", "districts.1.private=8000", "--set", "districts.1.government=1000", "--set",
                "districts.1.taxi=1000")
"""Cars of the district without a feeder."""
CASES = {
    **{f"{scenario} {controller}": ("run", scenario, "--controller", controller)
       for scenario in ("smoke", "paper_day") for controller in ("uncoordinated", "bilayer")},
    "10,000 cars": ("run", "smoke", "--controller", "uncoordinated", *TEN_THOUSAND),
    "sweep of 64": ("sweep", "smoke_study", "--workers", "1"),
}
"""Whole commands by name."""
ALLOWED_REL = 0.03
Pair = Mapping[str, float]


def started(checkout: Path, case: str, folder: Path) -> subprocess.Popen[bytes]:
    """A command with the code of a checkout, compiled once; what it may keep from earlier runs stands in the folder."""
    command, *words = CASES[case]
    made = folder / f"{case.replace(' ', '-')}{'.h5' if command == 'run' else ''}"
    if made.is_dir():
        shutil.rmtree(made)
    own = ["--set", f"execution.cache_dir={folder / 'cache'}"] if command == "run" else []
    whole = [sys.executable, "-W", "ignore", str(FAMILY), sys.executable, "-W", "ignore", "-m", "testbed", command]
    return subprocess.Popen([*whole, *words, *own, "-o", str(made)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=checkout,
                            env=os.environ | {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "",
                                              "XDG_CACHE_HOME": str(folder / "cache")})


def pair(checkouts: Mapping[str, Path], case: str, folder: Path) -> Pair:
    """CPU seconds of the same command with each checkout, run at the same time, with all processes that they begin.

    Raises RuntimeError where one fails.
    """
    running = {started(checkouts[which], case, folder / which).pid: which for which in checkouts}
    seconds: dict[str, float] = {}
    while running:
        pid, status, used = os.wait4(-1, 0)
        which = running.pop(pid)
        if status:
            raise RuntimeError(f"{checkouts[which]}: {' '.join(CASES[case])} ends with {status}")
        seconds[which] = used.ru_utime + used.ru_stime
    return seconds


def measure(checkouts: Mapping[str, Path], count: int, folder: Path, cases: Sequence[str]) -> dict[str, list[Pair]]:
    """Pairs by the name of their case; those that are kept are not measured again. Each checkout begins in turn.

    The first of each fills the caches and is told, not counted.
    """
    record = folder / "cost.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    pairs: dict[str, list[Pair]] = {}
    for line in record.read_text(encoding="utf-8").splitlines() if record.is_file() else ():
        name, values = json.loads(line)
        pairs.setdefault(name, []).append(values)
    for number, case in _missing(pairs, count, cases):
        order = dict(sorted(checkouts.items(), reverse=bool(number % 2)))
        values = pair(order, case, folder)
        pairs.setdefault(case, []).append(values)
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps([case, values]) + "\n")
        told = ", ".join(f"{which} {seconds:.2f} s" for which, seconds in sorted(values.items()))
        print(f"{case}, pair {number}: {told}{'' if number else ' (cold)'}", flush=True)
    return {name: values[1:] for name, values in pairs.items()}


def _missing(pairs: Mapping[str, Sequence[Pair]], count: int, cases: Sequence[str]) -> Iterator[tuple[int, str]]:
    kept = {case: len(pairs.get(case, ())) for case in cases}
    for number in range(count + 1):
        yield from ((number, case) for case in cases if kept[case] <= number)


def main() -> int:
    """Exit code 1 where a command costs more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a checkout of the state to compare with")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "cost")
    parser.add_argument("--again", action="store_true", help="forget what is kept")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # and of all that is started from here
    if asked.again:
        shutil.rmtree(folder, ignore_errors=True)
    checkouts, dear = {"before": asked.before.resolve(), "now": ROOT}, False
    pairs = measure(checkouts, asked.pairs, folder, asked.cases)
    print(f"{'CPU s, means':24}{'before':>9}{'now':>9}{'change, mean and standard error':>34}")
    for name, values in pairs.items():
        ratios = np.array([of["now"] / of["before"] for of in values])
        dear |= ratios.mean() > 1 + ALLOWED_REL
        error = ratios.std(ddof=1) / np.sqrt(ratios.size) if ratios.size > 1 else np.nan
        before, now = (np.mean([of[which] for of in values]) for which in ("before", "now"))
        print(f"{name:24}{before:9.2f}{now:9.2f}{ratios.mean() - 1:+24.1%} ± {error:.1%}")
    return int(dear)


if __name__ == "__main__":
    raise SystemExit(main())
