"""The load of 2016 as the scenario asks for it."""

import numpy as np
import pytest

from models.system.profiles import simbench_profiles
from testbed.scenario.loading import load_scenario


@pytest.fixture(scope="module")
def real_load_mw():
    """The year of the scenario's own columns, and the row at which its week begins."""
    p = load_scenario("simbench_week").profiles
    assert p.load_columns == type(p)().load_columns
    made = simbench_profiles(p.start_date, 1500.0, 0.0, 0.0, p.load_columns, p.wind_columns, p.pv_columns)
    return made.load_mw, -made.first_s // 900


def test_the_real_load_is_as_smooth_as_a_system_of_its_size(real_load_mw):
    """A few percent of the peak in a quarter of an hour; three grids of the same few meters give a fifth."""
    load_mw, monday = real_load_mw
    week, year = (np.abs(np.diff(part)) / 1500 for part in (load_mw[monday:monday + 7 * 96], load_mw))
    assert week.max() < 0.05 and np.quantile(week, 0.99) < 0.042
    assert year.max() < 0.09 and np.quantile(year, 0.99) < 0.04 and np.mean(year > 0.05) < 0.001


def test_the_real_load_has_days_and_weekends(real_load_mw):
    load_mw, monday = real_load_mw
    by_day = load_mw[monday:monday + 7 * 96].reshape(7, 96)
    assert by_day[:4].argmax(axis=1).tolist() == [18 * 4] * 4
    assert by_day[:, :20].mean() < 0.75 * by_day[:5, 32:80].mean()
    assert by_day[5:, 32:64].mean() < 0.9 * by_day[:5, 32:64].mean()
    assert 0.5 < by_day.min() / by_day.max() < 0.6 and load_mw.min() > 0.35 * 1500
