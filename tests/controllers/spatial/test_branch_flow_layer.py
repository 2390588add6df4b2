"""The lower layer as the others see it: decides at whole hours, holds, shares, guides, and admits failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.decision import REPAIR_ROUNDS, Decider
from controllers.spatial.branch_flow.forecast import forecast
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.branch_flow.layout import make_layout
from controllers.spatial.branch_flow.targets import hour_targets, later_targets, look_ahead, plan_hour
from models.records.arrays import Floats
from models.records.feeder import PowerFlow
from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19
SHORT: dict[str, Any] = {"step_s": 900, "look_ahead_h": 4}


def evening(**changes: Any) -> tuple[SpatialKnowledge, FeederView]:
    known = case.knowledge(case.fleet(), **{**SHORT, **changes})
    declared, soc = case.parked(known.vehicles, HOUR * 3600)
    return known, case.view(known, declared, soc, HOUR)


# ---------------------------------------------------------------- one hour
def wish(view: FeederView, is_charging: bool) -> FeederView:
    """The evening's discharge, or the same cohorts charging at half that power."""
    if not is_charging:
        return view
    wish_kw = 0.5 * (view.pc_target_kw + view.pd_target_kw)
    return replace(view, pc_target_kw=wish_kw, pd_target_kw=np.zeros_like(wish_kw))


@pytest.mark.parametrize("is_charging", [False, True])
def test_the_hour_delivers_the_plan_divided_by_the_assumed_compliance(is_charging: bool) -> None:
    known, view = evening()
    view = wish(view, is_charging)
    layer = BranchFlow(known)
    energy_kwh = np.zeros(known.vehicles.count)
    soc = view.soc.copy()
    for quarter in range(4):
        out = layer.step(replace(view, time_s=view.time_s + 900 * quarter, soc=soc))
        energy_kwh += out.setpoint_kw / 4.0
        soc = soc + np.where(out.setpoint_kw > 0, 0.95, 1 / 0.95) * out.setpoint_kw / 4.0 / known.vehicles.capacity_kwh
        assert np.all(np.abs(out.setpoint_kw) <= known.vehicles.p_charge_max_kw + 1e-9)
    wanted = (view.pc_target_kw - view.pd_target_kw)[:, 0].sum()
    assert np.sign(wanted) == (1.0 if is_charging else -1.0) and abs(wanted) > 20.0
    assert energy_kwh.sum() * known.assumed_compliance == pytest.approx(wanted, rel=1e-6)


def test_a_decision_holds_for_its_hour_and_carries_its_proof() -> None:
    known, view = evening()
    layer = BranchFlow(known)
    first = layer.step(view)
    held = layer.step(replace(view, time_s=view.time_s + 900))
    again = layer.step(replace(view, time_s=view.time_s + 3600))
    assert [s.certificate.solved_now for s in (first, held, again)] == [True, False, True]
    proof = first.certificate
    assert proof.status == "accepted" and proof.binding == ""
    assert proof.vm_error_max_pu <= 1e-5 and proof.loss_error_rel <= 1e-3 and proof.relaxation_gap_max_rel < 1e-5
    assert proof.solver_s > 0 and held.certificate.solver_s == 0
    assert np.allclose(first.vm_socp_pu, first.vm_ac_pu, atol=1e-5)
    assert first.losses_socp_kw == pytest.approx(first.losses_ac_kw, rel=1e-3)


@pytest.mark.parametrize("is_charging", [False, True])
def test_the_plan_for_buses_is_what_cars_are_told_and_the_optimum_placed(is_charging: bool) -> None:
    known, view = evening()
    view = wish(view, is_charging)
    out = BranchFlow(known).step(view)
    told = np.bincount(view.declared.bus_index, out.setpoint_kw, known.site.bus_count) * known.assumed_compliance
    assert np.allclose(out.p_plan_bus_kw, told)
    decision = Decider(known).decide(view)
    placed = decision.p_plan_bus_kw[0] - view.bus_load_kw[:, 0]
    assert np.allclose(out.p_plan_bus_kw, placed, atol=0.01)


def test_each_quarter_carries_the_hours_mean_whatever_the_load_does() -> None:
    known, view = evening()
    load_kw = view.bus_load_kw.copy()
    load_kw[:, :2] *= 1.3
    pd_kw = Decider(known).decide(replace(view, bus_load_kw=load_kw)).pd_kw.sum(axis=0)
    assert pd_kw[0] > 40.0
    assert np.allclose(pd_kw, pd_kw[0], rtol=1e-3)


def test_cars_outside_control_are_in_the_plan_for_buses() -> None:
    known, view = evening()
    uncontrolled = np.full_like(view.flexibility.p_uncontrolled_kw, 2.0)
    more = BranchFlow(known).step(replace(view, flexibility=replace(view.flexibility, p_uncontrolled_kw=uncontrolled)))
    alone = BranchFlow(known).step(view)
    assert more.p_plan_bus_kw.sum() - alone.p_plan_bus_kw.sum() == pytest.approx(2.0 * 33, abs=0.1)
    assert more.losses_socp_kw > alone.losses_socp_kw + 1.0


def test_cars_that_arrive_meanwhile_take_what_their_cohort_lacks() -> None:
    known, view = evening()
    everyone = view.declared
    late = np.arange(known.vehicles.count) < 18
    before = DeclaredTable(**{**everyone.to_arrays(), "bus_index": np.where(late, -1, everyone.bus_index)})
    fewer = case.view(known, before, view.soc, HOUR)
    targets = {"pc_target_kw": view.pc_target_kw, "pd_target_kw": view.pd_target_kw}
    layer = BranchFlow(known)
    first = layer.step(replace(fewer, **targets))
    assert first.certificate.target_slack_kwh > 10.0 and not np.any(first.is_dispatched[late])
    second = layer.step(replace(fewer, **targets, time_s=view.time_s + 900, declared=everyone))
    assert np.all(second.is_dispatched[late]) and second.setpoint_kw[late].sum() < -20.0
    wanted = (view.pc_target_kw - view.pd_target_kw)[:, 0].sum()
    assert second.p_plan_bus_kw.sum() < 0.95 * wanted


def test_the_order_of_pairs_does_not_matter() -> None:
    known, view = evening()
    order = np.random.default_rng(3).permutation(known.pairs.count)
    pairs = replace(known.pairs, bus_index=known.pairs.bus_index[order], group=known.pairs.group[order],
                    departure_bin=known.pairs.departure_bin[order])
    flex = view.flexibility
    names = ("x_min_now_kwh", "x_max_now_kwh", "pc_max_now_kw", "pd_max_now_kw")
    shuffled = replace(view, flexibility=replace(flex, **{n: getattr(flex, n)[order] for n in names}))
    first = Decider(known).decide(view)
    second = Decider(replace(known, pairs=pairs)).decide(shuffled)
    assert np.abs(first.p_plan_bus_kw - second.p_plan_bus_kw).max() / 1e3 < 1e-6
    first = BranchFlow(known).step(view)
    other = BranchFlow(replace(known, pairs=pairs)).step(shuffled)
    assert np.abs(first.p_plan_bus_kw - other.p_plan_bus_kw).max() / 1e3 < 1e-6


def test_the_present_is_not_starved_for_a_forecast() -> None:
    """The plan asks for more charging in all than the cars can take: the present hour is served in full."""
    known, view = evening()
    pc = np.where(view.pc_target_kw.sum(axis=1, keepdims=True) > 0, 1.0, 0.0) * np.full((1, known.horizon_h), 40.0)
    pc[:, 0] = 0.2 * view.pd_target_kw[:, 0]
    decision = Decider(known).decide(replace(view, pc_target_kw=pc, pd_target_kw=np.zeros_like(pc)))
    assert decision.pc_kw.mean(axis=1).sum() == pytest.approx(pc[:, 0].sum(), rel=1e-4)
    assert decision.target_slack_kwh < 0.01


def test_a_solvers_dust_is_no_wish() -> None:
    """A car told to discharge 1e-8 kW could not charge: the powers handed to cars hold nothing below 1 W."""
    known, view = evening()
    decision = Decider(known).decide(view)
    for power in (decision.pc_kw, decision.pd_kw):
        assert np.all((power == 0.0) | (power >= 1e-3))
    assert np.any(decision.pc_kw == 0.0)


# ---------------------------------------------------------------- failure
def test_stop_names_what_the_power_flow_says() -> None:
    feeder = case.unlimited_transformers(replace(case.FEEDER, v_max_pu=1.05))
    known = case.knowledge(case.fleet(), feeder, step_s=3600, look_ahead_h=2, on_inexact="stop")
    with pytest.raises(PlanError, match=r"AC refuses.*vm_pu above v_max_pu=1\.09.*bus 18"):
        BranchFlow(known).step(case.injection_view(known, 18, 2000.0, 0.4))


def test_fallback_is_the_best_scale_of_pro_rata() -> None:
    feeder = case.unlimited_transformers(replace(case.FEEDER, v_max_pu=1.05))
    known = case.knowledge(case.fleet(), feeder, step_s=3600, look_ahead_h=2, on_inexact="fallback")
    decision = Decider(known).decide(case.injection_view(known, 18, 2000.0, 0.4))
    assert decision.status == "fallback" and "pro rata at 62.5 %" in decision.binding
    assert 1.045 < decision.vm_ac_pu.max() <= 1.05
    assert decision.target_slack_kwh == pytest.approx(2000.0 - 1250.0)
    assert np.all(decision.guidance == -1) and np.all(np.isnan(decision.nodal_price_usd_per_mwh))


@pytest.mark.parametrize(("on_inexact", "status"), [("repair", "repaired"), ("fallback", "fallback")])
def test_an_infeasible_hour_names_limits_and_amounts(on_inexact: str, status: str) -> None:
    known = case.knowledge(case.fleet(), replace(case.FEEDER, v_min_pu=0.94), step_s=3600, look_ahead_h=2,
                           on_inexact=on_inexact)
    declared, soc = case.parked(known.vehicles, HOUR * 3600)
    out = BranchFlow(known).step(case.view(known, declared, soc, HOUR, load_scale=1.0))
    assert out.certificate.status == status
    assert "infeasible" in out.certificate.binding
    assert "vm_pu below v_min_pu=0.9" in out.certificate.binding and "against 0.94 at bus" in out.certificate.binding
    assert np.any(out.setpoint_kw < 0)


def test_a_power_flow_that_there_never_is_ends_in_the_fallback_without_any_car() -> None:
    """The relaxation has an answer, AC has none: the texts say that instead of differences to what is not there."""
    known, view = evening(look_ahead_h=2)

    def nothing(p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        flow = case.POWER_FLOW(p_kw, q_kvar)
        return replace(flow, vm_pu=np.full_like(flow.vm_pu, np.nan), losses_kw=np.full_like(flow.losses_kw, np.nan))

    decision = Decider(replace(known, power_flow=nothing)).decide(view)
    assert decision.status == "fallback" and not decision.pc_kw.any() and not decision.pd_kw.any()
    assert decision.binding.startswith("AC refuses: no power flow in period 0; not repaired: AC refuses: no power flow")
    assert "nan" not in decision.binding


def test_a_repair_that_never_settles_ends_after_its_rounds() -> None:
    """Voltages that AC gives fall from call to call, so that no correction is right a round later."""
    known, view = evening(look_ahead_h=2)
    calls: list[int] = []

    def drifting(p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        calls.append(1)
        flow = case.POWER_FLOW(p_kw, q_kvar)
        return replace(flow, vm_pu=flow.vm_pu - np.r_[0.0, np.full(32, 1e-4 * len(calls))])

    decider = Decider(replace(known, power_flow=drifting))
    solve, solved = decider.problem.solve, list[int]()

    def counted(*given: Any) -> Any:
        solved.append(1)
        return solve(*given)

    decider.problem.solve = counted  # type: ignore[method-assign]
    decision = decider.decide(view)
    assert len(solved) == 1 + REPAIR_ROUNDS
    assert decision.status == "fallback" and "; not repaired: AC refuses: voltages differ by " in decision.binding


# ---------------------------------------------------------------- edges of the plan and of the district
@pytest.mark.parametrize("reactive_power", [False, True])
def test_the_last_hour_of_a_plan_is_decided_without_targets_of_later_hours(reactive_power: bool) -> None:
    """The plan says nothing of the look-ahead: this hour's targets are met, and nothing is owed for what comes then."""
    known, view = evening(reactive_power=reactive_power)
    last = replace(view, plan_time_s=view.time_s - 3600 * (known.horizon_h - 1))
    wanted = np.zeros((THREE_CLASSES.count, known.horizon_h + 1, known.horizon_h))
    wanted[:, -1, -1] = view.pd_target_kw[:, 0].reshape(THREE_CLASSES.count, -1).sum(axis=1)  # all leave after the plan
    last = replace(last, pc_target_kw=np.zeros_like(view.pc_target_kw),
                   pd_target_kw=wanted.reshape(view.pd_target_kw.shape))
    decision = Decider(known).decide(last)
    assert decision.forecast.later_known == 0 and decision.status == "accepted"
    assert decision.pd_kw.mean(axis=1).sum() == pytest.approx(view.pd_target_kw[:, 0].sum(), rel=1e-4)
    assert decision.target_slack_kwh < 0.01


def test_reactive_power_of_cars_that_only_charge_is_none() -> None:
    """Chargers of one way have no kVA for it: the optimum is that without reactive power."""
    vehicles = replace(case.fleet(), p_discharge_max_kw=np.zeros(case.fleet().count))
    known = case.knowledge(vehicles, **SHORT)
    view = case.view(known, *case.parked(vehicles, HOUR * 3600), HOUR)
    pc = view.pc_target_kw.copy()
    pc[:, 0] = 0.5 * pc.max(axis=1)
    without, decision = (Decider(replace(known, reactive_power=may)).decide(replace(view, pc_target_kw=pc))
                         for may in (False, True))
    assert decision.status == without.status == "accepted" and without.pc_kw.sum() > 1.0
    assert not decision.q_plan_bus_kvar.any()
    assert np.allclose(decision.p_plan_bus_kw, without.p_plan_bus_kw, atol=1e-3)


def test_a_district_without_places_for_cars_is_refused() -> None:
    known, _ = evening()
    pairs = replace(known.pairs, bus_index=known.pairs.bus_index[:0], group=known.pairs.group[:0],
                    departure_bin=known.pairs.departure_bin[:0])
    with pytest.raises(PlanError, match=r"^district test: the lower layer needs a network and places for cars$"):
        make_layout(replace(known, pairs=pairs), np.zeros(0, dtype=np.int64))
    with pytest.raises(PlanError, match=r"^district test: the lower layer needs a network and places for cars$"):
        make_layout(replace(known, feeder=None), np.arange(3))


def test_another_day_begins_with_nothing_learned() -> None:
    """Hours in which time runs backwards are another day's: decided to the last bit as by a new operator."""
    known, view = evening()
    used, new = Decider(known), Decider(known)
    used.decide(replace(view, time_s=view.time_s + 3600, plan_time_s=view.plan_time_s + 3600))
    assert np.array_equal(used.decide(view).p_plan_bus_kw, new.decide(view).p_plan_bus_kw)


# ---------------------------------------------------------------- guidance
def planned(charge_hours: tuple[int, ...], discharge_hours: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Guidance ranks of slow ports if private cars charge and discharge in those hours from now."""
    known, view = evening(look_ahead_h=12)
    pc, pd = np.zeros_like(view.pc_target_kw), np.zeros_like(view.pd_target_kw)
    cohorts = np.flatnonzero(view.pc_target_kw.sum(axis=1) > 0)
    pc[np.ix_(cohorts, charge_hours)] = 3.0
    pd[np.ix_(cohorts, discharge_hours)] = 3.0
    return np.asarray(BranchFlow(known).step(replace(view, pc_target_kw=pc, pd_target_kw=pd)).guidance_rank[0])


def test_discharging_cars_are_sent_to_the_electrical_end() -> None:
    rank = planned((), (1, 2))
    assert rank[17] < rank[12] < rank[7]  # buses 18, 13, 8 of the residential zone


def test_charging_cars_are_sent_near_the_substation() -> None:
    rank = planned((5, 6, 7), ())
    assert rank[6] < rank[12] < rank[17]


def test_arrivals_are_not_parked_for_a_peak_they_will_not_see() -> None:
    """All plugged cars declare to leave within 14 h: a peak 20 hours away does not move the ranks."""
    known, view = evening(look_ahead_h=23)
    pc, pd = np.zeros_like(view.pc_target_kw), np.zeros_like(view.pd_target_kw)
    cohorts = np.flatnonzero(view.pc_target_kw.sum(axis=1) > 0)
    pc[np.ix_(cohorts, (3, 4))] = 1.0
    pd[np.ix_(cohorts, (20, 21))] = 50.0
    view = replace(view, pc_target_kw=pc, pd_target_kw=pd)
    flex = view.flexibility
    later = np.where(known.site.slow_ports > 0, 50.0, 0.0)[:, None, None] * np.ones((1, 2, 22))
    view = replace(view, flexibility=replace(flex, pc_max_later_kw=later, pd_max_later_kw=later,
                                             x_min_later_kwh=-1e4 * np.ones_like(later),
                                             x_max_later_kwh=1e4 * np.ones_like(later)))
    rank = BranchFlow(known).step(view).guidance_rank[0]
    assert rank[6] < rank[12] < rank[17]


def test_only_guided_placement_guides() -> None:
    known, view = evening(placement="in_place")
    assert np.all(BranchFlow(known).step(view).guidance_rank == -1)


def test_each_kind_of_port_ranks_its_own_buses_first() -> None:
    known, view = evening()
    rank = BranchFlow(known).step(view).guidance_rank
    assert np.array_equal(np.sort(rank[1]), np.arange(33))
    fast = known.site.fast_ports > 0
    assert rank[1, fast].max() < rank[1, ~fast].min()


# ---------------------------------------------------------------- plan to targets
def test_cohorts_of_an_old_plan_find_their_departure_bin() -> None:
    targets = np.zeros((THREE_CLASSES.count * 49, 48))
    group, hour, bins = 1, 5, 25
    for departure, power in ((3, 1.0), (5, 2.0), (9, 4.0), (40, 8.0), (47, 16.0), (48, 32.0)):
        targets[group * 49 + departure, hour] = power
    nobody = np.zeros((THREE_CLASSES.count, bins))
    now = hour_targets(targets, 48, hour, bins, nobody, nobody)
    assert now[group, 0] == 3.0  # one is overdue, one leaves in this hour
    assert now[group, 4] == 4.0
    assert now[group, 24] == 56.0  # all beyond the bins
    assert now.sum() == targets[:, hour].sum()


def test_the_cohort_beyond_the_horizon_is_spread_by_what_its_cars_must_and_can_do() -> None:
    targets = np.zeros((THREE_CLASSES.count * 49, 48))
    targets[1 * 49 + 48, 40] = 12.0
    least, most = np.zeros((2, THREE_CLASSES.count, 25))
    most[1, [3, 9, 20]] = 7.0, 7.0, 21.0  # bin 3 leaves before the horizon ends
    least[1, 9] = 2.0
    now = hour_targets(targets, 48, 40, 25, least, most)
    assert now[1, 3] == 0.0
    assert now[1, 9] == pytest.approx(2.0 + 10.0 * 5 / 26) and now[1, 20] == pytest.approx(10.0 * 21 / 26)
    beyond = hour_targets(targets, 48, 40, 25, 0.1 * most, 0.1 * most)
    assert beyond[1, 9] == pytest.approx(3.0) and beyond[1, 20] == pytest.approx(9.0), "nobody can do more"


def test_a_car_at_its_floor_is_not_asked_while_others_beyond_the_horizon_can() -> None:
    """Two bins of the last cohort, one with nothing left to give: the other is asked for all."""
    known, view = evening()
    flex, bins = view.flexibility, known.pairs.departure_bin
    late = (known.pairs.group == 1) & (bins > 4) & (flex.pd_max_now_kw[:, 0] > 0)
    empty = late & (bins % 2 == 0)
    assert 0 < empty.sum() < late.sum()
    flex = replace(flex, x_min_now_kwh=np.where(empty[:, None], 0.0, flex.x_min_now_kwh))
    layout = make_layout(known, np.flatnonzero(flex.pc_max_now_kw.max(axis=1) > 0))
    hour, rows = known.horizon_h - 4, view.pd_target_kw.shape
    targets = np.zeros(rows)
    targets[1 * (known.horizon_h + 1) + known.horizon_h, hour] = 5.0
    asked = forecast(known, layout, replace(
        view, flexibility=flex, pc_target_kw=np.zeros(rows), pd_target_kw=targets,
        plan_time_s=view.time_s - hour * 3600)).cohort_d_kw[1]
    assert asked.sum() == pytest.approx(5.0)
    able = np.unique(bins[late & ~empty])
    assert asked[able].sum() == pytest.approx(5.0) and asked[np.setdiff1d(bins[empty], able)].sum() == 0.0


def test_later_targets_sum_by_zone_and_kind_until_the_plan_ends() -> None:
    targets = np.ones((THREE_CLASSES.count * 49, 48))
    later, known_hours = later_targets(targets, 48, 45, 10, THREE_CLASSES)
    assert known_hours == 2
    assert np.all(later[:, 0, :2] == 4 * 49) and np.all(later[:, 1, :2] == 2 * 49)
    assert np.all(later[:, :, 2:] == 0.0)


def test_prices_go_on_beyond_the_plan() -> None:
    assert list(look_ahead(np.array([1.0, 2.0, 3.0]), 1, 2, 3)) == [2.0, 2.0, 3.0, 3.0, 3.0]


def test_a_plan_that_has_run_out_is_an_error() -> None:
    assert plan_hour(7200, 0, 48) == 2
    with pytest.raises(PlanError, match="covers 48 h"):
        plan_hour(48 * 3600, 0, 48)
