"""Envelopes of customers: safe whatever they do within them, and each rule does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.spatial.three_phase import envelopes
from controllers.spatial.three_phase.envelopes import RULES, Envelope, EnvelopePublisher, Hour, Rule, gini
from controllers.spatial.three_phase.limits import bounds_of
from models.records.arrays import Floats
from models.records.three_phase import VOLTAGE
from tests.controllers.spatial import street_case as case

LIMITS = {"v_min_pu": 0.97, "v_max_pu": 1.02, "unbalance_percent": 0.8, "cable_a": 60.0}
PROMISED = np.array([5e-4, 5e-3, 5e-3, 0.05])
STREET = case.street(7, **LIMITS)
PUBLISHER = EnvelopePublisher(STREET.network(), STREET.flow)


def hour(house_kw: float = 0.8, most_kw: float = 7.4) -> Hour:
    p = np.r_[0.0, np.full(STREET.bus.size, house_kw)]
    most = np.full(STREET.bus.size, most_kw)
    most[-1] = 22.0
    return Hour(p, 0.2 * p, most, 0.5 * most)


def own_best(limits: Floats) -> Floats:
    """[2 D] what each could have alone, by the linear rows."""
    linear, bounds, _ = PUBLISHER._around(hour())
    none = np.zeros(PUBLISHER.network.watched.count)
    rows = envelopes.rows_of_bounds(PUBLISHER.network, linear, bounds, none, limits)
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(limits, (rows.room[:, None] / np.maximum(rows.matrix, 1e-15)).min(axis=0)))


@pytest.mark.parametrize("rule", RULES)
def test_every_combination_within_the_limits_is_safe(rule: Rule) -> None:
    """By AC, at hundreds of corners of the box that the publisher has not tried, and within it."""
    answer, rng, count = PUBLISHER.publish(hour(), rule), np.random.default_rng(9), STREET.bus.size
    up = rng.random((400, count)) < rng.random((400, 1))
    cars = np.where(up, answer.import_kw, -answer.export_kw)
    cars[300:] *= rng.random((100, count))
    p = np.pad(cars, ((0, 0), (1, 0))) + hour().p_kw
    value = STREET.flow(p, np.tile(hour().q_kvar, (400, 1))).value
    watched = STREET.network().watched
    assert (np.maximum(watched.low - value, value - watched.high) / PROMISED[watched.kind]).max() <= 1.0
    assert answer.total_kw > 1.0


def test_what_a_regulator_does_by_itself_is_safe_too() -> None:
    """Cars of one phase draw and the regulator lifts all three: an envelope that knows none breaks the upper band."""
    of, cars = case.street(7, v_min_pu=0.955, v_max_pu=1.031), np.random.default_rng(9).random((400, 6)) < 0.5
    worst_pu, moves = {}, {}
    for name, call in (("known", case.regulated(of)), ("unknown", of.flow)):
        answer = EnvelopePublisher(of.network(), call).publish(hour(), "equal")
        p = np.pad(np.where(cars, answer.import_kw, -answer.export_kw), ((0, 0), (1, 0))) + hour().p_kw
        free = case.regulated(of)(p, np.tile(hour().q_kvar, (400, 1)))
        worst_pu[name] = float(free.value[:, of.network().watched.kind == VOLTAGE].max())
        moves[name] = bool(np.any(free.taps > 1.0))
    assert worst_pu["known"] <= 1.031 + PROMISED[VOLTAGE] and worst_pu["unknown"] > 1.031 + 0.01
    assert moves == {"known": False, "unknown": True}


def test_an_hour_whose_houses_have_no_power_flow_has_no_envelope() -> None:
    """Nor has one in which the tenth of a kW by which the publisher probes is too much."""
    with pytest.raises(PlanError, match=r"^network street: no power flow without cars$"):
        PUBLISHER.publish(hour(house_kw=2000.0), "equal")
    most_kw = float(hour().p_kw.sum()) + 0.05
    with pytest.raises(PlanError, match=r"^a little more than is drawn has no power flow$"):
        EnvelopePublisher(STREET.network(), case.up_to(STREET, most_kw)).publish(hour(), "equal")


@pytest.mark.parametrize("rule", RULES)
def test_a_wide_street_grants_all_that_each_can_use(rule: Rule) -> None:
    """To the last bit: nothing is halved on the way to a limit that is not there."""
    wide = case.street(7)
    answer = EnvelopePublisher(wide.network(), wide.flow).publish(hour(most_kw=3.7), rule)
    assert np.array_equal(answer.import_kw, hour(most_kw=3.7).most_import_kw)
    assert np.array_equal(answer.export_kw, hour(most_kw=3.7).most_export_kw)
    assert answer.rounds == 1


@pytest.mark.parametrize("rule", RULES)
def test_where_nobody_has_a_car_nothing_is_granted(rule: Rule) -> None:
    nobody = np.zeros(STREET.bus.size)
    answer = PUBLISHER.publish(replace(hour(), most_import_kw=nobody, most_export_kw=nobody), rule)
    assert answer.total_kw == 0.0 and answer.rounds == 1


def test_each_rule_is_best_by_its_own_measure() -> None:
    answers = {rule: PUBLISHER.publish(hour(), rule) for rule in RULES}
    granted = {rule: np.concatenate([a.import_kw, a.export_kw]) for rule, a in answers.items()}
    most = np.concatenate([hour().most_import_kw, hour().most_export_kw])
    assert max(answers, key=lambda rule: answers[rule].total_kw) == "most_energy"
    shares = granted["proportional"] / most
    assert shares.max() - shares.min() < 1e-9
    below = granted["equal"] < most - 1e-6
    assert below.any() and np.ptp(granted["equal"][below]) < 1e-6
    regret = {rule: float((1.0 - values / own_best(most)).max()) for rule, values in granted.items()}
    assert min(regret, key=lambda rule: regret[rule]) == "least_regret"
    assert regret["least_regret"] < regret["most_energy"] - 0.05


def test_what_ac_has_beyond_the_model_is_taken_off() -> None:
    """Found by a model alone the envelope breaks a limit: it takes a second round."""
    answer = PUBLISHER.publish(hour(house_kw=1.5, most_kw=30.0), "most_energy")
    assert 1 < answer.rounds < envelopes.ROUNDS


def test_a_limit_houses_break_leaves_nothing_that_makes_it_worse() -> None:
    heavy = hour(house_kw=8.0)
    watched = STREET.network().watched
    value = STREET.flow(heavy.p_kw[None], heavy.q_kvar[None]).value[0]
    assert (value < watched.low - 5e-4)[watched.kind == VOLTAGE].any()
    answer = PUBLISHER.publish(heavy, "equal")
    assert answer.import_kw.max() < 1e-3


def test_who_has_no_car_does_nothing_beside_what_its_house_draws() -> None:
    nobody = np.zeros(PUBLISHER.network.driven.size)
    without = replace(hour(), most_import_kw=nobody, most_export_kw=nobody)
    flow = PUBLISHER.call(np.stack([0.2 * hour().p_kw]), np.stack([0.2 * hour().q_kvar]))
    excess = PUBLISHER.real_excess(without, Envelope(nobody, nobody, 1), 0.2 * hour().p_kw, 0.2 * hour().q_kvar)
    own = bounds_of(PUBLISHER.network, [flow]).excess(flow.value)
    np.testing.assert_allclose(excess, np.repeat(own, len(excess), axis=0), atol=1e-9)


def test_violations_are_none_where_houses_do_as_forecast() -> None:
    answer = PUBLISHER.publish(hour(), "most_energy")
    assert PUBLISHER.violations(hour(), answer, hour().p_kw, hour().q_kvar) == 0.0
    real = hour().p_kw * np.r_[0.0, 3.0, np.ones(STREET.bus.size - 1)]
    assert 0.0 <= PUBLISHER.violations(hour(), answer, real, 5.0 * hour().q_kvar) <= 1.0


def test_gini_by_hand() -> None:
    every = np.ones(4, dtype=bool)
    assert gini(np.ones(4), every) == 0.0
    assert gini(np.array([0.0, 0.0, 0.0, 8.0]), every) == pytest.approx(0.75)
    assert gini(np.array([1.0, 3.0, 9.0]), np.array([True, True, False])) == pytest.approx(0.25)
    assert gini(np.zeros(3), np.ones(3, dtype=bool)) == 0.0


def test_an_envelope_that_ac_goes_on_refuting_is_no_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelopes, "ROUNDS", 1)
    with pytest.raises(PlanError, match="AC refutes the envelope by most_energy after 1 rounds"):
        PUBLISHER.publish(hour(house_kw=1.5, most_kw=30.0), "most_energy")
