"""Networks of 15 to several thousand buses: AC power flow by both engines, and one decision of the lower layer.

    python benchmarks/networks.py [--most-buses 4000]

Power flow: milliseconds a case in a batch of 96. Decision: seconds of one hourly re-solve over 24 periods of one hour
(writing, solving and checking), the median of three hours of a real day, of one on more than 500 buses; a car per 30 kW
of load, 3 per bus at most.
`growth` is the exponent k in decision ~ buses^k, counted from the 33 buses.
The networks of more than 1,000 buses are SimBench's urban 10 kV grid with the first N of its low-voltage grids.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from controllers.spatial.branch_flow.decision import Decider
from experiments.feeder.hour_views import kept_hours
from models.network.power_flow import ac_engine
from models.network.source import feeder_from
from models.records.feeder import RadialFeeder
from testbed.running.preflight import checked_scenario

NAMED = ("simbench:1-LV-rural1--0-sw", "ieee33", "simbench:1-MV-urban--0-sw",
         "pandapower:create_kerber_vorstadtnetz_kabel_1")
LOW_VOLTAGE_GRIDS = (7, 9, 49)
CASES, HOURS, LARGE = 96, 3, 500
CARS_PER_BUS, KW_PER_CAR, CARS_LEAST = 3, 30.0, 10


def part_of_urban(low_voltage_grids: int, folder: Path) -> str:
    """A JSON file of the urban grid with that many of its low-voltage grids connected."""
    import pandapower  # noqa: PLC0415
    import simbench  # noqa: PLC0415

    net = simbench.get_simbench_net("1-MVLV-urban-all-0-sw")
    distribution = net.trafo.index[net.bus.loc[net.trafo["lv_bus"], "vn_kv"].to_numpy() < 1.0]
    net.trafo.loc[distribution[low_voltage_grids:], "in_service"] = False
    file = folder / f"urban{low_voltage_grids}.json"
    pandapower.to_json(net, str(file))
    return str(file)


def milliseconds(feeder: RadialFeeder) -> tuple[float, float, float]:
    """(fast engine, reference, largest difference of voltage in pu): ms a case."""
    fast, reference = ac_engine(feeder), ac_engine(feeder, "pandapower")
    scale = np.linspace(0.3, 0.9, CASES)
    p_kw, q_kvar = np.outer(scale, feeder.p_base_kw), np.outer(scale, feeder.q_base_kvar)
    fast.power_flow(p_kw, q_kvar)
    begun = time.perf_counter()
    flow = fast.power_flow(p_kw, q_kvar)
    fast_s = (time.perf_counter() - begun) / CASES
    begun = time.perf_counter()
    known = reference.power_flow(p_kw[:2], q_kvar[:2])
    return 1e3 * fast_s, 1e3 * (time.perf_counter() - begun) / 2, float(np.abs(flow.vm_pu[:2] - known.vm_pu).max())


def decision_s(source: str, cars: int, timed: int) -> tuple[float, float, str]:
    """(seconds of a decision, of which solver, statuses) over the hours that are timed."""
    scenario = checked_scenario("placement_day", [
        "days=1", "step_s=3600", f"districts.0.feeder={source}", "districts.0.peak_scale=0.7",
        f"districts.0.private={round(0.8 * cars)}", f"districts.0.taxi={round(0.12 * cars)}",
        f"districts.0.government={round(0.08 * cars)}", "planning.mip_gap=0.005"])
    with tempfile.TemporaryDirectory() as folder:
        hours = kept_hours(scenario, 1, Path(folder) / "hours.h5")
    decider, taken, statuses = Decider(hours.knowledge), [], []
    decider.decide(hours.views[0])  # the first imports and learns what limits matter
    for view in hours.views[1 : 1 + timed]:
        begun = time.perf_counter()
        decision = decider.decide(view)
        taken.append((time.perf_counter() - begun, decision.solver_s))
        statuses.append(str(decision.status))
    seconds, solver_s = np.median(np.array(taken), axis=0)
    return float(seconds), float(solver_s), ", ".join(sorted(set(statuses)))


def main() -> None:
    """A row per network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-buses", type=int, default=4000, help="no decisions on larger networks")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'network':46s} {'buses':>6s} {'fast':>8s} {'pandapower':>11s} {'ratio':>7s} {'differ':>9s} "
          f"{'decision':>9s} {'solver':>7s} {'growth':>7s}")
    print(f"{'':46s} {'':6s} {'ms/case':>8s} {'ms/case':>11s} {'':7s} {'pu':>9s} {'s':>9s} {'s':>7s}")
    of_33 = np.nan
    with tempfile.TemporaryDirectory() as folder:
        sources = [*NAMED, *(part_of_urban(grids, Path(folder)) for grids in LOW_VOLTAGE_GRIDS)]
        for source in sources:
            feeder = feeder_from(source)
            fast_ms, reference_ms, error = milliseconds(feeder)
            row = (f"{Path(source).name:46s} {feeder.bus_count:6d} {fast_ms:8.3f} {reference_ms:11.1f} "
                   f"{reference_ms / fast_ms:7.0f} {error:9.1e}")
            if feeder.bus_count <= given.most_buses:
                loaded = np.count_nonzero(feeder.p_base_kw)
                cars = max(CARS_LEAST, int(min(CARS_PER_BUS * loaded, feeder.p_base_kw.sum() / KW_PER_CAR)))
                seconds, solver_s, status = decision_s(source, cars, HOURS if feeder.bus_count <= LARGE else 1)
                of_33 = seconds if source == "ieee33" else of_33
                growth = np.log(seconds / of_33) / np.log(feeder.bus_count / 33) if feeder.bus_count > 33 else np.nan
                row += f" {seconds:9.3f} {solver_s:7.3f} {growth:7.2f} {status}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
