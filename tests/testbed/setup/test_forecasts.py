"""What operators are told of the future: the truth with errors, the same for all controllers, the oracle none."""

import numpy as np
import pytest

from testbed.scenario.loading import load_scenario
from testbed.setup.forecasts import build_forecaster
from testbed.setup.profiles import build_profiles


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("smoke", ["profiles.forecast_error=large"])


def test_without_errors_the_forecast_is_the_truth():
    plain = load_scenario("smoke")
    np.testing.assert_array_equal(build_forecaster(plain, 1).hourly(0, 30).load_mw,
                                  build_profiles(plain).hourly(0, 30).load_mw)


def test_the_oracle_sees_the_truth_where_others_do_not(scenario):
    truth = build_profiles(scenario).hourly(0, 30)
    assert np.array_equal(build_forecaster(scenario, 1, is_perfect=True).hourly(0, 30).wind_mw, truth.wind_mw)
    assert not np.allclose(build_forecaster(scenario, 1).hourly(0, 30).wind_mw, truth.wind_mw)


def test_steps_of_an_hour_miss_by_its_error(scenario):
    """Load and wind of a ten-unit hour are constant; the sun is not, and keeps its shape."""
    forecaster, truth = build_forecaster(scenario, 7), build_profiles(scenario).means(0, 900, 96)
    hourly, steps = forecaster.hourly(0, 24), forecaster.by_step(0, 24, 900)
    np.testing.assert_allclose(steps.load_mw, np.repeat(hourly.load_mw, 4))
    np.testing.assert_allclose(steps.wind_mw, np.repeat(hourly.wind_mw, 4))
    noon = slice(40, 44)
    share = steps.pv_mw[noon] / truth.pv_mw[noon]
    assert np.ptp(truth.pv_mw[noon]) > 1.0 and np.ptp(share) < 1e-12 and abs(share[0] - 1) > 1e-3


def test_both_layers_are_told_the_same_load(scenario):
    """The lower layer's shape of the hours is the upper layer's load forecast over the peak."""
    forecaster = build_forecaster(scenario, 7)
    shape, load = forecaster.load_shape(5 * 3600, 900, 6), forecaster.hourly(5 * 3600, 7).load_mw
    peak = build_profiles(scenario).load_peak_mw
    np.testing.assert_allclose(shape[:4], load[0] / peak)
    np.testing.assert_allclose(shape[4:], load[1:] / peak)
