"""All ways to plan with a feeder, on a case whose best plan is worked out by itself (two_hours_case)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from controllers.joint import limits, operation
from controllers.joint.coordination import Coordinated, coordinate, reply_to, scheduled
from controllers.joint.equations import Prices, Tangents
from controllers.joint.layer import CoordinatedPlan, EnvelopePlan, FeederAware, JointPlan
from controllers.joint.limits import operating_envelope
from controllers.joint.monolith import (
    ANGLES,
    Cuts,
    build,
    cone_answer,
    no_cuts,
    proven_bound,
    solve_joint,
    solve_linear,
)
from controllers.joint.network import Network, NoPowerFlow
from controllers.joint.operation import operate, redispatch, solve_cone, with_quick_starts
from controllers.port import Plan, PlanError, SystemView, TemporalKnowledge
from controllers.spatial.three_phase.publishing import district_limits_mw
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.problem import Case
from tests.controllers.joint import two_hours_case as two
from tests.controllers.spatial.test_phase_publishing import TERMS

PRICES = Prices()


class Morning(NamedTuple):
    known: TemporalKnowledge
    view: SystemView
    case: Case
    networks: dict[int, Network]

    @property
    def net(self) -> Network:
        return self.networks[0]

    def alone(self) -> Plan:
        """The plan that knows no feeder."""
        return FeederAware(self.known).alone.plan(self.view)


def morning(known: TemporalKnowledge | None = None, **changes: Any) -> Morning:
    known = two.knowledge() if known is None else known
    view = replace(two.view(known), **changes)
    layer = FeederAware(known)
    return Morning(known, view, layer.case(view), layer.networks(view))


def least_usd(most_second_mw: float = 1.0) -> float:
    """The best of all splits of the cars' hour, with at most so much in the second hour."""
    found = minimize_scalar(two.day_usd, bounds=(1.0 - most_second_mw, 1.0), method="bounded", options={"xatol": 1e-9})
    return float(found.fun)


BASE = morning()
NO_FEEDER = replace(BASE.known, offers=(None,))


@cache
def start() -> Plan:
    """Of the case as it is."""
    return BASE.alone()


@cache
def joint_plan() -> Plan:
    return JointPlan(BASE.known).plan(BASE.view)


@cache
def talked() -> Coordinated:
    """Until nothing new is said."""
    return coordinate(BASE.case, BASE.networks, start(), gap=1e-5)


# ------------------------------------------------------------------ what a plan costs
def test_the_line_loses_what_its_law_says() -> None:
    y = np.array([[0.3, 0.9]])
    assert BASE.net.flow(y).losses_mw(BASE.net.feeder) == pytest.approx(two.losses_mw(two.HOME_MW + y[0]), rel=1e-9)
    assert BASE.net.losses_base_mw == pytest.approx(two.losses_mw(two.HOME_MW), rel=1e-9)


def test_a_plan_costs_its_fuel_with_what_its_line_loses() -> None:
    plan = start()
    done = operate(BASE.case, BASE.networks, plan)
    first_mw = float(plan.pc_kw[0].sum(axis=0)[0]) / 1e3
    assert done.j_usd == pytest.approx(two.day_usd(first_mw), rel=1e-6)
    assert done.undelivered_mwh == pytest.approx(0.0, abs=1e-5) and done.shed_mw.max() < 1e-6
    assert done.j_usd > least_usd() + 0.3, "all in the hour of low load, when the homes draw most"


def test_without_any_car_nothing_is_delivered_and_the_load_is_what_it_costs() -> None:
    empty = morning(districts=(two.cars(0.0, 0.0),))
    plan = empty.alone()
    assert empty.case.rows.entries == 0
    assert operate(empty.case, empty.networks, plan).j_usd == pytest.approx(two.fuel_usd(two.LOAD_MW), rel=1e-6)
    value, pc, pd = cone_answer(empty.case, empty.networks, PRICES, scheduled(empty.case, plan))
    assert value == pytest.approx(two.fuel_usd(two.LOAD_MW), rel=1e-6) and pc.size == pd.size == 0


@pytest.mark.parametrize(("terminal", "give_mw"), [("free", 0.4), ("cyclic", 0.0)])
def test_cars_that_only_give_back_relieve_the_line_as_far_as_they_may(terminal: str, give_mw: float) -> None:
    """0.4 MW in both hours, worth more than their wear of 1 $/MWh out of the battery; none where they must end full."""
    known = two.knowledge(wear_usd_per_kwh=np.full(18, 1e-3), terminal=terminal)
    giving = morning(known, districts=(two.cars(0.0, 0.0, group=two.HOME + 1, give_mw=0.4),))
    plan = giving.alone()
    done = operate(giving.case, giving.networks, plan)
    saved = two.losses_mw(two.HOME_MW) - two.losses_mw(two.HOME_MW - give_mw)
    fuel = two.fuel_usd(two.LOAD_MW - give_mw - saved)
    assert done.dispatch.pd_mw == pytest.approx([give_mw, give_mw], abs=1e-5) and done.undelivered_mwh < 1e-5
    assert done.j_usd == pytest.approx(fuel + 2 * give_mw / 0.95 * 1.0, rel=1e-6)


@pytest.mark.parametrize("quick", [True, False])
def test_a_unit_is_started_on_top_only_where_it_may_from_hour_to_hour(quick: bool) -> None:
    """The plan commits 4 MW for a load of 4.5: half a MW is left, for the dear unit or for nobody."""
    units = two.units(min_up_h=1 if quick else 2)
    short = morning(two.knowledge(units=units), load_mw=np.array([4.5, 1.2]))
    pc = np.array([0.0, 1.0])
    committed = np.array([[1, 1], [0, 0]])
    done = redispatch(short.case, short.networks, committed, pc, 0.0 * pc, PRICES)
    assert done.u.tolist() == ([[1, 1], [1, 0]] if quick else [[1, 1], [0, 0]])
    assert done.shed_mw == pytest.approx([0.0 if quick else 0.5, 0.0], abs=1e-5)
    assert redispatch(short.case, short.networks, committed, pc, 0.0 * pc, PRICES,
                      quick_starts=False).shed_mw[0] == pytest.approx(0.5, abs=1e-5)


# ------------------------------------------------------------------ the best plan
@pytest.mark.parametrize("form", ["projected", "lines"])
def test_the_joint_problem_finds_the_best_split_and_proves_it(form: Any) -> None:
    said: list[str] = []
    joint = solve_joint(BASE.case, BASE.networks, scheduled(BASE.case, start()), gap=1e-5, form=form,
                        say=said.append)
    assert joint.operation.j_usd == pytest.approx(least_usd(), rel=1e-7)
    assert least_usd() * (1 - 3e-5) <= joint.bound_usd <= least_usd() * (1 + 1e-9)
    assert joint.gap_rel <= 2e-5 and joint.rounds == 1 and said[-1].startswith("round 1: bound ")


def test_a_gap_that_tangents_cannot_close_ends_after_its_rounds() -> None:
    joint = solve_joint(BASE.case, BASE.networks, scheduled(BASE.case, start()), gap=1e-12, most_rounds=2)
    assert joint.rounds == 2 and joint.gap_rel > 2e-12
    assert joint.bound_usd <= least_usd() * (1 + 1e-9) and joint.operation.j_usd == pytest.approx(least_usd(), rel=1e-7)


def test_layers_that_talk_find_it_too() -> None:
    assert talked().operation.j_usd == pytest.approx(least_usd(), rel=2e-5)
    assert talked().bound_usd <= least_usd() * (1 + 1e-9)
    assert talked().gap_rel <= 2e-5 and talked().rounds[-1].missed_mw < 1e-4
    assert [each.kind for each in talked().rounds].count("commitment") == 1


def test_talk_that_is_broken_off_keeps_the_best_plan_so_far() -> None:
    before = operate(BASE.case, BASE.networks, start()).j_usd
    broken_off = coordinate(BASE.case, BASE.networks, start(), gap=1e-5, most_rounds=1, most_commitments=0)
    assert broken_off.iterations == 1 and broken_off.rounds[0].missed_mw > 1e-4
    assert talked().operation.j_usd < broken_off.operation.j_usd < before


def test_a_plan_that_is_best_by_what_it_costs_is_kept() -> None:
    """Talk of one round about the joint optimum comes back with nothing cheaper."""
    again = coordinate(BASE.case, BASE.networks, joint_plan(), gap=1e-5, most_rounds=1, most_commitments=0)
    assert again.plan is joint_plan() and again.operation.j_usd == pytest.approx(least_usd(), rel=1e-7)


@pytest.mark.parametrize("form", ["projected", "lines"])
def test_a_substation_at_its_rating_moves_cars_to_the_other_hour(form: Any) -> None:
    """1.05 MVA with losses: the power at the line's end is what solves (p + r l)^2 + (x l)^2 = 1.05^2."""
    rated = morning(two.knowledge(two.feeder(transformer_kva=np.array([1050.0, np.inf]))))
    end_mw = np.linspace(0.9, 1.05, 15_001)
    current2 = two.losses_mw(end_mw) / two.R_PU
    fits = np.hypot(end_mw + two.R_PU * current2, two.X_PU * current2) <= 1.05
    most_mw = float(end_mw[fits].max()) - 0.6
    assert 0.3 < most_mw < 0.48, "less than the best split of a line without a rating"
    joint = solve_joint(rated.case, rated.networks, scheduled(rated.case, rated.alone()), gap=1e-5, form=form)
    assert joint.operation.dispatch.pc_mw[1] == pytest.approx(most_mw, abs=2e-4)
    assert joint.operation.overload_mw.max() < 2e-4
    assert joint.bound_usd <= least_usd(most_mw) * (1 + 1e-6) and joint.gap_rel < 1e-3


@pytest.mark.parametrize("kind", [EnvelopePlan, CoordinatedPlan, JointPlan])
def test_plans_keep_the_checkers_rules(kind: Any) -> None:
    plan = joint_plan() if kind is JointPlan else kind(BASE.known).plan(BASE.view)
    assert [str(v) for v in check_plan(replace(BASE.known, offers=()), BASE.view, plan, "bidirectional")] == []
    first_mw = plan.pc_kw[0].sum(axis=0)[0] / 1e3
    assert (first_mw > 0.4) == (kind is not EnvelopePlan), "who sees losses moves cars to where the homes draw less"


@pytest.mark.parametrize("kind", [CoordinatedPlan, JointPlan])
def test_without_a_feeder_plans_are_the_unit_commitments(kind: Any) -> None:
    assert np.array_equal(kind(NO_FEEDER).plan(BASE.view).pc_kw[0], start().pc_kw[0])


# ------------------------------------------------------------------ tangents
def test_without_a_tangent_a_feeder_loses_nothing() -> None:
    """(J3) holds losses from below alone: the problem then costs less by those that the system load holds."""
    bare = Cuts((Tangents.none(),), (ANGLES,))
    values = {}
    for name, cuts in (("bare", bare), ("touched", no_cuts(BASE.networks))):
        pieces = build(BASE.case, BASE.networks, PRICES, scheduled(BASE.case, start()), cuts)
        solve_linear(pieces.problem, "it")
        values[name] = float(pieces.problem.value)
        assert (np.abs(pieces.exchange.losses[0].value).max() < 1e-8) == (name == "bare")
    without = two.LOAD_MW - two.losses_mw(two.HOME_MW)
    level = (without.sum() + two.CARS_MW) / 2  # equal in both hours is cheapest, and within the cars' reach
    assert values["bare"] == pytest.approx(two.fuel_usd(np.full(2, level)), rel=1e-4)
    assert values["touched"] > values["bare"] + 0.1


# ------------------------------------------------------------------ envelopes
RATED_PU = 1.4
WEAK = morning(two.knowledge(two.feeder(i_max_pu=np.array([1e3, RATED_PU]))))
CURRENT2 = RATED_PU**2
MOST_MW = RATED_PU * float(np.sqrt(  # p = i sqrt(v), v = 1 - 2 r p - |z|^2 i^2, a square in sqrt(v)
    (-2 * two.R_PU * RATED_PU + np.sqrt((2 * two.R_PU * RATED_PU) ** 2 + 4 * (
        1 - (two.R_PU**2 + two.X_PU**2) * CURRENT2))) ** 2 / 4)) - 0.6


def test_an_hour_that_nothing_limits_lets_all_cars_charge_and_another_what_its_line_carries() -> None:
    imports, exports = operating_envelope(WEAK.case, 0, WEAK.net)
    assert 0.5 < MOST_MW < 0.9
    assert imports == pytest.approx([1.0, MOST_MW], abs=2e-4)
    assert exports.tolist() == [0.0, 0.0]


def test_one_tangent_alone_would_grant_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The current is convex in the cars' power: limits found from outside come down to the true one."""
    monkeypatch.setattr(limits, "ROUNDS", 1)
    assert MOST_MW < operating_envelope(WEAK.case, 0, WEAK.net)[0][1] < MOST_MW + 0.05


def test_customers_limits_take_the_place_of_the_feeders_own() -> None:
    """On three phases the operator publishes each customer's: the plan is told their sum."""
    first = BASE.known.offers[0]
    assert first is not None
    known = replace(BASE.known, offers=(replace(first, customers=TERMS),))
    own = EnvelopePlan(known)._limits(BASE.view, BASE.case, 0, BASE.net)
    assert np.array_equal(own, district_limits_mw(TERMS, 0, two.HOURS))
    plan = EnvelopePlan(known).plan(replace(BASE.view, districts=(two.cars(0.05, 0.03),)))
    assert (plan.pc_kw[0].sum(axis=0) <= 1e3 * own[0] + 1e-3).all() and plan.pc_kw[0].sum() > 1.0


# ------------------------------------------------------------------ refusals
def test_a_feeder_that_cannot_even_carry_its_load_says_so() -> None:
    with pytest.raises(NoPowerFlow, match=r"^feeder north: no power flow even without dispatched cars$"):
        reply_to(replace(BASE.net, p_fixed=BASE.net.p_fixed + 50.0), np.zeros((1, two.HOURS)))


def test_problems_without_an_answer_are_refused_by_name() -> None:
    x = cp.Variable(2, nonneg=True)
    impossible = cp.Problem(cp.Minimize(cp.sum(x)), [cp.sum(x) == -1.0])
    with pytest.raises(PlanError, match=r"^delivery of district north is infeasible$"):
        solve_cone(impossible, "delivery of district north")
    with pytest.raises(PlanError, match=r"^the tangent problem is infeasible$"):
        solve_linear(impossible, "the tangent problem")
    with pytest.raises(PlanError, match=r"^the joint commitment is infeasible$"):
        operation.solve_mixed(cp.Problem(cp.Minimize(cp.sum(x)), [cp.sum(x) == -1.0, x <= cp.Variable(boolean=True)]),
                              1e-4, 10, "the joint commitment")


def test_no_schedule_within_the_nodes_is_no_schedule_of_units_that_are_all_off(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = build(BASE.case, BASE.networks, PRICES, None, no_cuts(BASE.networks))
    with pytest.raises(PlanError, match=r"^the joint commitment: no schedule found within 0 nodes$"):
        proven_bound(pieces, 1e-5, 0)
    assert proven_bound(pieces, 1e-5, 100) <= least_usd() * (1 + 1e-9)
    monkeypatch.setattr(operation, "NODE_LIMIT", 0)
    quick = morning(two.knowledge(units=two.units(min_up_h=1)), load_mw=np.array([4.5, 1.2]))
    pc = np.array([0.0, 1.0])
    with pytest.raises(PlanError, match=r"^re-dispatch with quick starts: no schedule found within 0 nodes$"):
        with_quick_starts(quick.case, np.array([[1, 1], [0, 0]]), pc, 0.0 * pc, np.zeros(2), np.zeros(2), PRICES)
