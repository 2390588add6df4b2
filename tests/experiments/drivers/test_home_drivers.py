"""The driver profile `home` against recorded charging at home, and the arithmetic of the comparison."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.drivers import home_drivers
from experiments.drivers.home_drivers import Charging, charging, comparison
from experiments.drivers.home_statistics import DISTRIBUTIONS, Binned, by_site, median_site_distance, pooled

HALF = Binned(np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.5]))
CASE = Charging(cars=2, weeks=1, vehicle=np.array([0, 0, 0, 1]), start_h=np.array([-5.0, 34.0, 60.0, 130.0]),
                end_h=np.array([8.0, 37.0, 70.0, 200.0]), energy_kwh=np.array([9.0, 4.0, 6.0, 20.0]))
"""A stay from before the first Monday; a Tuesday's 10 to 13 h; the next night; one from Saturday beyond the week."""


# ---------------------------------------------------------------- data
def test_distance_of_binned_distributions() -> None:
    """All of the second bin's half moved into the first: from a mean of 2 to one of 0.5; then one that crosses."""
    low = Binned(HALF.edges, np.array([1.0, 0.0]))
    assert HALF.distance(low) == low.distance(HALF) == pytest.approx(0.5 * 1.5)
    three = np.array([0.0, 1.0, 2.0, 3.0])
    middle, outside = Binned(three, np.array([0.0, 1.0, 0.0])), Binned(three, np.array([0.5, 0.0, 0.5]))
    assert middle.distance(outside) == pytest.approx(0.25 + 0.25 + 0.25)


def test_distance_is_that_of_samples_spread_over_the_bins() -> None:
    quantity = pooled().distribution("dwell_share")
    site = by_site()["site_4"].distribution("dwell_share")
    grid = np.concatenate([np.linspace(a, b, 400, endpoint=False) for a, b in zip(
        quantity.edges[:-1], quantity.edges[1:], strict=True)])
    weight = [np.repeat(column.share, 400) for column in (quantity, site)]
    assert quantity.distance(site) == pytest.approx(stats.wasserstein_distance(grid, grid, *weight), rel=2e-3)


def test_values_outside_fall_into_the_nearest_bin() -> None:
    assert HALF.of(np.array([-1.0, 0.5, 3.0, 99.0])).share == pytest.approx([0.5, 0.5])


def test_all_days_are_weekdays_and_weekends_by_their_sessions() -> None:
    share = pooled().distribution("plug_in_hour_share").share
    assert share.sum() == pytest.approx(1)
    assert share[16] == pytest.approx((16421 * 0.12399 + 6127 * 0.07655) / 22548, abs=1e-5)


def test_what_the_data_say() -> None:
    data = pooled()
    assert data.plugged_over_peak("weekday")[12] == pytest.approx(0.378)
    assert [data.value("sessions_per_user_week_quantile", start=p) for p in ("25", "50", "75")] == [1.765, 2.779, 4.802]
    assert [median_site_distance(name) for name in DISTRIBUTIONS] == pytest.approx([0.851, 1.369, 3.230], abs=1e-3)
    with pytest.raises(KeyError, match="no sessions, all"):
        data.value("sessions")


# ---------------------------------------------------------------- measures
def test_measures_of_a_week_by_hand() -> None:
    assert CASE.plug_ins_per_week().tolist() == [2, 1] and CASE.kwh_per_week().tolist() == [10, 20]
    assert CASE.time_plugged() == pytest.approx((8 + 3 + 10 + 38) / (2 * 168))
    assert CASE.values("plug_in_hour_share").tolist() == [10, 12, 10]
    assert CASE.values("dwell_share").tolist() == [3, 10, 70]
    weekday = CASE.plugged_over_peak()
    assert np.flatnonzero(weekday).tolist() == [*range(8), *range(10, 22)] and weekday[12] == 1.0
    assert CASE.plugged_over_peak("weekend")[9:12] == pytest.approx([0.5, 1, 1])


# ---------------------------------------------------------------- the profile
@pytest.mark.slow
def test_home_is_near_the_data() -> None:
    """A few cars; all targets."""
    assert [row for row in comparison(charging("home", cars=500)) if not row.is_within] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_home_is_near_the_data_with_many_cars(seed: int) -> None:
    assert [row for row in comparison(charging("home", cars=2000, seed=seed)) if not row.is_within] == []


@pytest.mark.slow
def test_uk_plugs_in_two_to_three_times_a_week() -> None:
    plug_ins = charging("uk", cars=500).plug_ins_per_week()
    assert plug_ins.mean() == pytest.approx(2.5, abs=0.2)
    assert 1.9 <= np.median(plug_ins) <= 2.6 and np.percentile(plug_ins, 75) <= 3.3


def test_the_main_scenarios_cars_plug_in_at_every_stay() -> None:
    everybody = charging("paper", cars=200, weeks=2)
    assert everybody.plug_ins_per_week().mean() > 15 and everybody.time_plugged() > 0.9


def test_curves_are_the_shares_of_hours_and_bins() -> None:
    """A Tuesday's stay from 10 to 13 h counts at the middle of these hours; the picture's densities have the area 1."""
    rows = home_drivers.curves(CASE)
    home = {(row[1], row[2]): row[2:] for row in rows if row[0] == "home"}
    assert home["weekday", 12.0] == (12.0, 13.0, 1.0) and home["weekday", 9.0][2] == 0
    assert home["weekend", 9.0][2] == 0.5
    assert home["plug_in_hour_share", 10.0][2] == pytest.approx(2 / 3)
    drawing = home_drivers.picture(rows)
    stairs = [patch for axes in drawing.axes[1:] for patch in axes.patches]
    assert len(stairs) == 2 * len(DISTRIBUTIONS)
    for values, edges, _ in (patch.get_data() for patch in stairs):
        assert values @ np.diff(edges) == pytest.approx(1)
    recorded = drawing.axes[0].lines[0]
    assert recorded.get_xdata()[12] == 12.5 and recorded.get_ydata()[12] == pytest.approx(0.378)


@pytest.mark.slow
def test_the_whole_table_is_made(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(home_drivers, "CARS", 40)
    monkeypatch.setattr(home_drivers, "WEEKS", 1)
    assert home_drivers.main(["-o", str(tmp_path)]) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert {"comparison.csv", "profiles.csv", "curves.csv", "home_drivers.png"} <= made
    assert (tmp_path / "comparison.csv").read_text().count("\n") == 10
