"""The table of docs/units.md, run as it stands there, and what a wrong file does to a request."""

import re
from pathlib import Path

import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, checked_scenario, run_request
from tests.testbed import small_run

PAGE = Path(__file__).parents[3] / "docs" / "units.md"
SYSTEM = ("profiles.load_peak_mw=300", "profiles.wind_capacity_mw=60", "profiles.pv_capacity_mw=40",
          "system.headroom=reachable")


def _table(folder):
    text = re.search(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    file = folder / "my_units.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("controller", ["no_pev", "temporal"])
def test_the_page_s_own_table_runs(controller, tmp_path):
    file = small_run.run(tmp_path, f"system.units={_table(tmp_path)}", *SYSTEM, controller=controller)
    result = open_result(file)
    assert result.unit_names == ("nuclear", "coal", "gas_cc", "gas_peak")
    on, p_mw = result.system("committed") > 0, result.system("p_mw")
    assert on[:, 0].all()
    assert np.all(np.diff(p_mw[:, 0]) <= 20.0 + 1e-6)
    assert audited(file).violations == ()


def test_a_wrong_table_is_refused_before_anything_is_written(tmp_path):
    table = _table(tmp_path)
    table.write_text(table.read_text(encoding="utf-8").replace("3050", "9").replace("gas_cc,30", "gas_cc,dear"),
                     encoding="utf-8")
    with pytest.raises(WrongRequest) as told:
        run_request("smoke", "no_pev", overrides=(f"system.units={table}",), output=tmp_path / "run.h5")
    (line,) = told.value.mistakes
    assert "my_units.csv: 2 mistakes" in line
    assert "row 2 (line 3), point_3_usd_per_h" in line or "row 2 (line 3), point_2_usd_per_h" in line
    assert "row 3 (line 4), p_min_mw: 'dear' must be a number" in line
    assert [file.name for file in tmp_path.iterdir()] == ["my_units.csv"]


@pytest.mark.parametrize(("override", "said"), [
    ("system.units=mine.xls", "a CSV file or a JSON file"), ("system.units=none.csv", "none.csv: 1 mistake"),
])
def test_units_that_are_not_there_are_named(override, said):
    with pytest.raises(WrongRequest, match=said):
        checked_scenario("smoke", (override,))


def test_ramps_and_emissions_of_the_ten_units_are_theirs_alone():
    with pytest.raises(WrongRequest) as told:
        checked_scenario("smoke", ("system.units=rts_gmlc_2020-02-09", "system.ramps=ten_unit",
                                   "system.emissions=quadratic"))
    assert sum("is only for system.units: ten_units" in line for line in told.value.mistakes) == 2
