"""Columns of forecasts: operators are told them, and nothing of what comes to be; the world runs on the truth."""

from dataclasses import fields

import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.first_view import first_view
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.setup.controller_loading import ORACLE, load_controller
from testbed.setup.forecasts import build_forecaster
from tests.testbed import small_run

HEADER = "load_mw,wind_mw,pv_mw,must_take_mw,load_forecast_mw,wind_forecast_mw,must_take_forecast_mw"


def table(folder, shift=0.0):
    """What operators are told is the same for any shift of what comes to be."""
    rows = [f"{700 + 20 * h + shift},{50 + h},{h},{20 + shift / 10},{750 + 10 * h},60,25" for h in range(24)]
    file = folder / f"series{shift:g}.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return "profiles.source=csv", f"profiles.file={file}", "planning.horizon_h=26", "spatial.look_ahead_h=2"


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    cache = small_run.shared_cache(folder)
    return [small_run.scenario(*table(folder, shift), cache_dir=cache) for shift in (0.0, 90.0)]


def equal(view, other):
    def same(a, b):
        return np.array_equal(a, b) if isinstance(a, np.ndarray) else True
    return all(same(getattr(view, f.name), getattr(other, f.name)) for f in fields(view))


@pytest.mark.parametrize("name", ["temporal", "bilayer", "tariff"])
def test_what_comes_to_be_changes_nothing_that_operators_see(name, scenarios):
    calm, wild = (first_view(scenario, load_controller(name)).view for scenario in scenarios)
    assert equal(calm, wild)
    assert calm.load_mw[:3].tolist() == [750, 760, 770] and calm.wind_mw[0] == 60 and calm.pv_mw[5] == 5
    assert calm.renewable_least_mw[0] == 25


def test_the_oracle_sees_it(scenarios):
    calm, wild = (first_view(scenario, load_controller(ORACLE)).view for scenario in scenarios)
    assert (wild.load_mw - calm.load_mw).tolist() == [90] * 26
    assert calm.renewable_least_mw[0] == 20


def test_feeders_are_forecast_by_the_same_column(scenarios):
    """At the peak of what comes to be buses draw their peak loads: 1,160 MW without a shift."""
    shape = build_forecaster(scenarios[0], 1).load_shape(0, 3600, 3)
    assert shape.tolist() == pytest.approx([750 / 1160, 760 / 1160, 770 / 1160, 780 / 1160])


@pytest.mark.slow
def test_the_world_runs_on_the_truth(tmp_path):
    file = small_run.run(tmp_path, *table(tmp_path), controller="temporal")
    result = open_result(file)
    assert result.system("load_mw").tolist() == [700 + 20 * h for h in range(24)]
    assert result.system("must_take_mw").tolist() == [20] * 24
    assert result.system("load_forecast_mw").tolist() == [750 + 10 * h for h in range(24)]
    assert result.system("wind_forecast_mw").tolist() == [60] * 24
    assert result.system("pv_forecast_mw").tolist() == [float(h) for h in range(24)]
    assert audited(file).violations == ()


def test_columns_and_drawn_errors_exclude_each_other(tmp_path):
    with pytest.raises(WrongRequest, match=r"profiles.forecast_error=large: must be off, as .*series0.csv has"):
        checked_scenario("smoke", (*table(tmp_path), "profiles.forecast_error=large"))


def test_dated_series_must_hold_all_days_of_a_run(tmp_path):
    file = tmp_path / "dated.csv"
    rows = [f"2019-05-{6 + h // 24:02d}T{h % 24:02d}:00,900,1,0" for h in range(96)]
    file.write_text("\n".join(["time,load_mw,wind_mw,pv_mw", *rows]) + "\n", encoding="utf-8")
    keys = ("profiles.source=csv", f"profiles.file={file}", "planning.horizon_h=25",
            "spatial.look_ahead_h=2", "warmup_controlled_days=0")
    assert checked_scenario("smoke", (*keys, "profiles.start_date=2019-05-07")).profiles.start_date.day == 7
    with pytest.raises(WrongRequest, match="has rows from 0 h to 96 h after 00:00 of 2019-05-06, needed are rows from "
                       "-24 h to 49 h"):
        checked_scenario("smoke", (*keys, "profiles.start_date=2019-05-06"))
