"""Reserve in every step: the plan, its accounts, its judge and the world count the same."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import CarControl, Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.equations import balance
from controllers.temporal.unit_commitment.problem import make_case, merge_cohorts, within_the_hour
from controllers.temporal.unit_commitment.reserve import reserve, reserve_energy
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import make_variables
from models.records.arrays import Floats
from models.records.reserve_curve import ReserveCurve
from models.system.power_system import NetLoad, PowerSystem, PowerSystemParameters

H = 8
PEAK = [70.0, 95, 130, 150, 192, 120, 90, 62]
FULL = [70.0, 95, 130, 150, 186, 120, 90, 62]
CURVE = ReserveCurve((0.0, 0.1, 0.5), (200.0, 1100.0, 2500.0))
RULES = ("thermal_only", "scheduled", "scheduled_safely", "deliverable")


def _planned(build: SimpleNamespace, load: list[float], cars: tuple[object, ...], sun: Floats | float = 0.0,
             control: CarControl = "bidirectional", **known: object) -> tuple[TemporalKnowledge, SystemView, Plan]:
    k = build.knowledge(H, units=build.small_units(), **({"reserve_curve": CURVE} | known))
    view = replace(build.in_steps(build.view(k, load, cars), sun), delivery_quantile=np.full(H, 0.8))
    return k, view, UnitCommitment(k, control).plan(view)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("load", [PEAK, [62.0] * H])
def test_the_judge_accepts_every_rule(rule: str, load: list[float], build: SimpleNamespace) -> None:
    sun = np.repeat(4.0, 4 * H) + np.tile([3.0, 1.0, -1.0, -3.0], H)
    k, view, plan = _planned(build, load, (build.few_cars(scale=0.3), build.leaving_cars(200.0)), sun,
                             reserve_rule=rule)
    # one district without steps of its own: none is known to leave in turn
    assert check_plan(k, view, plan) == []


@pytest.mark.parametrize("rule", RULES)
def test_the_judge_accepts_cars_that_leave_in_turn(rule: str, build: SimpleNamespace) -> None:
    k, view, plan = _planned(build, FULL, (build.leaving_cars(1500.0),), reserve_rule=rule)
    assert plan.reserve_shortfall_mw.max() > 0.1
    assert check_plan(k, view, plan) == []


@pytest.mark.parametrize("name", ["reserve_shortfall_mw", "reserve_shortfall_usd"])
@pytest.mark.parametrize("by", [-5.0, 5.0])
def test_a_wrong_shortfall_is_named(name: str, by: float, build: SimpleNamespace) -> None:
    k, view, plan = _planned(build, FULL, (build.leaving_cars(1500.0),), reserve_rule="deliverable")
    wrong = getattr(plan, name).copy()
    wrong[4] += by
    assert ("reserve", 4) in {(v.rule, v.hour) for v in check_plan(k, view, replace(plan, **{name: wrong}))}


def test_a_falling_sun_is_missed_in_the_last_quarter(build: SimpleNamespace) -> None:
    """Hour 4: 200 MW of units + 20 MW of sun in the mean for 190 + 19 MW; 8 MW less sun in its last quarter."""
    sun = np.full(4 * H, 17.0)
    sun[16:20] += [8.0, 4.0, -4.0, -8.0]
    _, _, plan = _planned(build, [70.0, 95, 130, 150, 193.0, 120, 90, 62], (), sun,
                          reserve_curve=ReserveCurve.flat(900.0))
    assert plan.committed[:, 4].tolist() == [1, 1, 1]
    # needed 212.3; there are 225, 221, 213 and 209 MW
    assert plan.reserve_shortfall_mw[4] == pytest.approx(3.3 / 4, abs=1e-6)
    assert plan.reserve_shortfall_usd[4] == pytest.approx(900.0 * 3.3 / 4, abs=1e-3)


def test_who_leaves_in_turn_charges_first(build: SimpleNamespace) -> None:
    """In hour 4 they are there for 1, 3/4, 1/2, 1/4 of the quarters: the first takes 1.6 times the mean."""
    k, view, plan = _planned(build, [70.0, 95, 130, 150, 172, 120, 90, 62], (build.leaving_cars(1000.0),),
                             control="charge_only", reserve_curve=ReserveCurve.flat(10.0))
    mean = plan.pc_kw[0][:, 4].sum() / 1000
    there = plan.committed[:, 4] @ k.units.p_max_mw
    needed = 1.1 * 172 + mean * np.array([1.6, 1.2, 1.0, 1.0])
    assert mean > 1.0
    assert plan.reserve_shortfall_mw[4] == pytest.approx(np.maximum(needed - there, 0.0).mean(), abs=1e-4)
    assert view.steps_per_hour == 4


def test_beyond_the_requirement_load_is_shed_at_its_price(build: SimpleNamespace) -> None:
    """A load of 199 MW with sun 10 MW below its mean in one quarter: 9 MW of it cannot be served there."""
    sun = np.full(4 * H, 10.0)
    sun[16:20] += [10.0, 0.0, 0.0, -10.0]
    k, view, plan = _planned(build, [70.0, 95, 130, 150, 209.0, 120, 90, 62], (), sun,
                             reserve_curve=ReserveCurve.flat(100.0), shed_usd_per_mwh=2000.0)
    required = 20.9
    assert plan.reserve_shortfall_mw[4] == pytest.approx((9.9 + 19.9 + 19.9 + required) / 4, abs=1e-5)
    usd = 100.0 * (9.9 + 19.9 + 19.9 + required) / 4 + 2000.0 * (29.9 - required) / 4
    assert plan.reserve_shortfall_usd[4] == pytest.approx(usd, abs=0.05)
    assert check_plan(k, view, plan) == []


@pytest.mark.parametrize("sun_mw", [17.0, 9.0])
def test_the_world_prices_a_step_as_the_plan_does(sun_mw: float, build: SimpleNamespace) -> None:
    k, _, plan = _planned(build, [70.0, 95, 130, 150, 193.0, 120, 90, 62], (), np.full(4 * H, sun_mw))
    world = PowerSystem(k.units, PowerSystemParameters(reserve_rule="scheduled", reserve_curve=CURVE))
    net = NetLoad(load_mw=193.0, pev_charge_mw=0.0, pev_discharge_mw=0.0, wind_mw=0.0, pv_mw=sun_mw)
    step = world.step(0, 900, plan.committed[:, 4], net)
    assert step.reserve_shortfall_mw == pytest.approx(plan.reserve_shortfall_mw[4], abs=1e-6)
    assert 4 * step.imbalance_cost_usd == pytest.approx(plan.reserve_shortfall_usd[4], abs=1e-3)


def test_cars_outside_control_need_units_and_reserve(build: SimpleNamespace) -> None:
    """5 MW of them beside a load of 180 MW: units give 185, and of 203 MW that must be there 200 are."""
    outside = replace(build.few_cars(scale=0.0), p_uncontrolled_kw=np.full(H, 5000.0))
    k = build.knowledge(H, units=build.small_units(), reserve_rule="thermal_only",
                        reserve_curve=ReserveCurve.flat(900.0))
    plan = UnitCommitment(k, "bidirectional").plan(build.view(k, [70.0, 95, 130, 150, 180.0, 120, 90, 62], (outside,)))
    assert plan.p_mw[:, 4].sum() == pytest.approx(185.0, abs=1e-6)
    assert plan.reserve_shortfall_mw[4] == pytest.approx(3.0, abs=1e-6)


def test_balance_and_reserve_of_a_plan_count_cars_outside_control(build: SimpleNamespace) -> None:
    """In the equations themselves: powers of an answer are brought to balance afterwards, hours on are not."""
    outside = replace(build.few_cars(scale=0.0), p_uncontrolled_kw=np.full(H, 5000.0))
    k = build.knowledge(H, units=build.small_units())
    case = make_case(k, build.view(k, PEAK, (outside,)), "bidirectional", 20.0, np.ones(H))
    unknown = make_variables(case)
    for share in (unknown.wind_cut, unknown.pv_cut):
        share.value = np.zeros(H)
    unknown.p.value = np.concatenate([np.array(PEAK) + 5.0, np.zeros(2 * H)])
    [rule] = balance(case, unknown)
    assert rule.violation().max() < 1e-9
    unknown.short.value = np.zeros(unknown.short.size)
    for beyond_mw, missing_mw in ((5.0, 0.0), (4.0, 1.0)):  # they need reserve by themselves, a tenth of them none
        unknown.counted.value = 1.1 * np.array(PEAK) + beyond_mw
        assert reserve(case, unknown)[-1].violation() == pytest.approx(np.full(H, missing_mw), abs=1e-9)


def test_what_one_way_cars_hold_cannot_flow_back(build: SimpleNamespace) -> None:
    """However much is in their batteries, nothing of it stands behind more discharging."""
    k = build.knowledge(H, units=build.small_units(), reserve_rule="deliverable")
    case = make_case(k, build.view(k, PEAK, (build.leaving_cars(500.0),)), "bidirectional", 20.0, np.ones(H))
    unknown = make_variables(case)
    unknown.x.value = case.rows.x_max_mwh / case.rows.x_scale_mwh + 1.0
    unknown.stored_reserve.value = np.array([np.full(H, 1e-3), np.zeros(H)])
    broken = reserve_energy(case, unknown)[0].violation()
    assert broken == pytest.approx(np.full(H, 1e-3 / float(case.rows.eta_discharge.min())))


def test_cars_that_may_only_give_back_are_reserve_as_far_as_they_can_be_trusted(build: SimpleNamespace) -> None:
    """400 full cars of 7 kW that no charger can fill: 0.8 x 2.8 of 4.6 MW missing, and no charging to stop.

    In hour 4 units have 200 MW for 186 + 18.6.
    """
    cars = build.full_cars(400.0)
    cars = replace(cars, pc_max_kw=np.zeros_like(cars.pc_max_kw), x_max_kwh=np.minimum(cars.x_max_kwh, 0.0))
    flat = ReserveCurve.flat(50.0)
    dear = {"wear_usd_per_kwh": np.full(18, 5.0), "reserve_rule": "deliverable", "reserve_curve": flat,
            "terminal": "free"}
    k, view, plan = _planned(build, FULL, (cars,), **dear)
    assert not plan.pd_kw[0].any() and not plan.pc_kw[0].any()
    assert plan.reserve_shortfall_mw[4] == pytest.approx(186.0 * 1.1 - 200.0 - 0.8 * 2.8, abs=1e-5)
    assert check_plan(k, view, plan) == []
    assert plan.bound_usd == pytest.approx(plan.objective_usd, rel=1e-4), "nor does the problem count any"
    without = _planned(build, FULL, (), **dear)[2]
    assert without.reserve_shortfall_mw[4] == pytest.approx(4.6, abs=1e-5)


def test_charging_that_cannot_wait_is_no_reserve(build: SimpleNamespace) -> None:
    """The leaving cars need every hour: nothing of them may stop. As many with days of time may, all of them."""
    urgent = within_the_hour((build.leaving_cars(1000.0),), H, 4)
    assert urgent.may_stop[4, 3:5].tolist() == [0.0, 0.0]
    assert urgent.may_stop[8, 0] == 1.0
    late = replace(build.leaving_cars(1000.0), pc_latest_kw=np.zeros((build.leaving_cars(1.0).cohort_count, H)))
    assert within_the_hour((late,), H, 4).may_stop[4, 3:5].tolist() == [1.0, 0.0]  # in hour 4 they leave


def test_who_has_just_come_and_cannot_wait_is_not_spared(build: SimpleNamespace) -> None:
    """4 MW of cars that come in hour 2 must charge then, dear as it is; the judge knows it too."""
    cars = build.few_cars()
    row, fresh = 5, np.zeros((cars.cohort_count, H))  # one-way, leaves in hour 5, plugged in from hour 1 on
    fresh[row, 2] = 3400.0
    k = build.knowledge(H, units=build.small_units())
    dear = np.array([0.04, 0.04, 0.5, 0.04, 0.04, 0.09, 0.05, 0.04])
    plans = {}
    for name, seen in (("free", cars), ("bound", replace(cars, pc_fresh_kw=fresh))):
        view = build.view(k, [62.0] * H, (seen,), price_charge_usd_per_kwh=dear)
        plans[name] = UnitCommitment(k).plan(view)
        assert check_plan(k, view, plans[name]) == []
    assert plans["free"].pc_kw[0][row, 2] < 100.0
    assert plans["bound"].pc_kw[0][row, 2] == pytest.approx(3400.0, abs=0.1)
    assert ("cohort_power", 2) in {(v.rule, v.hour) for v in check_plan(k, view, plans["free"])}


def test_merged_cohorts_are_a_relaxation_and_their_mean_is_not(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    view = build.in_steps(build.view(k, PEAK, (build.leaving_cars(1000.0),)))
    rows = make_case(k, view, "charge_only", 20.0, np.ones(H)).rows
    both = replace(rows, departure_h=np.minimum(rows.departure_h, 7))
    least, mean = merge_cohorts(both), merge_cohorts(both, relaxed=False)
    assert least.by_step[least.hour == 4].min() == pytest.approx(0.4)
    assert mean.by_step[mean.hour == 4].max() == pytest.approx(1.6)
    assert least.may_stop.max() <= 1.0


def test_hourly_data_give_hourly_reserve(build: SimpleNamespace) -> None:
    """Quarters that are all alike change nothing."""
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-7)
    hourly = build.view(k, PEAK, (build.few_cars(),))
    plans = [UnitCommitment(k).plan(view) for view in (hourly, build.in_steps(hourly))]
    assert plans[0].objective_usd == pytest.approx(plans[1].objective_usd, rel=1e-6)
    assert plans[0].committed.tolist() == plans[1].committed.tolist()
