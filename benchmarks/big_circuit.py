"""One decision of the lower layer on a large circuit of three phases, such as the 8,500-node feeder.

    python benchmarks/big_circuit.py PATH/Master.dss [--cars 500] [--hour 20]

The script is the user's own; the 8,500-node feeder is in the folder Version8/Distrib/IEEETestCases/8500-Node of the
test cases of OpenDSS (BSD-3), as kept by dss-extensions/electricdss-tst. A day of the circuit is run once, pro rata and
hour by hour, to have a real hour; the decision of that hour is then made once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.three_phase.decision import PhaseDecider
from experiments.feeder.hour_views import Hours, kept_hours
from testbed.running.preflight import checked_scenario

AC_CASES = 20


def real_hours(script: Path, cars: int) -> Hours:
    """Decision hours of a day of the circuit with so many cars, one port at every customer."""
    zones = "zone_map: {residential: 0.9, office: 0.05, commercial: 0.05}"
    district = f"{{name: big, feeder: '{script.resolve()}', peak_scale: 1.0, {zones}, private: {cars}, "
    scenario = checked_scenario("smoke", [
        "days=1", "warmup_controlled_days=0", "step_s=3600", "spatial.look_ahead_h=2", "spatial.placement=in_place",
        f"districts=[{district} v_min_pu: 0.9, v_max_pu: 1.1, slow_ports_per_bus: 1}}]"])
    with tempfile.TemporaryDirectory() as folder:
        return kept_hours(scenario, 1, Path(folder) / "day.h5")


def ac_ms(knowledge: SpatialKnowledge, p_kw: np.ndarray, q_kvar: np.ndarray) -> float:
    """Milliseconds of the processor of an AC power flow with all that is watched, taps free."""
    assert knowledge.network_flow is not None
    began = time.process_time()
    knowledge.network_flow(np.tile(p_kw, (AC_CASES, 1)), np.tile(q_kvar, (AC_CASES, 1)))
    return 1e3 * (time.process_time() - began) / AC_CASES


def main() -> None:
    """Print what the circuit is, and what one AC power flow and one decision took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path)
    parser.add_argument("--cars", type=int, default=500)
    parser.add_argument("--hour", type=int, default=20)
    given = parser.parse_args()
    hours = real_hours(given.script, given.cars)
    network, view = hours.knowledge.network, hours.views[given.hour]
    if network is None:
        raise SystemExit(f"{given.script}: no circuit of three phases")
    print(f"{given.script}: {network.connection_count} rows, {network.driven.size} with ports, {network.watched.count} "
          f"watched values, {int(view.declared.is_plugged.sum())} cars plugged in", flush=True)
    milliseconds = ac_ms(hours.knowledge, view.bus_load_kw[:, 0], view.bus_load_kvar[:, 0])
    print(f"AC power flow: {milliseconds:.1f} ms of the processor", flush=True)
    began, cpu = time.perf_counter(), time.process_time()
    decision = PhaseDecider(hours.knowledge).decide(view)
    print(f"decision: {time.perf_counter() - began:.1f} s ({time.process_time() - cpu:.1f} s of the processor), "
          f"{decision.status}; {decision.binding or 'no limit in the way'}")


if __name__ == "__main__":
    main()
