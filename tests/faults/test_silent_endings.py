"""mosaik can end a run without a word; the testbed never does."""

from dataclasses import replace

import pytest

from testbed.results.reading import open_result
from testbed.running.one_run import RunFailed
from tests.testbed import small_run

SEPARATE = "execution.mode=separate_processes"


def controller(name):
    return small_run.PLAIN.replace(":Plain", f":{name}")


@pytest.mark.parametrize("overrides", [pytest.param((), id="in_process"),
                                       pytest.param((SEPARATE,), id="separate", marks=pytest.mark.slow)])
def test_a_simulator_that_throws_ends_the_run_and_is_named(tmp_path, overrides):
    with pytest.raises(RunFailed) as failure:
        small_run.run(tmp_path, *overrides, controller=controller("Throwing"))
    told = failure.value.failure
    assert (told.simulator, told.time_s) == ("spatial", 14_400)
    assert told.text == f"spatial failed at day 1 04:00: {told.cause}"
    assert "ZeroDivisionError" in told.cause and "plain_controller.py" in told.trace
    result = open_result(failure.value.partial)
    assert result.status == "failed"
    assert result.failure == replace(told, trace="")
    assert result.steps_written == 4


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run_and_is_named(tmp_path):
    with pytest.raises(RunFailed) as failure:
        small_run.run(tmp_path, SEPARATE, controller=controller("Dying"))
    assert failure.value.failure.simulator == "spatial"
    assert failure.value.failure.time_s == 14_400
    assert open_result(failure.value.partial).status == "failed"


def test_a_failure_while_building_is_named_too(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("no such profile")
    monkeypatch.setattr("testbed.simulators.profiles.build_profiles", broken)
    with pytest.raises(RunFailed, match=r"profiles failed .* no such profile"):
        small_run.run(tmp_path)
    assert open_result(tmp_path / "run.h5").status == "failed"


def test_an_older_result_is_not_taken_for_a_failed_run(tmp_path, monkeypatch):
    """The file of an earlier, complete run at the same path must not survive as the partial result."""
    path = small_run.run(tmp_path)
    monkeypatch.setattr("testbed.simulators.recorder.open_writer", lambda *_: 1 / 0)
    with pytest.raises(RunFailed, match="recorder failed"):
        small_run.run(tmp_path)
    assert open_result(path).steps_written == 0
