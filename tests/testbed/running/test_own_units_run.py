"""The table of docs/units.md, run as it stands there, and what a wrong file does to a request."""

import re
from pathlib import Path

import numpy as np
import pytest

from audit.arrays import ARRAYS, full_name
from audit.judge import audit_run
from audit.run import read_run
from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, checked_scenario, run_request
from tests.audit.altered import with_array
from tests.testbed import small_run

PAGE = Path(__file__).parents[3] / "docs" / "units.md"
SYSTEM = ("profiles.load_peak_mw=300", "profiles.wind_capacity_mw=60", "profiles.pv_capacity_mw=40",
          "system.headroom=reachable")


def _table(folder):
    text = re.search(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    file = folder / "my_units.csv"
    file.write_text(text, encoding="utf-8")
    return file


def _steep(folder):
    """The page's units, coal slower than the load rises: a dispatch that looks one hour ahead comes too late."""
    file = _table(folder)
    file.write_text(file.read_text(encoding="utf-8").replace(",60,60,70,70,", ",12,12,70,70,"), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A day of the page's units with cars, reserve included; their table is gone when it is looked at."""
    folder = tmp_path_factory.mktemp("own")
    table = _table(folder)
    file = small_run.run(folder, f"system.units={table}", *SYSTEM, "system.reserve_rule=thermal_only",
                         "system.reserve_fraction=0.3", controller="temporal")
    table.unlink()
    return file


@pytest.mark.slow
def test_the_page_s_own_table_runs(tmp_path):
    file = small_run.run(tmp_path, f"system.units={_table(tmp_path)}", *SYSTEM, controller="no_pev")
    result = open_result(file)
    assert result.unit_names == ("nuclear", "coal", "gas_cc", "gas_peak")
    on, p_mw = result.system("committed") > 0, result.system("p_mw")
    assert on[:, 0].all()
    assert np.all(np.diff(p_mw[:, 0]) <= 20.0 + 1e-6)
    assert audited(file).violations == ()


@pytest.mark.slow
def test_the_reference_carries_out_its_plan_as_a_run_without_cars(tmp_path):
    """Units with ramps and no error of forecast, hour by hour: what the reference costs is what that run costs."""
    file = small_run.run(tmp_path, f"system.units={_steep(tmp_path)}", *SYSTEM, controller="no_pev")
    result = open_result(file)
    costs = sum(float(result.system(name).sum()) for name in ("fuel_cost_usd", "startup_cost_usd"))
    assert result.reference.operating_cost_usd == pytest.approx(costs, abs=1e-6)
    assert np.array_equal(result.reference.committed, result.system("committed"))


@pytest.mark.slow
def test_a_result_is_judged_without_the_table_by_its_text(planned):
    judged = audited(planned)
    assert judged.violations == ()
    assert "thermal units are those of my_units.csv, whose text the result holds" in judged.notes
    assert open_result(planned).system("reserve_shortfall_mw").max() > 0.5, "else reserve is not looked at"


def _more(at, by):
    def change(values):
        values[at] += by
        return values
    return change


@pytest.mark.slow
@pytest.mark.parametrize(("name", "change", "rule"), [
    ("p_mw", _more((slice(9, 11), 0), [8.0, -8.0]), "unit_limits"),
    ("p_mw", _more((10, 1), 70.0), "ramps"),
    ("p_mw", _more((10, 1), 1.0), "fuel_and_carbon"),
    ("committed", _more((5, 0), -1), "must_run"),
    ("ordered_mw", _more((0, 1), 5.0), "planned_powers"),
    ("fuel_cost_usd", _more(12, 1.0), "fuel_and_carbon"),
    ("reserve_shortfall_mw", _more(slice(None), 0.5), "reserve"),
    ("marginal_price_usd_per_mwh", _more(slice(None), 0.1), "marginal_price"),
    ("marginal_cost_usd_per_mwh", _more(slice(None), 0.1), "marginal_carbon_and_cost"),
    ("plan/p_mw", _more((0, 1, 10), 70.0), "planned_ramps"),
    ("plan/operating_cost_usd", _more(0, 5.0), "planned_costs"),
    ("plan/marginal_price_usd_per_mwh", _more(slice(None), 1.0), "planned_price"),
    ("reference/committed", _more((5, 0), -1), "reference"),
    ("reference/ordered_mw", _more((slice(None), slice(1, 3)), [-8.0, 8.0]), "reference"),
])
def test_an_altered_result_of_own_units_is_caught(name, change, rule, planned):
    run = read_run(planned)
    told = next(told for told in ARRAYS if full_name(told) == name)
    values = {"system": run.arrays, "plan": run.plan, "reference": run.reference}[told.place][told.name]
    altered = with_array(run, told, "", change(values.copy()))
    assert rule in {broken.rule for broken in audit_run(altered, only=(rule,)).violations}


def test_a_wrong_table_is_refused_before_anything_is_written(tmp_path):
    table = _table(tmp_path)
    table.write_text(table.read_text(encoding="utf-8").replace("3050", "9").replace("gas_cc,30", "gas_cc,dear"),
                     encoding="utf-8")
    with pytest.raises(WrongRequest) as told:
        run_request("smoke", "no_pev", overrides=(f"system.units={table}",), output=tmp_path / "run.h5")
    (line,) = told.value.mistakes
    assert "my_units.csv: 2 mistakes" in line
    assert "row 2 (line 3): column point_" in line
    assert "row 3 (line 4): column p_min_mw 'dear' is no number" in line
    assert [file.name for file in tmp_path.iterdir()] == ["my_units.csv"]


@pytest.mark.parametrize(("override", "said"), [
    ("system.units=mine.xls", "a CSV file or a JSON file"),
    ("system.units=none.csv", "none.csv: there is no such file"),
])
def test_units_that_are_not_there_are_named(override, said):
    with pytest.raises(WrongRequest, match=said):
        checked_scenario("smoke", (override,))


def test_ramps_and_emissions_of_the_ten_units_are_theirs_alone():
    with pytest.raises(WrongRequest) as told:
        checked_scenario("smoke", ("system.units=rts_gmlc_2020-02-09", "system.ramps=ten_unit",
                                   "system.emissions=quadratic"))
    assert sum("is only for system.units: ten_units" in line for line in told.value.mistakes) == 2
