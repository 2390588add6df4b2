"""Files that are no result, or were altered byte by byte: one message each, exit code 2, or a verdict."""

import re
import shutil

import h5py
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from audit.finding import AuditError
from audit.judge import audit_file
from audit.run import read_run
from testbed.cli.app import app


def refused(path):
    """The one line that the command says, with exit code 2."""
    ended = CliRunner().invoke(app, ["audit", str(path)])
    assert ended.exit_code == 2, ended.output
    [line] = ended.stderr.strip().splitlines()
    assert str(path) in line
    assert "unexpected" not in line
    return line


def test_a_missing_file(tmp_path):
    assert "no such file" in refused(tmp_path / "no.h5")


def test_a_file_of_another_program(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert "not a result of this testbed" in refused(tmp_path / "other.h5")


def test_no_hdf5_at_all(tmp_path):
    (tmp_path / "text.h5").write_text("time,load\n0,1\n", encoding="utf-8")
    assert "not a readable result" in refused(tmp_path / "text.h5")


@pytest.fixture
def copy(placed, tmp_path):
    for source in placed.parent.glob("placed*.h5"):
        shutil.copy(source, tmp_path / source.name)
    return tmp_path / "placed.h5"


def test_a_newer_schema(copy):
    with h5py.File(copy, "r+") as file:
        file.attrs["schema_version"] = 99
    assert "schema version 99, newer than this program" in refused(copy)


def test_a_truncated_file(copy):
    content = copy.read_bytes()
    copy.write_bytes(content[:len(content) // 2])
    assert "truncated" in refused(copy)


def _without_load(file):
    del file["load_mw"]


def _of_another_shape(file):
    del file["p_mw"]
    file["p_mw"] = np.zeros((3, 10))


def _of_words(file):
    del file["load_mw"]
    file["load_mw"] = [b"a"] * file["time"].size


def _without_seed(file):
    del file.attrs["seed"]


def _scenario_of_nonsense(file):
    file.attrs["scenario"] = "{["


def _scenario_without_units(file):
    file.attrs["scenario"] = str(file.attrs["scenario"]).replace("system:", "systems:")


def _unknown_tariff(file):
    file.attrs["scenario"] = str(file.attrs["scenario"]).replace("table: beijing2015", "table: moon")


@pytest.mark.parametrize(("change", "words"), [
    (_without_load, "load_mw is missing"), (_of_another_shape, "p_mw has shape (3, 10)"),
    (_of_words, "load_mw holds values of type object"), (_without_seed, "attributes lack seed"),
    (_scenario_of_nonsense, "scenario is no YAML"), (_scenario_without_units, "no section system"),
    (_unknown_tariff, "tariff 'moon'")])
def test_what_is_missing_or_foreign_is_named(copy, change, words):
    with h5py.File(copy, "r+") as file:
        change(file)
    with pytest.raises(AuditError, match=re.escape(words)) as told:
        audit_file(copy, with_slow=False)
    assert str(told.value).startswith(str(copy))


def _of_a_list(file):
    file.attrs["scenario"] = "[1, 2]"


def _of_other_districts(file):
    file.attrs["district_names"] = ["rest", "feeder33"]


def _without_districts(file):
    file.attrs["scenario"] = str(file.attrs["scenario"]).replace("districts:", "streets:", 1)


def _without_a_group(file):
    del file["plan"]


def _a_group_that_is_an_array(file):
    del file["reference"]
    file["reference"] = [1.0]


def _an_array_that_is_a_group(file):
    del file["load_mw"]
    file.create_group("load_mw")


def _beyond_memory(file):
    del file["load_mw"]
    file.create_dataset("load_mw", (500_000_000,), "f8", chunks=(1_000_000,))


def _of_complex_numbers(file):
    del file["load_mw"]
    file["load_mw"] = np.zeros(file["time"].size, dtype=np.complex128)


def _text_in_place_of_numbers(file):
    file["districts/feeder33/bus_name"] = np.zeros(33)


def _of_minutes(file):
    file.attrs["step_s"] = 7


def _of_more_steps_than_all(file):
    file.attrs["steps_written"] = int(file.attrs["steps_total"]) + 1


def _numbers_among_inputs(file):
    file.require_group("inputs")["units"] = 3.0


def _figures_alone(file):
    file.attrs["optimised"] = True


def _chargers_of_another_kind(file):
    scenario = yaml.safe_load(str(file.attrs["scenario"]))
    scenario["fleet"]["classes"] = {name: {"charger": kind} for name, kind in (
        ("bus", "depot"), ("car", "slow"), ("tram", "rail"))}
    file.attrs["scenario"] = yaml.safe_dump(scenario, sort_keys=False)


@pytest.mark.parametrize(("change", "words"), [
    (_of_a_list, "its scenario is no YAML mapping"),
    (_of_other_districts, "its districts are not those of its scenario"),
    (_without_districts, "its districts are not those of its scenario"), (_without_a_group, "holds no group plan"),
    (_a_group_that_is_an_array, "holds no group reference"), (_an_array_that_is_a_group, "/load_mw is no array"),
    (_beyond_memory, "/load_mw has 500000000 values"),
    (_of_complex_numbers, "/load_mw holds values of type complex128"),
    (_text_in_place_of_numbers, "/districts/feeder33/bus_name holds values of type float64"),
    (_of_minutes, "step_s=7, steps_written=24 and steps_total=24 are no run"),
    (_of_more_steps_than_all, "step_s=3600, steps_written=25 and steps_total=24 are no run"),
    (_numbers_among_inputs, "inputs holds something that is no text"),
    (_figures_alone, "holds figures alone (`record: figures`)"),
    (_chargers_of_another_kind, "its classes of cars name chargers that there are not: depot, rail")])
def test_what_a_file_cannot_be_is_told_in_one_line(copy, change, words):
    with h5py.File(copy, "r+") as file:
        change(file)
    with pytest.raises(AuditError) as told:
        read_run(copy)
    assert str(told.value).startswith(f"{copy}: {words}") and "\n" not in str(told.value)


# ---------------------------------------------------------------- traces beside the file
def test_traces_that_were_not_finished_are_refused(copy):
    beside = copy.with_name("placed-vehicles.h5")
    with h5py.File(beside, "r+") as file:
        file.attrs["completed"] = False
    with pytest.raises(AuditError, match=r"placed-vehicles\.h5: no complete vehicle traces$"):
        read_run(copy)


@pytest.mark.parametrize("is_there", [True, False])
def test_traces_that_are_not_there_are_not_judged_and_that_is_told(copy, is_there):
    if is_there:
        with h5py.File(copy, "r+") as file:
            file.attrs["scenario"] = re.sub("vehicles: true", "vehicles: false", str(file.attrs["scenario"]))
    else:
        copy.with_name("placed-vehicles.h5").unlink()
    assert not read_run(copy).has_traces
    verdict = audit_file(copy, with_slow=False)
    assert verdict.violations == ()
    assert any(str(note).startswith("no traces per vehicle") for note in verdict.notes)


# ---------------------------------------------------------------- runs that were stopped
@pytest.mark.parametrize("written", [0, 1, 13])
def test_what_was_written_before_a_run_was_stopped_contradicts_nothing_but_its_end(copy, written):
    """No sums per vehicle, no traces, arrays filled as far as it went."""
    with h5py.File(copy, "r+") as file:
        file.attrs["status"], file.attrs["steps_written"] = "failed", written
        for name, group in file["districts"].items():
            for array in [array for array in group if array.startswith("vehicle_")]:
                del group[array]
            assert not [array for array in group if array.startswith("vehicle_")], name
        if not written:
            file["plan/time_s"][:] = -1
    violations = audit_file(copy, with_slow=False).violations
    assert {finding.rule for finding in violations} == {"time_axis"} and len(violations) == 1
    assert f"status failed, {written} of 24 steps" in str(violations[0])


def test_a_scenario_that_no_run_could_have_is_the_file_s_mistake(copy):
    """Rules pass it, readers of figures do not."""
    with h5py.File(copy, "r+") as file:
        file.attrs["scenario"] = re.sub("^days: 1$", "days: 4000", str(file.attrs["scenario"]), flags=re.MULTILINE)
    assert "its parts do not fit together" in refused(copy)


@pytest.mark.parametrize("value", [np.inf, 1e300])
def test_values_that_cannot_be_are_violations_without_warnings_of_numpy(copy, value):
    with h5py.File(copy, "r+") as file:
        file["load_mw"][5] = value
    ended = CliRunner().invoke(app, ["audit", str(copy)])
    assert ended.exit_code == 1 and " violations, " in ended.output and not ended.stderr


def test_a_seed_that_is_no_number(copy):
    with h5py.File(copy, "r+") as file:
        file.attrs["seed"] = "first"
    assert "'first'" in refused(copy)


def test_an_unfinished_run_is_a_violation(copy):
    with h5py.File(copy, "r+") as file:
        file.attrs["status"] = "running"
    assert "time_axis" in {finding.rule for finding in audit_file(copy, with_slow=False).violations}


@pytest.mark.parametrize("count", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_altered_bytes_end_in_a_message_or_a_verdict(count, placed, tmp_path):
    """Wherever they are: in the header, in names, in values."""
    content, rng = placed.read_bytes(), np.random.default_rng(7)
    verdicts = 0
    for index in range(count):
        altered, most = bytearray(content), len(content) if index % 2 else 40_000
        for at in rng.integers(0, most, 6):
            altered[at] = int(rng.integers(0, 256))
        path = tmp_path / "altered.h5"
        path.write_bytes(bytes(altered))
        try:
            audit_file(path, with_slow=False)
            verdicts += 1
        except AuditError as error:
            assert str(path) in str(error)
            assert "\n" not in str(error)
    assert verdicts > 0
