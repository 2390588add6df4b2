"""Every constraint of the lower layer: a case in which leaving it out makes the optimum cheaper, or wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.rows.grid import Unknowns
from controllers.spatial.branch_flow import statement
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.layout import make_layout
from controllers.spatial.branch_flow.problem import LowerProblem, Solution
from models.records.arrays import Floats
from models.records.feeder import PowerFlow, RadialFeeder
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19
END = 17
"""Row of bus 18."""
SHORT: dict[str, Any] = {"step_s": 1800, "look_ahead_h": 3}


def solved(known: SpatialKnowledge, view: FeederView, left_out: str = "", correction: Floats | None = None
           ) -> Solution:
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    inputs = inputs_of(known, layout, forecast(known, layout, view), correction)
    return LowerProblem(known, without=(left_out,)).solve(layout, inputs)


def least_cost(known: SpatialKnowledge, view: FeederView, left_out: str = "") -> float:
    solution = solved(replace(known, solver="CLARABEL"), view, left_out)
    return -np.inf if solution.run.status == "unbounded" else solution.objective_usd


def evening(feeder: RadialFeeder = case.FEEDER, one_way: bool = False, **changes: Any
            ) -> tuple[SpatialKnowledge, FeederView]:
    vehicles = case.fleet()
    if one_way:
        vehicles = replace(vehicles, p_discharge_max_kw=np.where(vehicles.class_index == 0, 0.0, 7.0))
    known = case.knowledge(vehicles, feeder, **{**SHORT, **changes})
    declared, soc = case.parked(vehicles, HOUR * 3600)
    return known, case.view(known, declared, soc, HOUR, load_scale=1.0)


def with_targets(view: FeederView, charge: float, discharge: float) -> FeederView:
    """Every cohort with cars is asked for these multiples of what its plan has power for."""
    has_cars = view.pc_target_kw.sum(axis=1, keepdims=True) + view.pd_target_kw.sum(axis=1, keepdims=True) > 0
    shape = view.pc_target_kw.shape
    return replace(view, pc_target_kw=np.broadcast_to(charge * has_cars * 7.0, shape).copy(),
                   pd_target_kw=np.broadcast_to(discharge * has_cars * 7.0, shape).copy())


def rated(bus: int, kva: float) -> RadialFeeder:
    rating = case.FEEDER.transformer_kva.copy()
    rating[bus] = kva
    return replace(case.FEEDER, transformer_kva=rating)


def sunny(case_of: tuple[SpatialKnowledge, FeederView], generation_kw: float) -> tuple[SpatialKnowledge, FeederView]:
    """The same with generators at the end of the feeder, of which less may be taken."""
    known, view = case_of
    load = view.bus_load_kw.copy()
    load[END] -= generation_kw
    return (replace(known, generation_buses=np.array([END])),
            replace(view, bus_load_kw=load, generation_kw=np.full((1, load.shape[1]), generation_kw)))


def load_alone() -> PowerFlow:
    """AC at the highest load of the window, without cars."""
    shape = case.LOAD_SHAPE[HOUR]
    return case.POWER_FLOW(shape * case.FEEDER.p_base_kw[None], shape * case.FEEDER.q_base_kvar[None])


def binding_case(name: str) -> tuple[SpatialKnowledge, FeederView]:
    """A view in which that group of constraints decides something."""
    feeder = case.FEEDER
    if name == "eq5":
        known, view = evening(replace(feeder, v_min_pu=float(load_alone().vm_pu.min()) + 2e-4))
        return known, with_targets(view, 0.0, 0.0)
    if name == "eq6":
        i_max = feeder.i_max_pu.copy()
        i_max[1] *= 0.998 * load_alone().line_loading_percent[0, 1] / 100.0
        known, view = evening(replace(feeder, i_max_pu=i_max))
        return known, with_targets(view, 0.0, 0.0)
    if name == "eq7":
        declared_bus = int(case.parked(case.fleet(), HOUR * 3600)[0].bus_index[0])
        load_kva = case.LOAD_SHAPE[HOUR] * float(np.hypot(feeder.p_base_kw, feeder.q_base_kvar)[declared_bus])
        known, view = evening(rated(declared_bus, load_kva + 1.0))
        return known, with_targets(view, 1.0, 0.0)
    if name == "eq8":
        known, view = evening(rated(0, 4300.0))
        return known, with_targets(view, 1.0, 0.0)
    if name == "eq10":
        known, view = evening()
        flex = view.flexibility
        may_not_charge = flex.pc_max_now_kw * np.array([1.0, 0.0])  # so that (11) does not bound discharging
        view = replace(view, flexibility=replace(flex, pc_max_now_kw=may_not_charge,
                                                 pd_max_now_kw=0.5 * flex.pd_max_now_kw))
        return known, with_targets(view, 0.0, 9.0)
    if name == "eq16":  # only who is paid for it takes less of the sun for nothing
        return sunny(evening(curtailment_usd_per_mwh=-100.0), 30.0)
    known, view = evening()
    return known, with_targets(view, 3.0, 3.0) if name in {"eq11", "eq12"} else view


@pytest.mark.parametrize(
    "name", ["eq1", "eq2", "eq3", "eq4", "eq5", "eq6", "eq7", "eq8", "eq10", "eq11", "eq12", "eq13", "eq14",
             "eq16", "voltage_penalty"])
def test_leaving_a_constraint_out_changes_the_optimum(name: str) -> None:
    known, view = binding_case(name)
    whole = least_cost(known, view)
    assert np.isfinite(whole)
    assert least_cost(known, view, left_out=name) < whole - 3e-5 * abs(whole)


def test_without_the_lossless_ceiling_the_repair_does_not_hold() -> None:
    feeder = case.unlimited_transformers(replace(case.FEEDER, v_max_pu=1.05))
    known = case.knowledge(case.fleet(), feeder, step_s=3600, look_ahead_h=2)
    view = case.injection_view(known, 18, 2000.0, 0.4)
    correction = np.full((32, 2), 0.02)
    assert solved(known, view, correction=correction).pd.sum() < 1.5
    assert solved(known, view, "eq9", correction).pd.sum() > 1.99


def test_every_equation_has_a_case_here() -> None:
    known, view = sunny(evening(rated(0, 9000.0), one_way=True), 30.0)
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    inputs = inputs_of(known, layout, forecast(known, layout, view), np.zeros((32, layout.periods)))
    stated = statement.equations(known, layout, inputs, statement.unknowns(Unknowns().new, known, layout, inputs))
    assert {name for name, rows in stated.items() if rows} == {f"eq{i}" for i in range(1, 15)} | {
        "eq16", "voltage_penalty", "signs"}


def test_generation_is_taken_as_far_as_the_line_lets_it_through() -> None:
    """Of 400 kW at the end of the feeder its line carries 100 kVA: the rest beyond the bus's load is not taken."""
    i_max = case.FEEDER.i_max_pu.copy()
    i_max[END] = 0.1
    known, view = sunny(evening(case.unlimited_transformers(replace(case.FEEDER, i_max_pu=i_max)),
                                curtailment_usd_per_mwh=75.0), 400.0)
    decision = Decider(known).decide(view)
    assert decision.status == "accepted"
    limit, load = decision.generation_limit_kw[0], view.bus_load_kw[END] + 400.0
    room = np.sqrt((100.0 * decision.vm_ac_pu[:, END - 1]) ** 2 - view.bus_load_kvar[END] ** 2)
    assert decision.p_plan_bus_kw[:, END] == pytest.approx(-room, abs=1.5), "the line is full"
    cars = decision.p_plan_bus_kw[:, END] - (load - limit)
    assert np.all(cars > -7.0) and np.all(limit < 200.0), "what is taken besides feeds the bus's own load and cars"
    assert decision.is_tight


def test_generation_that_fits_is_taken_whatever_comes() -> None:
    known, view = sunny(evening(curtailment_usd_per_mwh=75.0), 60.0)
    decision = Decider(known).decide(view)
    assert decision.status == "accepted"
    assert np.isnan(decision.generation_limit_kw).all()


def test_reactive_power_stays_within_the_chargers_and_cuts_losses() -> None:
    known, view = evening()
    without = Decider(known).decide(view)
    decision = Decider(replace(known, reactive_power=True)).decide(view)
    assert decision.status == without.status == "accepted"
    assert decision.losses_ac_kw.sum() < without.losses_ac_kw.sum() - 1.0
    flex, layout = view.flexibility, decision.layout
    kva = np.zeros((known.site.bus_count, layout.steps))
    np.add.at(kva, known.pairs.bus_index, flex.pd_max_now_kw)
    net = np.zeros_like(kva)
    np.add.at(net, known.pairs.bus_index[layout.pairs], decision.pc_kw - decision.pd_kw)
    q = decision.q_plan_bus_kvar[: layout.steps].T
    assert np.hypot(net, q).max() > 1.0
    assert np.all(np.hypot(net, q) <= kva + 1e-3)


@pytest.mark.parametrize(("step_s", "look_ahead_h"), [(900, 24), (3600, 24)])
def test_both_solvers_find_the_same_optimum(step_s: int, look_ahead_h: int) -> None:
    known, view = evening(step_s=step_s, look_ahead_h=look_ahead_h)
    first = Decider(known).decide(view)
    second = Decider(replace(known, solver="QOCO")).decide(view)
    assert first.status == second.status == "accepted"
    assert first.layout.periods == 3600 // step_s + look_ahead_h - 1
    assert np.allclose(first.p_plan_bus_kw, second.p_plan_bus_kw, atol=0.05)
    assert first.losses_ac_kw.sum() == pytest.approx(second.losses_ac_kw.sum(), rel=1e-6)


def test_wear_and_prices_are_what_the_optimum_weighs() -> None:
    """A cohort wants to discharge for little: dear wear does not stop what the plan wants, slack costs more."""
    known, view = evening()
    dear = replace(known, wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.6))
    asked = Decider(known).decide(view).pd_kw.sum()
    assert asked > 50.0
    assert Decider(dear).decide(view).pd_kw.sum() < 0.1 * asked


def test_look_ahead_of_one_hour_is_refused() -> None:
    known, view = evening(look_ahead_h=1)
    with pytest.raises(PlanError, match="look_ahead_h >= 2"):
        Decider(known).decide(view)


def test_a_district_without_network_is_refused() -> None:
    known, _ = evening()
    with pytest.raises(PlanError, match="needs a feeder"):
        Decider(replace(known, feeder=None))
