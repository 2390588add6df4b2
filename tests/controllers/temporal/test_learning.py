"""What is learned of drivers from delivery records, and what the reserve rule makes of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest

from controllers.port import DeliveryRecord
from controllers.temporal.learning import (
    CONCENTRATION,
    DAY_S,
    PRIOR_RHO,
    ComplianceLearner,
    quantile_of_share,
)
from controllers.temporal.learning_chance import ChancePlan, with_energy_margin
from controllers.temporal.unit_commitment.equations import COHORTS, DISPATCH
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import collect, fix_commitment, make_variables
from models.records.arrays import Floats
from models.records.groups import THREE_CLASSES, ZONES

H = 8
HILL = [70.0, 95, 130, 150, 192, 120, 90, 62]
HOME, WORK = 1, 13
"""Groups: private cars with bidirectional chargers at home and in the office zone."""


def record(stays: dict[int, float], followed: dict[int, float]) -> DeliveryRecord:
    """Ended stays by group; energies do not matter here."""
    both = np.zeros((2, THREE_CLASSES.count))
    for row, values in enumerate((stays, followed)):
        both[row, list(values)] = list(values.values())
    nothing = np.zeros(THREE_CLASSES.count)
    return DeliveryRecord(both[0], both[1], nothing, nothing, nothing, nothing)


def drawn(days: int, cars: int, mean: float, rho: float, seed: int) -> ComplianceLearner:
    """A learner fed with `cars` stays per zone and day; with chance sqrt(rho) a car follows its zone-day's shock."""
    rng, learner = np.random.default_rng(seed), ComplianceLearner(1, 0.95, THREE_CLASSES.count)
    groups = [zone * THREE_CLASSES.count // len(ZONES) + 1 for zone in range(len(ZONES))]
    for day in range(days):
        shock = rng.random((len(ZONES), 1)) < mean
        own = rng.random((len(ZONES), cars)) < mean
        follows = np.where(rng.random(own.shape) < np.sqrt(rho), shock, own).sum(axis=1)
        learner.observe(day * DAY_S, (record(dict.fromkeys(groups, float(cars)),
                                             dict(zip(groups, follows.astype(float), strict=True))),))
    return learner


def test_posterior_mean_by_hand() -> None:
    learner = ComplianceLearner(1, 0.95, THREE_CLASSES.count)
    assert learner.mean == pytest.approx(0.95) and not learner.has_evidence
    learner.observe(0, (record({HOME: 30.0}, {HOME: 12.0}),))
    mean = (0.95 * CONCENTRATION + 12) / (CONCENTRATION + 30)
    assert learner.mean == pytest.approx(mean)
    by_group = learner.by_group(0)
    assert by_group[HOME] == pytest.approx((mean * CONCENTRATION + 12) / (CONCENTRATION + 30))
    assert by_group[WORK] == pytest.approx(mean)  # nothing seen: the mean of all


def test_learned_compliance_converges_to_the_truth() -> None:
    errors = [abs(drawn(days, 100, 0.6, 0.0, 1).mean - 0.6) for days in (1, 10, 60)]
    assert errors[2] < 0.01 and errors[2] < errors[0]


def test_groups_are_told_apart() -> None:
    learner = ComplianceLearner(1, 0.95, THREE_CLASSES.count)
    for day in range(30):
        learner.observe(day * DAY_S, (record({HOME: 50.0, WORK: 50.0}, {HOME: 45.0, WORK: 20.0}),))
    assert learner.by_group(0)[[HOME, WORK]] == pytest.approx([0.9, 0.4], abs=0.01)


def test_districts_learn_from_each_other_and_differ() -> None:
    learner = ComplianceLearner(2, 0.95, THREE_CLASSES.count)
    learner.observe(0, (record({HOME: 400.0}, {HOME: 200.0}), record({}, {})))
    assert learner.by_group(1)[HOME] == pytest.approx(learner.mean)
    assert learner.of_district(0) < learner.of_district(1)


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.3])
def test_correlation_is_learned(rho: float) -> None:
    assert drawn(400, 60, 0.6, rho, 2).rho == pytest.approx(rho, abs=0.035)


def test_correlation_begins_at_that_of_the_prior() -> None:
    assert ComplianceLearner(1, 0.95, THREE_CLASSES.count).rho == pytest.approx(PRIOR_RHO)


@pytest.mark.parametrize("rho", [0.0, 0.05])
def test_delivery_falls_below_the_quantile_as_often_as_stated(rho: float, build: SimpleNamespace) -> None:
    """Days drawn from the truth, 40 cars in each of three zones, against the quantile learned from 300 other days."""
    cars, mean = 40, 0.6
    learner, rng = drawn(300, cars, mean, rho, 3), np.random.default_rng(4)
    zone_kw = np.zeros((THREE_CLASSES.count, H + 1, H))
    zone_kw[[1, 7, 13], H] = cars * 7.0 * learner.mean
    flexibility = replace(build.few_cars(), pd_max_kw=zone_kw.reshape(-1, H))
    phi = learner.delivery_quantile((flexibility,))[0]
    shock = rng.random((20_000, 3, 1)) < mean
    own = rng.random((20_000, 3, cars)) < mean
    delivered = np.where(rng.random(own.shape) < np.sqrt(rho), shock, own).mean(axis=(1, 2))
    below = np.mean(delivered / learner.mean < phi)
    assert 0.025 <= below <= 0.065


def test_correlation_lowers_the_quantile() -> None:
    low, high = (quantile_of_share(0.6, np.array([spread]), 0.0, 0.05)[0] for spread in (0.06, 0.01))
    assert 0.0 < low < high < 1.0


@pytest.mark.parametrize(("mean", "expected"), [(0.0, 0.0), (1.0, 1.0)])
def test_certain_drivers(mean: float, expected: float) -> None:
    assert quantile_of_share(mean, np.full(3, 0.05), 0.0, 0.05) == pytest.approx(expected)


# ------------------------------------------------------------------ the reserve rule
def _case(build: SimpleNamespace, rule: str, phi: float) -> Case:
    known = build.knowledge(H, units=build.small_units(), reserve_rule=rule)
    return make_case(known, build.view(known, HILL, (build.few_cars(),)), "bidirectional", 20.0, np.full(H, phi))


def _value(case: Case, with_room: bool = True) -> float:
    """Least cost with all units on, which leaves shortfall only where cars are not counted."""
    v = fix_commitment(case, make_variables(case), np.ones((3, H), dtype=np.int64), np.zeros(0))
    if not with_room:
        v = replace(v, stored_reserve=cp.Constant(np.zeros((2, H))))
    problem = cp.Problem(cp.Minimize(objective_usd(case, v)), collect(case, v, DISPATCH | COHORTS, ()))
    return float(problem.solve(solver=cp.CLARABEL))


def test_nothing_is_deliverable_at_quantile_zero(build: SimpleNamespace) -> None:
    units_alone = _value(_case(build, "thermal_only", 0.0))
    assert _value(_case(build, "deliverable", 0.0)) == pytest.approx(units_alone, abs=0.01)


def test_at_quantile_one_without_room_it_is_the_textbook_rule(build: SimpleNamespace) -> None:
    textbook = _value(_case(build, "scheduled", 1.0))
    assert _value(_case(build, "deliverable", 1.0), with_room=False) == pytest.approx(textbook, abs=0.01)
    assert _value(_case(build, "deliverable", 1.0)) < textbook - 1.0  # h makes the difference


def test_a_higher_quantile_never_costs_more(build: SimpleNamespace) -> None:
    values = [_value(_case(build, "deliverable", phi)) for phi in (0.0, 0.3, 0.6, 0.9)]
    assert values == sorted(values, reverse=True) and values[0] > values[-1] + 1.0


def test_the_quantile_of_the_view_enters_the_plan(build: SimpleNamespace) -> None:
    """A plan made with phi = 0 is that of thermal_only; the settings' own quantile is for views without one."""
    known = build.knowledge(H, units=build.small_units(), reserve_rule="deliverable")
    view = build.view(known, HILL, (build.few_cars(),))
    none, all_ = (UnitCommitment(known).plan(replace(view, delivery_quantile=np.full(H, phi))) for phi in (0.0, 1.0))
    assert none.objective_usd > all_.objective_usd + 1.0
    short: Floats = none.reserve_shortfall_mw
    assert short.sum() >= all_.reserve_shortfall_mw.sum()


@pytest.mark.parametrize(("rule", "planned"), [("thermal_only", "thermal_only"), ("scheduled", "scheduled_safely"),
                                               ("deliverable", "deliverable")])
def test_chance_plan_promises_nothing_uncounted(rule: str, planned: str, build: SimpleNamespace) -> None:
    assert ChancePlan(build.knowledge(H, reserve_rule=rule)).knowledge.reserve_rule == planned


def test_safely_scheduled_lies_between_no_cars_and_all_that_is_planned(build: SimpleNamespace) -> None:
    none, some, all_ = (_value(_case(build, "scheduled_safely", phi)) for phi in (0.0, 0.5, 1.0))
    assert none == pytest.approx(_value(_case(build, "thermal_only", 1.0)), abs=0.01)
    assert all_ == pytest.approx(_value(_case(build, "scheduled", 1.0)), abs=0.01)
    assert none > some + 0.1 > all_ + 0.2


def test_energy_margin_cuts_only_what_is_lent(build: SimpleNamespace) -> None:
    known = build.knowledge(H)
    view = replace(build.view(known, HILL, (build.few_cars(),)), delivery_quantile=np.linspace(0.5, 0.9, H))
    before, after = view.districts[0].x_min_kwh, with_energy_margin(view).districts[0].x_min_kwh
    assert before.min() < 0 < before.max()
    assert after == pytest.approx(np.where(before < 0, 0.5 * before, before))


def test_without_cars_there_is_no_quantile_and_without_a_quantile_nothing_is_cut(build: SimpleNamespace) -> None:
    known = build.knowledge(H, units=build.small_units(), reserve_rule="thermal_only")
    view = build.view(known, HILL, (build.few_cars(),))
    learner = drawn(2, 10, 0.9, 0.0, 1)
    assert learner.delivery_quantile(()).size == 0
    assert with_energy_margin(view) is view
    plans = [layer(known).plan(view) for layer in (ChancePlan, UnitCommitment)]
    assert np.array_equal(plans[0].pd_kw[0], plans[1].pd_kw[0]) and plans[0].objective_usd == plans[1].objective_usd
