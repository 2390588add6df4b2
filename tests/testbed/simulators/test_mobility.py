"""Mobility as a simulator: what operators plan with is what cars have reported."""

import numpy as np

from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.simulators.mobility import DistrictMobility
from testbed.wiring.run_spec import RunSpec

SHORT = ("step_s=3600", "warmup_controlled_days=0", "planning.horizon_h=26", "spatial.look_ahead_h=2",
         "planning.expectation=perfect")


def planned_energy_kwh(tmp_path, true_soc, reported_soc):
    """Energy of plugged cars in the first plan's envelopes, and in those of the lower layer's pairs."""
    scenario = checked_scenario("smoke", [f"execution.cache_dir={tmp_path}", *SHORT])
    spec = RunSpec(scenario, "bilayer", 2, tmp_path / "x.h5")
    district = build_districts(spec)["feeder33"]
    core, cars = DistrictMobility(spec, district), district.vehicles.count
    no_rank = np.full((2, district.site.bus_count), -1)
    for now_s in range(spec.start_s, 0, spec.step_s):
        core.step(now_s, np.full(cars, 0.5), no_rank)
    reported = None if reported_soc is None else np.full(cars, reported_soc)
    seen = core.step(0, np.full(cars, true_soc), no_rank, None, reported)
    return seen["cohort_flexibility"].energy_start_kwh, seen["bus_flexibility"].x_max_now_kwh.sum()


def test_plans_stand_on_reported_charge_alone(tmp_path):
    heard, silent = planned_energy_kwh(tmp_path, 0.3, None), planned_energy_kwh(tmp_path, 0.85, 0.3)
    assert silent == heard
    assert planned_energy_kwh(tmp_path, 0.85, None)[0] > 2 * heard[0] > 0
