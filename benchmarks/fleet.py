"""One uncoordinated day of 96 steps at growing fleets, each in a fresh process: seconds of simulation, and memory.

    python benchmarks/fleet.py [--sizes 1000 10000 100000]

Simulation: the steps of all simulators in the counted day and its share of the wiring, results written. Apart are
imports, set-up, the warm-up day, expected days, and solving and compiling the unit commitment. `wiring` is mosaik and
what values need on their way, `recording` the result file; their share is of the simulation, the rest of which are the
bare kernels. Set-up: building the simulators and connecting them. On `ieee33` cars choose among buses, with ports for
all, so nobody waits; `scarce` is the same feeder with 0.02 ports a car at each bus, so that every car is a process that
may wait. Batteries, chargers and driving shrink as fleets grow beyond 1,000, so that the same feeder can carry them.
Memory per vehicle is what the process took beyond its imports at its peak, so it is more than the cars'
own where they are few. `runpp`: the counted day's power flows as a loop of pandapower's own call, for comparison.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CARRIED = 1000
"""Cars that the feeder carries at full size."""
FLEET = {"private_capacity_kwh": (50, 60), "taxi_capacity_kwh": (60, 60), "government_capacity_kwh": (50, 60),
         "slow_charger_kw": (7, 7), "fast_charger_kw": (30, 60), "consumption_kwh_per_km": (0.15, 0.2)}
APART = ("warmup_s", "expectation_s", "temporal_solver_s", "temporal_compile_s")
SCARCE, OTHERS_MOST = 0.02, 100_000
"""Ports per car at each of the 33 buses where they are scarce; the largest fleet but on `ieee33` with ports for all."""
STEPS = 96
FLOWS = 3
"""Power flows of a step: what happened, what was instructed, and without cars."""
Day = dict[str, float]


def imported() -> None:
    """Load what every run loads, so that no step pays for it."""
    for name in ("testbed.running.one_run", "controllers.temporal.unit_commitment.answer"):
        importlib.import_module(name)


def day_of(overrides: Sequence[str], folder: Path) -> Day:
    """Seconds of one uncoordinated run of `paper_day` in this process, and its memory."""
    from testbed.results.reading import open_result  # noqa: PLC0415
    from testbed.running.one_run import run_scenario  # noqa: PLC0415
    from testbed.running.preflight import checked_scenario  # noqa: PLC0415
    from testbed.setup.controller_loading import load_controller  # noqa: PLC0415

    scenario = checked_scenario("paper_day", list(overrides))
    path = run_scenario(scenario, load_controller("uncoordinated"), seed=1, output=folder / "day.h5")
    run = open_result(path).run
    profile, steps = run["profile"], run["simulator_s"]
    wiring_s = profile["wiring_s"] / 2  # the other half is the warm-up's
    simulation_s = sum(steps.values()) - sum(profile[name] for name in APART) + wiring_s
    return {"simulation": simulation_s, "wiring": wiring_s, "recording": steps["recorder"],
            "set-up": profile["world_s"] + sum(run["set_up_s"].values()), "warm-up": profile["warmup_s"],
            "expected days": profile["expectation_s"], "MB": peak_mb()}


def one_day(cars: int, feeder: str | None, folder: Path) -> Day:
    """Seconds of one run in this process, and its memory."""
    imported()
    imported_mb = peak_mb()
    size = min(1.0, CARRIED / cars)
    taxi, government = round(0.12 * cars), round(0.08 * cars)
    ports = max(1, int(SCARCE * cars)) if feeder == "scarce" else cars
    district = {"name": "cars", "feeder": feeder and "ieee33", "private": cars - taxi - government, "taxi": taxi,
                "government": government, "slow_ports_per_bus": ports, "fast_ports_per_bus": ports}
    overrides = [f"fleet.{key}={[low * size, high * size]}" for key, (low, high) in FLEET.items()]
    day = day_of([*overrides, f"districts={json.dumps([district])}"], folder)
    return day | {"kB per car": (day["MB"] - imported_mb) * 1024 / cars}


def peak_mb() -> float:
    """Most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def runpp_s() -> float:
    """Seconds of all power flows of a day by pandapower's own call as it comes."""
    import pandapower  # noqa: PLC0415
    import pandapower.networks  # noqa: PLC0415

    net = pandapower.networks.case33bw()
    pandapower.runpp(net)
    begun = time.perf_counter()
    for _ in range(STEPS * FLOWS):
        pandapower.runpp(net)
    return time.perf_counter() - begun


def told_by(file: str, *words: str) -> Any:
    """What the file prints as JSON in a process of its own: a child counts its parent's memory as its own."""
    command = [sys.executable, "-W", "ignore", file, *words]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def main() -> None:
    """A row per district and size; each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--one", nargs=2, metavar=("CARS", "FEEDER"), help=argparse.SUPPRESS)
    parser.add_argument("--runpp", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.runpp:
        print(runpp_s())
        return
    if given.one:
        with tempfile.TemporaryDirectory() as folder:
            cars, feeder = given.one
            print(json.dumps(one_day(int(cars), feeder if feeder != "none" else None, Path(folder))))
        return
    flows_s = told_by(__file__, "--runpp")
    print(f"{STEPS * FLOWS} power flows of 33 buses by pandapower's runpp in a loop: {flows_s:.1f} s")
    print(f"{'district':10s} {'cars':>9s} {'simulation':>11s} {'runpp/it':>9s} {'wiring':>7s} {'recording':>10s} "
          f"{'both, ms a step':>16s} {'share':>6s} {'set-up':>7s} {'warm-up':>8s} {'expected days':>14s} {'MB':>6s} "
          f"{'kB/car':>7s}   seconds")
    for feeder in ("ieee33", "none", "scarce"):
        for cars in given.sizes:
            if feeder != "ieee33" and cars > OTHERS_MOST:
                continue
            s = told_by(__file__, "--one", str(cars), feeder)
            both = s["wiring"] + s["recording"]
            ratio = f"{flows_s / s['simulation']:9.1f}" if feeder != "none" else " " * 9
            print(f"{feeder:10s} {cars:9,d} {s['simulation']:11.2f} {ratio} {s['wiring']:7.2f} {s['recording']:10.2f} "
                  f"{1e3 * both / STEPS:16.2f} {both / s['simulation']:6.0%} {s['set-up']:7.2f} {s['warm-up']:8.2f} "
                  f"{s['expected days']:14.2f} {s['MB']:6.0f} {s['kB per car']:7.1f}", flush=True)


if __name__ == "__main__":
    main()
