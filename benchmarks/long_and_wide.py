"""Many days, districts and cars at once: memory flat, energy books without drift, audit clean.

    python benchmarks/long_and_wide.py [--days 30] [--districts 10] [--cars 100000] [--controller smart_charging]

Hours and some GB as it stands; a tenth of it shows the same: `--days 4 --districts 3 --cars 3000`. Ends with 1 where a
day from the third on has more than 5 % above the second, where the books of a district drift, or where the audit finds
a violation.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from memory import ALLOWED_REL, growth, measured_of

from testbed.auditing.of_runs import audited
from testbed.results.reading import Result, open_result
from testbed.scenario.loading import load_scenario
from testbed.scenario.record import Scenario

DRIFT_REL = 1e-9
"""Of the energy that passed, by which stored energy may differ from what the books of the run add up to."""


def scenario_of(days: int, districts: int, cars: int, cache: Path) -> Scenario:
    """So many cars in equal parts; every second district has a feeder, with a hundredth of its own behind the meter."""
    each = cars // districts
    on_feeder = min(each, 200)
    items = []
    for i in range(districts):
        with_network = i % 2 == 0
        private = on_feeder if with_network else each + (each - on_feeder)
        network = "feeder: ieee33, peak_scale: 0.83" if with_network else (
            "slow_ports_per_bus: null, fast_ports_per_bus: null")
        items.append(f"{{name: d{i}, private: {private}, {network}}}")
    return load_scenario("study_day", [f"days={days}", f"districts=[{', '.join(items)}]",
                                       f"execution.cache_dir={cache}"])


def drift_rel(result: Result, district: str) -> float:
    """Largest difference between what is stored and what the books say, of the energy that passed until then.

    Stored at the end of a step = at that of the first + charged + fast charged - discharged - driven - lost since.
    """
    stored, *flows = (result.district(district, f"{name}_kwh") for name in (
        "stored", "charged", "fast_charged", "discharged", "driven", "lost"))
    passed = np.cumsum(flows[0] + flows[1] + flows[2] + flows[3])
    booked = np.cumsum(flows[0] + flows[1] - flows[2] - flows[3] - flows[4])
    off = stored - stored[0] - (booked - booked[0])
    return float(np.max(np.abs(off) / np.maximum(passed, 1.0)))


def main() -> int:
    """Exit code 1 where something grows, drifts or contradicts itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("days", 30), ("districts", 10), ("cars", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--controller", default="smart_charging")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scenario = scenario_of(chosen.days, chosen.districts, chosen.cars, Path(folder) / "cache")
        file = Path(folder) / "run.h5"
        counted = measured_of(scenario, chosen.controller, file)[-chosen.days:]
        result = open_result(file)
        drift = max(drift_rel(result, district) for district in result.districts)
        judged = audited(file, 8)
    least, most = growth(counted)
    print(f"{chosen.controller}, {chosen.days} days, {chosen.districts} districts, {chosen.cars:,} cars: day 2 "
          f"{counted[1].least:.0f} to {counted[1].most:.0f} MB; after it least {least:+.1%}, most {most:+.1%}; drift "
          f"{drift:.1e} of the energy that passed; {judged.count} violations", *judged.violations, sep="\n")
    return int(max(least, most) > ALLOWED_REL or drift > DRIFT_REL or judged.count > 0)


if __name__ == "__main__":
    raise SystemExit(main())
