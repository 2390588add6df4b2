"""Memory of a run of many days, day by day: what a day leaves behind would add up.

    python benchmarks/memory.py [--days 30] [--scenario study_day] [--controller bilayer]

One process, its resident memory as each counted day ends; minutes. Ends with 1 where a day from the third on has more
than 5 % above the second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import psutil

from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller

ALLOWED = 1.05
MB = 2**20


def measured(scenario_name: str, controller: str, days: int, folder: Path) -> list[float]:
    """MB as each day ends, warm-up included."""
    scenario = load_scenario(scenario_name, [f"days={days}", f"execution.cache_dir={folder / 'cache'}"])
    return measured_of(scenario, controller, folder / "run.h5")


def measured_of(scenario: Scenario, controller: str, output: Path) -> list[float]:
    """The same of a scenario that is there already."""
    process, a_day, seen = psutil.Process(), 86_400 // scenario.step_s, list[float]()

    def progress(done: int, _total: int) -> None:
        """Asked a few times a second."""
        if done // a_day > len(seen):
            seen.append(process.memory_info().rss / MB)
            print(f"day {len(seen)}: {seen[-1]:.0f} MB", file=sys.stderr, flush=True)

    run_scenario(scenario, load_controller(controller), seed=1, output=output, progress=progress)
    return seen


def main() -> int:
    """Exit code 1 where memory grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--scenario", default="study_day")
    parser.add_argument("--controller", default="bilayer")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = measured(chosen.scenario, chosen.controller, chosen.days, Path(folder))
    counted = seen[-chosen.days:]
    second, most = counted[1], max(counted[2:], default=counted[1])
    print(f"{chosen.scenario}, {chosen.controller}, {chosen.days} days: day 1 {counted[0]:.0f} MB, day 2 {second:.0f}, "
          f"day {chosen.days} {counted[-1]:.0f}, most after day 2 {most:.0f} ({most / second - 1:+.1%})")
    return int(most > ALLOWED * second)


if __name__ == "__main__":
    raise SystemExit(main())
