"""Single cases of a study, many processes in one folder: nothing is lost, nothing is done twice."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from testbed.cli.app import app
from testbed.running.preflight import WrongRequest
from testbed.sweeping.alone import alone_in, at_case, beside_others_in, cases_at_hand
from testbed.sweeping.collecting import collected, standing
from testbed.sweeping.side_by_side import run_cases
from testbed.sweeping.sweep import sweep_request, tell_left_out, tell_start, write_tables
from tests.testbed.sweeping.test_sweep import DOCS, STUDY, rows_of, write_study

THREE = STUDY.replace(', "mine.py:KilledOnce"', "").replace("seeds: [4]", "seeds: [4, 5]") + "record: figures\n"
"""Plain and Throwing on two seeds."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """A study of which a process has carried out the first two cases; what it said."""
    folder, said = tmp_path_factory.mktemp("side"), list[str]()
    sweep = sweep_request(str(write_study(folder, THREE)), folder / "out", ["1-2"])
    assert run_cases(sweep, ["1-2"], said.append) == 1
    return sweep, said


@pytest.mark.slow
def test_a_case_keeps_little_and_no_table_is_made(folder) -> None:
    sweep, said = folder
    done = sweep.folder / "cases" / f"{sweep.cases[0].key}.h5"
    assert done.stat().st_size <= 50_000 and len(said) == 3
    assert [file.suffix for file in (sweep.folder / "failed").iterdir()] == [".json"]
    assert not (sweep.folder / "results.csv").exists()


@pytest.mark.slow
def test_collecting_makes_the_tables_and_status_tells_the_same(folder) -> None:
    sweep, _ = folder
    asked = ["sweep", str(sweep.file), "-o", str(sweep.folder), "--status"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0 and "4 cases: 1 completed, 1 failed, 0 under way, 2 open" in told.output
    ended = CliRunner().invoke(app, ["collect", str(sweep.folder)])
    assert ended.exit_code == 1 and str(sweep.folder / "results.csv") in ended.output
    rows = rows_of(sweep.folder / "results.csv")
    assert [row["status"] for row in rows] == ["completed", "failed", "open", "open"] and rows[0]["charged_mwh"]
    assert not (sweep.folder / "parts").exists()


def test_places_are_those_of_the_whole_study(tmp_path: Path) -> None:
    text = THREE.replace("[60.5]", "[60.5, 61, 62]")
    whole = sweep_request(str(write_study(tmp_path, text)), tmp_path / "out")
    part = sweep_request(str(tmp_path / "study.yaml"), tmp_path / "out", ["6-7"])
    assert [case.place for case in whole.cases] == list(range(1, 13))
    assert part.cases == whole.cases[4:8], "the point of the sixth and the seventh alone is looked at"
    assert part.chosen(["6-7"]) == whole.chosen(["6", "7"]) == whole.cases[5:7]
    with pytest.raises(WrongRequest, match="--case 13: study has cases 1 to 12"):
        whole.chosen(["13"])
    with pytest.raises(WrongRequest, match="--case '': is empty"):  # as a variable that nobody has set
        whole.chosen([""])


def test_a_single_case_says_nothing_of_a_table_that_it_leaves_alone(tmp_path: Path) -> None:
    text = THREE.replace("[60.5]", "[60.5, 61]")
    (tmp_path / "out").mkdir()
    write_tables(sweep_request(str(write_study(tmp_path, text)), tmp_path / "out"))
    said = list[str]()
    part = sweep_request(str(tmp_path / "study.yaml"), tmp_path / "out", ["1"])
    tell_start(part, part.cases[:1], part.cases[:1], said.append)
    assert len(said) == 1 and "1 cases" in said[0]
    tell_left_out(part, said.append)
    assert len(said) == 2, "a sweep of these cases would say so"


def test_status_is_of_the_whole_study(tmp_path: Path) -> None:
    asked = ["sweep", str(write_study(tmp_path, THREE)), "-o", str(tmp_path / "out"), "--status", "--case", "1"]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 2 and "--status: is about the whole study" in ended.output


def test_traces_of_vehicles_and_figures_alone_do_not_go_together(tmp_path: Path) -> None:
    study = write_study(tmp_path, THREE.replace("{common}", "record.vehicles: true\n  {common}"))
    with pytest.raises(WrongRequest, match=r"record\.vehicles must be false"):
        sweep_request(str(study), tmp_path / "out")


# ---------------------------------------------------------------- locks
def test_single_cases_and_a_sweep_keep_each_other_out(tmp_path: Path) -> None:
    with (beside_others_in(tmp_path), beside_others_in(tmp_path), pytest.raises(WrongRequest, match="another sweep"),
          alone_in(tmp_path)):
        pytest.fail("a sweep began beside single cases")
    with alone_in(tmp_path), pytest.raises(WrongRequest, match="another sweep"), beside_others_in(tmp_path):
        pytest.fail("a case began beside a sweep")


def test_whoever_comes_second_to_a_case_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with at_case(tmp_path, "k"):
            order.append("second")

    with at_case(tmp_path, "k"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.1)
        assert cases_at_hand(tmp_path) == 1
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"] and cases_at_hand(tmp_path) == 0


# ---------------------------------------------------------------- what is no study's folder
@pytest.mark.parametrize(("content", "piece"), [
    (None, "is no folder of a study"), ("[]", "cannot be read"), ('{"file": null}', "described in Python")])
def test_collecting_elsewhere_is_refused(tmp_path: Path, content: str | None, piece: str) -> None:
    if content is not None:
        (tmp_path / "study.json").write_text(content)
    with pytest.raises(WrongRequest, match=piece):
        collected(tmp_path)


# ---------------------------------------------------------------- many processes
def commands(script: str, folder: Path) -> str:
    """The page's script, with a command that is this Python's, on the study in the folder."""
    shim = folder / "bin" / "testbed"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m testbed.cli.app "$@"\n')
    shim.chmod(0o755)
    return script.replace("smoke_study -o results/smoke_study", f"{folder}/study.yaml -o {folder}/out")


@pytest.mark.slow
def test_eight_tasks_of_the_pages_job_array_lose_nothing(tmp_path: Path) -> None:
    text = THREE.replace(', "mine.py:Throwing"', "").replace("[4, 5]", "32")
    write_study(tmp_path, text)
    script, = re.findall(r"^```sh\n(#!.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "task.sh").write_text(commands(script, tmp_path))
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    tasks = [subprocess.Popen(["sh", tmp_path / "task.sh"], env={**os.environ, **path, "SLURM_ARRAY_TASK_ID": str(n)},
                              stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
             for n in (1, 2, 3, 4, 5, 6, 7, 8, 1)]
    assert [task.wait(600) for task in tasks] == [0] * 9
    folder, whole = collected(tmp_path / "out")
    assert (whole.completed, whole.total, whole.failed) == (32, 32, ())
    for case in sweep_request(str(tmp_path / "study.yaml"), folder).cases:
        assert json.loads((folder / "cases" / f"{case.key}.json").read_text())["seed"] == case.seed
    assert standing(sweep_request(str(tmp_path / "study.yaml"), folder)).missing == 0
