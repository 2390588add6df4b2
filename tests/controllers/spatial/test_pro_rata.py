"""Shares of plugged kW: sums, clipping, energy within the hour, and the do-nothing layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, Setpoints, SpatialKnowledge, SpatialLayer
from controllers.spatial.none import NoDispatch
from controllers.spatial.pro_rata import Cars, ProRata, balance_total
from models.records.arrays import Floats
from models.records.feeder import Site
from models.records.flexibility import BusFlexibility, PairIndex
from models.records.groups import THREE_CLASSES, cohort_index
from models.records.vehicles import DeclaredTable, Vehicles

HOUR, STEP, H = 3600, 900, 24
SITE = Site(np.array([-1, 0, 0]), np.array([0, 9, 9]), np.array([0, 0, 0]))
ROWS = THREE_CLASSES.count * (H + 1)
NO_PAIRS = PairIndex(*(np.zeros(0, dtype=np.int64),) * 3, bins=1)


def cars(count: int, **changes: Any) -> Vehicles:
    """50 kWh, 5 kW both ways, efficiency 1, SOC 0.2..0.9, floor 0.3, wanted 0.8; bidirectional private cars."""
    columns: dict[str, Any] = {
        "class_index": 0, "capacity_kwh": 50.0, "p_charge_max_kw": 5.0, "p_discharge_max_kw": 5.0, "eta_charge": 1.0,
        "eta_discharge": 1.0, "soc_min": 0.2, "soc_max": 0.9, "soc_floor_v2g": 0.3, "soc_wanted": 0.8,
        "soc_initial": 0.5, "taper_start_soc": 1.0, "consumption_kwh_per_km": 0.2, "age_years": 1.0,
        "is_enrolled": True}
    kinds = {"class_index": np.int64, "is_enrolled": np.bool_}
    return Vehicles(**{name: np.broadcast_to(np.asarray(changes.get(name, value)), count).astype(
        kinds.get(name, np.float64)) for name, value in columns.items()})


def knowledge_of(vehicles: Vehicles, assumed_compliance: float = 1.0) -> SpatialKnowledge:
    return SpatialKnowledge(
        district="d", site=SITE, vehicles=vehicles, feeder=None, power_flow=None, pairs=NO_PAIRS, step_s=STEP,
        look_ahead_h=24, horizon_h=H, assumed_compliance=assumed_compliance,
        wear_usd_per_kwh=np.zeros(THREE_CLASSES.count), placement="in_place", on_inexact="fallback",
        reactive_power=False, target_slack_usd_per_mwh=500.0,
        voltage_penalty_below_pu=0.95, voltage_penalty_usd_per_pu2h=1.0, solver="CLARABEL")


def row_of(departure_s: int, plan_s: int = 0) -> int:
    return int(cohort_index(np.array([1]), np.array([departure_s]), plan_s, H)[0])


def view_of(vehicles: Vehicles, soc: Any, *, targets: dict[tuple[int, int], tuple[float, float]], time_s: int = 0,
            plan_s: int = 0, bus: Any = 1, departure_s: Any = 10 * HOUR) -> FeederView:
    """targets: (cohort row, hour) -> (pc, pd)."""
    n = vehicles.count
    pc, pd = np.zeros((ROWS, H)), np.zeros((ROWS, H))
    for at, (charge, discharge) in targets.items():
        pc[at], pd[at] = charge, discharge
    declared = DeclaredTable(
        np.broadcast_to(bus, n).astype(np.int64), np.zeros(n, dtype=np.int64),
        np.broadcast_to(departure_s, n).astype(np.int64), vehicles.soc_wanted)
    none, outside = np.zeros((0, 4)), np.arange(3 * 27, dtype=np.float64).reshape(3, 27)
    flexibility = BusFlexibility(*(none,) * 8, p_uncontrolled_kw=outside)
    return FeederView(
        time_s=time_s, plan_time_s=plan_s, pc_target_kw=pc, pd_target_kw=pd,
        marginal_price_usd_per_mwh=np.zeros(H), price_charge_usd_per_kwh=np.zeros(H),
        price_discharge_usd_per_kwh=np.zeros(H), declared=declared,
        soc=np.broadcast_to(soc, n).astype(np.float64), bus_load_kw=np.zeros((3, 27)),
        bus_load_kvar=np.zeros((3, 27)), flexibility=flexibility, vm_pu=np.ones(3))


def run_hour(layer: SpatialLayer, vehicles: Vehicles, soc: Floats, **view: Any) -> tuple[Floats, list[Setpoints]]:
    """Four quarters in which every car does as told; charged less discharged energy at the bus [V]."""
    soc, energy_kwh, answers = soc.copy(), np.zeros(vehicles.count), []
    for quarter in range(4):
        left_s = np.clip(view["departure_s"] - quarter * STEP, 0, STEP)
        answer = layer.step(view_of(vehicles, soc, time_s=quarter * STEP, bus=np.where(left_s > 0, 1, -1), **view))
        moved_kwh = answer.setpoint_kw * left_s / HOUR
        energy_kwh += moved_kwh
        soc += moved_kwh / vehicles.capacity_kwh
        answers.append(answer)
    return energy_kwh, answers


ROW = row_of(10 * HOUR)


@pytest.mark.parametrize(("target", "expected"), [
    ((6.0, 0.0), [3, 3]), ((0.0, 6.0), [-3, -3]), ((0.0, 0.0), [0, 0])])
def test_each_car_takes_its_share_of_plugged_kw(target: tuple[float, float], expected: list[float]) -> None:
    answer = ProRata(knowledge_of(cars(2))).step(view_of(cars(2), 0.5, targets={(ROW, 0): target}))
    assert answer.setpoint_kw == pytest.approx(expected)
    assert answer.is_dispatched.tolist() == [1, 1]


def test_shares_follow_charger_size() -> None:
    vehicles = cars(2, p_charge_max_kw=np.array([5.0, 10.0]))
    answer = ProRata(knowledge_of(vehicles)).step(view_of(vehicles, 0.4, targets={(ROW, 0): (9.0, 0.0)}))
    assert answer.setpoint_kw == pytest.approx([3, 6])


def test_what_limits_cut_goes_to_the_others() -> None:
    """The first car has room for 0.25 kWh only, 1 kW in this quarter; the least lax other takes the rest first."""
    soc = np.array([0.895, 0.6, 0.5])
    vehicles = cars(3, soc_wanted=0.9)
    answer = ProRata(knowledge_of(vehicles)).step(view_of(vehicles, soc, targets={(ROW, 0): (9.0, 0.0)}))
    assert answer.setpoint_kw == pytest.approx([1, 3, 5])


@pytest.mark.parametrize(("soc", "target_kw", "expected"), [
    ((0.85, 0.5, 0.6), 6.0, [0, 4, 2]),  # the first one's share goes to the least lax of the others
    ((0.8, 0.81, 0.5), 6.0, [2 / 3, 1 / 3, 5]),  # the third has no more power: only then the others take any
    ((0.8, 0.82, 0.84), 6.0, [2, 2, 2]),
])
def test_nobody_gets_more_than_wanted_while_another_lacks_it(soc: tuple[float, ...], target_kw: float,
                                                             expected: list[float]) -> None:
    """All want 0.8 and may have 0.9. Filling one at another's expense makes the other charge later, unasked."""
    answer = ProRata(knowledge_of(cars(3))).step(view_of(cars(3), np.array(soc), targets={(ROW, 0): (target_kw, 0.0)}))
    assert answer.setpoint_kw == pytest.approx(expected)


def test_what_must_be_charged_is_charged_and_taken_from_the_others() -> None:
    """The second car needs 6 h of full power and has them; the first is left what remains of the target."""
    departure = np.array([10 * HOUR, 10 * HOUR - 1])
    vehicles = cars(2, soc_wanted=np.array([0.8, 0.9]), p_charge_max_kw=np.array([5.0, 3.0]))
    soc = np.array([0.5, 0.9 - 3 * (10 * HOUR - 1) / HOUR / 50])
    answer = ProRata(knowledge_of(vehicles)).step(
        view_of(vehicles, soc, targets={(ROW, 0): (4.0, 0.0)}, departure_s=departure))
    assert answer.setpoint_kw == pytest.approx([1, 3], abs=1e-6)


def test_a_cohort_may_do_both_with_different_cars() -> None:
    soc = np.array([0.4, 0.85])
    answer = ProRata(knowledge_of(cars(2))).step(view_of(cars(2), soc, targets={(ROW, 0): (4.0, 2.0)}))
    assert answer.setpoint_kw == pytest.approx([4, -2])


def test_set_points_sum_to_target_over_assumed_compliance_once() -> None:
    answer = ProRata(knowledge_of(cars(4), 0.8)).step(
        view_of(cars(4), 0.5, targets={(ROW, 0): (8.0, 0.0)}, bus=np.array([1, 1, 1, 2])))
    assert answer.setpoint_kw.sum() == pytest.approx(10)
    assert answer.p_plan_bus_kw == pytest.approx([0, 27 + 6, 54 + 2])


def test_cars_take_only_their_own_cohort_hour_and_plan() -> None:
    """Cohorts count from the plan's start; a car without a target idles, one not enrolled is free."""
    vehicles = cars(4, is_enrolled=np.array([True, True, True, False]))
    departure = np.array([30, 31, 30, 30]) * HOUR
    bus = np.array([1, 1, -1, 1])
    plan = 24 * HOUR
    targets = {(row_of(30 * HOUR, plan), 2): (4.0, 0.0), (row_of(30 * HOUR, plan), 1): (1.0, 0.0)}
    answer = ProRata(knowledge_of(vehicles)).step(view_of(
        vehicles, 0.6, targets=targets, time_s=plan + 2 * HOUR, plan_s=plan, bus=bus, departure_s=departure))
    assert answer.setpoint_kw == pytest.approx([4, 0, 0, 0])
    assert answer.is_dispatched.tolist() == [1, 1, 0, 0]


def test_hourly_energy_is_met_although_cars_leave_within_the_hour() -> None:
    """Who leaves at half past is asked for all in two quarters, not for half of it."""
    vehicles = cars(2)
    energy_kwh, _ = run_hour(ProRata(knowledge_of(vehicles)), vehicles, np.array([0.85, 0.85]),
                             targets={(row_of(HOUR), 0): (0.0, 4.0)}, departure_s=np.full(2, HOUR // 2))
    assert energy_kwh == pytest.approx([-2, -2])
    mixed_kwh, answers = run_hour(ProRata(knowledge_of(vehicles)), vehicles, np.array([0.85, 0.85]),
                                  targets={(row_of(HOUR), 0): (0.0, 2.0)}, departure_s=np.array([STEP, HOUR]))
    assert mixed_kwh.sum() == pytest.approx(-2)
    assert answers[0].setpoint_kw == pytest.approx([-1.6, -1.6])


def test_departure_inside_a_step_is_asked_for_its_fraction() -> None:
    vehicles = cars(1)
    energy_kwh, answers = run_hour(ProRata(knowledge_of(vehicles)), vehicles, np.array([0.85]),
                                   targets={(row_of(HOUR // 8), 0): (0.5, 0.0)}, departure_s=HOUR // 8)
    assert answers[0].setpoint_kw[0] == pytest.approx(4)
    assert energy_kwh[0] == pytest.approx(0.5)


def test_later_quarters_make_up_what_earlier_ones_could_not() -> None:
    """The first quarter's target is out of reach until a second car plugs in."""
    vehicles, layer = cars(2), ProRata(knowledge_of(cars(2)))
    targets = {(ROW, 0): (6.0, 0.0)}
    given = []
    for quarter, bus in enumerate(([1, -1], [1, 1], [1, 1], [1, 1])):
        answer = layer.step(view_of(vehicles, 0.5, targets=targets, time_s=quarter * STEP, bus=np.array(bus)))
        given.append(answer.setpoint_kw.sum() / 4)
    assert given[0] == pytest.approx(1.25)
    assert sum(given) == pytest.approx(6)
    fresh = layer.step(view_of(vehicles, 0.5, targets={(ROW, 1): (6.0, 0.0)}, time_s=HOUR))
    assert fresh.setpoint_kw.sum() == pytest.approx(6)


def test_undeliverable_targets_are_named() -> None:
    """Two cars can take 10 kWh in the hour and give 3 each: 2 and 1 kWh cannot be had."""
    vehicles, layer = cars(2), ProRata(knowledge_of(cars(2), 0.5))
    more = layer.step(view_of(vehicles, 0.5, targets={(ROW, 0): (6.0, 0.0)}))
    assert more.certificate.target_slack_kwh == pytest.approx((12 - 10) * 0.5)
    other = ProRata(knowledge_of(vehicles, 1.0))
    less = other.step(view_of(vehicles, 0.36, targets={(ROW, 0): (0.0, 7.0)}))
    assert less.certificate.target_slack_kwh == pytest.approx(1)
    later = other.step(view_of(vehicles, 0.36, targets={(ROW, 0): (0.0, 7.0)}, time_s=STEP))
    assert later.certificate.target_slack_kwh == pytest.approx(1)


def test_least_laxity_sharing_serves_the_needy_first() -> None:
    layer = ProRata(knowledge_of(cars(2)), sharing="least_laxity")
    answer = layer.step(view_of(cars(2), np.array([0.6, 0.5]), targets={(ROW, 0): (6.0, 0.0)}))
    assert answer.setpoint_kw == pytest.approx([1, 5])


def test_relabelling_cars_permutes_set_points() -> None:
    rng = np.random.default_rng(4)
    vehicles, order = cars(30), rng.permutation(30)
    soc, departure = rng.uniform(0.3, 0.88, 30), rng.integers(5, 8, 30) * HOUR
    bus = rng.integers(-1, 3, 30)
    bus[bus == 0] = 1
    targets = {(row_of(h * HOUR), 0): (float(rng.uniform(0, 40)), float(rng.uniform(0, 20))) for h in (5, 6, 7)}
    first = ProRata(knowledge_of(vehicles)).step(view_of(vehicles, soc, targets=targets, bus=bus,
                                                         departure_s=departure))
    second = ProRata(knowledge_of(vehicles)).step(view_of(vehicles, soc[order], targets=targets, bus=bus[order],
                                                          departure_s=departure[order]))
    assert second.setpoint_kw == pytest.approx(first.setpoint_kw[order])


def test_nobody_plugged_in() -> None:
    answer = ProRata(knowledge_of(cars(2))).step(view_of(cars(2), 0.5, targets={(ROW, 0): (6.0, 0.0)}, bus=-1))
    assert answer.setpoint_kw.tolist() == [0, 0]
    assert answer.certificate.target_slack_kwh == pytest.approx(6)


@pytest.mark.parametrize("layer", [NoDispatch, ProRata])
def test_without_a_solve_there_is_no_proof_and_no_guidance(layer: Any) -> None:
    answer = layer(knowledge_of(cars(2))).step(view_of(cars(2), 0.5, targets={}, time_s=2 * STEP))
    assert answer.certificate.status == "none" and not answer.certificate.solved_now
    assert np.isnan(answer.certificate.relaxation_gap_max_rel)
    assert np.all(np.isnan(answer.vm_socp_pu)) and np.all(np.isnan(answer.nodal_price_usd_per_mwh))
    assert np.all(answer.guidance_rank == -1) and answer.guidance_rank.shape == (2, 3)
    assert answer.p_plan_bus_kw.tolist() == [2, 29, 56]
    assert answer.is_dispatched.tolist() == ([0, 0] if layer is NoDispatch else [1, 1])


# ---------------------------------------------------------------- the sum that the system operator counts on
def four_cars(**changes):
    base = {"index": np.arange(4), "row": np.array([0, 0, 1, 1]), "lo_kw": np.array([7.0, 0.0, -7.0, -7.0]),
            "hi_kw": np.full(4, 7.0), "need_kw": np.full(4, 7.0), "laxity": np.array([0.0, 1.0, 5.0, 3.0]),
            "p_charge_max_kw": np.full(4, 7.0),
            "p_discharge_max_kw": np.full(4, 7.0), "present_s": np.full(4, 900.0), "rest_s": np.full(4, 900.0)}
    return Cars(**{**base, **changes})


def test_a_car_in_a_hurry_is_made_up_for_by_the_one_with_most_time():
    assert balance_total(np.array([7.0, 0.0, 0.0, 0.0]), 2.0, four_cars()).tolist() == [7.0, 0.0, -5.0, 0.0]


def test_too_little_goes_to_an_idle_car_with_most_time():
    assert balance_total(np.array([7.0, 0.0, 0.0, 0.0]), 10.0, four_cars()).tolist() == [7.0, 0.0, 3.0, 0.0]


def test_no_cohort_falls_below_its_target_by_it():
    """A charging car charges no less, a discharging one gives no less, however far the sum is off."""
    assert balance_total(np.array([7.0, 5.0, 0.0, 0.0]), -99.0, four_cars()).tolist() == [7.0, 5.0, -7.0, -7.0]
    assert balance_total(np.array([0.0, 0.0, -5.0, 0.0]), 99.0, four_cars()).tolist() == [7.0, 7.0, -5.0, 7.0]


def test_the_sum_is_met_only_within_limits():
    assert balance_total(np.zeros(4), -99.0, four_cars(lo_kw=np.full(4, -1.0))).tolist() == [-1.0] * 4


def test_a_sum_that_is_met_changes_nothing():
    powers = np.array([7.0, 1.0, -2.0, 0.0])
    assert balance_total(powers, 6.0, four_cars()) is powers


@pytest.mark.parametrize("sharing", ["plugged_kw", "least_laxity"])
def test_nobody_discharges_where_that_is_not_allowed(sharing):
    """Neither to make up for a car in a hurry (both cohorts' targets sum to 0) nor because a target says so."""
    vehicles, departure = cars(2), np.array([HOUR, 10 * HOUR])
    for may, lowest_kw in ((True, -5.0), (False, 0.0)):
        layer = ProRata(replace(knowledge_of(vehicles), may_discharge=may), sharing)
        answer = layer.step(view_of(vehicles, 0.7, targets={(ROW, 0): (0.0, 5.0)}, departure_s=departure))
        assert answer.setpoint_kw == pytest.approx([5.0, lowest_kw])
    strict = ProRata(replace(knowledge_of(vehicles), may_discharge=False), sharing)
    assert strict.step(view_of(vehicles, 0.7, targets={}, departure_s=departure)).setpoint_kw.tolist() == [5, 0]


@pytest.mark.parametrize(("kept_by", "other_kw"), [("all", -5.0), ("charging", 0.0)])
def test_who_makes_up_for_a_car_in_a_hurry_is_the_scenario_s_choice(kept_by, other_kw):
    """Both cohorts are asked for nothing; the first car must charge."""
    vehicles, departure = cars(2), np.array([HOUR, 10 * HOUR])
    layer = ProRata(replace(knowledge_of(vehicles), total_kept_by=kept_by), "least_laxity")
    answer = layer.step(view_of(vehicles, 0.7, targets={}, departure_s=departure))
    assert answer.setpoint_kw == pytest.approx([5.0, other_kw])


@pytest.mark.parametrize("kept_by", ["all", "charging"])
def test_what_is_missing_is_charged_by_idle_cars_in_either_case(kept_by):
    """The first car leaves with its hour's 1.25 kWh in the first quarter; it is not there, and another takes it."""
    vehicles = cars(1)
    layer = ProRata(replace(knowledge_of(vehicles), total_kept_by=kept_by), "least_laxity")
    targets, departure = {(row_of(STEP), 0): (1.25, 0.0)}, np.array([10 * HOUR])
    answer = layer.step(view_of(vehicles, 0.5, targets=targets, departure_s=departure))
    assert answer.setpoint_kw == pytest.approx([1.25])


@pytest.mark.parametrize(("may_discharge", "idle_kw"), [(False, [0, 0, 0, 0]), (True, [-3.75, 1.25, 1.25, 1.25])])
def test_the_hours_sum_is_an_energy_and_what_ran_ahead_of_it_is_not_asked_for_again(may_discharge, idle_kw):
    """The first car has its hour's 1.25 kWh in the first quarter, in which it leaves; the other one is asked for none.

    Quarter by quarter the mean of 1.25 kW would still be missing three times, and fill the idle car.
    """
    departure = np.array([STEP, 10 * HOUR])
    layer = ProRata(replace(knowledge_of(cars(2)), may_discharge=may_discharge), "least_laxity")
    energy_kwh, answers = run_hour(layer, cars(2), np.array([0.5, 0.5]), departure_s=departure,
                                   targets={(row_of(STEP), 0): (1.25, 0.0)})
    assert energy_kwh.sum() == pytest.approx(1.25)
    assert [answer.setpoint_kw[1] for answer in answers] == pytest.approx(idle_kw)


def test_what_was_missing_early_in_the_hour_is_made_up_for_later_in_it():
    """Nobody is there in the first quarter; the 2 kWh of the hour come in the others, if not to the cohort asked."""
    vehicles, layer = cars(1), ProRata(knowledge_of(cars(1)), "least_laxity")
    soc, given_kw = 0.5, []
    for quarter in range(4):
        answer = layer.step(view_of(vehicles, soc, time_s=quarter * STEP, bus=1 if quarter else -1,
                                    targets={(row_of(5 * HOUR), 0): (2.0, 0.0)}))
        given_kw.append(answer.setpoint_kw[0])
    assert given_kw == pytest.approx([0.0, 8 / 3, 8 / 3, 8 / 3])
