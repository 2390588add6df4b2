"""AC power flow side by side in one run: pandapower's own call as it comes, our reference, and the fast engine.

`runpp` is called without arguments; numba, which it would use, is not among the testbed's libraries, lightsim2grid is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandapower
import pandapower.networks

from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33

CASES, CALLS_LEAST = 960, 3


def seconds_per_case(action: Callable[[], object], cases: int) -> float:
    """Best of all calls within a second, of three at least."""
    best, calls, started = float("inf"), 0, time.perf_counter()
    while calls < CALLS_LEAST or time.perf_counter() - started < 1.0:
        begun = time.perf_counter()
        action()
        best, calls = min(best, (time.perf_counter() - begun) / cases), calls + 1
    return best


def main() -> None:
    """Print milliseconds per case and the ratio to pandapower's own call."""
    feeder, net = ieee33(), pandapower.networks.case33bw()
    scale = np.linspace(0.4, 1.0, CASES)
    p_kw, q_kvar = np.outer(scale, feeder.p_base_kw), np.outer(scale, feeder.q_base_kvar)
    fast, reference = ac_engine(feeder, "lightsim2grid"), ac_engine(feeder, "pandapower")
    rows = {
        "pandapower runpp": seconds_per_case(lambda: pandapower.runpp(net), 1),
        "pandapower runpp, its own solver": seconds_per_case(
            lambda: pandapower.runpp(net, lightsim2grid=False, numba=False), 1),
        "reference engine": seconds_per_case(lambda: reference.power_flow(p_kw[:8], q_kvar[:8]), 8),
        "fast engine, one case a call": seconds_per_case(lambda: fast.power_flow(p_kw[:1], q_kvar[:1]), 1),
        "fast engine, three cases a call (a step)": seconds_per_case(lambda: fast.power_flow(p_kw[:3], q_kvar[:3]), 3),
        "fast engine, batch": seconds_per_case(lambda: fast.power_flow(p_kw, q_kvar), CASES),
    }
    base = rows["pandapower runpp"]
    for name, seconds in rows.items():
        print(f"{name:42s} {1e3 * seconds:8.3f} ms   {base / seconds:7.1f} x")
    differ = np.abs(fast.power_flow(p_kw[-1:], q_kvar[-1:]).vm_pu[0] - net.res_bus["vm_pu"].to_numpy()).max()
    print(f"voltages at full load differ from runpp's by at most {differ:.1e} pu")


if __name__ == "__main__":
    main()
