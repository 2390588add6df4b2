"""Tables of units as the audit reads them, and what it makes of their curves, starts and limits: cases for the head."""

import json
from pathlib import Path

import numpy as np
import pytest

from audit.finding import AuditError
from audit.run import Run
from audit.unit_tables import units_of, where_units_are_from
from audit.units import limits_known, limits_mw, start_usd

TABLE = """unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,\
cost_c_usd_per_mw2h,point_1_mw,point_1_usd_per_h,point_2_mw,point_2_usd_per_h,point_3_mw,point_3_usd_per_h,start_1_lag_h,start_1_usd,\
start_2_lag_h,start_2_usd,ramp_up_mw_per_h,p_startup_max_mw,must_run,initial_p_mw,emission_beta_t_per_mwh
steady,90,100,24,24,48,100,8,0,,,,,,,,,,,,,1,,0
bent,50,150,8,6,12,,,,50,1100,100,2000,150,3050,6,1500,10,2200,60,70,,120,0.95
"""
UNIT = {
    "must_run": 0, "power_output_minimum": 20.0, "power_output_maximum": 60.0, "ramp_up_limit": 15.0,
    "ramp_down_limit": 25.0, "ramp_startup_limit": 50.0, "ramp_shutdown_limit": 30.0, "time_up_minimum": 3,
    "time_down_minimum": 2, "power_output_t0": 0.0, "unit_on_t0": 0, "time_up_t0": 0, "time_down_t0": 7,
    "startup": [{"lag": 2, "cost": 10.0}, {"lag": 5, "cost": 30.0}],
    "piecewise_production": [{"mw": 20.0, "cost": 400.0}, {"mw": 60.0, "cost": 1400.0}]}
CASE = {"time_periods": 1, "demand": [50.0], "reserves": [5.0], "renewable_generators": {},
        "thermal_generators": {"g": UNIT}}


def _run(units="mine.csv", text=TABLE, copies=1, scale=1.0, ramps="none", **arrays):
    system = {"units": units, "unit_copies": copies, "unit_scale": scale, "emissions": "linear", "ramps": ramps}
    steps = len(next(iter(arrays.values()))) if arrays else 0
    attributes = {"steps_written": steps, "step_s": 1800, "schema_version": 2, "warmup_controlled_days": 0}
    return Run(Path("run.h5"), attributes, {"system": system}, arrays, {}, (), {}, {}, {}, {},
               inputs={"units": text} if text else {})


def test_a_table_is_read_from_the_result_s_own_text():
    units = units_of(_run())
    assert units.names == ("steady", "bent")
    assert units.fuel_usd_per_h(np.array([95.0, 125.0]), np.array([1, 1])).tolist() == [860.0, 2525.0]
    assert units.fuel_usd_per_h(np.array([95.0, 0.0]), np.array([1, 0])).tolist() == [860.0, 0.0]
    assert units.must_run.tolist() == [True, False]
    assert np.isnan(units.initial_mw[0]) and units.initial_mw[1] == 120.0
    assert units.ramp_up.tolist() == [np.inf, 60.0] and units.ramp_down.tolist() == [np.inf, np.inf]


def test_a_table_may_have_semicolons_and_decimal_commas():
    plain, other = TABLE.replace("0.95", "0.955"), TABLE.replace("0.95", "0.955").replace(",", ";").replace(".", ",")
    assert units_of(_run(text=other)).beta.tolist() == units_of(_run(text=plain)).beta.tolist() == [0.0, 0.955]


def test_at_a_bend_going_up_costs_more_than_going_down_saves():
    down, up = units_of(_run()).fuel_slopes(np.array([[95.0, 100.0], [95.0, 75.0]]))
    assert down.tolist() == [[8.0, 18.0], [8.0, 18.0]]
    assert up.tolist() == [[8.0, 21.0], [8.0, 18.0]]


@pytest.mark.parametrize(("rested_h", "usd"), [(6.0, 1500.0), (9.0, 1500.0), (9.25, 2200.0), (10.0, 2200.0)])
def test_a_start_costs_what_its_category_does(rested_h, usd):
    cost = start_usd(units_of(_run()), np.array([1, 1]), np.array([-24.0, -rested_h]))
    assert cost.tolist() == [0.0, usd]


def test_copies_and_sizes_keep_costs_per_mwh():
    units = units_of(_run(copies=2, scale=0.5))
    assert units.names == ("steady.1", "bent.1", "steady.2", "bent.2")
    assert units.fuel_usd_per_h(np.array([47.5, 62.5, 0, 50.0]), np.array([1, 1, 0, 1])).tolist() == [
        430.0, 1262.5, 0.0, 1000.0]
    assert units.start_usd[3].tolist() == [750.0, 1100.0] and units.ramp_up[1] == 30.0


def test_a_case_s_ramps_hold_in_the_first_and_last_hour_on():
    units = units_of(_run("mine.json", json.dumps(CASE)))
    assert units.initial_h.tolist() == [-7.0] and units.initial_mw.tolist() == [0.0]
    assert (units.start_mw[0], units.stop_mw[0]) == (35.0, 30.0)
    assert start_usd(units, np.ones(1), np.array([-5.0])).tolist() == [30.0]
    assert units.straight_pieces(0) == [(20.0, 60.0, 25.0)]


def test_limits_follow_the_power_an_hour_before():
    p = np.array([[90.0, 0.0], [90.0, 0.0], [90.0, 60.0], [90.0, 60.0]])
    run = _run(p_mw=p, committed=(p > 0).astype(float))
    low, high = limits_mw(run, units_of(run))
    assert high[:, 1].tolist() == [150.0, 150.0, 70.0, 70.0]
    assert low[:, 0].tolist() == [90.0] * 4
    assert limits_known(run, units_of(run)).all()
    warmed = _run(p_mw=p, committed=(p > 0).astype(float))
    warmed.attributes["warmup_controlled_days"] = 1
    assert limits_known(warmed, units_of(warmed)).tolist() == [False, False, True, True]


def test_it_is_told_where_the_numbers_are_from():
    assert where_units_are_from(_run("/far/away/mine.csv")) == (
        "thermal units are those of mine.csv, whose text the result holds")
    assert where_units_are_from(_run("ten_units", "")) is None


def test_units_that_are_nowhere_are_named():
    with pytest.raises(AuditError, match=r"'/far/away/mine.csv'.*neither the result nor this machine"):
        units_of(_run("/far/away/mine.csv", ""))


def test_the_ten_units_move_by_their_table_of_ramps_where_the_scenario_says_so():
    """0.6 of its largest power an hour, each, at their scale."""
    plain, ramped = (units_of(_run("ten_units", "", scale=0.5, ramps=ramps)) for ramps in ("none", "ten_unit"))
    assert not plain.has_ramps and ramped.has_ramps
    assert ramped.ramp_up == pytest.approx(0.6 * ramped.high_mw) and ramped.ramp_down == pytest.approx(ramped.ramp_up)


def test_cases_that_come_along_need_no_text():
    assert len(units_of(_run("rts_gmlc_2020-02-09", "")).names) == 73
