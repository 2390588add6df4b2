"""The unit commitment of 10 to 100 units (identical ones planned together), and which part of it is not the solver.

    python benchmarks/units.py [--units 10 100]

The ten-unit day of `experiments.system.unit_commitment_scaling`, one solve of each size and gap from nothing.
`checker`: what the independent checker finds wrong with the schedule of single units.
"""

from __future__ import annotations

import argparse

from experiments.system.unit_commitment_scaling import GAPS, UNITS, measure
from testbed.checks.known_answers import ten_unit_knowledge

EXACT = 1e-6


def main() -> None:
    """A row per size and gap; ten units to 1e-6 first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=UNITS)
    units = parser.parse_args().units
    measure(10, GAPS[0], True, 3_000)  # whatever only the first solve of a process pays for
    print(f"{'units':>5s} {'asked':>7s} {'proven':>8s} {'cost':>13s} {'bound':>13s} {'compile':>8s} {'solver':>7s} "
          f"{'all':>6s} {'all/solver':>11s} {'checker':>8s}   $, seconds")
    for count, gap in [(ten_unit_knowledge().units.count, EXACT), *((n, gap) for gap in GAPS for n in units)]:
        row = measure(count, gap, True, 3_000)
        print(f"{row.units:5d} {row.gap_asked:7.0e} {row.gap_proven:8.1e} {row.cost_usd:13,.2f} {row.bound_usd:13,.2f} "
              f"{row.compile_s:8.2f} {row.solver_s:7.2f} {row.wall_s:6.2f} {row.wall_s / row.solver_s:11.2f} "
              f"{'passed' if row.violations == 0 else row.violations:>8}", flush=True)


if __name__ == "__main__":
    main()
