"""Two layers, layers that talk, and one problem: judged alike, on a morning with a tight feeder."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.joint import equations as jeq
from controllers.joint.coordination import Schedule, coordinate, propose, reply_to, scheduled
from controllers.joint.equations import Prices
from controllers.joint.layer import CoordinatedPlan, EnvelopePlan, FeederAware, JointPlan
from controllers.joint.limits import operating_envelope
from controllers.joint.monolith import build, cone_answer, no_cuts, solve_joint, tangent_value_at
from controllers.joint.operation import deliver, entries_of, operate, overload_mw, redispatch, solve_cone
from controllers.spatial.branch_flow.network import FlowValues, relaxation_gap
from controllers.temporal.unit_commitment.checking.plan import check_plan
from tests.controllers.joint import joint_case as small

PRICES = Prices()


@pytest.fixture(scope="module")
def morning():
    """Everything that the tests compare, made once."""

    class Morning:
        known = small.knowledge(substation_kva=3700.0)
        view = small.view(known)
        layer = FeederAware(known)
        case, networks = layer.case(view), layer.networks(view)
        start = layer.alone.plan(view)
        bilayer = operate(case, networks, start)
        talked = coordinate(case, networks, start, gap=1e-4)
        joint = solve_joint(case, networks, scheduled(case, start), gap=1e-4)
        schedule = Schedule(joint.operation.u, np.zeros(0))
        lines = solve_joint(case, networks, scheduled(case, start), gap=1e-4, form="lines")

    return Morning


@pytest.mark.slow
def test_splitting_costs_something_here(morning):
    assert morning.bilayer.j_usd > 1.005 * morning.joint.operation.j_usd


@pytest.mark.slow
def test_no_plan_is_below_the_joint_bound(morning):
    for operation in (morning.bilayer, morning.talked.operation, morning.joint.operation, morning.lines.operation):
        assert operation.j_usd >= morning.joint.bound_usd - 1e-4 * operation.j_usd
        assert operation.j_usd >= morning.lines.bound_usd - 1e-4 * operation.j_usd


@pytest.mark.slow
def test_bound_and_incumbent_meet(morning):
    assert morning.joint.gap_rel <= 2e-4
    assert morning.lines.gap_rel <= 2e-4


@pytest.mark.slow
def test_tangents_line_by_line_and_projected_prove_the_same_bound(morning):
    assert morning.lines.bound_usd == pytest.approx(morning.joint.bound_usd, rel=2e-4)


@pytest.mark.slow
def test_talking_closes_the_gap(morning):
    gap = morning.bilayer.j_usd - morning.joint.bound_usd
    assert morning.bilayer.j_usd - morning.talked.operation.j_usd >= 0.8 * gap
    assert morning.talked.bound_usd <= morning.talked.operation.j_usd + 1e-6
    assert morning.talked.iterations == len(morning.talked.rounds) > 1


@pytest.mark.slow
def test_talking_never_makes_the_incumbent_worse(morning):
    """From its own answer the exchange comes back with nothing dearer, and keeps that plan if it finds none."""
    again = coordinate(morning.case, morning.networks, morning.talked.plan, most_commitments=0)
    assert again.operation.j_usd <= morning.talked.operation.j_usd + 1e-9
    assert again.plan is morning.talked.plan or again.operation.j_usd < morning.talked.operation.j_usd


@pytest.mark.slow
def test_at_a_fixed_commitment_cones_and_tangents_agree(morning):
    u = morning.schedule
    cone, pc, pd = cone_answer(morning.case, morning.networks, PRICES, u)
    tangent = tangent_value_at(morning.case, morning.networks, PRICES, u, pc, pd)
    assert tangent == pytest.approx(cone, rel=1e-3)
    assert tangent <= cone + 1e-6 * cone
    assert redispatch(morning.case, morning.networks, u.u, pc, pd, PRICES).j_usd == pytest.approx(cone, rel=1e-5)


@pytest.mark.slow
def test_the_cones_of_the_incumbent_are_tight_and_ac_keeps_all_limits(morning):
    pieces = build(morning.case, morning.networks, PRICES, morning.schedule, None)
    solve_cone(pieces.problem, "test")
    flow = FlowValues(*(np.asarray(getattr(pieces.flows[0], name).value) for name in "PQlv"))
    assert relaxation_gap(morning.networks[0].feeder, flow) < 1e-3
    assert morning.joint.operation.overload_mw.max() == 0.0


@pytest.mark.slow
def test_what_a_district_delivers_keeps_its_limits(morning):
    pc, pd = entries_of(morning.case, morning.start)
    net = morning.networks[0]
    before = jeq.place_power_mw(morning.case, 0, net, pc, pd)
    got = deliver(morning.case, 0, net, pc, pd, morning.start.marginal_price_usd_per_mwh, PRICES)
    after = jeq.place_power_mw(morning.case, 0, net, *got)
    assert overload_mw(net, net.flow(before), before).max() > 0.01
    assert overload_mw(net, net.flow(after), after).max() == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", [EnvelopePlan, CoordinatedPlan, JointPlan])
def test_plans_of_the_three_pass_the_independent_checker(morning, kind):
    plan = kind(morning.known).plan(morning.view)
    known = replace(morning.known, offers=())
    assert [str(v) for v in check_plan(known, morning.view, plan, "bidirectional")] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", [EnvelopePlan, CoordinatedPlan, JointPlan])
def test_without_any_feeder_they_plan_what_the_unit_commitment_plans(morning, kind):
    alone = replace(morning.known, offers=(None,))
    plan = kind(alone).plan(morning.view)
    assert plan.objective_usd == pytest.approx(FeederAware(alone).alone.plan(morning.view).objective_usd, rel=2e-4)


@pytest.mark.slow
def test_where_charging_and_discharging_at_once_would_pay_nobody_does_both(morning):
    """A discharge tariff far above the charging one: (U17) holds through proposals and delivery."""
    known = replace(morning.known, tariff_in_objective=True)
    view = replace(morning.view, price_charge_usd_per_kwh=np.full(small.HOURS, 0.01),
                   price_discharge_usd_per_kwh=np.full(small.HOURS, 0.5))
    layer = FeederAware(known)
    case = layer.case(view)
    assert case.cycling_pays().any()
    plan = CoordinatedPlan(known).plan(view)
    operation = operate(case, layer.networks(view), plan)
    assert np.minimum(operation.dispatch.pc_mw, operation.dispatch.pd_mw)[case.cycling_pays()].max() < 1e-6
    assert np.minimum(plan.pc_kw[0], plan.pd_kw[0]).max() < 1e-2


# ------------------------------------------------------------------ each equation matters
def offered(morning, without, limits=None, told=True):
    """The upper layer's value with the feeder's replies at two powers, and without the named equations."""
    net = morning.networks[0]
    said = reply_to(net, np.zeros((4, small.HOURS)))
    busy = reply_to(net, jeq.place_power_mw(morning.case, 0, net, *entries_of(morning.case, morning.start)))
    both = replace(said, losses=said.losses.and_also(busy.losses), overload=said.overload.and_also(busy.overload))
    replies = {0: both}
    schedule = scheduled(morning.case, morning.start)
    return propose(morning.case, morning.networks, replies if told else {}, PRICES, schedule, 1e-4, 3000, limits,
                   without).value_usd


@pytest.mark.slow
@pytest.mark.parametrize("equation", ["losses_answered", "overload_answered"])
def test_leaving_out_an_answer_changes_the_plan(morning, equation):
    assert offered(morning, ()) > offered(morning, (equation,)) + 0.05


@pytest.mark.slow
def test_leaving_out_district_limits_changes_the_plan(morning):
    limits = {0: operating_envelope(morning.case, 0, morning.networks[0])}
    assert offered(morning, (), limits, told=False) > offered(morning, ("district_limits",), limits, told=False) + 0.05


@pytest.mark.slow
def test_district_limits_are_respected(morning):
    imports, exports = operating_envelope(morning.case, 0, morning.networks[0])
    plan = EnvelopePlan(morning.known).plan(morning.view)
    total = (plan.pc_kw[0].sum(axis=0) - plan.pd_kw[0].sum(axis=0)) / 1e3
    assert np.all(total <= imports + 1e-4)
    assert np.all(-total <= exports + 1e-4)


@pytest.mark.slow
def test_limits_that_cannot_be_kept_are_in_neither_value_nor_bound(monkeypatch):
    """No import at all, and cars that must charge: passing limits has a price, which is no cost of the plan."""
    known = small.knowledge(substation_kva=3700.0)
    monkeypatch.setattr(EnvelopePlan, "_limits", lambda *given: (np.zeros(small.HOURS), np.zeros(small.HOURS)))
    plan = EnvelopePlan(known).plan(small.view(known))
    assert plan.pc_kw[0].sum() > 100.0
    assert plan.bound_usd <= plan.objective_usd * (1 + 1e-5)
    assert plan.milp_objective_usd == pytest.approx(plan.objective_usd, rel=1e-3)
    assert plan.gap_rel <= 0.02, "that of the whole problem, whose price of passing is five hundred times the plan"


@pytest.mark.slow
@pytest.mark.parametrize("group", ["current_cone", "substation", "transformer"])
def test_leaving_out_a_part_of_the_feeder_lowers_the_tangent_problem(morning, group, monkeypatch):
    whole = jeq.feeder

    def value():
        pieces = build(morning.case, morning.networks, PRICES, scheduled(morning.case, morning.start),
                       no_cuts(morning.networks))
        pieces.problem.solve(solver="HIGHS")
        return pieces.problem.value

    before = value()
    monkeypatch.setattr(jeq, "feeder", lambda *a: {k: c for k, c in whole(*a).items() if k != group})
    assert value() < before - 1e-3


@pytest.mark.slow
def test_places_sum_their_cohorts(morning):
    """Home cars at residential slow ports, taxis at commercial fast ports, as the groups say."""
    net, rows = morning.networks[0], morning.case.rows
    pc, pd = rows.pc_max_mw, 0.25 * rows.pd_max_mw
    y = jeq.place_power_mw(morning.case, 0, net, pc, pd)
    for place, group in (((0, 0), small.HOME), ((1, 1), small.TAXI), ((2, 0), small.WORK)):
        column = np.flatnonzero((net.places == place).all(axis=1))[0]
        mine = rows.group[rows.cohort] == group
        assert np.allclose(y[column], np.bincount(rows.hour[mine], (pc - pd)[mine], small.HOURS))
    assert np.allclose(net.share.sum(axis=0), 1.0)
