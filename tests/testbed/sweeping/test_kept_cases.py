"""Cases carried out in this process: their files, what is made again, and a sweep that finds all there already."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest
from testbed.sweeping.case import VIOLATIONS, CaseOutcome, case_record, damage, is_complete, open_parts, run_case
from testbed.sweeping.collecting import collected
from testbed.sweeping.side_by_side import run_cases
from testbed.sweeping.sweep import (
    MOST_TOLD,
    OPTIMISED,
    Sweep,
    _tell_objectives,
    note_study,
    run_sweep,
    sweep_request,
    tell_violations,
    write_tables,
)
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure
from tests.testbed.sweeping.test_sweep import STUDY, rows_of, write_study

PLAIN_AND_THROWING = STUDY.replace(', "mine.py:KilledOnce"', "")


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, list[CaseOutcome]]:
    """A study of one case that ends well and one whose controller throws."""
    place = tmp_path_factory.mktemp("kept")
    sweep = sweep_request(str(write_study(place, PLAIN_AND_THROWING)), place / "out")
    open_parts(sweep.folder)
    return sweep, [run_case(case, str(sweep.folder), code_hash(), is_audited=False) for case in sweep.cases]


@pytest.fixture
def sweep(carried_out: tuple[Sweep, list[CaseOutcome]], tmp_path: Path) -> Sweep:
    """The same in a folder of the test's own."""
    told, _ = carried_out
    shutil.copytree(told.folder, tmp_path / "out")
    return replace(told, folder=tmp_path / "out")


def result_of(sweep: Sweep, place: int = 0) -> Path:
    return sweep.folder / "cases" / f"{sweep.cases[place].key}.h5"


# ---------------------------------------------------------------- what a case leaves
def test_a_case_leaves_its_result_and_figures_and_nothing_half_written(
        carried_out: tuple[Sweep, list[CaseOutcome]]) -> None:
    sweep, (well, badly) = carried_out
    assert well.failure is None and well.seconds > 0 and badly.failure is not None
    record = case_record(sweep.folder, sweep.cases[0].key)
    assert record["metrics"]["charged_mwh"] > 0 and record["code"] == code_hash() and VIOLATIONS not in record
    assert open_result(result_of(sweep)).status == "completed"
    assert not list((sweep.folder / "parts").glob("*-*"))
    left = sweep.folder / "failed" / f"{sweep.cases[1].key}.h5"
    assert open_result(left).status == "failed"
    assert case_record(sweep.folder, sweep.cases[1].key)["failure"]["cause"] == badly.failure.cause


def test_a_complete_case_is_not_run_again(carried_out: tuple[Sweep, list[CaseOutcome]]) -> None:
    sweep, _ = carried_out
    before = result_of(sweep).stat().st_mtime_ns
    assert run_case(sweep.cases[0], str(sweep.folder), code_hash()) == CaseOutcome(sweep.cases[0].key, 0.0)
    assert result_of(sweep).stat().st_mtime_ns == before


def test_who_ends_well_leaves_no_word_of_having_failed(tmp_path: Path) -> None:
    sweep = sweep_request(str(write_study(tmp_path, PLAIN_AND_THROWING)), tmp_path / "out")
    case = replace(sweep.cases[0], keeps="figures")
    open_parts(sweep.folder)
    (sweep.folder / "failed").mkdir()
    for suffix in (".json", ".h5"):
        (sweep.folder / "failed" / f"{case.key}{suffix}").write_text("{}")
    assert run_case(case, str(sweep.folder), code_hash()).failure is None
    assert not list((sweep.folder / "failed").iterdir())
    record = case_record(sweep.folder, case.key)
    assert record[VIOLATIONS] == [] and result_of(sweep).stat().st_size < 60_000  # audited whole, then shrunk


def test_of_a_failed_case_that_keeps_figures_only_the_cause_stays(tmp_path: Path) -> None:
    sweep = sweep_request(str(write_study(tmp_path, PLAIN_AND_THROWING)), tmp_path / "out")
    case = replace(sweep.cases[1], keeps="figures")
    open_parts(sweep.folder)
    assert run_case(case, str(sweep.folder), code_hash()).failure is not None
    assert [file.name for file in (sweep.folder / "failed").iterdir()] == [f"{case.key}.json"]


def test_single_cases_are_carried_out_here_one_after_another(sweep: Sweep) -> None:
    said: list[str] = []
    assert run_cases(sweep, ["1-2"], said.append, is_audited=False) == 1  # the one that throws again
    assert said[0].startswith("study: 2 cases, 1 complete already, 1 to do;")
    assert said[1].startswith(f"[1/1] {sweep.cases[1].key} throwing seed 4 ") and "failed: " in said[1]
    assert not (sweep.folder / "results.csv").exists()
    assert run_cases(sweep, ["1"], said.append) == 0 and len(said) == 3


def test_a_study_described_in_python_is_collected_there(sweep: Sweep) -> None:
    note_study(replace(sweep, file=None))
    with pytest.raises(WrongRequest, match=r"its study was described in Python, where `testbed\.sweep` writes its"):
        collected(sweep.folder)
    (sweep.folder / "study.json").write_text("[]")
    with pytest.raises(WrongRequest, match=r"study\.json: cannot be read"):
        collected(sweep.folder)


# ---------------------------------------------------------------- damage
def test_files_that_are_not_what_was_written_are_told(sweep: Sweep) -> None:
    key, file = sweep.cases[0].key, result_of(sweep)
    record = file.with_suffix(".json")
    assert damage(sweep.folder, key) == "" and damage(sweep.folder, "no_such_case") == ""
    told = json.loads(record.read_text())
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert damage(sweep.folder, key) == f"{file}: is not the file that was written (another checksum)"
    file.write_bytes(content)
    record.write_text(json.dumps({name: value for name, value in told.items() if name != "files"}))
    assert damage(sweep.folder, key) == ""  # an older record tells no checksum; the file opens
    file.write_bytes(b"none of HDF5")
    assert str(file) in damage(sweep.folder, key)
    shutil.copy(sweep.folder / "failed" / f"{sweep.cases[1].key}.h5", file)
    assert damage(sweep.folder, key) == f"{file}: is failed"
    file.unlink()
    assert damage(sweep.folder, key) == f"{file}: is missing"
    for text in ("{", "[]", "{}"):
        record.write_text(text)
        assert damage(sweep.folder, key) == f"{record}: half-written or damaged"
        assert not is_complete(sweep.folder, key)


def test_a_damaged_case_is_named_and_counts_as_open(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def none_answers(*given: object) -> None:
        asked.append("a scheduler")
        raise WrongRequest(["no Dask scheduler answers"])

    monkeypatch.setattr("testbed.sweeping.sweep._client", none_answers)
    result_of(sweep).write_bytes(b"")
    said: list[str] = []
    with pytest.raises(WrongRequest):
        run_sweep(sweep, only=[sweep.cases[0].key], say=said.append)
    assert asked and said == [f"case {sweep.cases[0].key} is made again: {result_of(sweep)}: is not the file that was "
                              "written (another checksum)"]
    assert not is_complete(sweep.folder, sweep.cases[0].key) and not (sweep.folder / "results.csv").exists()


# ---------------------------------------------------------------- a sweep with nothing to do
def test_a_sweep_of_what_is_complete_asks_no_scheduler(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*given: object) -> None:
        raise AssertionError("a scheduler was asked")

    monkeypatch.setattr("testbed.sweeping.sweep._client", none)
    said: list[str] = []
    assert run_sweep(sweep, only=["1"], say=said.append) == 0
    assert said[0] == f"study: 1 cases, 1 complete already, 0 to do; {sweep.folder}"
    assert said[-1].startswith("plain: planned ")
    well, badly = rows_of(sweep.folder / "results.csv")
    assert (well["status"], badly["status"]) == ("completed", "failed") and float(well["charged_mwh"]) > 0
    assert (well["audit_violations"], badly["charged_mwh"]) == ("", "")
    again, = rows_of(sweep.folder / "failed.csv")
    assert again["again"] == f"testbed sweep {sweep.file} -o {sweep.folder} --case {sweep.cases[1].key}"
    assert json.loads((sweep.folder / "study.json").read_text()) == {"name": "study", "file": str(sweep.file)}
    assert not (sweep.folder / "parts").exists()
    written = (sweep.folder / "study.json").stat().st_mtime_ns
    assert run_sweep(sweep, only=["1"], say=said.append) == 0
    assert (sweep.folder / "study.json").stat().st_mtime_ns == written


def test_cases_of_other_code_and_of_other_studies_are_told(sweep: Sweep) -> None:
    record = sweep.folder / "cases" / f"{sweep.cases[0].key}.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"code": "yesterday's"}))
    write_tables(sweep)
    table = sweep.folder / "results.csv"
    table.write_text(table.read_text().replace(sweep.cases[1].key, "another_study's"))
    said: list[str] = []
    run_sweep(sweep, only=[sweep.cases[0].key], say=said.append)
    assert "note: 1 complete cases were made by other code than the present; they are kept (another folder with -o " \
        "makes all anew)" in said
    assert any(text.startswith("note: results.csv will no longer list 1 cases that are not in this study") for text
               in said)


def test_a_study_described_in_python_tells_how_to_run_a_case_alone(sweep: Sweep) -> None:
    write_tables(replace(sweep, file=None))
    again, = rows_of(sweep.folder / "failed.csv")
    assert again["again"] == f"testbed.sweep(..., output={str(sweep.folder)!r}, cases=[{sweep.cases[1].key!r}])"


def test_violations_of_a_case_are_told(sweep: Sweep) -> None:
    record = sweep.folder / "cases" / f"{sweep.cases[0].key}.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {VIOLATIONS: ["5.1 balance: 2 MW", "6.2 wear"]}))
    said: list[str] = []
    for case in sweep.cases:
        tell_violations(sweep.folder, case.key, said.append)
    assert said == [f"audit: {sweep.cases[0].key}: 2 violations, the first: 5.1 balance: 2 MW"]
    write_tables(sweep)
    assert rows_of(sweep.folder / "results.csv")[0]["audit_violations"] == "2"


def test_of_many_objectives_only_their_number_is_told(sweep: Sweep) -> None:
    cases = [replace(sweep.cases[0], key=f"{place:016x}") for place in range(MOST_TOLD + 1)]
    for place, case in enumerate(cases):
        (sweep.folder / "cases" / f"{case.key}.json").write_text(json.dumps({OPTIMISED: f"carbon at {place} $"}))
    said: list[str] = []
    _tell_objectives(sweep, cases, said.append)
    assert said == [f"{MOST_TOLD + 1} different objectives: column optimised of results.csv; only costs of equal ones "
                    "compare"]
    said.clear()
    _tell_objectives(sweep, cases[:2], said.append)
    assert said == ["plain: planned carbon at 0 $", "plain: planned carbon at 1 $"]


@pytest.mark.parametrize(("words", "told"), [
    ("3", "--case 3: study has cases 1 to 2"), ("", "--case '': is empty; must be a place, as 7 or 1-100, or a key"),
    ("zz", "--case zz: no case of study begins so")])
def test_words_that_mean_no_case_are_told(sweep: Sweep, words: str, told: str) -> None:
    with pytest.raises(WrongRequest) as wrong:
        sweep.chosen(["1", words])
    assert wrong.value.mistakes == (told,)


def test_a_folder_that_cannot_be_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    study = write_study(tmp_path / "own", PLAIN_AND_THROWING)
    with pytest.raises(WrongRequest, match=f"-o {tmp_path / 'file' / 'out'}: "):
        sweep_request(str(study), tmp_path / "file" / "out")


def test_a_failure_that_is_written_down_is_not_written_again(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = sweep.folder / "failed" / f"{sweep.cases[1].key}.json"
    failure = Failure.from_json(json.loads(failed.read_text())["failure"])
    before = failed.read_bytes()
    monkeypatch.setattr("testbed.sweeping.cluster.check_workers", lambda client, folder: None)
    monkeypatch.setattr("testbed.sweeping.cluster.carried_out", lambda client, todo, folder, is_audited: iter(
        [CaseOutcome(case.key, 1.0, failure) for case in todo]))
    monkeypatch.setattr("testbed.sweeping.sweep._client", lambda *given: nullcontext("none"))
    said: list[str] = []
    assert run_sweep(sweep, only=["2"], say=said.append) == 1
    assert failed.read_bytes() == before and any("failed: " in text for text in said)
