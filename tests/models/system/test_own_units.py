"""Units of one's own: every mistake of a file at once, and the table that a good file makes."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.system.own_units import UnitFileError, several
from models.system.pglib_uc import read_pglib_uc
from models.system.unit_csv import read_unit_csv
from models.system.unit_tables import SHIPPED_CASES, shipped_case, unit_notes, units_of
from models.system.units import ten_units
from models.tables.table_format import TableFormat

HEADER = ("unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,start_1_lag_h,start_1_usd,start_2_lag_h,start_2_usd,"
          "start_3_lag_h,start_3_usd,point_1_mw,point_1_usd_per_h,point_2_mw,point_2_usd_per_h,point_3_mw,"
          "point_3_usd_per_h,ramp_up_mw_per_h,must_run,initial_p_mw")
QUADRATIC_HEADER = ("unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,"
                    "cost_c_usd_per_mw2h,initial_p_mw")
STEAM = "steam,40,100,4,3,6,3,400,5,600,12,900,40,900,70,1500,100,2250,50,1,80"
GAS = "gas,10,50,1,1,-2,1,60,,,,,10,400,50,1600,,,,0,"
UNIT: dict[str, Any] = {
    "must_run": 0, "power_output_minimum": 40.0, "power_output_maximum": 100.0, "ramp_up_limit": 25.0,
    "ramp_down_limit": 90.0, "ramp_startup_limit": 80.0, "ramp_shutdown_limit": 60.0, "time_up_minimum": 4,
    "time_down_minimum": 3, "power_output_t0": 80.0, "unit_on_t0": 1, "time_down_t0": 0, "time_up_t0": 6,
    "startup": [{"lag": 3, "cost": 400.0}, {"lag": 12, "cost": 900.0}],
    "piecewise_production": [{"mw": 40.0, "cost": 900.0}, {"mw": 70.0, "cost": 1500.0}, {"mw": 100.0, "cost": 2250.0}]}
CASE: dict[str, Any] = {
    "time_periods": 2, "demand": [90.0, 95.0], "reserves": [3.0, 4.0], "thermal_generators": {"steam": UNIT},
    "renewable_generators": {"sun": {"power_output_minimum": [0.0, 5.0], "power_output_maximum": [10.0, 5.0]},
                             "hydro": {"power_output_minimum": [2.0, 2.0], "power_output_maximum": [2.0, 2.0]}}}


def _csv(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "mine.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return file


def _json(folder: Path, case: object) -> Path:
    file = folder / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    return file


# ------------------------------------------------------------------ good files
def test_a_table_becomes_units(tmp_path: Path) -> None:
    units = read_unit_csv(_csv(tmp_path, STEAM, GAS))
    assert units.names == ("steam", "gas")
    assert units.must_run.tolist() == [True, False]
    assert units.initial_h.tolist() == [6, -2] and units.initial_p_mw.tolist() == [80.0, 0.0]
    assert units.ramp_up_mw_per_h.tolist() == [50.0, np.inf]
    on = np.ones(2, dtype=bool)
    for p_mw, usd in (([40.0, 10.0], [900.0, 400.0]), ([55.0, 30.0], [1200.0, 1000.0]),
                      ([85.0, 50.0], [1875.0, 1600.0])):
        assert units.fuel_cost_usd_per_h(np.array(p_mw), on) == pytest.approx(usd)


@pytest.mark.parametrize(("off_h", "usd"), [(3, 400.0), (4, 400.0), (4.5, 600.0), (5, 600.0), (11, 600.0), (12, 900.0),
                                            (500, 900.0)])
def test_a_start_costs_by_the_hours_off_before_it(off_h: float, usd: float, tmp_path: Path) -> None:
    units = read_unit_csv(_csv(tmp_path, STEAM, GAS))
    assert units.start_cost_usd(np.array([off_h, off_h])).tolist() == [usd, 60.0]


def test_a_case_becomes_units_demand_and_renewables(tmp_path: Path) -> None:
    """Ramps hold on output above the minimum, so that a unit starts at 40 + 25 MW at most, whatever its limit."""
    case = read_pglib_uc(_json(tmp_path, CASE))
    assert case.demand_mw.tolist() == [90.0, 95.0] and case.reserve_mw.tolist() == [3.0, 4.0]
    assert case.renewable_least_mw.tolist() == [2.0, 7.0] and case.renewable_most_mw.tolist() == [12.0, 7.0]
    units = case.units
    assert units.p_startup_max_mw.tolist() == [65.0] and units.p_shutdown_max_mw.tolist() == [60.0]
    assert units.fuel_cost_usd_per_h(np.array([85.0]), np.array([True])) == pytest.approx(1875.0)


def test_the_ten_units_are_what_they_were_and_others_can_be_scaled() -> None:
    assert units_of("ten_units", "quadratic", 2, 0.5).names == ten_units("quadratic", 2, 0.5).names
    ten, same = ten_units(unit_copies=2, unit_scale=0.1), several(ten_units(), 2, 0.1)
    for name in ("p_max_mw", "cost_a_usd_per_h", "cost_b_usd_per_mwh", "cost_c_usd_per_mw2h", "start_usd", "min_up_h",
                 "initial_h", "emission_beta_t_per_mwh"):
        assert np.allclose(getattr(ten, name), getattr(same, name), rtol=1e-12)


@pytest.mark.parametrize("name", SHIPPED_CASES)
def test_cases_that_come_along_can_be_read(name: str) -> None:
    case = shipped_case(name)
    assert (case.units.count, case.demand_mw.size) == (73, 48)
    assert case.reserve_mw == pytest.approx(0.03 * case.demand_mw)
    assert np.all(case.renewable_least_mw <= case.renewable_most_mw)


# ------------------------------------------------------------------ mistakes
def test_every_mistake_of_a_table_is_told_at_once(tmp_path: Path) -> None:
    concave = STEAM.replace("1500", "1900")
    late = "late,60,50,1,1,0,4,60,,,,,60,1,50,2,,,-3,2,"
    with pytest.raises(UnitFileError) as told:
        read_unit_csv(_csv(tmp_path, concave, GAS.replace("400", "4,5"), late, GAS.replace("10,50", "ten,nan"),
                           "gap,10,50,1,1,-2,1,60,,,9,,10,400,50,1600,,,,0,", STEAM))
    text = str(told.value)
    assert text.startswith(f"{tmp_path / 'mine.csv'}: ")
    for part in ("row 1 (line 2): column point_2_usd_per_h the cost is not convex: 33.3333 $/MWh below 70 MW, 11.66",
                 "row 2 (line 3): has 22 cells, the header 21",
                 "row 3 (line 4): column must_run '2' is out of range, allowed: 0 to 1",
                 "row 4 (line 5): column p_min_mw 'ten' is no number, allowed: 0 to 1e+07",
                 "row 4 (line 5): column p_max_mw is empty; each row needs it",
                 "row 5 (line 6): column start_3_lag_h follows an empty start_2_lag_h",
                 "row 5 (line 6): column start_3_usd is empty, the other of its pair is not",
                 "row 6 (line 7): column unit 'steam' stands in row 1 (line 2) too"):
        assert part in text


def test_numbers_that_contradict_each_other_are_told_by_column(tmp_path: Path) -> None:
    wrong = "late,60,50,1,1,0,4,60,3,50,,,60,1,50,2,,,0,0,70"
    with pytest.raises(UnitFileError) as told:
        read_unit_csv(_csv(tmp_path, wrong))
    for part in ("p_min_mw: 60 is above p_max_mw=50", "initial_h: 0 says neither on nor off",
                 "start_1_lag_h: 4 must be at most min_down_h=1", "start_2_lag_h: 3 must be above the 4",
                 "start_2_usd: 50 must be at least the 60", "point_2_mw: 50 must be above the 60",
                 "ramp_up_mw_per_h: 0 must be above 0", "initial_p_mw: 70 must lie from 60 to 50"):
        assert f"row 1 (line 2): column {part.replace(': ', ' ', 1)}" in str(told.value)


@pytest.mark.parametrize(("row", "columns", "words"), [
    ("off,0,0,1,1,3,1,1,0,", "", "p_max_mw 0 must be above 0"),
    ("off,10,50,1,1,-3,1,1,0,20", "", "initial_p_mw 20 must be 0 of a unit that is off"),
    ("off,10,50,1,4,-3,1,1,0,,1", "must_run", "must_run it is off and may not start for 1 h"),
    ("slow,10,50,1,1,3,1,1,0,,9", "p_startup_max_mw", "p_startup_max_mw 9 must be at least p_min_mw=10"),
    ("slow,10,50,1,1,3,1,1,0,,9.5", "p_shutdown_max_mw", "p_shutdown_max_mw 9.5 must be at least p_min_mw=10"),
    ("dear,10,50,1,1,3,1,1,-1,", "", "cost_c_usd_per_mw2h c=-1 must be at least 0: the cost must be convex"),
    (",10,50,1,1,3,1,1,0,", "", "unit is empty; each row needs it"),
    ("free,10,50,1,1,3,,,,", "",
     "cost_a_usd_per_h or points: a unit needs either a quadratic cost or points, has neither"),
    ("both,10,50,1,1,3,1,1,0,,10,100,50,700", "point_1_mw,point_1_usd_per_h,point_2_mw,point_2_usd_per_h",
     "cost_a_usd_per_h or points: a unit needs either a quadratic cost or points, has both")])
def test_a_unit_that_cannot_be_is_told_by_row_column_and_value(row: str, columns: str, words: str,
                                                              tmp_path: Path) -> None:
    header = ",".join(filter(None, (QUADRATIC_HEADER, columns)))
    with pytest.raises(UnitFileError) as told:
        read_unit_csv(_csv(tmp_path, row, header=header))
    assert str(told.value).rstrip().endswith(f"row 1 (line 2): column {words}")


@pytest.mark.parametrize(("columns", "cells", "words"), [
    ("start_1_lag_h,start_1_usd,start_3_lag_h,start_3_usd", "1,60,8,90", "start_3_lag_h follows an empty start_2_lag"),
    ("start_2_lag_h,start_2_usd", "1,60", "start_2_lag_h follows an empty start_1_lag_h"),
    ("point_2_mw,point_2_usd_per_h", "50,900", "point_2_mw follows an empty point_1_mw")])
def test_a_number_left_out_of_the_header_hides_no_column_behind_it(columns: str, cells: str, words: str,
                                                                  tmp_path: Path) -> None:
    """They were not read: a unit with the second start alone started for nothing."""
    with pytest.raises(UnitFileError, match=rf"row 1 \(line 2\): column {words}"):
        read_unit_csv(_csv(tmp_path, f"gas,10,50,1,1,3,1,1,0,,{cells}", header=f"{QUADRATIC_HEADER},{columns}"))


def test_more_units_than_any_country_has_are_refused(tmp_path: Path) -> None:
    rows = ["gas,10,50,1,1,3,1,1,0,"] * 10_001
    with pytest.raises(UnitFileError, match=r"mine\.csv: holds 10,001 units, allowed: 10,000"):
        read_unit_csv(_csv(tmp_path, *rows, header=QUADRATIC_HEADER))


def test_unknown_and_missing_columns_are_told(tmp_path: Path) -> None:
    header = HEADER.replace("min_up_h", "min_up").replace("point_1_mw", "point_0_mw")
    with pytest.raises(UnitFileError) as told:
        read_unit_csv(_csv(tmp_path, STEAM, header=header))
    for part in ("has unknown columns: 'min_up', 'point_0_mw'; allowed: unit, p_min_mw", "lacks the columns min_up_h;"):
        assert part in str(told.value)
    with pytest.raises(UnitFileError, match="has columns twice: 'unit'"):
        read_unit_csv(_csv(tmp_path, STEAM, header=HEADER.replace("start_2_usd", "unit")))
    with pytest.raises(UnitFileError, match="needs a cost: columns cost_a_usd_per_h"):
        read_unit_csv(_csv(tmp_path, "a,1,2,1,1,3", header="unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h"))


def test_a_missing_column_hides_no_other_mistake_and_is_one(tmp_path: Path) -> None:
    header = HEADER.replace("p_max_mw", "p_max_kw")
    with pytest.raises(UnitFileError) as told:
        read_unit_csv(_csv(tmp_path, STEAM, GAS.replace("10,50", "ten,50"), header=header))
    text = str(told.value)
    assert "3 mistakes" in text and "has unknown columns: 'p_max_kw'" in text and "lacks the columns p_max_mw" in text
    assert "row 2 (line 3): column p_min_mw 'ten' is no number" in text


@pytest.mark.parametrize(("column", "text"), [
    ("p_max_mw", "1e308"), ("p_max_mw", "1_000"), ("min_up_h", "1.5"), ("min_up_h", "9999"), ("initial_h", "1e9"),
    ("start_1_usd", "-1"), ("point_1_usd_per_h", "1e12"), ("p_min_mw", "inf"), ("ramp_up_mw_per_h", "-3"),
    ("must_run", "yes")])
def test_numbers_of_no_power_station_are_refused_with_their_range(column: str, text: str, tmp_path: Path) -> None:
    cells = STEAM.split(",")
    cells[HEADER.split(",").index(column)] = text
    with pytest.raises(UnitFileError, match=rf"row 1 \(line 2\): column {column} '{text}' is .*, allowed: -?\d"):
        read_unit_csv(_csv(tmp_path, ",".join(cells)))


def test_the_reader_of_all_tables_reads_units_too(tmp_path: Path) -> None:
    plain = read_unit_csv(_csv(tmp_path, STEAM, GAS))
    file = tmp_path / "german.csv"
    text = "\n".join((HEADER, STEAM.replace("steam", "Gr\u00fcn"), GAS.replace("1600", "1600.5"))) + "\n"
    file.write_bytes(text.replace(",", ";").replace(".", ",").encode("latin-1"))
    assert unit_notes(str(file)) == ("read with encoding windows-1252, delimiter semicolon, decimal comma",)
    units = units_of(str(file))
    assert units.names == ("Gr\u00fcn", "gas") and units.p_max_mw.tolist() == plain.p_max_mw.tolist()
    assert float(units.fuel_cost_usd_per_h(np.array([40.0, 50.0]), np.ones(2, dtype=bool))[1]) == 1600.5
    with pytest.raises(UnitFileError, match="lacks the columns"):
        units_of(str(file), units_format=TableFormat(delimiter="tab"))


def test_every_mistake_of_a_case_is_told_by_its_keys(tmp_path: Path) -> None:
    case = copy.deepcopy(CASE)
    unit, other = copy.deepcopy(UNIT), copy.deepcopy(UNIT)
    unit |= {"fuel": "coal", "time_up_minimum": 1.5, "must_run": 2}
    del unit["ramp_up_limit"]
    unit["startup"][1]["lag"] = "late"
    other["piecewise_production"][1]["cost"] = 1900.0
    case["thermal_generators"] = {"a.1": unit, "b": other, "c": 3}
    case["demand"] = [90.0, "NaN"]
    case |= {"reserves": [1.0], "weather": "fine"}
    case["renewable_generators"]["sun"]["power_output_minimum"][0] = 11.0
    with pytest.raises(UnitFileError) as told:
        read_pglib_uc(_json(tmp_path, case))
    for part in ("weather: is unknown", "thermal_generators.a.1.fuel: is unknown, allowed: ",
                 "thermal_generators.a.1.ramp_up_limit: is missing",
                 "thermal_generators.a.1.time_up_minimum: 1.5 must be a whole number from 0 to 8760",
                 "thermal_generators.a.1.must_run: 2 must be a whole number from 0 to 1",
                 "thermal_generators.a.1.startup[1].lag: 'late' must be a whole number",
                 "thermal_generators.b.piecewise_production[1].cost: the cost is not convex",
                 "thermal_generators.c: must be an object", "demand[1]: 'NaN' must be a number",
                 "reserves: has 1 values, must have time_periods=2",
                 "renewable_generators.sun.power_output_minimum[0]: 11 is above power_output_maximum 10"):
        assert part in str(told.value)


@pytest.mark.parametrize(("key", "value", "words"), [
    ("startup", [], "startup: must be a list of objects with lag and cost"),
    ("startup", {"lag": 3, "cost": 1.0}, "startup: must be a list of objects with lag and cost"),
    ("piecewise_production", 5, "piecewise_production: must be a list of objects with mw and cost"),
    ("startup", [[3, 400.0]], r"startup\[0\]: must be an object with lag and cost"),
    ("startup", [{"lag": 3, "usd": 1.0}], r"startup\[0\].usd: is unknown, allowed: cost, lag"),
    ("ramp_startup_limit", 39.0, "ramp_startup_limit: 39 must be at least p_min_mw=40"),
    ("ramp_shutdown_limit", 0.0, "ramp_shutdown_limit: 0 must be at least p_min_mw=40")])
def test_a_unit_of_another_form_is_told_by_its_key(key: str, value: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnitFileError, match=rf"thermal_generators\.a\.{words}"):
        read_pglib_uc(_json(tmp_path, {**CASE, "thermal_generators": {"a": {**UNIT, key: value}}}))


@pytest.mark.parametrize(("key", "value", "words"), [
    ("thermal_generators", [UNIT], "thermal_generators: must be an object of generators by name"),
    ("renewable_generators", None, "renewable_generators: must be an object of generators by name"),
    ("thermal_generators", {}, "thermal_generators: holds 0 units, allowed: 1 to 10,000"),
    ("thermal_generators", {"a": 3}, "thermal_generators.a: must be an object"),
    ("renewable_generators", {"sun": {"power_output_minimum": [0.0], "power_output_maximum": [1.0, 1.0]}},
     "renewable_generators.sun.power_output_minimum: has 1 values, must have time_periods=2"),
    ("renewable_generators", {"sun": {"power_output_minimum": "none", "power_output_maximum": [1.0, 1.0]}},
     "renewable_generators.sun.power_output_minimum: has 'none', must have time_periods=2")])
def test_generators_of_another_form_are_one_mistake(key: str, value: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnitFileError) as told:
        read_pglib_uc(_json(tmp_path, {**CASE, key: value}))
    assert str(told.value) == f"{tmp_path / 'case.json'}: {words}"


@pytest.mark.parametrize(("changes", "words"), [
    ({"power_output_t0": 0.0}, "power_output_t0: 0 must be at least power_output_minimum of a unit that is on"),
    ({"time_down_t0": 5}, "time_down_t0: 5 must be 0 of a unit that is on"),
    ({"unit_on_t0": 0, "power_output_t0": 0.0, "time_down_t0": 5}, "time_up_t0: 6 must be 0 of a unit that is off"),
])
def test_a_state_before_the_first_hour_that_contradicts_itself_is_refused(
        changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UnitFileError, match=f"thermal_generators.a.{words}"):
        read_pglib_uc(_json(tmp_path, {**CASE, "thermal_generators": {"a": {**UNIT, **changes}}}))


@pytest.mark.parametrize(("text", "words"), [
    ("", "is no JSON"), ("[1]", "holds no case"), ("{", "is no JSON"), ("\xff", "is no JSON"),
    ('{"time_periods": NaN}', "time_periods: NaN must be a whole number from 1 to 100000"),
    ('{"time_periods": 1e12}', "must be a whole number from 1 to 100000"), ("[" * 100_000, "nested deeper"),
    ('{"demand": [], "demand": [1]}', "the key 'demand' is there twice"),
    ('{"demand": [1' + "0" * 400 + "]}", r"demand\[0\]: 1000.*\.\.\. must be a number from 0 to 1e\+07")])
def test_what_is_no_case_is_refused(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UnitFileError, match=rf"case\.json: (.*\n)*.*{words}"):
        read_pglib_uc(file)


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.json"])
def test_a_pipe_that_nobody_fills_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UnitFileError, match="is no regular file"):
        units_of(str(tmp_path / name))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("none.csv", "none.json"):
        with pytest.raises(UnitFileError, match=name):
            units_of(str(tmp_path / name))


def test_points_that_a_program_summed_are_the_limits(tmp_path: Path) -> None:
    """0.44999999999999996 is 0.45, as in cases of 610 units of the library; 0.449 is not."""
    case, points = copy.deepcopy(CASE), [{"mw": 0.09, "cost": 1.0}, {"mw": 0.44999999999999996, "cost": 2.0}]
    small = case["thermal_generators"]["steam"]
    small |= {"power_output_minimum": 0.09, "power_output_maximum": 0.45, "power_output_t0": 0.09,
              "piecewise_production": points}
    units = read_pglib_uc(_json(tmp_path, case)).units
    assert units.fuel_cost_usd_per_h(np.array([0.45]), np.ones(1, dtype=bool)) == pytest.approx([2.0])
    points[1]["mw"] = 0.449
    with pytest.raises(UnitFileError, match=r"piecewise_production\[1\].mw: 0.449 must be p_max_mw=0.45"):
        read_pglib_uc(_json(tmp_path, case))
