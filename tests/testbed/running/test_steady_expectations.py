"""What is expected of cars to come, from the first planned midnight on, which may lie before counted time."""

from pathlib import Path

import numpy as np
import pytest

from testbed.setup.controller_loading import ORACLE
from testbed.setup.districts import build_districts
from testbed.setup.expectations import build_expectation
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

DAY_S = 86_400
REPLAY = ("districts.0.private=60", "districts.0.taxi=0", "districts.0.government=0",
          "districts.0.sessions=caltech2019", "districts.0.sessions_start_date=2019-06-05")


def expected(folder, *overrides, controller="bilayer", district="rest"):
    spec = RunSpec(small_run.scenario(*overrides, cache_dir=folder), controller, 1, Path("run.h5"))
    return build_expectation(spec, build_districts(spec)[district]).stays


@pytest.mark.parametrize(("overrides", "controller"), [
    (("planning.expectation=perfect",), "bilayer"), ((), ORACLE),
    ((*REPLAY, "planning.expectation=perfect"), "bilayer"),
])
def test_who_knows_the_run_s_own_days_knows_those_of_the_controlled_warmup(tmp_path, overrides, controller):
    """The same simulated days, the first of which is planned or not."""
    district = "feeder33" if REPLAY[0] in overrides else "rest"
    planned, not_planned = (expected(tmp_path, *overrides, *days, controller=controller, district=district)
                            for days in (("warmup_days=1", "warmup_controlled_days=2"), ("warmup_days=3",)))
    assert planned.sessions.start_s.min() < -DAY_S
    counted, other = planned.sessions.start_s >= 0, not_planned.sessions.start_s >= 0
    assert counted.sum() > 5
    for name, values in planned.sessions.to_arrays().items():
        np.testing.assert_array_equal(values[counted], getattr(not_planned.sessions, name)[other], err_msg=name)


def test_sampled_days_are_the_same_whatever_comes_before_counted_time(tmp_path):
    first, other = (expected(tmp_path / str(days), f"warmup_controlled_days={days}").sessions.to_arrays()
                  for days in (0, 3))
    for name, values in first.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.slow
def test_recorded_days_that_are_planned_are_not_expected_from(tmp_path):
    """A day more under control is a day less to know from."""
    def weight(day, days):
        keys = (*REPLAY[:-1], f"districts.0.sessions_start_date=2019-05-0{day}", f"warmup_controlled_days={days}",
                "planning.expectation_days=30")
        stays = expected(tmp_path, *keys, district="feeder33")
        return stays.sessions.weight.max()
    assert weight(6, 0) == pytest.approx(1 / 5)
    assert weight(6, 2) == pytest.approx(1 / 3)
