"""What a kWh in the batteries cost."""

from types import SimpleNamespace

import numpy as np
import pytest

from testbed.stored_value import in_battery_price

SLOW, TAXI = 1, 2  # groups of the first zone: private cars with bidirectional chargers, taxis with one-way ones


def run(charge_kw, **fleet):
    return SimpleNamespace(scenario={"fleet": {"eta_charge": 0.9, **fleet}}, districts=("d",),
                           district=lambda name, what: charge_kw)


def charged(slow_kw, taxi_kw):
    values = np.zeros((2, 18))
    values[:, SLOW], values[:, TAXI] = slow_kw, taxi_kw
    return values


def test_each_kind_of_charger_counts_with_its_own_efficiency():
    """100 kW at 10 and 50 at 40 $: 3,000 $ in 90 + 25 kWh."""
    result = run(charged([100.0, 0.0], [0.0, 50.0]), fast_eta_charge=0.5)
    assert in_battery_price(result, np.array([10.0, 40.0])) == pytest.approx(3000 / 115)


def test_without_a_pair_of_their_own_fast_chargers_have_that_of_all():
    assert in_battery_price(run(charged([1.0, 0.0], [0.0, 1.0])), np.array([10.0, 40.0])) == pytest.approx(25 / 0.9)


def test_where_nothing_was_charged_the_plain_mean_goes_through_a_slow_charger():
    nothing = run(charged([0.0, 0.0], [0.0, 0.0]), fast_eta_charge=0.5)
    assert in_battery_price(nothing, np.array([10.0, 40.0])) == pytest.approx(25 / 0.9)
    assert np.isnan(in_battery_price(nothing, np.zeros(0)))
