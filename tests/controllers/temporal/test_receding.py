"""Re-dispatch under a fixed commitment: nothing changes while all goes as planned, and it answers when it does not."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal import redispatch
from controllers.temporal.hourly_cost import BESIDE, hourly_amounts, hourly_objective_usd
from controllers.temporal.receding import Imbalance, Redispatch, hours_left
from controllers.temporal.unit_commitment.solve import UnitCommitment

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]
IMBALANCE = Imbalance(shed_usd_per_mwh=3000.0, dump_usd_per_mwh=100.0)
BY_HOUR = ("x_min_kwh", "x_max_kwh", "pc_max_kw", "pd_max_kw")


def taken_kwh(cars, pc_kw, pd_kw, hours):
    """[G] net energy in the battery after the first hours of a plan."""
    return (cars.eta_charge[:, None] * pc_kw - pd_kw / cars.eta_discharge[:, None])[:, :hours].sum(axis=1)


def measured(cars, already_kwh, hours):
    """The same cars after `hours`, on the plan's rows: envelopes count from now, what has passed is empty.

    One stay per row, so that the energy of a cohort says all.
    """
    changed = {name: getattr(cars, name).copy() for name in BY_HOUR}
    for name in BY_HOUR:
        if name.startswith("x"):
            begun = np.maximum(np.abs(cars.x_max_kwh), np.abs(cars.x_min_kwh))[:, hours:] > 0
            changed[name][:, hours:] -= already_kwh[:, None] * (begun | (already_kwh != 0)[:, None])
        changed[name][:, :hours] = 0.0
    base = cars.energy_end_base_kwh + float(already_kwh[np.arange(already_kwh.size) % (H + 1) == H].sum())
    return replace(cars, **changed, x_end_uncoordinated_kwh=cars.x_end_uncoordinated_kwh - already_kwh,
                   energy_end_base_kwh=base)


def status(initial, committed):
    hours = initial.copy()
    for on in committed.T > 0:
        hours = np.where(on, np.maximum(hours, 0) + 1, np.minimum(hours, 0) - 1)
    return hours


def later(view, plan, hours, already=None, **changes):
    """What is seen `hours` after the plan's start if all went as planned."""
    already = already or [taken_kwh(c, pc, pd, hours)
                          for c, pc, pd in zip(view.districts, plan.pc_kw, plan.pd_kw, strict=True)]
    moved = {name: np.concatenate([getattr(view, name)[hours:], np.zeros(hours)]) for name in
             ("load_mw", "wind_mw", "pv_mw", "price_charge_usd_per_kwh", "price_discharge_usd_per_kwh")}
    cars = tuple(measured(c, x, hours) for c, x in zip(view.districts, already, strict=True))
    seen = replace(view, time_s=view.time_s + 3600 * hours, districts=cars, p_mw=plan.p_mw[:, hours - 1],
                   hours_on=status(view.hours_on, plan.committed[:, :hours]), **moved)
    return hours_left(replace(seen, **changes), hours)


@pytest.fixture
def case(build):
    def make(**known):
        k = build.knowledge(H, units=build.small_units(), mip_gap=1e-6, **known)
        v = build.view(k, HILL, (build.few_cars(scale=0.2), build.few_cars(scale=1.0)), wind_mw=np.full(H, 5.0))
        return k, v, UnitCommitment(k).plan(v)
    return make


def test_the_hours_of_a_plan_cost_its_objective(case):
    k, v, plan = case()
    assert hourly_objective_usd(k, v, plan).sum() == pytest.approx(plan.objective_usd, rel=1e-9)


def test_a_term_that_nobody_accounts_for_has_no_part_of_any_hour(case):
    k, v, plan = case()
    every = list(hourly_amounts((*k.objective.names, BESIDE), k, v, plan))
    assert list(hourly_amounts(("noise",), k, v, plan)) == []
    more = list(hourly_amounts(("noise", *k.objective.names, BESIDE), k, v, plan))
    assert [name for name, _ in more] == [name for name, _ in every] and {name for name, _ in every} == {
        *k.objective.names, BESIDE}


@pytest.mark.parametrize("known", [{}, {"terminal": "cyclic"}, {"tariff_in_objective": False}, {"terminal": "free"}])
def test_as_planned_every_hour_the_objective_is_the_day_ahead_one(case, known):
    k, v, plan = case(**known)
    updates, costs, force = Redispatch(k, "bidirectional", IMBALANCE), hourly_objective_usd(k, v, plan), plan
    for hours in range(1, H):
        answer = updates.update(later(v, force, hours), force, costs)
        force, costs = answer.plan, answer.hourly_usd
        assert costs.sum() == pytest.approx(plan.objective_usd, rel=2e-6)
    assert np.array_equal(force.committed, plan.committed)


def test_hours_that_have_passed_stay_as_they_were(case):
    k, v, plan = case()
    new = Redispatch(k, "bidirectional", IMBALANCE).update(
        later(v, plan, 3, load_mw=v.load_mw * 1.03), plan).plan
    assert np.array_equal(new.p_mw[:, :3], plan.p_mw[:, :3])
    assert not np.allclose(new.p_mw[:, 3:], plan.p_mw[:, 3:])
    for old, now in zip(plan.pc_kw, new.pc_kw, strict=True):
        assert np.array_equal(old[:, :3], now[:, :3])
        assert now.shape == old.shape


def test_energy_that_was_not_delivered_is_planned_again(case):
    """Cars that took the least they could for three hours still get what they want; the old plan leaves them short."""
    k, v, plan = case()
    least = [c.x_min_kwh[:, 2] for c in v.districts]
    new = Redispatch(k, "bidirectional", IMBALANCE).update(later(v, plan, 3, already=least), plan).plan
    short = 0.0
    for cars, had, pc, pd, old_pc, old_pd in zip(v.districts, least, new.pc_kw, new.pd_kw, plan.pc_kw, plan.pd_kw,
                                                 strict=True):
        def after(charge, discharge, cars=cars, had=had):
            x = np.cumsum(cars.eta_charge[:, None] * charge - discharge / cars.eta_discharge[:, None], axis=1)
            return had[:, None] + x - x[:, 2:3]
        assert np.all(after(pc, pd)[:, 3:] >= cars.x_min_kwh[:, 3:] - 0.1)
        short += np.maximum(cars.x_min_kwh - after(old_pc, old_pd), 0.0)[:, 3:].sum()
    assert short > 100.0


def test_more_load_than_the_commitment_can_carry_is_expected_to_be_shed(case):
    k, v, plan = case()
    seen = later(v, plan, 2, load_mw=np.full(H, 400.0))
    answer = Redispatch(k, "bidirectional", IMBALANCE).update(seen, plan)
    assert answer.hourly_usd[2:].sum() > 3000.0 * 100.0


def test_the_order_of_districts_changes_no_target(case):
    k, v, plan = case()
    redispatch = Redispatch(k, "bidirectional", IMBALANCE)
    first = redispatch.update(later(v, plan, 2), plan).plan
    turned = replace(v, districts=v.districts[::-1])
    other_plan = replace(plan, pc_kw=plan.pc_kw[::-1], pd_kw=plan.pd_kw[::-1])
    two = redispatch.update(later(turned, other_plan, 2), other_plan).plan
    for a, b in zip(first.pc_kw, two.pc_kw[::-1], strict=True):
        assert np.max(np.abs(a - b)) < 2.0  # of some thousand kW


def test_a_view_of_other_hours_is_refused(case):
    k, v, plan = case()
    with pytest.raises(PlanError, match="6 h are left, the view has 5"):
        Redispatch(k, "bidirectional", IMBALANCE).update(replace(later(v, plan, 3), time_s=2 * 3600), plan)


def test_cars_outside_control_are_load(case):
    k, v, _ = case()
    plan = UnitCommitment(k, "none").plan(v)
    new = Redispatch(k, "none", IMBALANCE).update(later(v, plan, 3), plan).plan
    np.testing.assert_allclose(new.p_mw, plan.p_mw, atol=1e-3)


def test_the_solver_s_seconds_are_told_once(case, monkeypatch):
    """The commitment stands: all that an update spends in the solver is its one dispatch."""
    k, v, plan = case()
    solved = []
    solve = redispatch._solve
    monkeypatch.setattr(redispatch, "_solve", lambda *given: solved.append(solve(*given)) or solved[-1])
    answer = Redispatch(k, "bidirectional", IMBALANCE).update(later(v, plan, 3), plan)
    (dispatched, _, _), = solved
    assert answer.solver_s == dispatched.solver_s > 0
    assert answer.compile_s == dispatched.compile_s > 0
