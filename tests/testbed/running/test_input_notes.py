"""What is told of tables that each may be right, and do not fit each other."""

import datetime as dt

import pytest

from testbed.running.input_notes import _day_notes, input_notes
from testbed.running.preflight import checked_scenario


@pytest.mark.parametrize(("load_mw", "is_odd"), [(1_200_000, True), (1_200, False), (300, False), (1.2, True)])
def test_a_load_that_no_units_fit_is_noted(tmp_path, load_mw, is_odd):
    (tmp_path / "load.csv").write_text("load_mw,wind_mw,pv_mw\n" + f"{load_mw},0,0\n" * 24)
    scenario = checked_scenario("smoke", ["profiles.source=csv", f"profiles.file={tmp_path / 'load.csv'}",
                                          "profiles.resolution_s=3600"])
    told = [note for note in input_notes(scenario) if f"load_mw peaks at {load_mw:,.6g} where all units" in note]
    assert len(told) == is_odd


@pytest.mark.parametrize(("day", "is_odd"), [(dt.date(2020, 2, 9), False), (dt.date(2016, 6, 14), True)])
def test_tables_that_begin_on_other_days_are_noted(day, is_odd):
    scenario = checked_scenario("smoke")
    begins = scenario.profiles.model_copy(update={"start_date": dt.date(2020, 2, 9)})
    districts = [scenario.districts[0].model_copy(update={"sessions_start_date": day}), *scenario.districts[1:]]
    told = list(_day_notes(scenario.model_copy(update={"profiles": begins, "districts": districts})))
    assert [f"profiles.start_date = 2020-02-09, districts.0.sessions_start_date = {day}" in note for note in told] == (
        [True] * is_odd)
