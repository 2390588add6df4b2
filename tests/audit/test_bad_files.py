"""Files that are no result, or were altered byte by byte: one message each, exit code 2, or a verdict."""

import re
import shutil

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from audit.finding import AuditError
from audit.judge import audit_file
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
