"""Batteries, chargers and drivers' doings, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from models.drivers.behaviours import (
    BEHAVIOURS,
    COMPLIED,
    IGNORES,
    LEAVES_EARLY,
    LIMITED,
    NOT_ENROLLED,
    ZONE_OUT,
    code_of,
)
from models.fleet.fleet import ChargingParameters
from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable, Vehicles
from tests.models.fleet.fleet_case import HOUR, PART_LOAD, STEP, cars, declared_of, fleet_of, presence_of, run, whole

OVERRIDES, ARRIVES_LATE, TELEMETRY_LOST = code_of("overrides"), code_of("arrives_late"), code_of("telemetry_lost")


# ---------------------------------------------------------------- one car that does as it is told
def test_charging_and_discharging_by_hand() -> None:
    """4 kW for a quarter: 1 kWh at the bus, 0.8 kWh in the battery; back: 1 kWh needs 1.25 kWh."""
    fleet = fleet_of(cars())
    up = run(fleet, 4.0)
    assert (up.charged_kwh[0], up.p_kw[0], fleet.energy_kwh[0]) == pytest.approx((1, 4, 25.8))
    assert up.tariff_usd[0] == pytest.approx(0.2)
    assert up.lost_kwh[0] == pytest.approx(0.2)
    down = run(fleet, -4.0)
    assert (down.discharged_kwh[0], down.p_kw[0], fleet.energy_kwh[0]) == pytest.approx((1, -4, 24.55))
    assert down.tariff_usd[0] == pytest.approx(-0.3)
    assert down.wear_usd[0] == pytest.approx(1.25 * 0.05)
    assert down.lost_kwh[0] == pytest.approx(0.25)
    group = int(THREE_CLASSES.index(np.array([0]), np.array([0]), np.array([1]))[0])
    assert down.discharge_group_kw[group] == pytest.approx(4)
    assert down.tariff_group_usd.sum() == pytest.approx(-0.3)
    assert down.wear_group_usd[group] == pytest.approx(0.0625)
    assert down.p_bus_kw.tolist() == pytest.approx([-4, 0])
    assert down.q_bus_kvar.tolist() == [0, 0]
    assert down.energy_kwh == pytest.approx(24.55)


def test_what_one_car_charges_does_not_hide_what_another_gives_back() -> None:
    """Two cars at one bus and a third at the other: the sum of powers is 0, the power given back is 4 and 2 kW."""
    step = run(fleet_of(cars(3)), [4.0, -4.0, -2.0], declared=declared_of(cars(3), bus=[0, 0, 1]))
    assert step.p_bus_kw.tolist() == pytest.approx([0, -2])
    assert step.discharge_bus_kw.tolist() == pytest.approx([4, 2])


def test_a_car_counts_in_the_group_of_the_zone_where_it_stands_and_behind_its_kind_of_charger() -> None:
    """A private car at the bus of the first zone, a taxi at that of the third; taxis charge fast."""
    vehicles = cars(2, class_index=np.array([0, 1]), p_discharge_max_kw=0.0)
    step = run(fleet_of(vehicles), [4.0, 2.0], declared=declared_of(vehicles, bus=[0, 1]))
    groups = THREE_CLASSES.index(np.array([0, 2]), np.array([0, 1]), np.array([0, 0]))
    assert step.charge_group_kw[groups].tolist() == pytest.approx([4, 2])
    assert step.charge_group_kw.sum() == pytest.approx(6)
    assert step.p_bus_kw.tolist() == pytest.approx([4, 2])
    assert step.p_slow_bus_kw.tolist() == pytest.approx([4, 0])


@pytest.mark.parametrize(("soc", "setpoint_kw", "soc_after", "behaviour"), [
    (0.5, 20.0, 0.532, LIMITED),  # more than the charger can do
    (0.5, -20.0, 0.45, LIMITED),
    (0.898, 8.0, 0.9, LIMITED),  # full
    (0.36, -8.0, 0.35, LIMITED),  # at the V2G floor
    (0.30, -8.0, 0.30, LIMITED),  # below it already
    (0.95, 8.0, 0.95, LIMITED),
    (0.5, 0.0, 0.5, COMPLIED),
])
def test_limits_of_charger_and_battery(soc: float, setpoint_kw: float, soc_after: float, behaviour: int) -> None:
    step = run(fleet_of(cars(soc_initial=soc)), setpoint_kw)
    assert step.soc[0] == pytest.approx(soc_after)
    assert step.behaviour[0] == behaviour


def test_part_of_a_step_is_served_for_its_fraction() -> None:
    declared = declared_of(cars(), departure_s=STEP // 2)
    step = run(fleet_of(cars()), 4.0, declared=declared, presence=presence_of(stay_fraction=0.5, departs=1))
    assert (step.p_kw[0], step.charged_kwh[0]) == pytest.approx((2, 0.5))
    assert step.instructed_down_kwh == pytest.approx(0.5)
    assert step.behaviour[0] == COMPLIED


@pytest.mark.parametrize(("behaviour", "setpoint_kw", "shown"), [
    (COMPLIED, 4.0, COMPLIED), (LEAVES_EARLY, -4.0, COMPLIED), (COMPLIED, 8.3, LIMITED), (IGNORES, 4.0, IGNORES),
    (IGNORES, 8.0, COMPLIED)])
def test_who_stays_beyond_the_declared_departure_and_holds_the_set_point_did_as_told(behaviour: int, setpoint_kw: float,
                                                                                    shown: int) -> None:
    """It is limited only where what it does is not the set-point; asked of it was energy until the departure alone."""
    declared = declared_of(cars(), departure_s=STEP // 3)
    step = run(fleet_of(cars()), setpoint_kw, declared=declared, presence=presence_of(behaviour=behaviour))
    assert step.behaviour[0] == shown
    assert step.complied_count == (shown == COMPLIED)
    asked_kwh = abs(setpoint_kw) / 12
    assert step.instructed_down_kwh + step.instructed_up_kwh == pytest.approx(asked_kwh)
    assert step.delivered_down_kwh + step.delivered_up_kwh == pytest.approx(asked_kwh)


# ---------------------------------------------------------------- drivers
@pytest.mark.parametrize("behaviour", [IGNORES, TELEMETRY_LOST, ZONE_OUT])
def test_who_does_not_follow_charges_at_once(behaviour: int) -> None:
    step = run(fleet_of(cars()), -4.0, presence=presence_of(behaviour=behaviour))
    assert step.p_kw[0] == pytest.approx(8)
    assert step.behaviour[0] == behaviour
    assert (step.instructed_up_kwh, step.delivered_up_kwh) == pytest.approx((1, 0))
    assert (step.instructed_count, step.complied_count) == (1, 0)
    assert step.by_behaviour[behaviour] == 1


def test_override_acts_from_its_instant() -> None:
    step = run(fleet_of(cars()), -4.0, presence=presence_of(behaviour=OVERRIDES, override_s=STEP // 2))
    assert step.discharged_kwh[0] == pytest.approx(0.5)
    assert step.charged_kwh[0] == pytest.approx(1)
    assert step.behaviour[0] == OVERRIDES
    before = run(fleet_of(cars()), -4.0, presence=presence_of(behaviour=OVERRIDES, override_s=STEP))
    assert before.behaviour[0] == COMPLIED
    after = run(fleet_of(cars()), -4.0, now_s=STEP, presence=presence_of(behaviour=OVERRIDES, override_s=STEP // 2))
    assert after.p_kw[0] == pytest.approx(8)


def test_leaving_early_delivers_less_and_says_why() -> None:
    presence = presence_of(behaviour=LEAVES_EARLY, stay_fraction=0.25, departs=1)
    step = run(fleet_of(cars()), 4.0, presence=presence)
    assert (step.instructed_down_kwh, step.delivered_down_kwh) == pytest.approx((1, 0.25))
    assert step.behaviour[0] == LEAVES_EARLY


@pytest.mark.parametrize("behaviour", [behaviour.code for behaviour in BEHAVIOURS if behaviour.follows])
def test_followers_that_cannot_are_limited(behaviour: int) -> None:
    step = run(fleet_of(cars(soc_initial=0.35)), -4.0, presence=presence_of(behaviour=behaviour))
    assert step.behaviour[0] == LIMITED


def test_compliance_allows_two_percent_or_200_watts() -> None:
    def behaviour(setpoint_kw: float, limit_kw: float) -> int:
        return int(run(fleet_of(cars(p_charge_max_kw=limit_kw)), setpoint_kw).behaviour[0])

    assert (behaviour(8.15, 8.0), behaviour(8.25, 8.0)) == (COMPLIED, LIMITED)
    assert (behaviour(51.0, 50.0), behaviour(51.1, 50.0)) == (COMPLIED, LIMITED)


def test_not_enrolled_cars_are_free_and_not_counted_as_instructed() -> None:
    vehicles = cars(2, is_enrolled=np.array([False, True]))
    step = run(fleet_of(vehicles), 1.0, presence=presence_of(2, behaviour=np.array([NOT_ENROLLED, COMPLIED])))
    assert step.p_kw.tolist() == pytest.approx([8, 1])
    assert step.behaviour.tolist() == [NOT_ENROLLED, COMPLIED]
    assert (step.instructed_count, step.complied_count) == (1, 1)
    assert step.by_behaviour.sum() == 2 and step.by_behaviour.size == len(BEHAVIOURS)


def test_free_car_stops_at_what_it_wants() -> None:
    fleet = fleet_of(cars(soc_initial=0.79))
    step = run(fleet, told=0)
    assert fleet.soc[0] == pytest.approx(0.8)
    assert step.charged_kwh[0] == pytest.approx(0.5 / 0.8)
    assert step.instructed_count == 0


def test_price_response_waits_for_the_cheap_hour_and_sells_in_the_dear_one() -> None:
    prices = {"wait": (np.array([0.9, 0.1, 0.1]), np.zeros(3)), "sell": (np.full(3, 0.1), np.array([0.9, 0.2, 0.2]))}
    powers = {}
    for name, (price_in, price_out) in prices.items():
        fleet = fleet_of(cars(soc_initial=0.75), price_quantile=np.zeros(1))
        step = fleet.step(0, STEP, np.zeros(1), whole(0, 1), declared_of(fleet.vehicles), presence_of(),
                          "price_response", price_in, price_out)
        powers[name] = step.p_kw[0]
    assert powers["wait"] == 0
    assert powers["sell"] == pytest.approx(-8)


# ---------------------------------------------------------------- arrivals, trips, departures
def away(vehicles: Vehicles) -> DeclaredTable:
    return declared_of(vehicles, bus=-1)


@pytest.mark.parametrize(("told_elsewhere", "behaviour", "enrolled", "charged_kwh"), [
    (True, COMPLIED, True, 0.0), (True, ARRIVES_LATE, True, 0.0), (True, IGNORES, True, 0.8),
    (True, NOT_ENROLLED, False, 0.8), (False, COMPLIED, True, 0.8)])
def test_arrivals_wait_only_if_they_will_be_dispatched(told_elsewhere: bool, behaviour: int, enrolled: bool,
                                                       charged_kwh: float) -> None:
    """Who is free charges from the true arrival: 0.4 of a quarter at 8 kW."""
    vehicles = cars(is_enrolled=enrolled)
    presence = presence_of(stay_fraction=0, driven_kwh=3.0, arrived_fraction=0.4, arrived_bus_index=1,
                           arrived_behaviour=behaviour)
    fleet = fleet_of(vehicles)
    step = run(fleet, told=0, declared=away(vehicles), presence=presence, arrivals_wait=told_elsewhere)
    assert step.charged_kwh[0] == pytest.approx(charged_kwh)
    assert step.p_bus_kw.tolist() == pytest.approx([0, charged_kwh * 4])
    assert fleet.energy_kwh[0] == pytest.approx(22 + 0.8 * charged_kwh)


def test_arrivals_wait_by_default_if_somebody_is_dispatched() -> None:
    vehicles = cars(2)
    presence = presence_of(2, stay_fraction=np.array([1, 0]), arrived_fraction=np.array([0, 0.5]),
                           arrived_bus_index=np.array([-1, 0]))
    declared = declared_of(vehicles, bus=np.array([0, -1]))
    for told, kwh in ((1, 0.0), (0, 1.0)):
        step = run(fleet_of(vehicles), told=np.array([told, 0]), declared=declared, presence=presence)
        assert step.charged_kwh[1] == pytest.approx(kwh)


def test_driving_below_the_minimum_is_fast_charged_on_the_way() -> None:
    """25 kWh less 20 leaves 5, the minimum is 10: 5 kWh into the battery, 5/0.5 from the grid."""
    vehicles = cars()
    fleet = fleet_of(vehicles, parameters=ChargingParameters(fast_charge_eta=0.5, fast_charge_usd_per_kwh=0.4))
    step = run(fleet, told=0, declared=away(vehicles), presence=presence_of(stay_fraction=0, driven_kwh=20.0))
    assert fleet.soc[0] == pytest.approx(0.2)
    assert step.fast_charged_kwh[0] == pytest.approx(10)
    assert step.fast_charged_usd[0] == pytest.approx(4)
    assert step.lost_kwh[0] == pytest.approx(5)
    assert step.charged_kwh[0] == 0 and step.p_bus_kw.sum() == 0


def test_departure_is_short_only_beyond_what_was_infeasible() -> None:
    """Wanted 40 kWh; with 25 kWh and half an hour at 6.4 kW only 28.2 can be had: 11.8 kWh are infeasible."""
    vehicles = cars()
    declared = declared_of(vehicles, departure_s=HOUR // 2)
    obedient, idle = fleet_of(vehicles), fleet_of(vehicles)
    first = run(obedient, 8.0, declared=declared)
    assert first.infeasible_request_kwh[0] == pytest.approx(11.8)
    last = run(obedient, 8.0, declared=declared, now_s=STEP, presence=presence_of(departs=1))
    assert (last.departures_short, last.infeasible_request_kwh[0]) == (0, 0)
    run(idle, 0.0, declared=declared)
    short = run(idle, 8.0, declared=declared, now_s=STEP, presence=presence_of(departs=1))
    assert short.departures_short == 1
    assert short.departure_short_kwh[0] == pytest.approx(1.6)


def test_what_the_taper_forbids_is_infeasible() -> None:
    """Half an hour at 6.4 kW would do without taper; with it not even full power from the start is enough."""
    vehicles = cars(soc_initial=0.75, taper_start_soc=0.7)
    declared = declared_of(vehicles, departure_s=HOUR // 2)
    fleet = fleet_of(vehicles)
    first = run(fleet, 8.0, declared=declared)
    last = run(fleet, 8.0, declared=declared, now_s=STEP, presence=presence_of(departs=1))
    assert first.infeasible_request_kwh[0] == pytest.approx(40 - fleet.energy_kwh[0])
    assert first.infeasible_request_kwh[0] > 0.05
    assert last.departures_short == 0


def test_each_stay_books_its_infeasible_request_once() -> None:
    vehicles = cars()
    fleet = fleet_of(vehicles)
    booked = [run(fleet, 0.0, now_s=now, declared=declared_of(vehicles, since_s=since, departure_s=now + HOUR)
                  ).infeasible_request_kwh[0] for now, since in ((0, 0), (STEP, 0), (2 * STEP, 1800))]
    assert booked == pytest.approx([8.6, 0, 8.6])


# ---------------------------------------------------------------- taper and part load
def test_mismatch_is_what_taper_and_part_load_cost() -> None:
    plain = run(fleet_of(cars(soc_initial=0.7)), 8.0)
    assert plain.model_mismatch_kwh == 0
    vehicles = cars(soc_initial=0.85, taper_start_soc=0.8, soc_wanted=0.9)
    tapered = fleet_of(vehicles)
    step = run(tapered, 8.0)
    assert step.model_mismatch_kwh == pytest.approx(1.6 - (tapered.energy_kwh[0] - 42.5))
    assert run(fleet_of(vehicles), told=0).model_mismatch_kwh == 0  # no plan asked for it
    lossy = fleet_of(cars(), parameters=ChargingParameters((PART_LOAD, None)))
    up = run(lossy, 4.0)
    assert (up.charged_kwh[0], up.stored_kwh[0], up.model_mismatch_kwh) == pytest.approx((1, 0.72, 0.08))
    down = run(lossy, -4.0)
    assert (down.discharged_kwh[0], down.drawn_kwh[0], down.model_mismatch_kwh) == pytest.approx((1, 1.375, 0.125))
    fast = run(fleet_of(cars(class_index=1), parameters=ChargingParameters((PART_LOAD, None))), 4.0)
    assert (fast.stored_kwh[0], fast.model_mismatch_kwh) == pytest.approx((0.8, 0))


def test_only_slow_chargers_stand_behind_the_bus_transformer() -> None:
    step = run(fleet_of(cars(2, class_index=[0, 1])), 4.0)
    assert step.p_bus_kw.tolist() == pytest.approx([8, 0])
    assert step.p_slow_bus_kw.tolist() == pytest.approx([4, 0])


def test_nobody_at_all() -> None:
    step = run(fleet_of(cars(0)), np.zeros(0))
    assert step.p_bus_kw.tolist() == [0, 0]
    assert step.charge_group_kw.size == THREE_CLASSES.count
    assert step.energy_kwh == 0


# ---------------------------------------------------------------- reactive power
def test_reactive_power_comes_from_dispatched_cars_while_they_follow() -> None:
    """Two cars at 4.8 of 8 kVA leave 6.4 kvar each; the second ignores what it is told."""
    fleet = fleet_of(cars(2))
    asked = np.array([-12.8, 0.0])
    both = run(fleet, -4.8, q_bus_kvar=asked)
    assert both.q_bus_kvar.tolist() == pytest.approx([-12.8, 0.0])
    step = run(fleet, -4.8, q_bus_kvar=asked, presence=presence_of(2, behaviour=np.array([COMPLIED, IGNORES])))
    assert step.q_bus_kvar[0] == pytest.approx(-6.4)
    nobody = run(fleet, 0.0, told=0, q_bus_kvar=asked)
    assert nobody.q_bus_kvar.tolist() == [0.0, 0.0]


# ---------------------------------------------------------------- buses without supply
def test_dead_chargers_give_and_take_nothing_told_or_not() -> None:
    """Two cars, the first at a dead bus: told, on their own, and as they arrive half a step later."""
    vehicles, asked, dead = cars(2), np.array([-50.0, -50.0]), np.array([True, False])
    there = declared_of(vehicles, bus=[0, 1])
    told = run(fleet_of(vehicles), 4.8, declared=there, q_bus_kvar=asked, without_power=dead)
    assert told.p_kw.tolist() == pytest.approx([0.0, 4.8]) and told.q_bus_kvar.tolist() == pytest.approx([0.0, -6.4])
    assert told.behaviour.tolist() == [LIMITED, COMPLIED]
    assert (told.instructed_down_kwh, told.delivered_down_kwh) == pytest.approx((2.4, 1.2))
    alone = run(fleet_of(vehicles), told=0, declared=there, without_power=dead)
    assert alone.p_bus_kw.tolist() == pytest.approx([0.0, 8.0])
    comes = presence_of(2, stay_fraction=0.0, arrived_fraction=0.5, arrived_bus_index=np.array([0, 1]))
    fleet = fleet_of(vehicles)
    run(fleet, told=0, declared=declared_of(vehicles, bus=-1), presence=comes, without_power=dead)
    assert fleet.energy_kwh.tolist() == pytest.approx([25.0, 25.8])


def test_where_every_bus_is_dead_no_car_moves_and_in_the_next_step_all_do() -> None:
    fleet = fleet_of(cars(2))
    dark = run(fleet, 4.0, without_power=np.ones(2, dtype=np.bool_))
    assert fleet.energy_kwh.tolist() == [25.0, 25.0] and not dark.p_kw.any() and not dark.tariff_usd.any()
    assert run(fleet, 4.0).p_kw.tolist() == pytest.approx([4.0, 4.0])
