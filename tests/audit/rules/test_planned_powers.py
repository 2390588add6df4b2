"""The price where units with ramps run as planned: hand-made steps of a unit at its limit and one with room."""

from pathlib import Path

import numpy as np
import pytest

from audit.rules.dispatch import marginal_price
from audit.run import Run

UNITS = """unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,\
cost_c_usd_per_mw2h,start_1_lag_h,start_1_usd,ramp_up_mw_per_h,ramp_down_mw_per_h,emission_beta_t_per_mwh
cheap,50,100,24,24,48,0,8,0,24,0,50,50,0
dear,20,60,1,1,48,0,29,0,1,0,30,30,0
"""
STEPS = 8
"""Quarters of two hours: in the first units begin from their state."""


def _run(price, beyond_mw):
    """The cheap unit is full, the dear one between its limits; both give what was planned, and this much beyond.

    The price is that of the second hour.
    """
    planned = np.tile([100.0, 40.0], (STEPS, 1))
    none = np.zeros(STEPS)
    arrays = {"p_mw": planned + np.array([0.0, beyond_mw]), "ordered_mw": planned, "committed": np.ones((STEPS, 2)),
              "shed_mw": none, "dump_mw": none, "wind_curtailed_mw": none, "pv_curtailed_mw": none,
              "marginal_price_usd_per_mwh": np.repeat([29.0, price], STEPS // 2)}
    system = {"units": "mine.csv", "unit_copies": 1, "unit_scale": 1.0, "emissions": "linear", "ramps": "none",
              "shed_usd_per_mwh": 3000.0, "dump_usd_per_mwh": 100.0}
    objective = {"weight_operating": 1.0, "weight_carbon": 0.0, "carbon_price_usd_per_t": 0.0,
                 "weight_curtailment": 1.0, "curtailment_penalty_usd_per_mwh": 75.0}
    attributes = {"steps_written": STEPS, "step_s": 900, "schema_version": 2, "warmup_controlled_days": 0}
    return Run(Path("run.h5"), attributes, {"system": system, "objective": objective}, arrays, {}, (), {}, {}, {}, {},
               inputs={"units": UNITS})


def _excess(price, beyond_mw):
    check, = marginal_price(_run(price, beyond_mw))
    return np.max(check.excess) - check.allowed


@pytest.mark.parametrize("beyond_mw", [0.0, 1e-13, -1e-13, 0.5, -0.5])
@pytest.mark.parametrize(("price", "is_right"), [(29.0, True), (8.0, False), (31.0, False), (-75.0, False)])
def test_the_price_is_that_of_the_unit_with_room(price, is_right, beyond_mw):
    assert (_excess(price, beyond_mw) <= 0) == is_right
