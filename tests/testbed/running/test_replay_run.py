"""Recorded sessions, survey trips and drivers at home in a whole run."""

from pathlib import Path

import numpy as np
import pytest

from models.mobility.recorded_sessions import read_sessions
from models.records.groups import ZONES
from testbed.auditing.of_runs import audited
from testbed.results.reading import Result
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.parts.fleet import Habit
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


def test_who_knows_the_truth_knows_of_recorded_sessions_what_is_declared(tmp_path):
    """They name no slot; once the run ended in an error of numpy."""
    file = small_run.run(tmp_path, *REPLAY, "planning.mip_gap=1e-2", "spatial.look_ahead_h=2",
                         controller="oracle")
    assert Result(file).status == "completed"
    assert audited(file).violations == ()


CASES = Path(__file__).parents[2] / "cases"
OWN = ("districts.0.private=6", *REPLAY[1:3], "districts.0.sessions_start_date=2019-05-06",
       "districts.0.strategies.private=free")


@pytest.mark.parametrize(("case", "kwh"), [
    ("s_short_stays", 15.0), pytest.param("s_small_request", 2.0, marks=pytest.mark.slow)])
def test_what_sessions_ask_for_is_charged_at_steps_of_an_hour(tmp_path, case, kwh):
    file = small_run.run(tmp_path, *OWN, f"districts.0.sessions={CASES / case / 'sessions.csv'}")
    result = Result(file)
    assert result.district("feeder33", "charge_kw").sum() * result.step_h == pytest.approx(kwh, rel=1e-6)
    verdict = audited(file)
    assert verdict.violations == ()
    assert [note for note in verdict.notes if "without a declared departure" in note]


@pytest.mark.parametrize(("overrides", "message"), [
    (("districts.0.sessions=caltech2019",), "is needed with sessions"),
    ((*REPLAY, "districts.0.taxi=2"), "private cars alone"),
])
def test_impossible_replays(overrides, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario("smoke", overrides)


@pytest.mark.slow
def test_a_day_of_survey_trips(tmp_path):
    result = Result(small_run.run(tmp_path, "fleet.trips=survey", "districts.0.private=40"))
    assert result.district("feeder33", "driven_kwh").sum() > 10
    assert result.district("feeder33", "plugged_count").sum(axis=1).min() > 5


@pytest.mark.slow
def test_a_day_of_drivers_at_home(tmp_path):
    """Fewer plug in than cars that are at home, they stand at home alone, and the result says by which rule."""
    cars = ("districts.0.private=40", "districts.0.taxi=0", "districts.0.government=0")
    result = Result(small_run.run(tmp_path, "drivers.profile=home", "days=1", *cars))
    plugged = result.district("feeder33", "plugged_count").reshape(24, len(ZONES), -1).sum(axis=2)
    assert not plugged[:, ZONES.index("office")].any() and not plugged[:, ZONES.index("commercial")].any()
    assert 4 < plugged[3].sum() < 25 and plugged[12].sum() < plugged[3].sum()
    assert result.scenario["drivers"]["habit"] == Habit().model_dump()
