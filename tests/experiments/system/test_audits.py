"""The audit of all scenarios under all controllers: which cases there are, what is kept, what is taken over."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from experiments.system import audits
from models.system.tariff import price_file
from testbed.results.reading import open_result
from testbed.scenario.loading import load_scenario, scenario_names
from testbed.setup.controller_loading import controller_names
from testbed.wiring.code_version import code_hash
from tests.testbed import small_run

CASE = audits.Case("smoke", "uncoordinated", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which one case alone is done."""
    place = tmp_path_factory.mktemp("audits")
    small_run.run(place, "days=1", controller="uncoordinated", name="made.h5")
    (place / "smoke").mkdir()
    (place / "made.h5").rename(place / CASE.file)
    return place


def test_every_scenario_runs_under_every_controller_and_every_network_twice():
    cases = list(audits.cases())
    seen = Counter((case.scenario, case.controller) for case in cases if not case.network)
    seeds = {name: audits.SEEDS if name in audits.SEVERAL_SEEDS else 1 for name in audits.SCENARIOS}
    assert seen == {(name, who): seeds[name] for name in audits.SCENARIOS for who in controller_names()}
    networks = Counter(case.network for case in cases if case.network)
    assert len(networks) == 22 and set(networks.values()) == {2}
    assert len({case.file for case in cases}) == len(cases)
    first_dear = next(i for i, case in enumerate(cases) if case.controller in audits.DEAR)
    assert all(case.controller in audits.DEAR for case in cases[first_dear:])


def test_no_scenario_is_left_out_but_one_whose_day_is_another_s():
    assert set(scenario_names()) == {*audits.SCENARIOS, *audits.SAME_DAY}
    of_name = {"name", "description", "tariff"}
    for name, other in audits.SAME_DAY.items():
        mine, its = (load_scenario(which, audits.ONE_DAY) for which in (name, other))
        assert mine.model_dump(exclude=of_name) == its.model_dump(exclude=of_name)
        assert first_prices(mine.tariff.table) == first_prices(its.tariff.table) != []


def first_prices(table):
    """Lines of a table of prices up to the end of the second day, all that a plan of the first sees."""
    text = price_file(table).read_text(encoding="utf-8")
    return [line for line in text.splitlines()[1:] if line < "2020-02-11"]


def test_what_is_not_begun_in_time_is_open(tmp_path):
    assert audits.main(["-o", str(tmp_path), "--hours", "0"]) == 0
    with (tmp_path / "runs.csv").open(encoding="utf-8") as file:
        assert {row["ending"] for row in csv.DictReader(file)} == {"open"}


def test_a_run_tells_the_code_that_made_it(folder):
    assert audits.code_of(folder / CASE.file) == code_hash()


def test_finished_runs_alone_are_taken_over_and_none_is_overwritten(folder, tmp_path):
    assert audits.take_over(folder, tmp_path) == 1
    assert open_result(tmp_path / CASE.file).status == "completed"
    assert audits.take_over(folder, tmp_path) == 0
