"""The system of RTS-GMLC: its series are those of the case of the same days; units emit what their fuel holds."""

import datetime as dt

import numpy as np
import pytest

from models.data_tables import read_columns
from models.system.own_profiles import csv_profiles, series_file
from models.system.unit_tables import shipped_case, units_of

CASE = "rts_gmlc_2020-02-09"


@pytest.fixture(scope="module")
def series():
    return csv_profiles(series_file("rts_gmlc_2020-02"), 3600, start_date=dt.date(2020, 2, 9))


def test_the_series_are_those_of_the_case_on_its_days(series):
    case, hours = shipped_case(CASE), series.hourly(0, 48)
    assert hours.load_mw == pytest.approx(case.demand_mw, abs=0.006)
    assert hours.wind_mw + hours.pv_mw == pytest.approx(case.renewable_most_mw, abs=0.006)
    assert hours.must_take_mw == pytest.approx(case.renewable_least_mw, abs=0.006)
    assert case.reserve_mw == pytest.approx(0.03 * case.demand_mw)


def test_ten_days_before_and_nine_from_there_on_are_known(series):
    assert (series.first_s, series.end_s) == (-10 * 86_400, 10 * 86_400)
    assert series.notes == ()


def test_what_units_emit_by_their_fuel():
    units, table = units_of(CASE), read_columns("rts_gmlc/emissions.csv")
    fuel = dict(zip(table["unit"], table["fuel"], strict=True))
    per_mwh = units.emissions_t_per_h(units.p_max_mw, np.ones(units.count)) / units.p_max_mw
    kinds = {kind: [per_mwh[i] for i, name in enumerate(units.names) if fuel[name] == kind]
             for kind in ("Coal", "NG", "Oil", "Nuclear")}
    assert {kind: len(values) for kind, values in kinds.items()} == {"Coal": 16, "NG": 37, "Oil": 19, "Nuclear": 1}
    assert min(kinds["Coal"]) > 0.9 and max(kinds["Coal"]) < 1.2
    assert min(kinds["NG"]) > 0.35 and max(kinds["NG"]) < 0.8
    assert kinds["Nuclear"] == [0.0]
    assert np.all(units.emissions_t_per_h(units.p_min_mw, np.ones(units.count)) >= 0)


def test_a_factor_on_wind_and_sun_leaves_the_load(series):
    more = csv_profiles(series_file("rts_gmlc_2020-02"), 3600, start_date=dt.date(2020, 2, 9), renewables_factor=1.5)
    assert more.hourly(12 * 3600, 1).wind_mw == pytest.approx(1.5 * series.hourly(12 * 3600, 1).wind_mw)
    assert more.means(0, 900).must_take_mw == pytest.approx(1.5 * series.means(0, 900).must_take_mw)
    assert np.array_equal(more.load_mw, series.load_mw)
