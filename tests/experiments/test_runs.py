"""A complete result is reused only if it is what would be run again."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from experiments.runs import RunsFailed, exit_code, is_done, results_of
from testbed.results.writing import ResultWriter
from testbed.running.job import Job
from testbed.running.preflight import WrongRequest
from testbed.wiring.attributes import recorded
from tests.testbed import conftest as toy


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A job, and its complete result in its place."""
    path = tmp_path_factory.mktemp("runs") / "bilayer-seed3.h5"
    return write(path, 1), write(path.with_name("plan.h5"), 1)


def write(path, plan_seed, status="completed"):
    made, layout = toy.scenario(seed=3), toy.layout()
    writer = ResultWriter(path, toy.header(made, "bilayer", 3, 1, 1800), layout)
    districts = {d.name: {key: values[0] for key, values in toy.series(
        d.variables(), toy.SIZES | {"bus": d.bus_number.size}, 1, {}).items()} for d in layout.districts}
    system = {key: values[0] for key, values in toy.series(recorded("system"), toy.SIZES, 1, {}).items()}
    writer.write_step(0, system, districts)
    writer.write_plan(0, toy.plan_arrays(layout, p_mw=np.full((3, 3), float(plan_seed))))
    writer.close(status, None)
    described = toy.scenario(seed=1, description="other words").model_dump_json()
    return Job(described, "bilayer", "bilayer", 3, path, None, 48)


def test_a_complete_result_of_the_same_run_is_taken(done, capsys):
    assert is_done(done[0])
    assert [result.path for result in results_of([done[0]])] == [done[0].output]
    assert "is complete already" in capsys.readouterr().err


def test_another_seed_controller_or_scenario_is_another_run(done):
    job = done[0]
    assert not is_done(replace(job, seed=4))
    assert not is_done(replace(job, controller="temporal"))
    assert not is_done(replace(job, scenario_json=toy.scenario(step_s=1800).model_dump_json()))
    assert not is_done(replace(job, output=job.output.with_name("nothing.h5")))


def test_a_result_older_than_a_key_has_its_default(tmp_path):
    job = write(tmp_path / "older.h5", 1)
    with h5py.File(job.output, "r+") as file:
        text = file.attrs["scenario"]
        assert "\n  total_kept_by: all\n" in text
        file.attrs["scenario"] = text.replace("\n  total_kept_by: all\n", "\n")
    assert is_done(job)
    made = toy.scenario(seed=1)
    other = made.model_copy(update={"spatial": made.spatial.model_copy(update={"total_kept_by": "charging"})})
    assert not is_done(replace(job, scenario_json=other.model_dump_json()))


def test_another_plan_is_another_run(done, tmp_path):
    assert is_done(replace(done[0], plan=done[1].output))
    other = write(tmp_path / "other.h5", 2)
    assert not is_done(replace(done[0], plan=other.output))


def test_a_failed_or_foreign_file_is_made_again(done, tmp_path, capsys):
    failed = write(tmp_path / "failed.h5", 1, status="failed")
    assert not is_done(failed)
    foreign = tmp_path / "foreign.h5"
    foreign.write_text("no HDF5")
    assert not is_done(replace(done[0], output=foreign))
    assert "made again" in capsys.readouterr().err


def test_exit_codes(capsys):
    def wrong():
        raise WrongRequest(["this is not", "and neither is that"])

    def failing():
        raise RunsFailed("bilayer seed 1 failed")

    assert [exit_code(lambda: 0), exit_code(wrong), exit_code(failing)] == [0, 2, 1]
    assert capsys.readouterr().err.splitlines() == ["this is not", "and neither is that", "bilayer seed 1 failed"]
