"""Recorded sessions and survey trips in a whole run."""

import numpy as np
import pytest

from models.recorded_sessions import read_sessions
from testbed.results import Result
from testbed.scenario_loading import ScenarioError, load_scenario
from tests.testbed import small_run

REPLAY = ("districts.0.private=60", "districts.0.taxi=0", "districts.0.government=0",
          "districts.0.sessions=caltech2019", "districts.0.sessions_start_date=2019-06-05")


def test_a_day_of_recorded_sessions(tmp_path):
    result = Result(small_run.run(tmp_path, *REPLAY, "drivers.profile=full"))
    recorded = read_sessions("caltech2019")
    first_s = 35 * 86_400  # 2019-06-05
    here = [(recorded.arrival_s - first_s <= t) & (recorded.departure_s - first_s > t) for t in result.time_s.tolist()]
    plugged = result.district("feeder33", "plugged_count").sum(axis=1)
    counted = np.array([row.sum() for row in here])
    # sessions below half an hour, and those within one step, are left out; a snapshot knows what was before it
    assert np.abs(plugged - counted).max() <= 3 and plugged.max() > 15
    asked = recorded.delivered_kwh[(recorded.arrival_s >= first_s) & (recorded.arrival_s < first_s + 86_400)].sum()
    assert result.district("feeder33", "driven_kwh").sum() == pytest.approx(0.95 * asked, rel=0.1)


@pytest.mark.parametrize(("overrides", "message"), [
    (("districts.0.sessions=caltech2019",), "is needed with sessions"),
    ((*REPLAY, "districts.0.taxi=2"), "private cars alone"),
])
def test_impossible_replays(overrides, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario("smoke", overrides)


def test_a_day_of_survey_trips(tmp_path):
    result = Result(small_run.run(tmp_path, "fleet.trips=survey", "districts.0.private=40"))
    assert result.district("feeder33", "driven_kwh").sum() > 10
    assert result.district("feeder33", "plugged_count").sum(axis=1).min() > 5
