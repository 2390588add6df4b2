"""One day of 96 steps with 1 to 50 districts, each a feeder of 33 buses with a hundred cars, in one process each.

    python benchmarks/districts.py [--counts 1 2 5 10 20 50]

`uncoordinated`; simulation and wiring as in `fleet`. `wiring` is all of mosaik and of what values need on their way.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from fleet import Day, day_of, imported, told_by

CARS = 100
STEPS = 96


def one_day(count: int, folder: Path) -> Day:
    """Seconds of one run in this process."""
    districts = [{"name": f"d{i}", "feeder": "ieee33", "peak_scale": 0.8, "private": CARS, "taxi": 0, "government": 0}
                 for i in range(count)]
    return day_of([f"districts={json.dumps(districts)}"], folder)


def main() -> None:
    """A row per number of districts; each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 5, 10, 20, 50])
    parser.add_argument("--one", type=int, metavar="COUNT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        imported()
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(one_day(given.one, Path(folder))))
        return
    print(f"{'districts':>9s} {'simulation':>11s} {'a district':>11s} {'wiring':>7s} {'recording':>10s} "
          f"{'both, ms a step':>16s} {'set-up':>7s} {'MB':>6s}   seconds")
    for count in given.counts:
        s = told_by(__file__, "--one", str(count))
        print(f"{count:9d} {s['simulation']:11.2f} {s['simulation'] / count:11.3f} {s['wiring']:7.2f} "
              f"{s['recording']:10.2f} {1e3 * (s['wiring'] + s['recording']) / STEPS:16.2f} {s['set-up']:7.2f} "
              f"{s['MB']:6.0f}", flush=True)


if __name__ == "__main__":
    main()
