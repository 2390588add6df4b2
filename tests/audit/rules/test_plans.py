"""Rules of plans on two units and one kind of car over four hours: what holds, and each way of breaking it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.classes import CarClass, CarClasses, Kind
from audit.rules.plans import (
    bound,
    expected_objective,
    planned_costs,
    planned_limits,
    planned_minimum_times,
    planned_objective,
    planned_price,
    planned_ramps,
    planned_reserve,
)
from audit.run import Run
from tests.audit.made import district, run, said

UNITS = """unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,\
cost_c_usd_per_mw2h,start_1_lag_h,start_1_usd,ramp_up_mw_per_h,ramp_down_mw_per_h,emission_beta_t_per_mwh,\
p_startup_max_mw
cheap,50,100,4,4,48,100,8,0,4,500,,,0.5,
dear,20,60,2,2,-9,0,29,0,2,70,15,15,0.2,25
"""
LOAD = np.array([90.0, 118.0, 130.0, 140.0])
P_MW = np.array([[90.0, 98.0, 95.0, 100.0], [0.0, 20.0, 35.0, 40.0]])
"""The dear unit starts in the second hour; the load is met but for what cars give back."""
HOURS, WAYS = 4, 2
SLOW = Kind("slow", (7.0, 7.0), 0.9, 0.8, "constant", 1.0, ("residential",), True)
CARS = CarClasses((CarClass("private", 0, (50.0, 60.0), (7.0, 7.0), 1.0, 1.0, None),), (SLOW,), ("residential",))
PD_KW = np.zeros((1, WAYS * (HOURS + 1), HOURS))
PD_KW[0, -1, 2] = 800.0
PC_KW = np.zeros_like(PD_KW)
PC_KW[0, 4, 0] = 500.0
FUEL = float(100 * HOURS + 8 * P_MW[0].sum() + 29 * P_MW[1].sum())
TONS = float(0.5 * P_MW[0].sum() + 0.2 * P_MW[1].sum())
CHARGED = 500 * 0.2602 / 7.0
"""At the valley price of the hour 0; given back is 0.8 MW at the valley price of the hour 2."""
GIVEN = 800 * 0.453 * 0.38 / 7.0
WEAR = 800 / 0.8 * 0.05
MISSING = np.array([8.0, 0.0, 0.0, 8.0])
"""A fifth of the load is asked for: 18 and 28 MW, where capacities leave 10 and 20."""
HONEST: dict[str, Any] = {
    "time_s": 0, "p_mw": P_MW, "committed": (P_MW > 0).astype(float), "wind_curtailed_mw": [0.0, 2.0, 0.0, 0.0],
    "pv_curtailed_mw": [0.0] * 4, "operating_cost_usd": FUEL + 70.0, "carbon_t": TONS, "carbon_cost_usd": 20 * TONS,
    "curtailment_usd": 150.0, "owners_net_usd": CHARGED - GIVEN + WEAR, "reserve_shortfall_mw": MISSING,
    "reserve_shortfall_usd": 500.0 * MISSING, "status": "optimal", "gap_rel": 0.0,
    "marginal_price_usd_per_mwh": [18.0, 18.0, 18.0, 33.0]}
HONEST["objective_usd"] = FUEL + 70.0 + CHARGED - GIVEN + WEAR + 150.0 + 20 * TONS + 8_000.0
HONEST |= {"bound_usd": HONEST["objective_usd"], "milp_objective_usd": HONEST["objective_usd"]}


def of(*, before: Any = (48.0, -9.0), warm: dict[str, Any] | None = None, rule: str = "thermal_only",
       headroom: str = "capacity", wear: str = "throughput", terminal: str = "energy", tariff_counts: bool = True,
       days: int = 0, off_usd: float = 0.0, **changes: Any) -> Run:
    """A run of four hours with one plan, as it says of itself or with changes; hours on or off before it."""
    system = {"units": "mine.csv", "unit_copies": 1, "unit_scale": 1.0, "emissions": "linear", "ramps": "none",
              "reserve_rule": rule, "headroom": headroom, "reserve_fraction": 0.2, "reserve_curve": "flat",
              "reserve_shortfall_usd_per_mwh": 500.0, "shed_usd_per_mwh": 3000.0}
    objective = {"weight_operating": 1.0, "weight_owners": 1.0, "weight_curtailment": 1.0, "weight_carbon": 1.0,
                 "carbon_price_usd_per_t": 20.0, "curtailment_penalty_usd_per_mwh": 75.0, "wear_usd_per_mwh": 50.0,
                 "tariff_in_objective": tariff_counts}
    street = district({"plan_pc_kw": PC_KW, "plan_pd_kw": PD_KW}, classes=CARS)
    text = "load_mw\n" + "".join(f"{load}\n" for load in np.resize(LOAD, 24))
    profiles = {"source": "csv", "file": "load.csv", "resolution_s": 3600, "forecast_error": "off", "start_date": None}
    arrays = {"on_before_h": np.tile(before, (4, 1)), "p_mw": P_MW.T, "redispatch_failed": np.zeros(4),
              "expected_objective_usd": np.full(4, HONEST["objective_usd"] + off_usd)}
    plan = {name: np.asarray(values)[None] for name, values in {**HONEST, **changes}.items()}
    return run(street, steps=4, arrays=arrays, plan=plan, warmup_plan=warm, system=system, objective=objective,
               inputs={"units": UNITS, "profiles": text}, profiles=profiles, wear={"model": wear},
               planning={"terminal": terminal}, tariff={"table": "chengdu2023", "cny_per_usd": 7.0},
               attributes={"warmup_controlled_days": days})


RULES = (planned_limits, planned_minimum_times, planned_ramps, planned_costs, planned_objective, bound, planned_price,
         planned_reserve, expected_objective)


def changed(name: str, at: Any, value: float) -> dict[str, Any]:
    values = np.array(HONEST[name], dtype=np.float64)
    values[at] = value
    return {name: values}


@pytest.mark.parametrize("rule", RULES)
def test_an_honest_plan_contradicts_nothing(rule: Any) -> None:
    assert said(rule, of()) == []


@pytest.mark.parametrize(("rule", "changes", "told"), [
    (planned_limits, changed("p_mw", (0, 1), 101.0), "power of cheap, 1: 1 MW"),
    (planned_limits, changed("p_mw", (1, 0), 5.0), "power of dear, 0: 5 MW"),
    (planned_limits, changed("committed", (1, 0), 0.5), "on or off: dear, 0: 1"),
    (planned_minimum_times, changed("committed", (1, 2), 0.0), "runs too little: dear, 2: 1 h"),
    (planned_minimum_times, {"committed": [[1, 0, 1, 1], [0, 1, 1, 1]]}, "rests too little: cheap, 2: 3 h"),
    (planned_ramps, changed("p_mw", (1, 2), 36.0), "rises or starts too high: dear, 2: 1 MW"),
    (planned_ramps, changed("p_mw", (1, 1), 27.0), "rises or starts too high: dear, 1: 2 MW"),
    (planned_ramps, changed("p_mw", (1, 3), 18.0), "falls too fast or stops too high: dear, 3: 2 MW"),
    (planned_costs, {"operating_cost_usd": FUEL}, "operating_cost_usd, -1: 70 USD"),
    (planned_costs, {"carbon_t": TONS + 1.0}, "carbon_t, -1: 1 t"),
    (planned_costs, {"curtailment_usd": 0.0}, "curtailment_usd, -1: 150 USD"),
    (planned_objective, {"objective_usd": HONEST["objective_usd"] + 2.0}, "objective_usd, -1: 2 USD"),
    (bound, {"bound_usd": HONEST["objective_usd"] + 10.0}, "bound above the objective, -1: 10 USD"),
    (bound, {"gap_rel": 0.1}, "gap_rel, -1: 0.1 1"),
    (planned_price, changed("marginal_price_usd_per_mwh", 0, 19.0), "price, 0: 1 USD/MWh"),
    (planned_reserve, changed("reserve_shortfall_mw", 3, 7.0), "reserve that nobody gives, 3: 1 MW"),
    (planned_reserve, changed("reserve_shortfall_usd", 0, 3900.0), "price of missing reserve, 0: 100 USD"),
    (planned_reserve, changed("reserve_shortfall_mw", 3, 29.0), "missing reserve, 3: 1 MW")])
def test_an_altered_plan_is_told_by_what_it_breaks(rule: Any, changes: dict[str, Any], told: str) -> None:
    assert any(line.startswith(f"plan 0: {told}") for line in said(rule, of(**changes))), said(rule, of(**changes))


# ---------------------------------------------------------------- what counts as reserve
@pytest.mark.parametrize(("counts", "headroom", "missing_mw"), [
    ("thermal_only", "capacity", [8.0, 0.0, 0.0, 8.0]), ("scheduled", "capacity", [8.0, 0.0, 0.0, 8.0]),
    # 5 MW below its start-up limit, then nothing above its ramp, then 10; in the hour 2 cars give 0.8
    ("thermal_only", "reachable", [8.0, 23.6 - 2 - 5, 26.0 - 5 + 0.8, 28.0 - 10]),
    ("scheduled", "reachable", [8.0, 23.6 - 2 - 5, 26.0 - 5, 28.0 - 10])])
def test_reserve_is_what_units_have_or_reach_within_the_hour(counts: str, headroom: str, missing_mw: list[float]
                                                             ) -> None:
    for less, told in ((0.0, 0), (0.1, 1)):
        missing = np.maximum(np.array(missing_mw) - less, 0.0)
        lines = said(planned_reserve, of(rule=counts, headroom=headroom, reserve_shortfall_mw=missing,
                                         reserve_shortfall_usd=500.0 * missing))
        assert len(lines) == told and all("reserve that nobody gives, 0: 0.1 MW" in line for line in lines)


def test_of_reserve_that_drivers_deliver_the_plan_alone_says_how_much_there_is() -> None:
    none = {"reserve_shortfall_mw": np.zeros(4), "reserve_shortfall_usd": np.zeros(4)}
    assert said(planned_reserve, of(rule="deliverable", **none)) == []
    assert len(said(planned_reserve, of(**none))) == 1


@pytest.mark.parametrize(("headroom", "told"), [("capacity", []), ("reachable", ["plan 0: price, 2: 12 USD/MWh"])])
def test_a_unit_whose_next_hours_reserve_hangs_on_its_power_sets_no_price(headroom: str, told: list[str]) -> None:
    """At 30 MW the dear unit reaches 45 of its 60 MW in the next hour: the cheap one alone is free, at 18 $/MWh."""
    changes = changed("p_mw", (1, 2), 30.0) | changed("marginal_price_usd_per_mwh", 2, 30.0)
    assert said(planned_price, of(headroom=headroom, **changes)) == told


# ---------------------------------------------------------------- plans of days before, and what is not known
def warm_up(**changes: Any) -> dict[str, Any]:
    """Two plans made before counted time, and a row that was not written."""
    values = {name: np.stack([np.asarray(value)] * 3) for name, value in {**HONEST, **changes}.items()}
    cohorts = {"pc_kw": np.stack([PC_KW] * 3), "pd_kw": np.stack([PD_KW] * 3)}
    return {**values, **cohorts, "time_s": np.array([-172_800, -86_400, -1])}


@pytest.mark.parametrize("rule", RULES)
def test_honest_plans_of_the_days_before_contradict_nothing(rule: Any) -> None:
    assert said(rule, of(warm=warm_up(), days=1)) == []


def test_what_units_did_before_a_plan_is_known_of_the_first_alone() -> None:
    """So that its start is paid, and its minimum times are kept, in the first plan of the days before."""
    cheaper = of(warm=warm_up(operating_cost_usd=FUEL), days=1)
    assert said(planned_costs, cheaper) == ["warm-up plan 0: operating_cost_usd, -1: 70 USD"]
    dirtier = of(warm=warm_up(carbon_t=TONS + 1.0), days=1)
    assert said(planned_costs, dirtier) == [f"warm-up plan {k}: carbon_t, -1: 1 t" for k in (0, 1)]
    too_short = of(warm=warm_up(**changed("committed", (1, 2), 0.0)), days=1)
    assert [line for line in said(planned_minimum_times, too_short) if "dear, 2" in line] == [
        "warm-up plan 0: runs too little: dear, 2: 1 h"]
    unknown = of(warm=warm_up(**changed("committed", (1, 2), 0.0)), days=0)
    assert said(planned_minimum_times, unknown) == []


@pytest.mark.parametrize(("p_mw", "days", "told"), [
    (55.0, 0, ["plan 0: rises or starts too high: dear, 0: 15 MW"]), (55.0, 1, []), (40.0, 0, [])])
def test_ramps_hold_against_a_power_before_that_is_known(p_mw: float, days: int, told: list[str]) -> None:
    """The dear unit is on since nine hours, at 25 MW by its table; where days were run before nobody knows."""
    begun = changed("p_mw", (1, slice(None)), p_mw) | changed("committed", (1, 0), 1.0)
    known = of(before=(48.0, 9.0), days=days, **begun)
    known.inputs["units"] = UNITS.replace("dear,20,60,2,2,-9,", "dear,20,60,2,2,9,").replace(
        "beta_t_per_mwh,p_startup", "beta_t_per_mwh,initial_p_mw,p_startup").replace(
        ",,0.5,", ",,0.5,,").replace(",0.2,25", ",0.2,25,25")
    assert said(planned_ramps, known) == told


def test_owners_are_not_judged_where_wear_has_the_price_of_a_cells_model() -> None:
    assert said(planned_objective, of(wear="naumann", owners_net_usd=0.0, objective_usd=0.0)) == []
    assert len(said(planned_objective, of(owners_net_usd=0.0, objective_usd=0.0))) == 2


def test_where_stored_energy_has_a_price_the_objective_is_not_the_sum_of_its_terms() -> None:
    off = {"terminal": "price", "objective_usd": HONEST["objective_usd"] - 100.0}
    assert said(planned_objective, of(**off)) == said(expected_objective, of(**off)) == []
    assert said(planned_objective, of(owners_net_usd=1.0, **off))[0].startswith("plan 0: owners_net_usd, -1:")
    assert said(expected_objective, of(off_usd=5.0)) == ["objective as plan 0 is made, -1: 5 USD"]


def test_tariffs_may_be_no_term_of_the_objective() -> None:
    value = HONEST["objective_usd"] - (CHARGED - GIVEN)
    assert said(planned_objective, of(tariff_counts=False, objective_usd=value)) == []
    assert len(said(planned_objective, of(tariff_counts=False))) == 1
