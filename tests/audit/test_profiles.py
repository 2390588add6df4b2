"""Load, wind and sun as the audit reads them again: tables of the user's own, what is told of them, SimBench's year."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.finding import AuditError
from audit.profiles import series_of, simbench_columns, simbench_first_s, told_of
from audit.rules.world import forecasts, profiles
from audit.run import Run
from tests.audit.made import run, said

DAY_S, HOUR_S = 86_400, 3600
LOAD = 100.0 + np.arange(24)
TEXT = "load_mw,wind_mw,pv_mw,load_forecast_mw\n" + "".join(f"{load},10,4,{load + 5}\n" for load in LOAD)


def own(text: str = TEXT, controller: str = "temporal", error: str = "off", factor: float = 0.5, **arrays: Any) -> Run:
    """Two steps of half an hour from the first midnight on."""
    told = {"source": "csv", "file": "nowhere.csv", "resolution_s": HOUR_S, "forecast_error": error, "start_date": None,
            "renewables_factor": factor}
    return run(steps=2, step_s=1800, inputs={"profiles": text} if text else {}, profiles=told, arrays=arrays,
               attributes={"controller": controller, "load_peak_mw": 123.0})


HONEST: dict[str, Any] = {
    "load_mw": [100.0, 100.0], "wind_available_mw": [5.0, 5.0], "pv_available_mw": [2.0, 2.0],
    "must_take_mw": [0.0, 0.0], "load_forecast_mw": [105.0, 105.0], "wind_forecast_mw": [5.0, 5.0],
    "pv_forecast_mw": [2.0, 2.0]}


def test_a_table_of_ones_own_is_what_comes_and_its_forecasts_what_is_told() -> None:
    known, told = series_of(own()), told_of(own())
    assert known is not None and told is not None
    edges_s, rest = HOUR_S * np.array([0.5, 1.5, 25.0]), 0.5 * LOAD[1] + LOAD[2:].sum() + LOAD[0]
    assert known.means(edges_s)[:3] == pytest.approx(np.array([[100.5, rest / 23.5], [5.0, 5.0], [2.0, 2.0]]))
    assert told.means(edges_s)[0] == pytest.approx(known.means(edges_s)[0] + 5.0)
    assert np.array_equal(told.means(edges_s)[1:], known.means(edges_s)[1:]), "of wind there is no forecast"


def test_an_oracle_is_told_the_truth_but_for_what_all_are_told() -> None:
    hour = np.array([0.0, HOUR_S])
    for to_all, load_mw in ((False, 100.0), (True, 105.0)):
        told = told_of(own(controller="oracle"), to_all=to_all)
        assert told is not None and told.means(hour)[0] == pytest.approx([load_mw])


def test_what_is_drawn_by_chance_is_not_known() -> None:
    assert told_of(own(error="large")) is None
    assert said(forecasts, own(error="large", **HONEST)) == []


def test_a_table_that_is_nowhere_is_not_judged() -> None:
    assert series_of(own("")) is None and told_of(own("")) is None
    assert said(profiles, own("", load_mw=[1.0, 2.0])) == said(forecasts, own("", **HONEST)) == []


def test_a_source_that_there_is_not_is_named() -> None:
    with pytest.raises(AuditError, match=r"^profiles\.source='moon': not known to the audit$"):
        series_of(run(profiles={"source": "moon"}))


@pytest.mark.parametrize(("rule", "names"), [(profiles, list(HONEST)[:4]), (forecasts, list(HONEST)[4:])])
def test_an_altered_value_is_told_by_name_and_step(rule: Any, names: list[str]) -> None:
    assert said(rule, own(**HONEST)) == []
    for name in names:
        assert said(rule, own(**HONEST | {name: np.add(HONEST[name], [0.0, 0.5])})) == [f"{name}, 1: 0.5 MW"]


def test_an_altered_peak_is_told() -> None:
    honest = own(**HONEST)
    altered = replace(honest, attributes={**honest.attributes, "load_peak_mw": 124.0})
    assert said(profiles, altered) == ["load_peak_mw, -1: 1 MW"]


def test_what_a_simulator_of_others_told_is_not_judged() -> None:
    told = replace(own(**HONEST | {"load_mw": [7.0, 7.0]}), scenario={**own().scenario, "simulators": {
        "meter": {"place": "profiles", "gives": {"load_mw": {}}}}})
    assert said(profiles, told) == []
    wind = replace(told, arrays={**told.arrays, "wind_available_mw": np.array([5.0, 6.0])})
    assert said(profiles, wind) == ["wind_available_mw, 1: 1 MW"]


# ---------------------------------------------------------------- SimBench
@pytest.mark.parametrize(("date", "first_s"), [
    (dt.date(2016, 1, 1), 0), ("2016-01-18", -17 * DAY_S), (dt.date(2016, 3, 28), -87 * DAY_S + HOUR_S)])
def test_its_year_begins_so_long_before_a_day_of_local_time(date: Any, first_s: int) -> None:
    """From the last Sunday of March on the local midnight comes an hour earlier."""
    assert simbench_first_s(date) == first_s


def test_columns_of_its_tables_are_read_by_name(tmp_path: Path) -> None:
    file = tmp_path / "LoadProfile.csv"
    file.write_text("time;a;b\n01.01.2016 00:00;1;2\n01.01.2016 00:15;3;4\n", encoding="utf-8")
    assert simbench_columns(file, ["b", "a"]).tolist() == [[2.0, 1.0], [4.0, 3.0]]
    with pytest.raises(AuditError, match=r"^LoadProfile\.csv has no column c, d$"):
        simbench_columns(file, ["c", "a", "d"])
