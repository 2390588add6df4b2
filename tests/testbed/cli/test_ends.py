"""How commands end where something is missing: what is said, the exit code, and that nothing is written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from testbed.auditing.of_runs import AuditedRun
from testbed.cli import watched
from testbed.sweeping.case import case_record
from testbed.sweeping.sweep import sweep_request
from testbed.wiring.stopping import SIGNALS
from tests.testbed.cli_runs import FakeRun, RunFailed, call, files_in
from tests.testbed.sweeping.test_sweep import STUDY, write_study

Write = Callable[..., Path]
LONG = "a" * 5000


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "own", STUDY)


# ---------------------------------------------------------------- paths that cannot be
@pytest.mark.parametrize("words", [
    ("audit", f"{LONG}.h5"), ("show", f"{LONG}.h5"), ("run", "smoke", "-o", f"{LONG}.h5"),
    ("compare", "smoke", "--controllers", "no_pev", "-o", LONG), ("run", "smoke", "--plan", f"{LONG}.h5")])
def test_a_name_that_no_file_can_have_is_told_shortly(here: Path, words: tuple[str, ...]) -> None:
    before = files_in(here)
    done = call(*words)
    assert done.exit_code == 2 and len(done.stderr) < 1000 and "Traceback" not in done.stderr
    assert files_in(here) == before


def test_a_plan_that_is_damaged_is_told(here: Path, fake_run: FakeRun) -> None:
    (here / "plan.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    done = call("run", "smoke", "--plan", "plan.h5")
    assert done.exit_code == 2 and "--plan plan.h5: is not a readable result" in done.stderr
    assert not fake_run.calls and files_in(here) == ["mine.py", "plan.h5"]


def test_outputs_that_are_folders_or_cannot_be_written_are_told(here: Path) -> None:
    (here / "day.h5").mkdir()
    (here / "fifo.h5").parent.mkdir(exist_ok=True)
    os.mkfifo(here / "fifo.h5")
    done = call("run", "smoke", "-o", "day.h5")
    assert done.exit_code == 2 and "-o day.h5: is a folder, must be a file" in done.stderr
    done = call("run", "smoke", "-o", "fifo.h5")
    assert done.exit_code == 2 and "-o fifo.h5: exists and cannot be written" in done.stderr


def test_no_controllers_at_all_is_a_mistake(here: Path) -> None:
    done = call("compare", "smoke", "--controllers", ",")
    assert done.exit_code == 2 and "controllers" in done.stderr and files_in(here) == ["mine.py"]


# ---------------------------------------------------------------- results
@pytest.mark.parametrize("violations", [(), ("5.1 balance: 2 MW",)])
def test_the_audit_as_json_is_one_object(violations: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.cli.audit_text.audited_result",
                        lambda file: AuditedRun(file, "no_pev seed 1", violations, ("two plans were not looked at",)))
    done = call("audit", "run.h5", "--json")
    assert done.exit_code == len(violations)
    assert json.loads(done.stdout) == {"file": "run.h5", "violations": list(violations),
                                       "notes": ["two plans were not looked at"]}
    told = call("audit", "run.h5").stdout
    assert told.endswith(f"run.h5: {len(violations)} violations, 1 notes\n")


def test_where_all_runs_failed_nothing_is_compared(here: Path, fake_run: FakeRun) -> None:
    fake_run.ending = {("no_pev", 1): RunFailed("feeder", 5400, "diverged", here / "x.h5")}
    done = call("compare", "smoke", "--controllers", "no_pev", "-o", "out")
    assert done.exit_code == 1 and "diverged" in done.stderr
    assert not list((here / "out").glob("*.csv")) and not list((here / "out").glob("*.html"))


def test_following_a_run_that_failed_ends_with_its_code(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for status, code in (("completed", 0), ("failed", 1)):
        known = SimpleNamespace(status=status, ending=f"{status} at last")
        monkeypatch.setattr("testbed.cli.commands.watch.follow", lambda file, port, tell, known=known: known)
        done = call("watch", "run.h5")
        assert done.exit_code == code and f"{status} at last" in done.stderr


# ---------------------------------------------------------------- studies
def test_a_scheduler_and_workers_here_are_two_wishes(study: Path, tmp_path: Path) -> None:
    done = call("sweep", study, "-o", tmp_path / "out", "--workers", 2, "--scheduler", "tcp://h:1")
    assert done.exit_code == 2 and "--workers: only for workers on this machine, not with --scheduler" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", [0, 2])
def test_cases_that_are_missing_end_a_sweep_with_code_1(study: Path, tmp_path: Path, missing: int,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.cli.study_run.run_sweep", lambda *given: missing)
    done = call("sweep", study, "-o", tmp_path / "out")
    assert done.exit_code == bool(missing) and done.stdout == f"{tmp_path / 'out' / 'results.csv'}\n"
    assert (f"testbed: 2 cases failed, see {tmp_path / 'out' / 'failed.csv'}" in done.stderr) == bool(missing)
    monkeypatch.setattr("testbed.cli.study_run.run_cases", lambda *given: missing)
    done = call("sweep", study, "-o", tmp_path / "out", "--case", 1)
    assert done.exit_code == bool(missing) and done.stdout == f"{tmp_path / 'out'}\n"
    assert f"`testbed collect {tmp_path / 'out'}` makes results.csv when all are done" in done.stderr


def test_a_study_collected_with_open_cases_ends_with_code_1(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    sweep = sweep_request(str(study), tmp_path / "out")
    (tmp_path / "out" / "study.json").write_text(json.dumps({"name": "study", "file": str(study)}))
    assert case_record(sweep.folder, sweep.cases[0].key) == {}
    done = call("collect", tmp_path / "out")
    assert done.exit_code == 1 and "3 open" in done.stderr and (tmp_path / "out" / "results.csv").is_file()


def test_a_page_about_a_study_needs_a_place_for_it(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_text(json.dumps({"name": "study", "file": str(study)}))
    done = call("report", tmp_path / "out", "-o", tmp_path / "page.pdf")
    assert done.exit_code == 2 and f"-o {tmp_path / 'page.pdf'}: must end in .html" in done.stderr


def test_a_league_with_missing_cases_ends_with_code_1(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def played(league: Any, workers: int | None, say: object) -> None:
        league.folder.mkdir(parents=True)
        (league.folder / "league.md").write_text("the table\n")
        for sweep in league.sweeps:
            (sweep.folder / "cases").mkdir(parents=True)
            for case in sweep.cases[1:]:
                (sweep.folder / "cases" / f"{case.key}.json").write_text("{}")

    monkeypatch.setattr("testbed.cli.commands.league.play", played)
    done = call("league", "--controllers", "no_pev", "-o", here / "out")
    assert done.exit_code == 1 and done.stdout == "the table\n"
    assert f"testbed: 2 cases failed, see failed.csv in the folders of {here / 'out'}" in done.stderr


# ---------------------------------------------------------------- elsewhere
def test_a_place_beyond_this_machine_needs_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTBED_SECRET", raising=False)
    done = call("serve-district", "--listen", "0.0.0.0:0")
    assert done.exit_code == 2 and "--listen 0.0.0.0:0: " in done.stderr and "TESTBED_SECRET" in done.stderr


# ---------------------------------------------------------------- commands with code of a user's own
def test_where_no_process_can_wait_for_signals_none_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("signal.sigwaitinfo", raising=False)
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a process was begun"))
    watched.go_on_watched()


@pytest.mark.parametrize(("code", "written", "end", "said"), [
    (0, b".", 0, ""), (2, b".", 2, ""), (0, b"", 1, "mine.py"), (3, b"", 1, "mine.py"), (-9, b"", 1, "SIGKILL")])
def test_an_end_without_its_sign_is_told(code: int, written: bytes, end: int, said: str,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.write(writer, written)
    os.close(writer)
    assert watched._ended(code, reader, "mine.py:3") == end
    os.close(reader)
    told = capsys.readouterr().err
    assert (said in told) if said else told == ""
    assert 9 not in {int(number) for number in SIGNALS}


def test_a_process_left_behind_does_not_hold_the_command_up(capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    assert watched._ended(0, reader, "") == 1
    assert "outside of any controller" in capsys.readouterr().err
    os.close(reader)
    os.close(writer)
