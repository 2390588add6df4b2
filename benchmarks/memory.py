"""Memory of a run of many days, day by day: what a day leaves behind would add up.

    python benchmarks/memory.py [--days 30] [--scenario study_day] [--controller bilayer]

One process; of each day the least and the most resident memory between its steps: the least is what days leave behind,
the most is what a solver has just let go of, too. Minutes. Ends with 1 where the least of a counted day from the third
on is more than 5 % above that of the second, or the most more than 5 % above that of the first two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller

ALLOWED_REL = 0.05
MB = 2**20


@dataclass
class Day:
    """MB between the steps of a day."""

    least: float = np.inf
    most: float = 0.0

    def see(self, mb: float) -> None:
        """One more sample."""
        self.least, self.most = min(self.least, mb), max(self.most, mb)


def measured(scenario_name: str, controller: str, days: int, folder: Path) -> list[Day]:
    """Each day's, warm-up included."""
    scenario = load_scenario(scenario_name, [f"days={days}", f"execution.cache_dir={folder / 'cache'}"])
    return measured_of(scenario, controller, folder / "run.h5")


def measured_of(scenario: Scenario, controller: str, output: Path) -> list[Day]:
    """The same of a scenario that is there already."""
    process, a_day, seen = psutil.Process(), 86_400 // scenario.step_s, [Day()]

    def progress(done: int, total: int) -> None:
        """Asked a few times a second."""
        seen[-1].see(process.memory_info().rss / MB)
        if done // a_day >= len(seen):
            print(f"day {len(seen)}: {seen[-1].least:.0f} to {seen[-1].most:.0f} MB", file=sys.stderr, flush=True)
            if done < total:
                seen.append(Day())

    run_scenario(scenario, load_controller(controller), seed=1, output=output, progress=progress)
    return seen


def growth(counted: Sequence[Day]) -> tuple[float, float]:
    """By how much the least of later days is above that of the second, and the most above that of the first two."""
    later = counted[2:] or counted[1:2]
    return (max(day.least for day in later) / counted[1].least - 1,
            max(day.most for day in later) / max(day.most for day in counted[:2]) - 1)


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
    least, most = growth(counted)
    second, last = counted[1], counted[-1]
    print(f"{chosen.scenario}, {chosen.controller}, {chosen.days} days: day 2 {second.least:.0f} to {second.most:.0f} "
          f"MB, day {chosen.days} {last.least:.0f} to {last.most:.0f}; then day 2 least {least:+.1%}, most {most:+.1%}")
    return int(max(least, most) > ALLOWED_REL)


if __name__ == "__main__":
    raise SystemExit(main())
