"""Three phases: each equation decides something, the model is that of AC, and what cannot be is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.three_phase import equations as eq
from controllers.spatial.three_phase import statement
from controllers.spatial.three_phase.decision import PhaseDecider
from controllers.spatial.three_phase.layer import ThreePhase
from controllers.spatial.three_phase.limits import bounds_of
from controllers.spatial.three_phase.linear import Linear, around, curvature, sensitivities
from controllers.spatial.three_phase.problem import PhaseProblem, Solution
from controllers.spatial.three_phase.rounds import Rounds
from controllers.spatial.three_phase.statement import Around
from models.records.arrays import Bools, Floats
from models.records.three_phase import CURRENT, TRANSFORMER, UNBALANCE, VOLTAGE, WatchedSlopes
from tests.controllers.spatial import street_case as case

LIMITED = {"cable_a": 40.0, "transformer_kva": 25.0, "unbalance_percent": 1.0, "v_min_pu": 0.97}
"""Of the street in which one car of 7.4 kW is nearly too much."""
HOUSE_KW = 2.0


def evening(limits: dict[str, float] | None = None, house_kw: float = HOUSE_KW, **changes: Any
            ) -> tuple[SpatialKnowledge, FeederView]:
    """Six cars in a street of five houses, two at each of the first, a plan that asks for all they can."""
    rng = np.random.default_rng(3)
    known = case.knowledge(case.street(**({} if limits is None else limits)), case.cars(rng, 6, (7.4,)), **changes)
    view = case.full_charge(known, case.hour(known, rng, house_kw))
    return known, replace(view, marginal_price_usd_per_mwh=np.full(known.horizon_h, 50.0))


CARS_KW = 6.0
"""Published for the cars of each customer, of whom the first have two cars."""


def prepared(known: SpatialKnowledge, view: FeederView, cars_kw: float = np.inf) -> tuple[Layout, Inputs, Linear]:
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    inputs = inputs_of(known, layout, forecast(known, layout, view))
    limit = np.full(inputs.p_fixed.shape, cars_kw / 1e3)
    inputs = replace(inputs, cars_least=-limit, cars_most=limit)
    assert known.network_flow is not None
    p, q = (np.pad(1e3 * table.T, ((0, 0), (1, 0))) for table in (inputs.p_fixed, inputs.q_fixed))
    flow = known.network_flow(p, q)
    assert known.network is not None
    driven = known.network.driven
    return layout, inputs, around(p, q, flow, sensitivities(known.network_flow, p, q, flow.taps, layout.steps,
                                                            known.reactive_power, driven), driven)


def solved(known: SpatialKnowledge, view: FeederView, radius_mw: float = np.inf, without: tuple[str, ...] = (),
           cars_kw: float = np.inf) -> tuple[Solution, Bools]:
    layout, inputs, linear = prepared(known, view, cars_kw)
    assert known.network is not None
    bounds = bounds_of(known.network, [linear.flow])
    nothing = np.zeros(bounds.low.shape, dtype=bool)
    return PhaseProblem(known, without).solve(layout, inputs, linear, bounds.low, bounds.high, radius_mw, nothing)


@pytest.mark.parametrize("reactive", [False, True])
def test_rows_are_those_of_cvxpy(reactive: bool) -> None:
    """The same statement on cvxpy's unknowns has the same optimum."""
    known, view = evening(LIMITED, reactive_power=reactive)
    mine, written = solved(known, view, 0.006, cars_kw=CARS_KW)
    layout, inputs, linear = prepared(known, view, CARS_KW)
    assert known.network is not None
    bounds = bounds_of(known.network, [linear.flow])
    period, row = np.nonzero(written)
    at = Around(linear, bounds.low, bounds.high, 0.006, eq.Chosen(row, period), eq.Chosen(*np.nonzero(
        np.ones((layout.periods, linear.driven.size)))[::-1]))
    u = statement.unknowns(_variable, known, layout, inputs, at)
    constraints = [c for stated in statement.equations(known, layout, inputs, at, u).values() for c in stated]
    usd = statement.objective_usd(known, layout, inputs, at, u)
    for own, weight in statement.squares(layout, inputs, at, u):
        usd = usd + cp.sum(cp.multiply(weight, cp.square(own)))
    value = cp.Problem(cp.Minimize(usd), constraints).solve(solver="CLARABEL")
    losses = float(inputs.loss_usd_per_mw[0] @ linear.flow.losses_kw) / 1e3
    assert period.size
    assert mine.objective_usd == pytest.approx(value + losses, rel=1e-6)


def _variable(shape: tuple[int, int], alive: Bools | None) -> Any:
    x = cp.Variable(shape)
    return x if alive is None else cp.multiply(np.asarray(alive, dtype=np.float64), x)


@pytest.mark.parametrize("name", ["t1", "t2", "t3", "t4", "t6", "t7"])
def test_each_equation_decides_something(name: str) -> None:
    low = {"source_pu": 0.96, "v_min_pu": 0.9}
    known, view = evening({} if name == "t7" else low if name == "t6" else {"v_min_pu": 0.97},
                          voltage_penalty_usd_per_pu2h=1e3)
    radius, cars_kw = 0.004 if name == "t3" else np.inf, CARS_KW if name == "t7" else np.inf
    whole, _ = solved(known, view, radius, cars_kw=cars_kw)
    less, _ = solved(known, view, radius, (name,), cars_kw)
    assert not less.run.is_optimal or less.objective_usd < whole.objective_usd * (1.0 - 1e-6) - 1e-9


@pytest.mark.parametrize(("kind", "limits"), [
    (VOLTAGE, {"v_min_pu": 0.97}), (CURRENT, {"cable_a": 40.0}), (TRANSFORMER, {"transformer_kva": 25.0}),
    (UNBALANCE, {"unbalance_percent": 0.5})])
def test_each_kind_of_limit_is_kept_and_reached(kind: int, limits: dict[str, float]) -> None:
    known, view = evening(limits)
    free = PhaseDecider(replace(known, network=case.street().network(), network_flow=case.street().flow)).decide(view)
    held = PhaseDecider(known).decide(view)
    assert known.network is not None and known.network_flow is not None
    watched = known.network.watched
    of_kind = [known.network_flow(d.p_plan_bus_kw[:1], d.forecast.q_fixed_kvar.T[:1]).value[:, watched.kind == kind]
               for d in (free, held)]
    low, high = watched.low[watched.kind == kind], watched.high[watched.kind == kind]
    excess = [float(np.maximum(low - value, value - high).max()) for value in of_kind]
    assert excess[0] > 1e-3 and abs(excess[1]) < 1e-3 * max(1.0, float(np.abs(high).min()))


def test_losses_curve_as_their_own_second_differences_say() -> None:
    """(T5) of two changes at once, against AC."""
    known, view = evening(house_kw=0.5)
    _, _, linear = prepared(known, view)
    assert known.network_flow is not None
    move = np.zeros((2, linear.p_kw.shape[1]))
    move[:, 2], move[:, 5] = (1.5, 3.0), (2.0, -4.0)
    ac = known.network_flow(linear.p_kw[0] + move, np.tile(linear.q_kvar[0], (2, 1))).losses_kw
    s = linear.sensitivities
    model = linear.flow.losses_kw[0] + move[:, 1:] @ linear.loss_by_p[0] + 0.5 * (
        (move[:, 1:] @ s.root.T) ** 2).sum(axis=1) + 0.5 * move[:, 1:] ** 2 @ s.own
    straight = linear.flow.losses_kw[0] + move[:, 1:] @ linear.loss_by_p[0]
    assert np.abs(model - ac).max() < 0.1 * np.abs(straight - ac).max()


def test_losses_of_each_connections_own_are_taken_apart() -> None:
    """(T5) A line to each of 40 customers beside one to all: 40 squares and one direction, not 40; the same curvature.
    Customers of different phases, whose currents cancel in the neutral, leave what curves upwards too."""
    own, shared = np.linspace(1.0, 2.0, 40), 3.0 * np.ones((40, 40))
    root, apart = curvature(-0.5 * (np.diag(own) + shared))
    assert root.shape == (1, 40)
    assert root.T @ root + np.diag(apart) == pytest.approx(np.diag(own) + shared)
    phases = np.array([[1.0, -0.45, -0.45], [-0.45, 1.0, -0.45], [-0.45, -0.45, 1.0]])
    root, apart = curvature(-0.5 * phases)
    assert root.T @ root + np.diag(apart) == pytest.approx(phases)


def test_of_a_curvature_that_bends_down_somewhere_the_part_that_bends_up_is_left() -> None:
    """(T5) by hand: (1 2; 2 1) has 3 along (1 1), -1 along (1 -1); a sum of squares can only have the first."""
    root, apart = curvature(-0.5 * np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert root.T @ root == pytest.approx(np.full((2, 2), 1.5)) and not apart.any()


@pytest.mark.parametrize(("connections", "points"), [(1000, 2), (1001, 1)])
def test_with_too_many_connections_one_point_serves_all_periods(connections: int, points: int) -> None:
    """Derivatives at the mean of the present hour and at that of the later ones, or at the mean of all."""
    asked: list[float] = []

    def slopes(p_kw: Floats, q_kvar: Floats, taps: Floats, with_q: bool) -> tuple[WatchedSlopes, ...]:
        asked.append(float(p_kw[1]))
        few = 3  # of a network that has so many connections, as many are enough here
        return (WatchedSlopes(np.zeros((1, few), dtype=np.complex128), np.zeros((few, few)), np.zeros(few)),)

    p_kw = np.repeat(np.array([1.0, 3.0, 8.0])[:, None], connections + 1, axis=1)
    found = sensitivities(case.street().flow, p_kw, p_kw, np.zeros((3, 0)), 2, False,
                          np.arange(1, connections + 1), slopes)
    assert asked == ([2.0, 8.0] if points == 2 else [4.0])
    assert found.point_of.tolist() == ([0, 0, 1] if points == 2 else [0, 0, 0])


def test_voltages_that_fall_below_the_threshold_get_their_row() -> None:
    """(T6) None is near it without cars, so none has a row at first; the answer pays for all that fall below."""
    known, view = evening({"source_pu": 0.975, "v_min_pu": 0.8}, voltage_penalty_usd_per_pu2h=5.0)
    layout, inputs, at = prepared(known, view)
    assert not statement.low_voltages(known, at.flow.vm_pu[:, at.driven]).any()
    answer, _ = solved(known, view)
    dp, s = 1e3 * answer.p_cars.T, at.sensitivities
    v, dv = at.flow.vm_pu[:, at.driven], np.einsum("tk,tdk->td", dp, s.vm_by_p[s.point_of])
    low = np.maximum(known.voltage_penalty_below_pu**2 - v**2 - 2.0 * v * dv, 0.0)
    penalty = known.voltage_penalty_usd_per_pu2h * float(layout.period_h @ low @ np.full(v.shape[1], 0.01))
    losses = at.flow.losses_kw + (at.loss_by_p * dp).sum(axis=1) + 0.5 * (
        ((dp @ s.root.T) ** 2).sum(axis=1) + dp**2 @ s.own)
    assert penalty > 1e-4
    assert answer.network_usd == pytest.approx(penalty + float(inputs.loss_usd_per_mw[0] @ losses) / 1e3, abs=1e-6)


@pytest.mark.parametrize(("moved_kw", "model_usd", "factor"), [(1.0, 90.5, 4.0), (0.5, 90.5, 1.0), (1.0, 92.0, 1.0)])
def test_a_step_that_was_cut_short_and_right_is_followed_by_a_longer_one(moved_kw: float, model_usd: float,
                                                                         factor: float) -> None:
    """What it gains, 10 $, it had said to a tenth; else the radius stays."""
    known, view = evening()
    layout, inputs, _ = prepared(known, view)
    found = Rounds(known).run(layout, inputs).best
    assert found.solution is not None
    said = replace(found.solution, cars_usd=model_usd, network_usd=0.0)
    radius = Rounds.wider(0.001, replace(found, usd=100.0), replace(found, usd=90.0), said, moved_kw)
    assert radius == pytest.approx(0.001 * factor)


def test_a_model_that_promises_nothing_ends_the_rounds() -> None:
    """AC found the step worse, by more than rounding; no shorter one can bring more than the model says."""
    known, view = evening()
    layout, inputs, _ = prepared(known, view)
    found = replace(Rounds(known).run(layout, inputs).best, excess=0.0, usd=100.0)
    assert found.solution is not None
    for model_usd, ends in ((100.0, True), (99.0, False)):
        said = replace(found.solution, cars_usd=model_usd, network_usd=0.0)
        assert Rounds._compare(found, replace(found, usd=100.1), said, 1.0) == (False, ends)
        assert Rounds._compare(found, replace(found, excess=2.0), said, 1.0) == (False, ends)


def test_houses_without_a_power_flow_leave_the_fallback() -> None:
    """No derivatives are asked for where AC has no answer; what the fallback does is nothing."""
    known, view = evening(house_kw=2000.0)
    decision = PhaseDecider(known).decide(view)
    assert decision.status == "fallback" and "no power flow without cars" in decision.binding
    assert not decision.pc_kw.any() and not decision.pd_kw.any()


@pytest.mark.parametrize("metres", [200.0, 400.0])
def test_a_step_without_a_power_flow_is_followed_by_a_shorter_one(metres: float) -> None:
    """Six cars of 22 kW are beyond what so long a street can carry at all, and no voltage limit says so before."""
    rng = np.random.default_rng(3)
    known = case.knowledge(case.street(metres=metres, v_min_pu=0.6), case.cars(rng, 6, (22.0,)))
    view = case.full_charge(known, case.hour(known, rng, HOUSE_KW))
    full_kw = view.bus_load_kw[:, 0] + np.bincount(view.declared.bus_index, known.vehicles.p_charge_max_kw,
                                                   known.site.bus_count)
    assert known.network_flow is not None
    assert np.isnan(known.network_flow(full_kw[None], view.bus_load_kvar[None, :, 0]).losses_kw).all()
    decision = PhaseDecider(known).decide(view)
    assert decision.status == "accepted" and decision.pc_kw.sum() > 10.0
    assert np.isfinite(decision.losses_ac_kw).all() and decision.vm_ac_pu.min() > 0.6


def test_houses_at_the_edge_of_what_can_be_carried_leave_the_fallback() -> None:
    """Where a tenth of a kW more has no power flow there are no derivatives, and cars are told nothing."""
    known, view = evening()
    edge = case.up_to(case.street(), float(view.bus_load_kw[:, 0].sum()) + 0.05)
    decision = PhaseDecider(replace(known, network_flow=edge)).decide(view)
    assert decision.binding == ("no answer that AC accepts in 0 rounds (solver: without cars a little more than is "
                                "drawn has no power flow); pro rata at 0 %")
    assert not decision.pc_kw.any()


def test_what_no_power_of_the_cars_can_keep_is_refused_in_the_solvers_words() -> None:
    """Cars that would have to give back what they cannot: the first round has no answer, and no second is asked for."""
    known, view = evening()
    flex = view.flexibility
    never = replace(view, flexibility=replace(flex, x_min_now_kwh=flex.x_min_now_kwh - 20.0,
                                              x_max_now_kwh=np.full_like(flex.x_max_now_kwh, -10.0)))
    decision = PhaseDecider(known).decide(never)
    assert decision.binding.startswith("no answer that AC accepts in 1 rounds (solver: infeasible); pro rata at ")
    assert decision.status == "fallback"


def test_a_layer_of_three_phases_needs_a_network_of_three_phases() -> None:
    known, _ = evening()
    for missing in ("network", "network_flow"):
        with pytest.raises(PlanError, match=r"^district street: a three-phase layer needs a network and its power"):
            PhaseDecider(replace(known, **{missing: None}))


def test_arrivals_are_guided_to_where_they_cost_least() -> None:
    """All cars only charge, so the first house ranks before the last of its street; not guided, none has a rank."""
    known, view = evening(placement="guided")
    rank = PhaseDecider(known).decide(view).guidance[0]
    assert sorted(rank) == list(range(known.site.bus_count))
    assert rank[1] < rank[-2]
    assert (PhaseDecider(replace(known, placement="in_place")).decide(view).guidance == -1).all()


def test_what_cannot_be_names_limit_phase_customer_and_amount() -> None:
    known, view = evening({"v_min_pu": 0.985})
    urgent = replace(view, flexibility=replace(view.flexibility, x_min_now_kwh=view.flexibility.x_max_now_kwh))
    decision = PhaseDecider(known).decide(urgent)
    assert decision.status == "repaired"
    for word in ("customer house", "phase", "kWh", "voltage at bus", "at least 0.985"):
        assert word in decision.binding
    with pytest.raises(PlanError, match=r"limits leave less than cars need: customer house \d phase"):
        PhaseDecider(replace(known, on_inexact="stop")).decide(urgent)
    assert PhaseDecider(replace(known, on_inexact="fallback")).decide(urgent).status == "fallback"


def test_a_limit_broken_without_cars_is_made_no_worse_and_named() -> None:
    known, view = evening({"v_min_pu": 0.99}, house_kw=6.0)
    decision = PhaseDecider(known).decide(view)
    assert known.network is not None and known.network_flow is not None
    is_voltage = known.network.watched.kind == VOLTAGE
    with_cars, without = (known.network_flow(p, decision.forecast.q_fixed_kvar.T).value[:, is_voltage] for p in (
        decision.p_plan_bus_kw, decision.forecast.p_fixed_kw.T))
    assert without.min() < 0.99
    assert (with_cars >= np.minimum(without, 0.99) - 1e-4).all()
    assert "broken without cars, so no worse than that: voltage at bus" in decision.binding


def test_cars_in_a_hurry_are_cut_where_a_limit_would_break() -> None:
    known, view = evening({"v_min_pu": 0.985})
    soc = np.full(known.vehicles.count, 0.2)
    hurry = replace(view, soc=soc, declared=replace(view.declared, declared_departure_s=np.full(soc.size, 3600),
                                                    soc_wanted=np.full(soc.size, 0.9)))
    answer = ThreePhase(known).step(hurry)
    assert known.network is not None and known.network_flow is not None
    bus_kw = np.bincount(view.declared.bus_index, answer.setpoint_kw, known.site.bus_count)
    flow = known.network_flow((view.bus_load_kw[:, 0] + bus_kw)[None], view.bus_load_kvar[None, :, 0])
    assert flow.value[:, known.network.watched.kind == VOLTAGE].min() > 0.985 - 5e-4
    assert answer.setpoint_kw.sum() > 1.0
    assert "cut by" in answer.certificate.binding


def test_reactive_power_lets_more_through() -> None:
    """A voltage that holds cars back leaves them more where chargers may feed reactive power."""
    known, view = evening({"v_min_pu": 0.98})
    assert np.any(known.vehicles.p_discharge_max_kw > 0)
    energy = [float(PhaseDecider(replace(known, reactive_power=reactive)).decide(view).pc_kw.sum())
              for reactive in (False, True)]
    assert energy[1] > energy[0] + 0.1


def test_both_kinds_of_price_have_their_sign() -> None:
    """One more MWh costs more than the system's price at the end of a loaded street; nobody earns by drawing."""
    known, view = evening()
    price = PhaseDecider(known).decide(view).nodal_price_usd_per_mwh[0]
    assert (price[1:] > 50.0).all()
    assert price[-2] > price[1]
