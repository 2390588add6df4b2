"""What each fault does to what crosses a simulator's border, in numbers one can do in the head."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import Plan
from models.drivers.behaviours import COMPLIED, ZONE_OUT, code_of
from testbed.faults.kind import FAULTS, FaultKind, Parameter
from testbed.faults.placed import SYSTEM, Injection, Placed, Words
from testbed.faults.supply import UNAVAILABLE, WITHOUT_POWER
from testbed.faults.upper import CARRIED_ON, hours_again
from testbed.wiring.crossings import (
    BusLoad,
    BusLoadForecast,
    Commitment,
    Forecast,
    Guidance,
    Instructions,
    PlannedFlows,
    PriceForecast,
    Targets,
)
from tests.models.fleet.fleet_case import cars, declared_of, presence_of

HOUR, STEP = 3600, 900
HERE = "north"


def at(kind: str, simulator: str, from_h: float = 1, until_h: float = 2, **changes: Any) -> Injection:
    """The kind's injection at a simulator, in a district of three buses in three zones."""
    parameters = {p.name: p.usual for p in FAULTS[kind].parameters} | changes.pop("parameters", {})
    place: dict[str, Any] = {"district": HERE, "is_meant": np.array([False, True, False]), "bus_zone": np.arange(3)}
    return FAULTS[kind].acts[simulator](Placed(kind, int(from_h * HOUR), int(until_h * HOUR), STEP, 7, parameters,
                                               **place | changes))


def told(*setpoint_kw: float) -> Instructions:
    return Instructions(np.array(setpoint_kw), np.ones(len(setpoint_kw), dtype=np.int64), np.zeros(3))


def spoken(*setpoint_kw: float, **more: Any) -> Words:
    return {HERE: {"instructions": told(*setpoint_kw), "planned_flows": PlannedFlows(np.zeros(3), np.zeros(3)),
                   "guidance": Guidance(np.zeros((2, 3), dtype=np.int64)), **more}}


def declared(*since_s: int) -> Words:
    return {HERE: {"declared": declared_of(cars(len(since_s)), since_s=since_s)}}


# ---------------------------------------------------------------- its time
@pytest.mark.parametrize(("kind", "simulator"), [
    ("chargers_out", "fleet"), ("line_out", "profiles"), ("measurement_error", "spatial"),
    ("measurement_error", "mobility"), ("unit_trip", "power_system"), ("wind_off", "profiles"), ("zone_out", "fleet")])
def test_before_it_begins_and_once_it_is_over_all_words_pass(kind: str, simulator: str) -> None:
    fault, words = at(kind, simulator), {HERE: {"a": 1}, SYSTEM: {"b": 2}}
    for now_s in (0, HOUR - STEP, 2 * HOUR):
        assert fault.hear(now_s, words) is words and fault.say(now_s, {}, words) is words


# ---------------------------------------------------------------- words of the lower layer
@pytest.mark.parametrize(("chargers", "power_kw", "dispatched"),
                         [("hold", [3.0, 0.0], [1, 0]), ("release", [0.0, 0.0], [0, 0]), ("stop", [0.0, 0.0], [1, 0])])
def test_without_words_chargers_hold_release_or_stop_the_cars_that_are_still_there(
        chargers: str, power_kw: list[float], dispatched: list[int]) -> None:
    silent = at("lower_layer_silent", "spatial", parameters={"chargers": chargers})
    assert silent.say(0, declared(0, 0), spoken(3, 4))[HERE]["instructions"].setpoint_kw.tolist() == [3, 4]
    heard = silent.say(HOUR, declared(0, 900), spoken(-5, -6))[HERE]["instructions"]  # the second car is another stay
    assert (heard.setpoint_kw.tolist(), heard.is_dispatched.tolist()) == (power_kw, dispatched)
    assert silent.say(2 * HOUR, declared(0, 900), spoken(-5, -6))[HERE]["instructions"].setpoint_kw[1] == -6


def test_an_hour_without_an_answer_holds_to_its_end_and_is_recorded_so() -> None:
    failing, figures = at("lower_solver_fails", "spatial", 1, 1.25), dict.fromkeys((
        "losses_socp_kw", "losses_plan_ac_kw", "relaxation_gap_rel", "relaxation_vm_error_pu",
        "relaxation_loss_error_rel"), 1.0) | dict.fromkeys(
        ("vm_socp_pu", "vm_plan_ac_pu", "nodal_price_usd_per_mwh"), np.ones(3))
    solved, between = {**figures, "spatial_solved": 1.0}, {**figures, "spatial_solved": 0.0}
    failing.say(0, declared(0), spoken(3, **solved))
    first = failing.say(HOUR, declared(0), spoken(9, **solved))[HERE]
    assert first["instructions"].setpoint_kw.tolist() == [3] and first["spatial_fallback"] == 1
    assert np.isnan(first["vm_socp_pu"]).all() and np.isnan(first["relaxation_gap_rel"])
    last = failing.say(2 * HOUR - STEP, declared(0), spoken(9, **between))[HERE]
    assert last["instructions"].setpoint_kw.tolist() == [3] and last["spatial_fallback"] == 0
    assert failing.say(2 * HOUR, declared(0), spoken(9, **solved))[HERE]["instructions"].setpoint_kw.tolist() == [9]


def heard_by_fleet(now_s: int, *since_s: int) -> Words:
    """A set-point that tells the step in which it was sent."""
    words = declared(*since_s)
    return {HERE: {**words[HERE], "instructions": told(*[now_s / STEP] * len(since_s))}}


def test_set_points_come_late_by_whole_steps() -> None:
    late = at("setpoints_late", "fleet", parameters={"delay_min": 20.0})  # two steps of 15 minutes
    came = {step: late.hear(step * STEP, heard_by_fleet(step * STEP, 0))[HERE]["instructions"].setpoint_kw[0]
            for step in range(10)}
    assert [came[step] for step in range(3, 10)] == [3, 3, 3, 4, 5, 8, 9]


@pytest.mark.parametrize("kind", ["setpoints_late", "setpoints_dropped"])
def test_cars_that_were_never_told_anything_are_free(kind: str) -> None:
    """From the first step on nothing comes, so that there is nothing to hold."""
    parameters = {"share": 1.0} if kind == "setpoints_dropped" else {}
    lost = at(kind, "fleet", 0, parameters=parameters)
    told_first = lost.hear(0, {HERE: {**declared(0)[HERE], "instructions": told(3.0)}})[HERE]["instructions"]
    assert (told_first.setpoint_kw.tolist(), told_first.is_dispatched.tolist()) == ([0.0], [0])


def test_set_points_are_lost_for_about_their_share_of_cars_and_the_same_in_every_run() -> None:
    since = (0,) * 400

    def second() -> np.ndarray[Any, Any]:
        dropped = at("setpoints_dropped", "fleet", parameters={"share": 0.25})
        dropped.hear(3 * STEP, heard_by_fleet(3 * STEP, *since))
        return dropped.hear(4 * STEP, heard_by_fleet(4 * STEP, *since))[HERE]["instructions"].setpoint_kw

    assert set(second().tolist()) == {3.0, 4.0} and np.mean(second() == 3.0) == pytest.approx(0.25, abs=0.06)
    assert second().tolist() == second().tolist()


# ---------------------------------------------------------------- words of the upper layer
def plan_of(time_s: int, first: int) -> Plan:
    """30 hours; the unit is on in even ones, prices count up."""
    hours, unknown = np.arange(30), float("nan")
    nothing = np.zeros(30)
    return Plan(time_s, (hours % 2 == 0).astype(np.int64)[None], 1.0 * hours[None], nothing, nothing, nothing, nothing,
                first + 1.0 * hours, (np.ones((2, 30)),), (np.zeros((2, 30)),), *[1.0] * 2, unknown, *[1.0] * 6,
                "optimal", 1.0, 1.0)


def upper_words(plan: Plan, now_s: int) -> Words:
    hour = (now_s - plan.time_s) // HOUR
    return {SYSTEM: {"plan": plan, "commitment": Commitment(plan.committed[:, hour], plan.p_mw[:, hour]),
                     "marginal_price_forecast": PriceForecast(plan.marginal_price_usd_per_mwh),
                     "expected_objective_usd": 5.0, "redispatch_failed": 0.0},
            HERE: {"targets": Targets(plan.time_s, plan.pc_kw[0], plan.pd_kw[0]), "learned_compliance": None}}


def test_a_re_dispatch_that_nobody_hears_leaves_the_plan_as_it_was() -> None:
    silent, plan = at("upper_layer_silent", "temporal", 1, 2.25, district=""), plan_of(0, 0)
    newer = replace(plan, pc_kw=(7 * np.ones((2, 30)),))
    silent.say(0, {}, upper_words(plan, 0))
    held = {step: silent.say(step * STEP, {}, upper_words(newer, step * STEP)) for step in range(4, 13)}
    assert all(held[step][HERE]["targets"].pc_kw[0, 0] == 1 for step in range(4, 12)), "the next whole hour ends it"
    assert held[12][HERE]["targets"].pc_kw[0, 0] == 7
    assert [held[step][SYSTEM]["redispatch_failed"] for step in (4, 5, 8, 9)] == [1, 0, 1, 0]
    assert [held[step][SYSTEM]["commitment"].committed[0] for step in (4, 8)] == [0, 1]


def test_a_missed_plan_is_the_one_before_again_and_asks_nothing_of_cars() -> None:
    silent, first = at("upper_solver_fails", "temporal", 24, 25, district=""), plan_of(0, 0)
    silent.say(23 * HOUR, {}, upper_words(first, 23 * HOUR))
    second = plan_of(24 * HOUR, 100)
    missed = silent.say(24 * HOUR, {}, upper_words(second, 24 * HOUR))
    plan = missed[SYSTEM]["plan"]
    assert (plan.time_s, plan.status) == (24 * HOUR, CARRIED_ON) and np.isnan(plan.objective_usd)
    assert plan.p_mw[0, :9].tolist() == [24, 25, 26, 27, 28, 29, 6, 7, 8]
    assert missed[HERE]["targets"].plan_time_s == 24 * HOUR and not missed[HERE]["targets"].pc_kw.any()
    later = silent.say(30 * HOUR, {}, upper_words(second, 30 * HOUR))
    assert later[SYSTEM]["plan"] is plan, "over, but the next plan is still to come"
    third = plan_of(48 * HOUR, 200)
    assert silent.say(48 * HOUR, {}, upper_words(third, 48 * HOUR))[SYSTEM]["plan"] is third


def test_hours_beyond_a_forecast_are_those_of_a_day_earlier() -> None:
    assert hours_again(5, 30)[[0, 24, 25, 29]].tolist() == [5, 29, 6, 10]
    assert hours_again(60, 30)[:2].tolist() == [12, 13]
    assert hours_again(5, 6).tolist() == [5, 5, 5, 5, 5, 5]


# ---------------------------------------------------------------- what is measured and forecast
def test_stale_measurements_are_those_before_the_fault() -> None:
    stale = at("telemetry_stale", "spatial")
    for now_s, expected in ((0, 0.3), (HOUR, 0.3), (2 * HOUR - STEP, 0.3), (2 * HOUR, 0.5)):
        words = {HERE: {"soc_reported": np.array([0.3 if now_s == 0 else 0.5]), "vm_pu": np.ones(3)}}
        assert stale.hear(now_s, words)[HERE]["soc_reported"][0] == expected


def test_both_layers_hear_the_same_wrong_measurements_within_bounds() -> None:
    parameters = {"soc_bias": 0.4, "soc_noise": 0.1, "vm_bias_pu": -0.02, "vm_noise_pu": 0.0}
    words = {HERE: {"soc_reported": np.linspace(0.2, 1.0, 50), "vm_pu": np.ones(3)}}
    heard = [at("measurement_error", simulator, parameters=parameters).hear(HOUR, words)[HERE]
             for simulator in ("spatial", "mobility")]
    assert heard[0]["soc_reported"].tolist() == heard[1]["soc_reported"].tolist()
    assert heard[0]["soc_reported"].max() == 1.0 and heard[0]["soc_reported"][0] == pytest.approx(0.6, abs=0.35)
    assert heard[0]["vm_pu"] == pytest.approx(0.98)
    blind = at("measurement_error", "mobility", parameters=parameters).hear(HOUR, {HERE: {"soc_reported": np.ones(2)}})
    assert blind[HERE].keys() == {"soc_reported"}, "where there are no voltages none are made up"


def test_an_old_forecast_moves_on_with_the_clock() -> None:
    hours, steps = np.arange(30.0), np.arange(120.0)
    forecast = Forecast(hours, hours, hours, hours, steps, steps, steps)
    system, buses = (at("forecast_outage", name, 1, 9, district="") for name in ("temporal", "spatial"))
    of_buses = BusLoadForecast(*[np.arange(7.0)[None]] * 2)  # 4 steps, then 3 hours
    system.hear(0, {SYSTEM: {"forecast": forecast}})
    buses.hear(0, {HERE: {"bus_load_forecast": of_buses}})
    aged = system.hear(2 * HOUR, {SYSTEM: {"forecast": replace(forecast, load_mw=0 * hours)}})[SYSTEM]["forecast"]
    assert aged.load_mw[[0, 27, 28]].tolist() == [2, 29, 6] and aged.wind_step_mw[[0, 112]].tolist() == [8, 24]
    later = buses.hear(HOUR, {HERE: {"bus_load_forecast": replace(of_buses)}})[HERE]["bus_load_forecast"]
    assert later.p_kw[0].tolist() == [4, 4, 4, 4, 5, 6, 6]


def test_a_forecast_of_this_hour_is_as_it_came_and_what_comes_later_is_not_heard() -> None:
    buses, came = at("forecast_outage", "spatial", 1.5, 9), BusLoadForecast(*[np.arange(7.0)[None]] * 2)
    words = {HERE: {"bus_load_forecast": came}}
    assert [buses.hear(now_s, words) is words for now_s in (HOUR, HOUR + STEP)] == [True, True]
    newer = {HERE: {"bus_load_forecast": replace(came)}}
    assert buses.hear(HOUR + 2 * STEP, newer)[HERE]["bus_load_forecast"] is came


# ---------------------------------------------------------------- the world
def test_dead_buses_draw_nothing_and_the_system_is_asked_for_less() -> None:
    dead_loads, dead_chargers = at("line_out", "profiles"), at("line_out", "fleet")
    said = {SYSTEM: {"load_mw": 10.0}, HERE: {"bus_load": BusLoad(np.array([500.0, 2000.0, 7.0]), np.ones(3))}}
    off = dead_loads.say(HOUR, {}, said)
    assert off[HERE]["bus_load"].p_kw.tolist() == [500, 0, 7] and off[SYSTEM]["load_mw"] == pytest.approx(8)
    assert off[HERE]["bus_load"].q_kvar.tolist() == [1, 0, 1]
    assert dead_loads.say(2 * HOUR, {}, said) is said
    assert dead_chargers.hear(HOUR, {HERE: {}})[HERE][WITHOUT_POWER].tolist() == [False, True, False]
    both = at("chargers_out", "fleet", is_meant=np.array([True, False, False]))
    assert both.hear(HOUR, dead_chargers.hear(HOUR, {HERE: {}}))[HERE][WITHOUT_POWER].tolist() == [True, True, False]


def test_cars_of_a_zone_drop_out_together_and_others_do_not() -> None:
    ignores = code_of("ignores")
    words = {HERE: {"declared": declared_of(cars(3), bus=[1, 1, 2]),
                    "presence": presence_of(3, behaviour=[COMPLIED, ignores, COMPLIED], arrived_bus_index=[-1, -1, 1])}}
    presence = at("zone_out", "fleet", zone=1).hear(HOUR, words)[HERE]["presence"]
    assert presence.behaviour.tolist() == [ZONE_OUT, ignores, COMPLIED]
    assert presence.arrived_behaviour.tolist() == [COMPLIED, COMPLIED, ZONE_OUT]


def test_a_tripped_unit_is_off_whatever_was_ordered() -> None:
    words = {SYSTEM: {"commitment": Commitment(np.array([1, 1]), np.array([5.0, 5.0]))}}
    heard = at("unit_trip", "power_system", unit=1, district="").hear(HOUR, words)[SYSTEM]
    assert heard["commitment"].committed.tolist() == [1, 0] and heard[UNAVAILABLE].tolist() == [False, True]


def test_wind_that_is_off_need_not_be_taken() -> None:
    said = {SYSTEM: {"wind_available_mw": 80.0, "pv_available_mw": 10.0, "must_take_mw": 60.0}}
    calm = at("wind_off", "profiles", district="", parameters={"share": 0.75}).say(HOUR, {}, said)[SYSTEM]
    assert (calm["wind_available_mw"], calm["must_take_mw"]) == (20, 30)


def test_the_last_solved_flow_stands_but_loads_are_those_of_the_step() -> None:
    diverging = at("power_flow_diverges", "feeder")
    flow = {"vm_pu": np.ones(3), "losses_kw": 1.0, "load_bus_kw": np.zeros(3)}
    diverging.say(0, {}, {HERE: flow})
    unsolved = {"vm_pu": 2 * np.ones(3), "losses_kw": 4.0, "load_bus_kw": np.ones(3)}
    stands = diverging.say(HOUR, {}, {HERE: unsolved})[HERE]
    assert stands["losses_kw"] == 1 and stands["vm_pu"][0] == 1 and stands["load_bus_kw"][0] == 1


def test_a_kind_with_what_cannot_be_is_refused() -> None:
    from models.records.arrays import RecordError  # noqa: PLC0415

    with pytest.raises(RecordError, match="fault x: what is empty; acts is empty; 'planet' is none of district, buses"):
        FaultKind("x", "", "holds", "ends", {}, needs=("planet",))
    with pytest.raises(RecordError, match=r"the usual share=2\.0 is not a number from 0 to 1"):
        FaultKind("x", "y", "holds", "ends", {"fleet": Injection}, parameters=(Parameter("share", "of it", 2.0),))
