"""The prices of docs/tables.md, run as they stand there: what pays below zero, for whom, and that no car does both."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from testbed.auditing.of_runs import audited
from testbed.metrics.of_runs import compute_metrics
from testbed.owners.statements import owner_statements
from testbed.results.reading import open_result
from testbed.results.recording import traces_path
from testbed.results.vehicle_traces import read_traces
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.setup.prices import build_tariff
from tests.testbed import small_run

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"
LIGHT = ("planning.horizon_h=26", "spatial.look_ahead_h=2")


def from_page(folder):
    """(file of prices, keys of the scenario) as the page shows them."""
    page = PAGE.read_text(encoding="utf-8")
    file = folder / "sunny.csv"
    file.write_text(re.search(r"```csv\n(charge.*?)```", page, re.DOTALL).group(1), encoding="utf-8")
    keys = yaml.safe_load(re.search(r"# sunny.yaml\n(.*?)\n\n", page, re.DOTALL).group(1))
    assert keys["extends"] == "smoke"
    tariff = {**keys["tariff"], "table": file}
    return [f"tariff.{key}={value}" for key, value in tariff.items()]


def priced(folder, below_per_mwh):
    """Dear but for six hours at noon."""
    prices = [80] * 9 + [below_per_mwh] * 6 + [90] * 9
    file = folder / "noon.csv"
    file.write_text("\n".join(["charge_per_mwh", *map(str, prices)]) + "\n", encoding="utf-8")
    return f"tariff.table={file}"


CASES = [(-50, 53.6), (-50, 0.0), (-500, 53.6), (-500, 0.0)]


@pytest.fixture(scope="module", ids=str, params=[pytest.param(case, marks=pytest.mark.slow) for case in CASES])
def noon(request, tmp_path_factory):
    """(price below zero, wear, result) of a day."""
    below, wear = request.param
    folder = tmp_path_factory.mktemp("noon")
    file = small_run.run(folder, priced(folder, below), *LIGHT, f"objective.wear_usd_per_mwh={wear}",
                         "record.vehicles=true", controller="temporal")
    return below, wear, file


def test_burning_energy_pays_where_it_earns_more_than_it_wears(noon):
    """A round trip of 0.87 at -50 $/MWh burns 6.5 $/MWh of what is charged, at -500 65: wear takes 50."""
    below, wear, file = noon
    figures = compute_metrics(open_result(file))
    assert figures["charged_below_zero_mwh"] > 0.5 * figures["charged_mwh"]
    assert (figures["discharged_below_zero_mwh"] > 1e-3) == (below == -500 or wear == 0)


def test_no_car_charges_and_discharges_in_one_step(noon):
    """Each step's sums over cars are those of powers of one sign each."""
    result = open_result(noon[2])
    for name in result.districts:
        power = read_traces(traces_path(noon[2]), name, "p_vehicle_kw")
        for way, energy in ((1, "charged_kwh"), (-1, "discharged_kwh")):
            assert np.maximum(way * power, 0).sum(axis=1) * result.step_h == pytest.approx(
                result.district(name, energy), abs=1e-3)


def test_bills_and_statements_add_up_below_zero(noon):
    result = open_result(noon[2])
    figures, told = compute_metrics(result), owner_statements(result)
    assert told.tariff_usd.sum() == pytest.approx(figures["tariff_payments_usd"])
    assert figures["tariff_payments_usd"] < 0, "owners are paid for charging"
    assert figures["society_cost_usd"] == pytest.approx(figures["owners_cost_usd"] + figures["operator_cost_usd"])
    assert told.net_usd.sum() == pytest.approx(figures["owners_cost_usd_adjusted"] + told.shortfall_usd.sum())
    assert audited(noon[2]).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize("controller", ["bilayer", "tariff"])
def test_the_page_s_own_prices_run(controller, tmp_path):
    file = small_run.run(tmp_path, *from_page(tmp_path), *LIGHT, controller=controller)
    result = open_result(file)
    assert result.system("price_charge_usd_per_kwh")[13] == pytest.approx(-0.5 / 0.92)
    assert compute_metrics(result)["charged_below_zero_mwh"] > 0
    (tmp_path / "sunny.csv").unlink()
    assert audited(file).violations == (), "judged by the table that the result holds"


def test_the_table_that_comes_along_is_a_tariff(tmp_path):
    scenario = small_run.scenario("tariff.table=spot_with_negative_hours", "tariff.currency=EUR",
                                  "tariff.currency_per_usd=0.92", cache_dir=tmp_path)
    assert build_tariff(scenario, 1).charge_usd_per_kwh(13 * 3600)[0] == pytest.approx(-0.056 / 0.92)


@pytest.mark.parametrize(("keys", "message"), [
    (("tariff.table=mine.xls",), "spot_with_negative_hours, .* or a CSV file"),
    (("tariff.table=none.csv",), "prices of scenario smoke: none.csv: there is no such file"),
    (("tariff.table=spot_with_negative_hours", "tariff.currency=EUR"), "must be 1 with USD and another number"),
    (("tariff.foresight=day_before",), "is only for prices of one's own"),
])
def test_what_does_not_fit_is_refused(keys, message):
    with pytest.raises(WrongRequest, match=message):
        checked_scenario("smoke", keys)
