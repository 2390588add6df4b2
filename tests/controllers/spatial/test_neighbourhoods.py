"""Cars of later hours act as one within a neighbourhood: what that joins, what it keeps, what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.layout import make_layout
from controllers.spatial.branch_flow.neighbourhoods import neighbourhoods, shares
from controllers.spatial.branch_flow.problem import LowerProblem, Solution
from models.records.arrays import Floats, Ints
from tests.controllers.spatial import branch_flow_case as case

HOUR, FEW = 18, 6


@st.composite
def trees(draw: st.DrawFn) -> Ints:
    """Parents of 2 to 60 buses, each before its children."""
    buses = draw(st.integers(2, 60))
    return np.array([-1, *(draw(st.integers(0, bus - 1)) for bus in range(1, buses))])


@given(trees(), st.integers(1, 80))
def test_neighbourhoods_are_connected_and_about_as_many_as_asked(parent: Ints, most: int) -> None:
    top = neighbourhoods(parent, most)
    is_top = top == np.arange(top.size)
    assert np.all(is_top[top]), "each is named by its topmost bus"
    below = ~is_top
    assert np.array_equal(top[parent[below]], top[below]), "the way to the top stays within"
    least = -(-parent.size // most)
    sizes = np.bincount(top, minlength=top.size)[is_top]
    assert np.all(sizes[1:] >= least), "all but the one at the substation are large enough"
    assert sizes.size <= most + 1


@given(trees())
def test_with_as_many_as_buses_each_is_its_own(parent: Ints) -> None:
    assert np.array_equal(neighbourhoods(parent, parent.size), np.arange(parent.size))


def test_shares_add_up_to_one_where_there_is_power() -> None:
    share = shares(np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 2.0]]), np.array([0, 0, 1]), 2)
    assert share == pytest.approx(np.array([[0.25, 0.0], [0.75, 0.0], [1.0, 1.0]]))


def afternoon(count: int, **changes: object) -> tuple[SpatialKnowledge, FeederView]:
    known = case.knowledge(case.fleet(), step_s=1800, look_ahead_h=8, look_ahead_neighbourhoods=count, **changes)
    declared, soc = case.parked(known.vehicles, HOUR * 3600)
    return known, case.view(known, declared, soc, HOUR)


def solved(known: SpatialKnowledge, view: FeederView) -> Solution:
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    solution = LowerProblem(known).solve(layout, inputs_of(known, layout, forecast(known, layout, view)))
    assert solution.run.is_optimal
    return solution


def later_cars_mw(solution: Solution, known: SpatialKnowledge) -> Floats:
    """[B - 1, N] of cars in later hours."""
    return solution.p_pev[:, 3600 // known.step_s :]


@pytest.mark.parametrize("reactive_power", [False, True])
def test_buses_of_a_neighbourhood_move_together(reactive_power: bool) -> None:
    """Each bus has the share of its chargers in the power of its neighbourhood, zone by zone (one kind of charger)."""
    known, view = afternoon(FEW, reactive_power=reactive_power)
    solution = solved(known, view)
    slow_kw = view.flexibility.pc_max_later_kw[1:, 0]
    taxis = known.site.bus_zone[1:] == 1
    top = neighbourhoods(case.FEEDER.parent, FEW)[1:]
    power = later_cars_mw(solution, known)
    compared = 0
    for group in np.unique(top):
        for zone in (0, 2):
            at = np.flatnonzero((top == group) & (known.site.bus_zone[1:] == zone) & ~taxis)
            if at.size < 2:
                continue
            total, share = power[at].sum(axis=0), shares(slow_kw[at], np.zeros(at.size, dtype=int), 1)
            both = (total != 0) & (slow_kw[at].sum(axis=0) > 0)
            assert power[at][:, both] == pytest.approx((share * total)[:, both], abs=1e-9)
            compared += int(np.count_nonzero(np.abs(total[both]) > 1e-3))
    assert compared > 3, "cars act in later hours"


def test_every_later_target_is_met_as_well_as_bus_by_bus() -> None:
    fine, coarse = (solved(*afternoon(count)) for count in (case.FEEDER.bus_count, FEW))
    known, _ = afternoon(FEW)
    for zone in range(3):
        here = known.site.bus_zone[1:] == zone
        bus_by_bus, other = (later_cars_mw(solution, known)[here].sum(axis=0) for solution in (fine, coarse))
        assert other == pytest.approx(bus_by_bus, abs=2e-4)


def test_coarse_later_hours_cost_the_present_one_little() -> None:
    """The present hour's losses differ by less than 1 % and its cars still act at every bus by themselves."""
    losses = {}
    for count in (case.FEEDER.bus_count, FEW):
        known, view = afternoon(count)
        decision = Decider(known).decide(view)
        assert decision.status == "accepted"
        losses[count] = decision.losses_ac_kw[:2].mean()
    assert losses[FEW] == pytest.approx(losses[case.FEEDER.bus_count], rel=1e-2)
    assert losses[FEW] != losses[case.FEEDER.bus_count]


def test_small_feeders_are_looked_at_bus_by_bus() -> None:
    known, view = afternoon(150)
    assert case.knowledge(case.fleet()).look_ahead_neighbourhoods == 150
    exact = replace(known, look_ahead_neighbourhoods=10_000)
    assert np.array_equal(solved(known, view).p_pev, solved(exact, view).p_pev)


def with_a_full_bus(known: SpatialKnowledge, view: FeederView) -> FeederView:
    """In the first later hour one bus must charge; its neighbour's cars, as many, are full and it has no room."""
    flex, buses = view.flexibility, known.site.bus_count
    later = {name: np.zeros((buses, 2, known.look_ahead_h - 1)) for name in
             ("pc_max_later_kw", "pd_max_later_kw", "x_min_later_kwh", "x_max_later_kwh")}
    full, needs = FULL_AND_NEEDY
    later["pc_max_later_kw"][[full, needs], 0, 0] = 50.0
    later["x_min_later_kwh"][needs, 0, :] = 45.0 * 0.95
    later["x_max_later_kwh"][needs, 0, :] = 50.0 * 0.95
    return replace(view, flexibility=replace(flex, **later), pc_target_kw=0 * view.pc_target_kw,
                   pd_target_kw=0 * view.pd_target_kw)


FULL_AND_NEEDY = (1, 18)
"""Buses (0-based) of one zone and one neighbourhood of six."""


@pytest.mark.parametrize("on_inexact", ["repair", "stop"])
def test_a_full_bus_does_not_hold_up_its_neighbourhood(on_inexact: str) -> None:
    """By neighbourhood there is no answer; bus by bus there is, and that one is given."""
    full, needs = FULL_AND_NEEDY
    known, view = afternoon(FEW, on_inexact=on_inexact)
    top = neighbourhoods(case.FEEDER.parent, FEW)
    assert top[full] == top[needs] and known.site.bus_zone[full] == known.site.bus_zone[needs]
    view = with_a_full_bus(known, view)
    kva = case.FEEDER.transformer_kva.copy()
    p_kw, q_kvar = view.bus_load_kw[full].max(), view.bus_load_kvar[full].max()
    kva[full] = np.hypot(p_kw + 5.0, q_kvar)
    feeder = replace(case.FEEDER, transformer_kva=kva)
    decision = Decider(replace(known, feeder=feeder)).decide(view)
    assert decision.status == "accepted"
    step = 3600 // known.step_s
    net_kw = decision.p_plan_bus_kw - view.bus_load_kw.T
    assert net_kw[step, needs] > 40.0 and abs(net_kw[step, full]) < 1.0
