"""Forecast errors: their size by lead time, their place among random numbers, and what they may never do."""

import numpy as np
import pytest

from models.system.forecast_error import LOAD, PV, SIZES, WIND, ErrorSize, ForecastErrors
from models.system.profiles import Forecast, ten_unit_profiles

SEEDS = 400


def errors(seed=1, size="default"):
    return ForecastErrors(SIZES[size], seed, wind_capacity_mw=150.0, pv_capacity_mw=100.0)


def test_the_growth_can_be_done_in_the_head():
    """memory 0.5: 1 h ahead 1, 2 h ahead sqrt(1 + 1/4), without end sqrt(4/3)."""
    growth = ErrorSize(memory=0.5).sd(np.array([1, 2, 1000]))
    np.testing.assert_allclose(growth, [1.0, np.sqrt(1.25), np.sqrt(4 / 3)])


def test_errors_grow_with_lead_time_as_stated():
    sample = np.array([errors(seed).deviation(LOAD, 0, 25) for seed in range(SEEDS)])
    expected = SIZES["default"].load * SIZES["default"].sd(np.arange(1, 26))
    np.testing.assert_allclose(sample.std(axis=0), expected, rtol=0.15)
    assert np.all(np.abs(sample.mean(axis=0)) < 4 * expected / np.sqrt(SEEDS))
    assert sample.std(axis=0)[23] > 2.5 * sample.std(axis=0)[0]


def test_large_is_two_and_a_half_times_the_default_with_the_same_numbers():
    np.testing.assert_allclose(errors(size="large").deviation(WIND, 3600, 24),
                               2.5 * errors().deviation(WIND, 3600, 24))


def test_an_hour_later_the_forecast_differs_only_by_what_was_learned_in_it():
    """e(t | now) = e(t | now + 1) + memory^(t - now) e(now | now)."""
    now, next_hour = errors().deviation(LOAD, 0, 30), errors().deviation(LOAD, 3600, 29)
    memory = SIZES["default"].memory ** np.arange(1, 30)
    np.testing.assert_allclose(now[1:], next_hour + memory * now[0], atol=1e-12)


def test_seeds_series_and_days_have_numbers_of_their_own():
    first = errors(1).deviation(LOAD, 0, 48)
    assert not np.allclose(first, errors(2).deviation(LOAD, 0, 48))
    assert not np.allclose(first / SIZES["default"].load, errors(1).deviation(PV, 0, 48) / SIZES["default"].pv)
    np.testing.assert_array_equal(first[:5], errors(1).deviation(LOAD, 0, 5))
    assert np.all(np.isfinite(errors().deviation(LOAD, -86_400, 30)))


def test_the_sun_does_not_shine_at_night_and_wind_stays_within_what_is_installed():
    truth = ten_unit_profiles().hourly(0, 48)
    for seed in range(20):
        seen = errors(seed, "large").applied(truth, 0)
        assert np.all(seen.pv_mw[truth.pv_mw == 0] == 0)
        assert np.all((seen.wind_mw >= 0) & (seen.wind_mw <= 150.0))
        assert np.all((seen.pv_mw >= 0) & (seen.pv_mw <= 100.0))
        assert np.all(seen.load_mw > 0)


@pytest.mark.parametrize("series", ["load_mw", "wind_mw", "pv_mw"])
def test_every_series_is_wrong(series):
    truth = Forecast(np.full(24, 1000.0), np.full(24, 75.0), np.full(24, 50.0), np.zeros(24))
    assert np.all(getattr(errors().applied(truth, 0), series) != getattr(truth, series))


def test_no_day_repeats_another():
    one_day = np.array([errors().deviation(WIND, day * 86_400, 24) for day in (-1, 0, 1)])
    assert not any(np.allclose(a, b) for a, b in ((one_day[0], one_day[1]), (one_day[1], one_day[2])))
