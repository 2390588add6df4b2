"""What a change costs: CPU seconds of whole commands, here and in another checkout, in turns.

    python benchmarks/cost.py ../other [--turns 5] [--folder results/cost]

CPU seconds are those of the command and all its processes; a busy machine moves them far less than seconds of the
clock, and both checkouts alike. Which of the two is first changes from turn to turn. Each turn is kept in
FOLDER/cost.jsonl, so that a stopped measurement goes on. Ends with 1 where a median has grown by more than 3 %.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CASES = tuple((scenario, controller) for scenario in ("smoke", "paper_day")
              for controller in ("uncoordinated", "bilayer"))
ALLOWED_REL = 0.03
Seconds = Mapping[str, list[float]]


def cpu_s(checkout: Path, scenario: str, controller: str, folder: Path) -> float:
    """Of one run with the code of a checkout; what it may keep from earlier runs stands in the folder."""
    words = [sys.executable, "-W", "ignore", "-m", "testbed.cli.app", "run", scenario, "--controller", controller,
             "--set", f"execution.cache_dir={folder / 'cache'}", "-o", str(folder / f"{scenario}-{controller}.h5")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, capture_output=True, cwd=checkout,
                   env=os.environ | {"PYTHONPATH": str(checkout)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(checkouts: Mapping[str, Path], turns: int, folder: Path, cases: Sequence[tuple[str, str]]) -> Seconds:
    """CPU seconds by `CHECKOUT SCENARIO CONTROLLER`, one a turn; those that are kept are not measured again.

    The first run of each fills the caches and is not counted.
    """
    record = folder / "cost.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, list[float]] = {}
    for line in record.read_text(encoding="utf-8").splitlines() if record.is_file() else ():
        name, value = json.loads(line)
        seconds.setdefault(name, []).append(value)
    for turn in range(turns + 1):
        for scenario, controller in cases:
            order = sorted(checkouts, reverse=bool(turn % 2))
            for which in order:
                name = f"{which} {scenario} {controller}"
                if len(seconds.get(name, ())) > turn:
                    continue
                value = cpu_s(checkouts[which], scenario, controller, folder / which)
                seconds.setdefault(name, []).append(value)
                with record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, value]) + "\n")
                print(f"turn {turn}: {name} {value:.2f} s{'' if turn else ' (not counted)'}", flush=True)
    return {name: values[1:] for name, values in seconds.items()}


def main() -> int:
    """Exit code 1 where a command costs more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a checkout of the state to compare with")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "cost")
    parser.add_argument("--again", action="store_true", help="forget what is kept")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if asked.again:
        shutil.rmtree(folder, ignore_errors=True)
    seconds, dear = measure({"before": asked.before.resolve(), "now": ROOT}, asked.turns, folder, CASES), False
    print(f"{'median CPU s':24}{'before':>9}{'now':>9}{'change':>9}")
    for scenario, controller in CASES:
        before, now = (float(np.median(seconds[f"{which} {scenario} {controller}"])) for which in ("before", "now"))
        change = now / before - 1
        dear |= change > ALLOWED_REL
        print(f"{f'{scenario} {controller}':24}{before:9.2f}{now:9.2f}{change:+9.1%}")
    return int(dear)


if __name__ == "__main__":
    raise SystemExit(main())
