"""What a class of cars has not agreed to, no controller can have of it."""

from pathlib import Path

import numpy as np
import pytest

from models.drivers.behaviours import NOT_ENROLLED
from models.records.groups import THREE_CLASSES
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest, checked_scenario
from tests.testbed import learning_controller, small_run

GIVING = f"{Path(learning_controller.__file__)}:Giving"
DISTRICT = ("districts.0.feeder=null", "districts.0.slow_ports_per_bus=null", "districts.0.fast_ports_per_bus=null")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A day under a plan that discharges all it can, by what private cars of the first district agree to."""
    folder = tmp_path_factory.mktemp("strategies")
    return {strategy: Result(small_run.run(folder, *DISTRICT, f"districts.0.strategies.private={strategy}",
                                           controller=GIVING, name=f"{strategy}.h5"))
            for strategy in ("dispatched", "charge_only", "free")}


def of_class(result, name, which):
    """kWh of the day by class, first district."""
    by_group = result.district("feeder33", name).sum(axis=0) * result.step_h
    return THREE_CLASSES.by_zone_class_way(by_group).sum(axis=(0, 2))[THREE_CLASSES.class_names.index(which)]


@pytest.mark.slow
def test_only_who_agreed_discharges(runs):
    given = {strategy: of_class(run, "discharge_kw", "private") for strategy, run in runs.items()}
    assert given["dispatched"] > 10 and given["charge_only"] == given["free"] == 0
    assert all(of_class(run, "discharge_kw", "government") > 0 for run in runs.values())


@pytest.mark.slow
def test_the_plan_counts_on_no_more(runs):
    planned = {strategy: float(run.district("feeder33", "plan_pd_kw")[0].sum()) for strategy, run in runs.items()}
    assert planned["dispatched"] > planned["charge_only"] == pytest.approx(planned["free"]) and planned["free"] > 0
    charging = {strategy: float(run.district("feeder33", "plan_pc_kw")[0].sum()) for strategy, run in runs.items()}
    assert charging["charge_only"] > charging["free"]  # free cars are load, not flexibility


@pytest.mark.slow
def test_free_cars_are_never_told_anything(runs):
    refused = {strategy: run.district("feeder33", "refusals")[:, NOT_ENROLLED].sum() for strategy, run in runs.items()}
    assert refused["dispatched"] == refused["charge_only"] == 0 < refused["free"]


@pytest.mark.slow
def test_trips_stay_as_they_are(runs):
    for district in ("feeder33", "rest"):
        plugged = [run.district(district, "plugged_count").sum(axis=1) for run in runs.values()]
        np.testing.assert_array_equal(plugged[0], plugged[1])
        np.testing.assert_array_equal(plugged[0], plugged[2])


def test_an_unknown_strategy_is_a_mistake_of_the_scenario():
    with pytest.raises(WrongRequest) as wrong:
        checked_scenario("smoke", ["districts.0.strategies.taxi=sometimes"])
    assert any("strategies.taxi" in mistake for mistake in wrong.value.mistakes)
