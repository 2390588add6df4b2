"""The wrong kind handed to a command is told which command takes it; `check` takes all three."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from testbed.cli import app as command_line
from testbed.scenario.plain_text import cleaned
from tests.testbed.cli_runs import FakeRun, call, files_in

STUDY = "scenario: smoke\ncontrollers: [uncoordinated]\nset: {step_s: 3600}\n"


@pytest.mark.parametrize(("arguments", "words"), [
    (["run", "mine.yaml"], "mine.yaml: must be a scenario, is a study; `testbed sweep`"),
    (["compare", "smoke_study", "--controllers", "no_pev"], "smoke_study: must be a scenario, is a study"),
    (["run", "run.h5"], "run.h5: must be a scenario, is a result; `testbed show`"),
    (["sweep", "smoke"], "smoke: must be a study, is a scenario; `testbed run`"),
    (["sweep", "run.h5"], "run.h5: must be a study, is a result"),
    (["show", "mine.yaml"], "mine.yaml: must be a result, is a study"),
    (["report", "day.yaml"], "day.yaml: must be a result, is a scenario"),
    (["check", "mine.yaml", "--set", "seed=1"], "--set: is for a scenario, and mine.yaml is a study"),
])
def test_the_right_command_is_named(here: Path, fake_run: FakeRun, write_result: Any, arguments: list[str],
                                    words: str) -> None:
    (here / "mine.yaml").write_text(STUDY)
    (here / "day.yaml").write_text("extends: smoke\n")
    write_result(str(here / "run.h5"))
    before = files_in(here)
    done = call(*arguments)
    assert (done.exit_code, done.stdout, fake_run.calls, files_in(here)) == (2, "", [], before)
    assert words in done.stderr


def test_check_solves_a_power_flow_with_all_cars_charging(here: Path) -> None:
    done = call("check", "smoke")
    assert done.exit_code == 0, done.stderr
    # by hand: 13 slow cars draw 7 kW each, two taxis 44 and 55 kW
    assert "feeder33: 15 of 15 cars charging at once (190 kW)" in done.stdout
    assert "lowest voltage 0.926 pu at bus 18; highest line loading 45 % before bus 2" in done.stdout


def test_check_tells_where_no_power_flow_holds_all_cars(here: Path) -> None:
    many = ("--set", "districts.0.private=5000", "--set", "districts.0.slow_ports_per_bus=400")
    assert "no power flow solves it" in call("check", "smoke", *many).stdout


def test_check_opens_what_every_point_of_a_study_names(here: Path) -> None:
    grid = "grid:\n  profiles.source: [ten_unit, csv]\n  profiles.file: [null, x.csv]\n"
    (here / "mine.yaml").write_text(STUDY + grid)
    done = call("check", "mine.yaml")
    assert done.exit_code == 2
    assert "profiles.file" in done.stderr and "x.csv" in done.stderr
    (here / "mine.yaml").write_text(STUDY)
    assert "mine is valid: 1 cases of 1 scenarios under uncoordinated" in call("check", "mine.yaml").stdout


# ------------------------------------------------------------------ terminals
def test_what_is_shown_moves_no_cursor() -> None:
    assert cleaned("a\x1b[31m\u202eb\r\x9b\udcff\tc\n") == "a\\x1b[31m\\u202eb\\r\\x9b\\udcff\tc\n"


def test_text_of_files_is_shown_clean(here: Path) -> None:
    (here / "mine.yaml").write_text('extends: "\\e[31mred"\n"\\e[32mkey": "\\e[33mvalue"\n')
    done = call("check", "mine.yaml")
    assert done.exit_code == 2 and "\\x1b[31mred" in done.stderr and "\x1b" not in done.stderr


def test_a_folder_that_has_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["testbed", "check", "smoke"])
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "testbed: the present folder has been removed; change into another one\n"


def test_arguments_with_control_characters_are_refused(monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["testbed", "show", "a\x1b[31m.h5"])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("testbed: a\\x1b[31m.h5: an argument must not hold control characters")
