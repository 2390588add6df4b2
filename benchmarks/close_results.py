"""How far two result files are from each other where solvers may round: objectives relatively, voltages in pu.

    python benchmarks/close_results.py before.h5 after.h5

Prints the largest differences, and ends with 1 where an objective differs by more than 1e-7 of itself or a voltage by
more than 1e-6 pu.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

OBJECTIVES_REL, VOLTAGES_PU = 1e-7, 1e-6
IS_OBJECTIVE = ("objective_usd", "expected_objective_usd")
IS_VOLTAGE = ("vm_pu", "vm_socp_pu", "vm_plan_ac_pu", "vm_setpoint_pu")


def differences(first: Path, other: Path) -> tuple[dict[str, float], dict[str, float]]:
    """(relative differences of objectives, differences of voltages in pu) by the data set's path."""
    money, volts = dict[str, float](), dict[str, float]()
    with h5py.File(first) as a, h5py.File(other) as b:
        def visit(name: str, item: object) -> None:
            last = name.rpartition("/")[2]
            if isinstance(item, h5py.Dataset) and last in (*IS_OBJECTIVE, *IS_VOLTAGE):
                left, right = (np.asarray(file[name], dtype=np.float64) for file in (a, b))
                apart = np.abs(left - right)
                if last in IS_VOLTAGE:
                    volts[name] = float(np.nanmax(apart, initial=0.0))
                else:
                    money[name] = float(np.nanmax(apart / np.maximum(np.abs(left), 1.0), initial=0.0))
        a.visititems(visit)
    return money, volts


def main() -> int:
    """0 if close enough, else 1."""
    money, volts = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    for name, apart in money.items():
        print(f"{name}: {apart:.1e} of itself")
    for name, apart in volts.items():
        print(f"{name}: {apart:.1e} pu")
    return int(max(money.values(), default=0.0) > OBJECTIVES_REL or max(volts.values(), default=0.0) > VOLTAGES_PU)


if __name__ == "__main__":
    raise SystemExit(main())
