"""Prices by the hour of the day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records.arrays import RecordError
from models.system.tariff import DAY_S, TARIFFS, Tariff, level_names, period_prices, table_tariff, tariff
from models.system.tariffs.forecast import ForecastTariff, periods_by_load

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
    assert tuple(TARIFFS) == ("beijing2015", "chengdu2023", "forecast", "none")
    assert level_names() == ("beijing2015", "chengdu2023")
    with pytest.raises(RecordError, match="'paris' is unknown, allowed: beijing2015, chengdu2023, forecast, none"):
        tariff("paris")


def test_prices_by_the_forecast_need_one():
    with pytest.raises(RecordError, match="tariff forecast: needs a forecast"):
        tariff("forecast")


@pytest.mark.parametrize("hours", [((23, "flat"),), ((24, "noon"),)])
def test_a_table_that_is_no_day_of_known_periods_is_refused(hours):
    with pytest.raises(RecordError, match=r"tariff x: has .* must be 24 hours of valley, flat, peak"):
        table_tariff("x", "x", "x", {"valley": 0.1, "flat": 0.2, "peak": 0.3}, hours)


def test_a_table_of_the_wrong_length_or_a_senseless_rate_is_refused():
    with pytest.raises(RecordError, match=r"shape \(23,\), not \(24,\).*cny_per_usd=0 is not above 0"):
        Tariff("x", np.zeros(23), np.zeros(24), 0.0)


# ---------------------------------------------------------------- prices made from the forecast
def _loads(midnight_s):
    """Load that rises through even days and falls through odd ones."""
    rising = np.arange(24, dtype=float)
    return rising if midnight_s // DAY_S % 2 == 0 else rising[::-1]


def test_lowest_middle_and_highest_eight_hours_of_each_day():
    prices = ForecastTariff("beijing2015", 7.0, _loads)
    assert prices.periods(0, 48).tolist() == [0] * 8 + [1] * 8 + [2] * 8 + [2] * 8 + [1] * 8 + [0] * 8
    assert prices.charge_usd_per_kwh(0, 24)[[0, 8, 16]] * 7 == pytest.approx([0.2833, 0.6725, 1.0853])
    assert prices.discharge_usd_per_kwh(0, 24)[[0, 8, 16]] * 7 == pytest.approx([0.453 * 0.38, 0.453, 0.453 * 1.7])


def test_the_levels_are_those_of_the_table_asked_for():
    day = ForecastTariff("chengdu2023", 3.5, _loads)
    assert day.charge_usd_per_kwh(0, 24)[[0, 8, 16]] * 3.5 == pytest.approx([0.2602, 0.5464, 0.7536])
    assert period_prices("beijing2015")["peak"] == pytest.approx((1.0853, 0.453 * 1.7))
    with pytest.raises(RecordError, match="'none' has no valley, flat and peak prices, allowed: beijing2015"):
        ForecastTariff("none", 7.0, _loads)


def test_a_view_from_any_hour_is_a_window_of_the_days():
    prices = ForecastTariff("beijing2015", 7.0, _loads)
    whole = prices.charge_usd_per_kwh(-DAY_S, 96)
    for first_h in (0, 1, 23, 24, 47):
        seen = prices.charge_usd_per_kwh(-DAY_S + first_h * HOUR_S + 1800, 49)
        np.testing.assert_array_equal(seen, whole[first_h:first_h + 49])


def test_of_equal_hours_the_earlier_is_the_cheaper():
    assert periods_by_load(np.full(24, 5.0)).tolist() == [0] * 8 + [1] * 8 + [2] * 8
    with pytest.raises(RecordError, match=r"shape \(23,\)"):
        periods_by_load(np.zeros(23))


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.floats(-500, 2000), min_size=24, max_size=24))
def test_each_period_has_eight_hours_and_no_hour_is_dearer_at_less_load(loads):
    load = np.array(loads)
    period = periods_by_load(load)
    assert np.bincount(period).tolist() == [8, 8, 8]
    for low, high in ((0, 1), (1, 2)):
        assert load[period == low].max() <= load[period == high].min()


def test_each_day_is_made_once():
    asked = []

    def loads(midnight_s):
        asked.append(midnight_s)
        return _loads(midnight_s)

    prices = ForecastTariff("beijing2015", 7.0, loads)
    for hour in range(24):
        prices.charge_usd_per_kwh(hour * HOUR_S, 48)
        prices.discharge_usd_per_kwh(hour * HOUR_S, 48)
    assert asked == [0, DAY_S, 2 * DAY_S]
