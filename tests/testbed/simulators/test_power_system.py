"""The power system as a simulator: what it makes of all districts' cars."""

import numpy as np
import pytest

from testbed.running.preflight import checked_scenario
from testbed.simulators.power_system import PowerSystemSimulator
from testbed.wiring.crossings import Commitment, PevPower, ReserveTerms
from testbed.wiring.run_spec import RunSpec

NO_RESERVE = dict.fromkeys(("discharge_max_mw", "discharge_told_mw", "interruptible_mw", "above_mwh",
                            "above_two_way_mwh", "above_may_stop_mwh"), 0.0) | {"eta_charge": 1.0, "eta_discharge": 1.0}


def test_units_serve_load_cars_and_losses_less_what_cars_and_wind_give(tmp_path):
    spec = RunSpec(checked_scenario("smoke"), "uncoordinated", 1, tmp_path / "x.h5")
    simulator = PowerSystemSimulator()
    simulator.spec = spec
    simulator.build(spec)
    cars = {"feeder33": PevPower(20.0, 3.0, **NO_RESERVE), "rest": PevPower(30.0, 5.0, **NO_RESERVE)}
    values = simulator._dispatch(0, {
        "pev_mw": cars, "commitment": Commitment(np.ones(10, dtype=np.int64), np.zeros(10)), "load_mw": 1000.0,
        "wind_available_mw": 50.0, "pv_available_mw": 10.0, "must_take_mw": 7.0, "losses_change_mw": {"feeder33": 0.5},
        "generation_curtailed_mw": {"feeder33": 2.0},
        "reserve_terms": ReserveTerms(float("nan"), np.ones(2))})
    assert values["pev_total_mw"] == 42.0
    assert values["p_mw"].sum() == pytest.approx(1000.0 + 42.0 + 0.5 + 2.0 - 60.0)
    assert values["losses_change_total_mw"] == 0.5
