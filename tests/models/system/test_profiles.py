"""Load, wind and sun: the tables, their means over any step, and the real series of 2016."""

import datetime as dt
import math

import numpy as np
import pytest

from models.system.profiles import (
    ProfileError,
    Profiles,
    pv_day_pu,
    simbench_profiles,
    ten_unit_profiles,
    wind_day_pu,
)

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def test_hourly_means_of_the_ten_unit_day_are_the_table():
    day = ten_unit_profiles().hourly(0, 24)
    assert day.load_mw == pytest.approx([
        700, 750, 850, 950, 1000, 1100, 1150, 1200, 1300, 1400, 1450, 1500,
        1400, 1300, 1200, 1050, 1000, 1100, 1200, 1400, 1300, 1100, 900, 800])
    assert day.wind_mw == pytest.approx(150 * wind_day_pu())


def test_the_wind_table_begins_and_ends_as_published():
    wind = wind_day_pu()
    assert wind.shape == (24,)
    assert wind[[0, 1, 8, 14, 23]].tolist() == [0.90, 1.0, 0.55, 0.30, 0.95]
    assert wind.sum() == pytest.approx(15.29)


def test_capacities_and_peak_scale_the_series():
    small = ten_unit_profiles(150, 1000, 0).hourly(11 * HOUR_S, 1)
    assert (small.load_mw[0], small.wind_mw[0], small.pv_mw[0]) == pytest.approx((150, 430, 0))


def test_the_sun_is_half_a_sine_with_its_exact_energy():
    pv = pv_day_pu()
    assert pv.sum() / 4 == pytest.approx(2 * 12 / math.pi)
    assert np.all(pv[:24] == 0) and np.all(pv[72:] == 0) and np.all(pv[24:72] > 0)
    assert pv[47] == pytest.approx(pv[48]) == pv.max()


@pytest.mark.parametrize("time_s", [-DAY_S, -2 * DAY_S, 3 * DAY_S, 365 * DAY_S])
def test_a_one_day_table_repeats_before_and_after_the_counted_start(time_s):
    profiles = ten_unit_profiles()
    assert profiles.hourly(time_s, 30).load_mw == pytest.approx(profiles.hourly(0, 30).load_mw)


@pytest.mark.parametrize("step_s", [300, 720, 900, 1200, 3600])
def test_any_step_carries_the_same_energy(step_s):
    profiles = ten_unit_profiles()
    steps = profiles.means(-DAY_S, step_s, 2 * DAY_S // step_s)
    hours = profiles.hourly(-DAY_S, 48)
    for name in ("load_mw", "wind_mw", "pv_mw"):
        per_hour = getattr(steps, name).reshape(48, -1).mean(axis=1)
        assert per_hour == pytest.approx(getattr(hours, name))


def test_a_mean_across_an_hour_weighs_both_sides():
    assert ten_unit_profiles().means(HOUR_S // 2, HOUR_S).load_mw[0] == pytest.approx((700 + 750) / 2)


def test_buses_follow_the_system_load_per_unit_of_its_peak():
    shape = ten_unit_profiles(load_peak_mw=150).load_shape(0, HOUR_S, 24)
    assert shape[0] == pytest.approx(700 / 1500)
    assert shape.max() == pytest.approx(1.0)


def test_a_series_that_is_too_short_says_what_it_covers():
    series = Profiles(np.ones(4), np.ones(4), np.ones(4), load_peak_mw=1.0, first_s=-1800)
    assert series.means(-1800, 900, 4).load_mw == pytest.approx(np.ones(4))
    with pytest.raises(ProfileError, match=r"asked for 0 s to 3600 s.*covers only -1800 s to 1800 s"):
        series.hourly(0, 1)
    with pytest.raises(ProfileError, match="asked for -2700 s"):
        series.means(-2700, 900)


def test_gaps_negative_values_and_unequal_lengths_are_all_named():
    with pytest.raises(ProfileError, match=r"load_mw is not a number in row 1.*wind_mw is neg.*row 0.*pv"):
        Profiles(np.array([1, np.nan]), np.array([-1.0, 0]), np.ones(3), load_peak_mw=1.0)


@pytest.mark.parametrize("peak_mw", [0.0, -1.0, math.nan])
def test_a_peak_that_is_no_load_is_told(peak_mw):
    with pytest.raises(ProfileError, match=rf"^profiles: load_peak_mw={peak_mw:g} is not above 0$"):
        Profiles(np.ones(4), np.ones(4), np.ones(4), load_peak_mw=peak_mw)


# ---------------------------------------------------------------- the real series
LOAD, WIND, PV = ("mv_rural_pload", "mv_urban_pload"), ("WP4", "WP5"), ("PV1", "PV3")


@pytest.fixture(scope="module")
def winter():
    return simbench_profiles(dt.date(2016, 1, 18), 1500.0, 150.0, 100.0, LOAD, WIND, PV)


def test_the_year_peaks_at_the_stated_load_and_renewables_stay_within_capacity(winter):
    assert winter.load_mw.size == 35_136
    assert winter.load_mw.max() == pytest.approx(1500.0)
    assert winter.wind_mw.min() >= 0 and winter.wind_mw.max() <= 150
    assert winter.pv_mw.min() >= 0 and winter.pv_mw.max() <= 100


def test_row_0_is_the_first_local_midnight_of_2016(winter):
    assert winter.first_s == -17 * DAY_S
    assert winter.end_s == (366 - 17) * DAY_S


def test_counted_time_starts_at_local_midnight_in_summer_too():
    """The trap: rows are even in UTC, so the same local hour is an hour earlier in the series in summer."""
    shops = ("G1-A_pload", "G1-C_pload")
    before, after = (simbench_profiles(dt.date(2016, month, day), 1500.0, 150.0, 100.0, shops, WIND, PV)
                     for month, day in ((3, 14), (4, 4)))
    assert after.first_s - before.first_s == -21 * DAY_S + HOUR_S
    week_before, week_after = (_working_day_mw(profiles) for profiles in (before, after))
    shifts = range(-6, 7)
    likeness = [np.corrcoef(week_before, np.roll(week_after, shift))[0, 1] for shift in shifts]
    assert shifts[int(np.argmax(likeness))] == 0


def _working_day_mw(profiles):
    return profiles.means(0, 900, 5 * 96).load_mw.reshape(5, 96).mean(axis=0)


def test_a_column_that_does_not_exist_is_named():
    with pytest.raises(ProfileError, match=r"RESProfile\.csv has no column WP99"):
        simbench_profiles(dt.date(2016, 1, 18), 1500.0, 150.0, 100.0, LOAD, ("WP99",), PV)


def test_no_power_is_below_0_however_many_days_have_gone():
    """Sums of many days, one taken from the other, leave some -1e-13 MW at night."""
    profiles = ten_unit_profiles(load_peak_mw=150.0, wind_capacity_mw=15.0, pv_capacity_mw=10.0)
    for day in range(-3, 60):
        hours = profiles.hourly(day * DAY_S, 24)
        assert min(hours.load_mw.min(), hours.wind_mw.min(), hours.pv_mw.min(), hours.must_take_mw.min()) >= 0
