"""Prices by the hour of the day."""

import numpy as np
import pytest

from models.records import RecordError
from models.tariff import Tariff, tariff, tariff_names

HOUR_S = 3600


def test_beijing_2015_hour_by_hour():
    v, f, p = 0.2833, 0.6725, 1.0853
    hours = tariff("beijing2015").charge_cny_per_kwh
    assert hours.tolist() == [v] * 7 + [f] * 3 + [p] * 5 + [f] * 3 + [p] * 3 + [f] * 2 + [v]


def test_chengdu_2023_hour_by_hour():
    v, f, p = 0.2602, 0.5464, 0.7536
    hours = tariff("chengdu2023").charge_cny_per_kwh
    assert hours.tolist() == [v] * 7 + [f] * 4 + [p] + [f] * 2 + [p] * 7 + [f] * 2 + [v]


@pytest.mark.parametrize(("hour", "price"), [(0, 0.453 * 0.38), (8, 0.453), (12, 0.453 * 1.7)])
def test_discharge_is_paid_by_the_period_of_the_hour(hour, price):
    assert tariff("beijing2015").discharge_cny_per_kwh[hour] == pytest.approx(price)


def test_the_margin_between_valley_charging_and_peak_discharge():
    """0.456 CNY/kWh sold at the bus, and 0.061 once the battery's wear is paid."""
    prices, eta, wear = tariff("beijing2015"), 0.95, 0.375
    margin = prices.discharge_cny_per_kwh.max() - prices.charge_cny_per_kwh.min() / eta**2
    assert margin == pytest.approx(0.456, abs=5e-4)
    assert margin - wear / eta == pytest.approx(0.061, abs=5e-4)


def test_dollars_at_the_one_exchange_rate():
    assert tariff("beijing2015", 7.0).charge_usd_per_kwh(12 * HOUR_S)[0] == pytest.approx(1.0853 / 7)
    dear = tariff("beijing2015", 3.5)
    assert dear.discharge_usd_per_kwh(12 * HOUR_S)[0] == pytest.approx(0.453 * 1.7 / 3.5)


def test_prices_from_any_time_on_wrap_at_midnight():
    prices = tariff("beijing2015")
    assert prices.charge_usd_per_kwh(22 * HOUR_S + 900, 3) * 7 == pytest.approx([0.6725, 0.2833, 0.2833])
    assert prices.charge_usd_per_kwh(-HOUR_S, 2) == pytest.approx(prices.charge_usd_per_kwh(23 * HOUR_S, 2))


def test_without_a_tariff_all_prices_are_zero():
    none = tariff("none")
    assert not none.charge_usd_per_kwh(0, 48).any() and not none.discharge_usd_per_kwh(0, 48).any()


def test_an_unknown_name_is_answered_with_the_known_ones():
    assert tariff_names() == ("beijing2015", "chengdu2023", "none")
    with pytest.raises(RecordError, match="'paris' is unknown, allowed: beijing2015, chengdu2023, none"):
        tariff("paris")


def test_a_table_of_the_wrong_length_or_a_senseless_rate_is_refused():
    with pytest.raises(RecordError, match=r"shape \(23,\), not \(24,\).*cny_per_usd=0 is not above 0"):
        Tariff("x", np.zeros(23), np.zeros(24), 0.0)
