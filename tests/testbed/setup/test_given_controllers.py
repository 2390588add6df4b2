"""The object that a run is given is the one that runs, in this process and in others."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from threading import Lock

import numpy as np
import pytest

from controllers.base import BaseController
from controllers.variants.bilayer import Bilayer
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.scenario.parts.execution import Execution
from testbed.setup.controller_loading import ControllerError, load_controller
from testbed.setup.given_controllers import check_parameters, controller_of, given, words_of
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run
from tests.testbed.plain_controller import AllUnitsOn, Plain

SEPARATE, REMOTE = Execution(mode="separate_processes"), Execution(remote={"rest": "127.0.0.1:5555"})
HELPED = '''
import helper
from controllers.base import BaseController

class Mine(BaseController):
    name = "mine"
    description = "counts"

    def __init__(self, high=1):
        self.high = high

    def number(self):
        from late import LATE
        return self.high + helper.NUMBER + LATE
'''


class Scaled(Plain):
    """Plain, with `high` times its targets."""

    name = "scaled"

    def __init__(self, high=1.0):
        self.high = high

    def temporal(self, knowledge):
        return ScaledAbove(knowledge, self.high)


class ScaledAbove(AllUnitsOn):
    def __init__(self, knowledge, high):
        super().__init__(knowledge)
        self.high = high

    def plan(self, view):
        share, plan = self.high, super().plan(view)
        less_kw = sum((1 - share) * pc.sum(axis=0) for pc in plan.pc_kw)
        units = self.knowledge.units
        p_mw = plan.p_mw - np.outer(units.p_max_mw / units.p_max_mw.sum(), less_kw / 1e3)
        return replace(plan, pc_kw=tuple(share * pc for pc in plan.pc_kw), p_mw=p_mw)


def targets_kw(path):
    return open_result(path).district("feeder33", "target_charge_kw").sum()


@pytest.mark.slow
def test_parameters_of_the_given_object_count(tmp_path):
    """MyController(high=0.5) must not run as MyController()."""
    described = small_run.scenario("planning.redispatch=none", cache_dir=small_run.shared_cache(tmp_path))
    whole, half = (targets_kw(run_scenario(described, Scaled(high), seed=1, output=tmp_path / "run.h5"))
                   for high in (1.0, 0.5))
    assert half == pytest.approx(0.5 * whole) and whole > 0
    assert open_result(tmp_path / "run.h5").run["asked"]["controller"] == "test_given_controllers.py:Scaled(high=0.5)"


@pytest.mark.parametrize(("usual", "message"), [
    ({"scaled": {"high": 3.0}}, r"scaled\(high=2\.0\): the scenario says scaled\(high=3\.0\), the object that was "
                                r"given \(high=2\.0\)"),
    ({"scaled": {"low": 1.0}}, r"the scenario says scaled\(low=1\.0\)")])
def test_an_object_with_other_parameters_than_the_scenario_says_is_refused(usual, message):
    with pytest.raises(ControllerError, match=message):
        check_parameters(Scaled(high=2.0), usual)
    check_parameters(Scaled(high=2.0), {"scaled": {"high": 2.0}, "bilayer": {"low": 1.0}})


def spec_of(how):
    return RunSpec(small_run.scenario(cache_dir="unused"), how.words, 1, Path("x.h5"), None, how.pickled)


def test_within_the_process_it_is_the_object_itself_even_if_two_are_equal(tmp_path):
    made, other = Scaled(3.0), Scaled(3.0)
    made.mark = other.mark = "not of its class"
    with given(made, Execution(), tmp_path) as first:
        assert controller_of(spec_of(first)) is made
        with given(other, Execution(), tmp_path) as second:
            assert controller_of(spec_of(second)) is other
        assert controller_of(spec_of(first)) is made
    with pytest.raises(ControllerError):
        controller_of(spec_of(first))


def elsewhere(spec, question, folder):
    """The answer of another process to `question` of the controller `it`."""
    code = f"""
        from testbed.setup.given_controllers import controller_of
        from testbed.wiring.run_spec import RunSpec
        it = controller_of(RunSpec.from_json({spec.to_json()!r}))
        print({question})"""
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def helped(tmp_path):
    (tmp_path / "mine.py").write_text(HELPED)
    (tmp_path / "helper.py").write_text("NUMBER = 10")
    (tmp_path / "late.py").write_text("LATE = 100")
    return f"{tmp_path / 'mine.py'}:Mine"


def test_other_processes_get_it_with_its_parameters_and_its_helpers(helped, tmp_path):
    mine = load_controller(helped)
    with given(mine, SEPARATE, tmp_path) as how:
        assert (how.words, how.pickled) == (str(helped), None)
        assert elsewhere(spec_of(how), "it.number()", Path.cwd()) == "111"
    mine.high = 5
    with given(mine, SEPARATE, tmp_path) as how:
        assert (how.words, how.pickled) == (f"{helped}(high=5)", None)
        assert elsewhere(spec_of(how), "it.number()", Path.cwd()) == "115"


def test_other_processes_get_classes_that_they_could_not_import(tmp_path):
    @dataclass
    class Within(BaseController):
        high: int = 2
        name = "within"

    with given(Within(7), SEPARATE, tmp_path) as how:
        assert how.words.endswith("Within(high=7)") and ".py" not in how.words
        assert elsewhere(spec_of(how), "it.high, it.name", Path.cwd()) == "7 within"


def test_what_cannot_be_sent_is_refused_with_its_cause(tmp_path):
    held = Scaled()
    held.lock = Lock()
    with pytest.raises(ControllerError, match=r"Scaled: cannot be sent .*cannot pickle '_thread.lock' object"), \
            given(held, SEPARATE, tmp_path):
        pass
    marked = Scaled(2)
    marked.mark = 3
    with pytest.raises(ControllerError, match=r"Scaled\(high=2, mark=3\): districts that are served elsewhere"), \
            given(marked, REMOTE, tmp_path):
        pass
    with given(Scaled(2), REMOTE, tmp_path) as how:
        assert how.words.endswith("test_given_controllers.py:Scaled(high=2)") and how.pickled is None
    with given(Scaled(), REMOTE, tmp_path) as how:
        assert how.words.endswith("test_given_controllers.py:Scaled") and how.pickled is None


class Prophet(Plain):
    knows_truth = True


@pytest.mark.parametrize(("wrong", "words"), [
    (object(), "object: is not a controller: it lacks name"),
    (Plain, "type: is not a controller: a class, not an object of it"),
    (Prophet(), "Prophet: knows_truth=True, allowed: False")])
def test_what_is_no_controller_writes_nothing(tmp_path, wrong, words):
    described = small_run.scenario(cache_dir=tmp_path)
    with pytest.raises(ControllerError, match=words):
        run_scenario(described, wrong, seed=1, output=tmp_path / "deep" / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_words_tell_one_object_from_another():
    assert words_of(Bilayer()) == "bilayer"
    assert words_of(Scaled()) == f"{Path(__file__).resolve()}:Scaled"
    assert words_of(Scaled(2)) == f"{Path(__file__).resolve()}:Scaled(high=2)"
    assert len(words_of(Scaled("x" * 500))) < 300 and words_of(Scaled("x" * 500)) != words_of(Scaled("y" * 500))


SCRIPT = """
import sys
from pathlib import Path
from testbed.running.one_run import run_scenario
from tests.testbed import small_run
from tests.testbed.plain_controller import Plain

print("the script runs", flush=True)

class Mine(Plain):
    name = "mine"
    def __init__(self, high):
        self.high = high
    def spatial(self, knowledge):
        print("high is", self.high)
        return super().spatial(knowledge)

folder = Path(sys.argv[1])
run_scenario(small_run.scenario(*sys.argv[3:], cache_dir=sys.argv[2]), Mine(9), seed=1, output=folder / "run.h5")
"""


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [(), ("execution.mode=separate_processes",)])
def test_a_class_of_the_running_script_runs_without_the_script_running_again(tmp_path, overrides):
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(file), str(tmp_path), str(small_run.shared_cache(tmp_path)), *overrides],
                          capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["the script runs", "high is 9", "high is 9"]
