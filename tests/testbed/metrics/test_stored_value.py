"""How much of what was charged came into the batteries."""

from types import SimpleNamespace

import numpy as np
import pytest

from testbed.metrics.stored_value import eta_charge

SLOW, TAXI = 1, 2  # groups of the first zone: private cars with bidirectional chargers, taxis with one-way ones


def run(charge_kw, **fleet):
    return SimpleNamespace(scenario={"fleet": {"eta_charge": 0.9, **fleet}}, districts=("d",),
                           district=lambda name, what: charge_kw)


def charged(slow_kw, taxi_kw):
    values = np.zeros((2, 18))
    values[:, SLOW], values[:, TAXI] = slow_kw, taxi_kw
    return values


ALL = np.ones(2, dtype=np.bool_)


def test_each_kind_of_charger_counts_with_its_own_efficiency():
    """100 kW through slow chargers and 50 through fast ones: 90 + 25 of 150 come into the batteries."""
    result = run(charged([100.0, 0.0], [0.0, 50.0]), fast_eta_charge=0.5)
    assert eta_charge(result, ALL) == pytest.approx(115 / 150)


def test_only_the_steps_asked_for_count():
    result = run(charged([100.0, 0.0], [0.0, 50.0]), fast_eta_charge=0.5)
    assert eta_charge(result, np.array([False, True])) == pytest.approx(0.5)


def test_without_a_pair_of_their_own_fast_chargers_have_that_of_all():
    assert eta_charge(run(charged([1.0, 0.0], [0.0, 1.0])), ALL) == pytest.approx(0.9)


def test_where_nothing_was_charged_a_slow_charger_stands_for_all():
    assert eta_charge(run(charged([0.0, 0.0], [0.0, 0.0]), fast_eta_charge=0.5), ALL) == pytest.approx(0.9)
