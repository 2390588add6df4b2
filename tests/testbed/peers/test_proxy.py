"""What simulators of others answer is looked at, in every step; what is wrong names simulator, time and cause."""

import asyncio
import math
import sys

import mosaik_api_v3
import numpy as np
import pytest

from testbed.peers.proxy import PeerProxy, Terms, Unanswered, wrong_data, wrong_step
from testbed.peers.starting import PeerStarter, class_of
from testbed.wiring.failure import SimulatorFailure

HOURLY = Terms(step_s=3600, until_s=86_400, warmup_s=7200, patience_s=1.0)


@pytest.mark.parametrize(("time_s", "answer", "said"), [
    (0, 3600, ""), (82_800, 86_400, ""), (82_800, 90_000, ""), (82_800, 100_000, ""),
    (0, 7200, "stepped from 0 s to 7200 s, allowed is a step of 3600 s"),
    (3600, 86_400, "its series may have ended"),
    (0, 1800, "to 1800 s"), (0, None, "returned None"), (0, 3600.0, "returned 3600.0"), (0, True, "returned True"),
])
def test_its_steps_are_those_it_should_take(time_s, answer, said) -> None:
    told = wrong_step(time_s, answer, HOURLY)
    assert said in told and bool(said) == bool(told)


@pytest.mark.parametrize(("answer", "said"), [
    ({"a": {"x": 1.0, "y": np.float64(2)}}, ""), ({"a": {"x": 1, "y": 2, "z": "more"}}, ""),
    ({"a": {"x": 1.0}}, "a.y is missing"), ({}, "a.x is missing, a.y is missing; allowed are finite numbers"),
    ({"a": {"x": math.nan, "y": math.inf}}, "a.x is nan, a.y is inf"),
    ({"a": {"x": 10**400, "y": -10**5000}}, "a.x is larger than any number of the machine, a.y is larger"),
    ({"a": {"x": True, "y": "2"}}, "a.x is True, a.y"),
    ({"a": {"x": [1.0], "y": None}}, "a.x is [1.0], a.y is None"), (None, "get_data returned None"),
])
def test_its_data_are_finite_numbers(answer, said) -> None:
    told = wrong_data({"a": ["x", "y"]}, answer)
    assert said in told and bool(said) == bool(told)


class Answers:
    """Stands for mosaik's own proxy."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def send(self, request):
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if answer == "never":
            await asyncio.sleep(60)
        return answer


@pytest.mark.parametrize(("answer", "said"), [
    (5, "grid failed at day 1 01:00: stepped from 10800 s to 5 s"),
    (ZeroDivisionError("division by zero"), "grid failed at day 1 01:00: `step` threw ZeroDivisionError: division"),
    (SystemExit("no licence"), r"`step` threw RuntimeError: it called sys.exit\('no licence'\)"),
    (EOFError(), "connection lost in `step`"), ("never", r"no answer to `step` for 0.01 s \(execution.patience_s\)"),
])
def test_what_ends_the_run_says_who_when_and_why(answer, said) -> None:
    proxy = PeerProxy("grid", Answers(answer), Terms(3600, 86_400, 7200, 0.01))
    with pytest.raises(SimulatorFailure, match=said):
        asyncio.run(proxy.send(("step", (10_800, {}, 0), {})))


class Leaving(mosaik_api_v3.Simulator):
    """Throws as it is made, or as it ends."""

    def __init__(self):
        raise SystemExit("no licence")


def test_one_that_throws_as_it_ends_or_leaves_as_it_is_made_is_told() -> None:
    ended = Answers()
    ended.stop = lambda: ended.send(None)
    ended.answers = [ZeroDivisionError("by zero")]
    terms = Terms(3600, 86_400, 7200, 1.0)
    asyncio.run(PeerProxy("grid", ended, terms).stop())
    assert [failure.cause for failure in terms.ends] == ["`finalize` threw ZeroDivisionError: by zero"]
    with pytest.raises(Unanswered, match="Leaving cannot be made: SystemExit: no licence"):
        asyncio.run(PeerStarter(f"python: {__name__}:Leaving", HOURLY, []).start("grid", None, None))


def test_an_answer_passes_as_it_is() -> None:
    data = {"a": {"x": 1.5}}
    proxy = PeerProxy("grid", Answers(data, 3600), HOURLY)
    assert asyncio.run(proxy.send(("get_data", ({"a": ["x"]},), {}))) is data
    assert asyncio.run(proxy.send(("step", (0, {}, 0), {}))) == 3600


@pytest.mark.parametrize(("words", "said"), [
    ("nowhere_at_all:Grid", "module nowhere_at_all cannot be imported: ModuleNotFoundError"),
    ("math:pi", "math has no simulator pi, a class derived from"), ("mosaik_api_v3:Grid", "has no simulator Grid"),
    ("nowhere.py:Grid", "nowhere.py: cannot be imported"),
])
def test_a_class_that_is_not_there_is_told(words, said) -> None:
    with pytest.raises(Unanswered, match=said):
        class_of(words)


@pytest.mark.parametrize(("start", "said"), [
    ("connect: 127.0.0.1:1", "127.0.0.1:1 does not answer: ConnectionRefusedError"),
    ("cmd: no_such_program %(addr)s", "`no_such_program %.addr.s` cannot be started: FileNotFoundError"),
    (f"cmd: {sys.executable} -S -c 'raise SystemExit(3)' %(addr)s", r"exit code 3 before it connected"),
    ("python: collections:OrderedDict", "has no simulator OrderedDict"),
])
def test_what_cannot_be_reached_is_told(start, said) -> None:
    starter = PeerStarter(start, HOURLY, processes := [])
    with pytest.raises(Unanswered, match=said):
        asyncio.run(starter.start("grid", None, None))
    for process in processes:
        process.wait()
