"""A run as an environment: what is seen, done, paid; the same as any run."""

from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

from controllers.learned.acting import ActionError, Projection
from controllers.learned.observing import LEAST, MOST, NUMBERS
from controllers.learned.policy import Policy
from testbed.learning.asked import MOST_DAYS, SEEDS, asked, day_of
from testbed.learning.day import Day, Moment
from testbed.learning.environment import DispatchEnv, DistrictsEnv
from testbed.metrics.of_runs import compute_metrics
from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.running.preflight import WrongRequest
from tests.testbed import small_run

CHOICES = {"acts_by": "district", "ledger": "society_cost_usd_adjusted", "split": "training",
           "car_control": "charge_only"}
NIGHT = 0.3
"""What is asked of all cars in every step, of their rated power."""


def overrides(folder) -> list[str]:
    return [*small_run.HOURLY, f"execution.cache_dir={small_run.shared_cache(folder)}"]


class Steady(Policy):
    """The same in every step."""

    name = "steady"
    description = "a part of the rated power, always"

    def act(self, district, observation):
        return [NIGHT]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory):
    """A day under `NIGHT`, step by step, and what was told."""
    folder = tmp_path_factory.mktemp("learning")
    day = Day(asked("smoke", overrides(folder), **CHOICES), 5, folder / "day.h5")
    moments = [day.begin()]
    while not moments[-1].is_over:
        moments.append(day.go_on(dict.fromkeys(day.asked.districts, np.array([NIGHT]))))
    return folder, day, moments


def test_a_day_has_its_steps_and_its_observations_keep_their_bounds(walked) -> None:
    _, _, moments = walked
    assert [moment.time_s for moment in moments] == [3600 * hour for hour in range(25)]
    for moment in moments:
        for values in moment.observations.values():
            assert values.shape == (len(NUMBERS),) and (values >= LEAST).all() and (values <= MOST).all()
    seen = np.array([moment.observations["feeder33"] for moment in moments[:-1]])
    assert (seen.std(axis=0) > 0).sum() > len(NUMBERS) / 2, "most of it moves during a day"


def test_rewards_are_the_ledger_of_the_result_with_its_sign_turned(walked) -> None:
    _, day, moments = walked
    ledger = compute_metrics(open_result(day.output))["society_cost_usd_adjusted"]
    assert sum(sum(moment.rewards.values()) for moment in moments) == pytest.approx(-ledger, rel=1e-12)
    booked = -sum(sum(moment.rewards.values()) for moment in moments[:-1])
    assert booked == pytest.approx(ledger, rel=0.1), "most of it is paid as it happens"
    assert sum(moments[0].rewards.values()) == 0 < booked


def test_what_cars_cannot_do_is_told(walked) -> None:
    _, _, moments = walked
    taken = np.array([moment.projections["feeder33"].taken_off_kw[0] for moment in moments[1:]])
    asked_kw = np.array([moment.projections["feeder33"].asked_kw[0] for moment in moments[1:]])
    rated_kw = np.array([moment.observations["feeder33"][[n.name for n in NUMBERS].index("cars_rated")]
                         for moment in moments[:-1]])
    np.testing.assert_allclose(asked_kw, NIGHT * rated_kw)
    assert (np.abs(taken) > 0.1).any() and (np.abs(taken) < 1e-9).any()


@pytest.mark.slow
def test_a_policy_as_a_controller_does_the_same_day(walked) -> None:
    folder, day, _ = walked
    scenario = day.asked.scenario.model_copy(update={"seed": 5})
    path = run_scenario(scenario, Steady(), seed=5, output=folder / "steady.h5")
    assert [name for name in equal_results(path, day.output) if "@controller" not in name] == []


def test_days_for_training_choosing_and_judging_are_apart() -> None:
    every = {split: asked("smoke", (), **{**CHOICES, "split": split}) for split in SEEDS}
    seeds = {split: {split_days.seed_of(day) for day in range(300)} for split, split_days in every.items()}
    assert all(len(days) == 300 for days in seeds.values())
    assert not set.intersection(*seeds.values()) and not seeds["training"] & seeds["held_out"]


def test_all_mistakes_of_a_request_are_told_at_once() -> None:
    with pytest.raises(WrongRequest) as caught:
        DispatchEnv("smoke", ["fleet.soc_min=7"], acts_by="bus", ledger="beauty")
    for piece in ("acts_by='bus': must be one of district, cohort, price", "ledger='beauty'", "soc_min"):
        assert piece in str(caught.value)
    with pytest.raises(WrongRequest, match="must be in_process"):
        DispatchEnv("smoke", ["execution.mode=separate_processes"])


def test_a_step_without_a_day_and_a_day_that_is_none_are_refused() -> None:
    env = DispatchEnv("smoke")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    with pytest.raises(ActionError, match=r"has shape \(3,\), must be \(2,\)"):
        env.step(np.zeros(3))
    with pytest.raises(WrongRequest, match="options day=-1"):
        env.reset(options={"day": -1})
    with pytest.raises(ActionError, match="must be 2 numbers"):
        env.step([[0.1], [0.1, 0.2]])
    with pytest.raises(WrongRequest, match="usd=0: must be a number above 0"):
        DispatchEnv("smoke", usd=0)
    with pytest.raises(WrongRequest, match="must be a list"):
        DistrictsEnv("smoke", "step_s=3600")
    assert day_of({"day": np.int64(7)}, 0) == 7
    env.close()


def test_an_action_of_every_district_is_needed_and_of_no_other() -> None:
    day = Day(asked("smoke", (), **CHOICES), 5, Path("unused.h5"))
    for actions in ({"feeder33": [0.1]}, {"feeder33": [0.1], "rest": [0.1], "feedr33": [0.2]}, [0.1, 0.1], {}):
        with pytest.raises(ActionError, match="one for each of feeder33, rest; is for"):
            day.go_on(actions)


@pytest.mark.parametrize("error", [RuntimeError("gone"), KeyboardInterrupt()])
def test_a_day_that_broke_within_a_step_is_over(error: BaseException) -> None:
    class Broken(Day):
        def go_on(self, actions: object) -> Moment:
            raise error

    env = DistrictsEnv("smoke")
    env._days._day = Broken(env.asked, 5, Path("unused.h5"))
    for expected in (type(error), gymnasium.error.ResetNeeded):
        with pytest.raises(expected):
            env.step({})
    env.close()


class Said(Day):
    """Says what it was given, moment by moment, whatever the actions."""

    def __init__(self, asked_of, moments: list[Moment]) -> None:
        super().__init__(asked_of, 5, Path("unused.h5"))
        self.moments, self.actions = moments, []

    def go_on(self, actions) -> Moment:
        self.actions.append(actions)
        return self.moments.pop(0)


def moment(hour: int, *, is_over: bool = False) -> Moment:
    """Observations of 1 and 2, rewards of 30 and 12 USD; asked 4 kW of which 3 are done."""
    done = Projection(*(np.array([kw]) for kw in (4.0, 3.0)))
    return Moment({"feeder33": np.full(len(NUMBERS), 1.0), "rest": np.full(len(NUMBERS), 2.0)},
                  {"feeder33": 30.0, "rest": 12.0}, {"feeder33": done, "rest": done}, 3600 * hour, is_over)


def test_one_operator_sees_all_districts_and_is_paid_for_all_in_its_unit() -> None:
    env = DispatchEnv("smoke", split="validation", usd=100.0)
    env._days._day = day = Said(env.asked, [moment(1), moment(2, is_over=True)])
    seen, reward, is_over, is_cut, info = env.step(np.array([0.25, -0.5]))
    assert (seen[:len(NUMBERS)] == 1).all() and (seen[len(NUMBERS):] == 2).all() and seen.dtype == np.float32
    assert {name: values.tolist() for name, values in day.actions[0].items()} == {"feeder33": [0.25], "rest": [-0.5]}
    assert (reward, is_over, is_cut) == (0.42, False, False)
    assert [info["rest"][name] for name in ("time_s", "done_kw", "reward_usd", "seed", "split")] == [
        3600, 3.0, 12.0, 5, "validation"]
    assert env.step(np.zeros(2))[2], "the day is over"
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(2))
    assert [number.name for number in env.observation_names[::len(NUMBERS)]] == ["feeder33.hour_sin", "rest.hour_sin"]
    env.close()


def test_each_district_is_an_agent_until_the_day_is_over() -> None:
    env = DistrictsEnv("smoke", usd=10.0)
    env._days._day, env.agents = Said(env.asked, [moment(1), moment(2, is_over=True)]), env.possible_agents
    acts = {name: np.zeros(env.action_space(name).shape) for name in env.agents}
    seen, rewards, over, cut, info = env.step(acts)
    assert {name: env.observation_space(name).shape for name in env.agents} == {n: v.shape for n, v in seen.items()}
    assert rewards == {"feeder33": 3.0, "rest": 1.2} and not any(over.values()) and not any(cut.values())
    assert (seen["rest"] == 2).all() and info["feeder33"]["taken_off_kw"] == 1.0
    assert env.step(acts)[2] == {"feeder33": True, "rest": True} and env.agents == []
    env.close()


def test_an_action_that_is_none_does_not_end_the_day() -> None:
    env = DistrictsEnv("smoke")
    env._days._day = Day(env.asked, 5, Path("unused.h5"))
    for _ in range(2):
        with pytest.raises(ActionError, match="one for each of feeder33, rest; is for none"):
            env.step({})
    env.close()


def test_a_day_begun_anew_ends_the_one_before_and_a_seed_is_a_day(tmp_path) -> None:
    env = DistrictsEnv("smoke", overrides(tmp_path))
    seen, info = env.reset(seed=3)
    first, output = env._days._day, env._days._day.output
    again, _ = env.reset(options={"day": int(np.random.default_rng(3).integers(MOST_DAYS))})
    assert not first._thread.is_alive() and not output.exists()
    assert all(np.array_equal(seen[name], again[name]) for name in env.agents)
    assert info["rest"]["seed"] == first.seed == env._days._day.seed and info["rest"]["reward_usd"] == 0
    env.close()
    assert not output.parent.exists()


def test_a_run_that_ends_before_its_first_step_says_why_and_is_over(tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    day = Day(asked("smoke", (), **CHOICES), 5, tmp_path / "file" / "day.h5")
    with pytest.raises(OSError, match="file"):
        day.begin()
    assert not day._thread.is_alive()


# ---------------------------------------------------------------- whole days, again and again
@pytest.fixture
def env(tmp_path) -> Iterator[DispatchEnv]:
    made = DispatchEnv("smoke", overrides(tmp_path))
    yield made
    made.close()


@pytest.mark.slow
def test_the_checker_of_gymnasium_has_nothing_to_say(env) -> None:
    check_env(env, skip_render_check=True)  # there is nothing to look at


@pytest.mark.slow
def test_the_checker_of_parallel_environments_has_nothing_to_say(tmp_path) -> None:
    made = DistrictsEnv("smoke", overrides(tmp_path), acts_by="cohort")
    parallel_api_test(made, num_cycles=30)
    made.close()


@pytest.mark.slow
def test_two_resets_of_a_seed_are_equal_over_the_whole_day(env) -> None:
    def day() -> list[np.ndarray]:
        seen, _ = env.reset(seed=11)
        env.action_space.seed(3)
        told, is_over = [seen], False
        while not is_over:
            seen, reward, is_over, _, info = env.step(env.action_space.sample())
            told += [seen, np.array([reward]), info["feeder33"]["done_kw"]]
        return told

    first, again = day(), day()
    assert len(first) == 1 + 3 * 24 and all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
