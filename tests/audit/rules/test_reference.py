"""The commitment without cars: its costs, starts and minimum times over six hours of two units."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.rules.reference import reference
from audit.run import Run
from tests.audit.made import run, said

UNITS = """unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,\
cost_c_usd_per_mw2h,start_1_lag_h,start_1_usd,start_2_lag_h,start_2_usd,must_run
base,50,100,6,6,48,100,8,0,6,500,,,1
peak,10,60,2,2,-9,50,30,0,2,70,4,90,0
"""
LOAD = np.array([90.0, 120.0, 130.0, 95.0, 90.0, 125.0])
ON = np.array([[1, 0], [1, 1], [1, 1], [1, 0], [1, 0], [1, 1]])
FUEL = 6 * 100 + 8 * (90 + 100 + 100 + 95 + 90 + 100) + 3 * 50 + 30 * (20 + 30 + 25)
"""The base unit as full as may be, the peak unit above it."""


def of(on: Any = ON, cost_usd: float = FUEL + 90.0 + 70.0, text: str = UNITS, **attributes: Any) -> Run:
    """Two starts: after nine hours and more the dear one, after two the cheap one."""
    system = {"units": "mine.csv", "unit_copies": 1, "unit_scale": 1.0, "emissions": "linear", "ramps": "none"}
    objective = {"weight_operating": 1.0, "weight_carbon": 0.0, "carbon_price_usd_per_t": 0.0}
    profiles = {"source": "csv", "file": "load.csv", "resolution_s": 3600, "forecast_error": "off", "start_date": None}
    load = "load_mw\n" + "".join(f"{value}\n" for value in np.resize(LOAD, 24))
    made = run(steps=6, inputs={"units": text, "profiles": load}, system=system, objective=objective, profiles=profiles)
    said_of = {"name": "without cars", "operating_cost_usd": cost_usd, "before_h": np.array([48.0, -9.0]), **attributes}
    return replace(made, reference={"committed": np.asarray(on, dtype=np.float64)}, reference_attributes={
        name: value for name, value in said_of.items() if value is not None})


def test_what_was_committed_without_cars_costs_what_it_says() -> None:
    assert said(reference, of()) == []
    assert said(reference, of(cost_usd=FUEL + 165.0)) == ["operating cost without cars, -1: 5 USD"]
    assert said(reference, of(cost_usd=FUEL + 140.0)) == ["operating cost without cars, -1: 20 USD"]


def test_curves_that_are_bent_are_followed_piece_by_piece() -> None:
    """8 $/MWh from 50 to 75 MW, 12 up to 100: 90, 95 and 100 MW cost 880, 940 and 1000 $ an hour."""
    bent = UNITS.replace("cost_c_usd_per_mw2h,", "cost_c_usd_per_mw2h,point_1_mw,point_1_usd_per_h,point_2_mw,"
                         "point_2_usd_per_h,point_3_mw,point_3_usd_per_h,")
    bent = bent.replace("48,100,8,0,", "48,,,,50,500,75,700,100,1000,").replace("50,30,0,2,", "50,30,0,,,,,,,2,")
    usd = 880 + 1000 + 1000 + 940 + 880 + 1000 + 3 * 50 + 30 * 75 + 90 + 70
    assert said(reference, of(text=bent, cost_usd=usd)) == []
    assert said(reference, of(text=bent, cost_usd=usd - 4.0)) == ["operating cost without cars, -1: 4 USD"]


def test_what_is_needed_beyond_the_plan_comes_from_the_cheapest_unit_that_can_rise() -> None:
    """5 MW in three hours: from the base unit, which 60 MW before and 30 MW an hour let reach them, not from the peak
    unit at 22 $/MWh more."""
    ramped = UNITS.replace(",must_run", ",must_run,ramp_up_mw_per_h").replace(",,,1\n", ",,,1,30\n").replace(
        "90,0\n", "90,0,\n")
    planned = np.array([[90.0, 0], [95, 20], [95, 30], [95, 0], [90, 0], [95, 25]])
    base, peak = np.array([90.0, 95, 95, 95, 90, 95]), np.array([0.0, 25, 35, 0, 0, 30])
    dearer = 600 + 8 * base.sum() + 150 + 30 * peak.sum() + 160
    for cost_usd, told in ((dearer - 22 * 15, 0), (dearer, 1)):
        held = of(text=ramped, cost_usd=float(cost_usd), before_mw=np.array([60.0, np.nan]))
        held = replace(held, reference={**held.reference, "ordered_mw": planned})
        assert len(said(reference, held)) == told


@pytest.mark.parametrize(("usd", "is_possible"), [(70.0 + 70.0, True), (90.0 + 70.0, True), (70.0, False)])
def test_where_nobody_knows_how_long_a_unit_had_rested_either_start_is_possible(usd: float, is_possible: bool) -> None:
    """The base unit may have been on, so it need not have started; it could have cost 500 as well."""
    assert (said(reference, of(cost_usd=FUEL + usd, before_h=None)) == []) == is_possible
    assert said(reference, of(cost_usd=FUEL + 500.0 + usd, before_h=None)) == said(
        reference, of(cost_usd=FUEL + usd, before_h=None))


def test_of_very_many_units_the_starts_are_held_between_their_least_and_most() -> None:
    """2^17 sums of what seventeen peak units may have paid: from 70 to 90 $ each, one of them more than once."""
    rows = UNITS.splitlines()
    many = "\n".join([*rows[:2], *(rows[2].replace("peak", f"peak{k}") for k in range(17))]) + "\n"
    on = np.concatenate([ON[:, :1], np.tile(ON[:, 1:], (1, 17))], axis=1)
    load = np.where(ON[:, 1] > 0, 100.0 + 170.0 + 5, LOAD)
    fuel = 6 * 100 + 8 * (90 + 100 + 100 + 95 + 90 + 100) + 17 * 3 * 50 + 30 * 3 * 175
    for usd, is_possible in ((17 * 70.0, True), (17 * 80.0, True), (17 * 90.0 + 500.0, True), (17 * 90 + 520.0, False),
                             (17 * 69.0, False)):
        held = of(on, fuel + 17 * 70.0 + usd, many, before_h=None)
        held.inputs["profiles"] = "load_mw\n" + "".join(f"{value}\n" for value in np.resize(load, 24))
        assert (said(reference, held) == []) == is_possible, usd


@pytest.mark.parametrize(("at", "value", "told"), [
    ((2, 1), 0, "reference: peak runs too little from hour 1"),
    ((4, 1), 1, "reference: peak rests too little from hour 3"), ((0, 0), 0, "must run: base")])
def test_minimum_times_and_what_must_run_hold_without_cars_too(at: tuple[int, int], value: int, told: str) -> None:
    on = ON.copy()
    on[at] = value
    assert any(line.startswith(f"{told},") for line in said(reference, of(on)))


def test_a_first_stretch_counts_the_hours_before_it() -> None:
    """Off for one hour before, and one in the reference: two in all, which are enough; of a later start none."""
    assert not [line for line in said(reference, of(before_h=np.array([48.0, -1.0]))) if "rests" in line]
    started = ON.copy()
    started[0, 1] = 1
    assert [line.split(",")[0] for line in said(reference, of(started, before_h=np.array([48.0, -1.0])))][:1] == [
        "reference: peak rests too little from hour 0"]


def test_a_flag_that_is_neither_on_nor_off_is_told_and_a_file_without_a_reference_is_left_alone() -> None:
    half = ON.astype(np.float64)
    half[3, 1] = 0.5
    assert "on or off without cars, 3: 1" in said(reference, of(half))
    assert said(reference, of(name=None, cost_usd=0.0)) == []
    unknown = of(cost_usd=0.0)
    unknown.inputs.pop("profiles")
    assert said(reference, unknown) == []


def test_units_with_ramps_of_which_an_older_file_says_too_little_are_not_judged() -> None:
    ramped = UNITS.replace(",must_run", ",must_run,ramp_up_mw_per_h").replace(",,,1\n", ",,,1,30\n").replace(
        "90,0\n", "90,0,\n")
    assert said(reference, of(text=ramped, cost_usd=0.0)) == []
