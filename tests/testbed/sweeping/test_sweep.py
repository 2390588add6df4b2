"""Studies: what is refused before a run, what a sweep leaves, and that workers may be few, many, or killed."""

import csv
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from distributed.comm.core import CommClosedError
from typer.testing import CliRunner

from testbed.cli.app import app
from testbed.results.equality import equal_results
from testbed.running.preflight import WrongRequest
from testbed.sweeping.alone import alone_in
from testbed.sweeping.case import CaseOutcome, SchedulerLost, is_complete, open_parts, run_case
from testbed.sweeping.cluster import LOST, carried_out, check_workers, cores
from testbed.sweeping.sweep import _carry_out, _tell_objectives, run_sweep, sweep_request, tell_left_out, write_tables
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure
from tests.testbed import small_run

DOCS = Path(__file__).resolve().parents[3] / "docs" / "sweeps.md"
STUDY = """
scenario: smoke
controllers: ["mine.py:Plain", "mine.py:Throwing", "mine.py:KilledOnce"]
seeds: [4]
set:
  {common}
grid:
  objective.wear_usd_per_mwh: [60.5]
metrics: [charged_mwh, vm_min_pu, departures_short]
"""
KILLED_ONCE = """

class KilledOnce(Plain):
    name = "killed_once"

    def spatial(self, knowledge):
        return Broken(knowledge, kill_once)


def kill_once():
    import pathlib, signal
    marker = pathlib.Path(__file__).with_name("was_killed")
    if not marker.exists():
        marker.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    folder.mkdir(exist_ok=True)
    plain = Path(small_run.__file__).with_name("plain_controller.py").read_text()
    (folder / "mine.py").write_text(plain + KILLED_ONCE)
    keys = [setting.replace("=", ": ", 1) for setting in (*small_run.HOURLY, f"execution.cache_dir={folder / 'cache'}")]
    (folder / "study.yaml").write_text(text.replace("{common}", "\n  ".join(keys)))
    return folder / "study.yaml"


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines()))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory):
    """A sweep with two workers, one of which is killed; what it said."""
    folder = tmp_path_factory.mktemp("study")
    sweep, said = sweep_request(str(write_study(folder)), folder / "out"), []
    missing = run_sweep(sweep, workers=2, say=said.append)
    return sweep, said, missing


# ---------------------------------------------------------------- what a sweep leaves
@pytest.mark.slow
def test_a_killed_worker_and_a_failing_case_lose_nothing_else(swept) -> None:
    sweep, said, missing = swept
    rows = rows_of(sweep.folder / "results.csv")
    assert (sweep.file.parent / "was_killed").exists()
    assert [(row["controller"], row["status"]) for row in rows] == [
        ("plain", "completed"), ("throwing", "failed"), ("killed_once", "completed")]
    assert missing == 1 and float(rows[0]["charged_mwh"]) > 0
    assert [rows[2][name] for name in sweep.study.metrics] == [rows[0][name] for name in sweep.study.metrics]
    assert len(said) == 1 + 3 + 1 and not (sweep.folder / "parts").exists()


@pytest.mark.slow
def test_table_and_end_say_who_was_planned_by_which_objective(swept, monkeypatch: pytest.MonkeyPatch) -> None:
    (sweep, said, _), many = swept, []
    told = [row["optimised"] for row in rows_of(sweep.folder / "results.csv")]
    assert told == [told[0], "", told[0]] and told[0].startswith("units and cars by weights operating 1, owners 1")
    assert said[-1] == f"plain, killed_once: planned {told[0]}"
    monkeypatch.setattr("testbed.sweeping.sweep.MOST_TOLD", 0)
    _tell_objectives(sweep, sweep.cases, many.append)
    assert many[0].startswith("1 different objectives: column optimised of results.csv") and len(many) == 1


@pytest.mark.slow
def test_the_table_counts_what_the_audit_says(swept) -> None:
    sweep, _, _ = swept
    assert [row["audit_violations"] for row in rows_of(sweep.folder / "results.csv")] == ["0", "", "0"]
    file = sweep.folder / "cases" / f"{sweep.cases[0].key}.json"
    before = file.read_text()
    for violations, shown in ((["one", "two"], "2"), (None, "")):
        record = json.loads(before)
        record.pop("violations") if violations is None else record.update(violations=violations)
        file.write_text(json.dumps(record))
        write_tables(sweep)
        assert rows_of(sweep.folder / "results.csv")[0]["audit_violations"] == shown
    file.write_text(before)
    write_tables(sweep)


@pytest.mark.slow
def test_failed_cases_are_listed_with_cause_and_can_be_run_alone(swept) -> None:
    sweep, _, _ = swept
    failed = rows_of(sweep.folder / "failed.csv")
    assert [row["controller"] for row in failed] == ["throwing"]
    assert "spatial failed at day 1 04:00" in failed[0]["cause"] and "division by zero" in failed[0]["cause"]
    assert (sweep.folder / "failed" / f"{failed[0]['case']}.h5").is_file()
    words = shlex.split(failed[0]["again"])
    assert words[:2] == ["testbed", "sweep"] and words[-2:] == ["--case", failed[0]["case"]]
    assert sweep.chosen([failed[0]["case"][:8]])[0].controller == "throwing"
    with pytest.raises(WrongRequest, match="no case of study begins so"):
        sweep.chosen(["zzz"])


@pytest.mark.slow
def test_a_second_sweep_into_the_folder_is_refused(swept) -> None:
    import fcntl  # noqa: PLC0415

    sweep, _, _ = swept
    with (sweep.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(WrongRequest, match="another sweep"):
            run_sweep(sweep, say=lambda text: None)


def test_where_files_cannot_be_locked_a_sweep_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("testbed.sweeping.alone.sys.platform", "win32")
    with pytest.raises(WrongRequest, match="sweeps run on Linux and macOS"), alone_in(tmp_path):
        pytest.fail("went on without a lock")


def test_cores_are_counted_where_the_system_tells_no_affinity(monkeypatch) -> None:
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()


# ---------------------------------------------------------------- a cluster by address
def documented(word: str, port: int) -> list[str]:
    """The page's own command for this process, on another port."""
    part = DOCS.read_text().partition("\n## On a cluster\n")[2]
    block = re.search(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    line, = (line for line in block.group(1).splitlines() if line.startswith(word))
    return shlex.split(line.replace("8786", str(port)))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(stack: ExitStack, words: list[str], log: Path) -> None:
    output = stack.enter_context(log.open("w"))
    process = stack.enter_context(subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "dask", *words[1:]], stdout=output, stderr=output,
        start_new_session=True))
    stack.callback(lambda: os.killpg(process.pid, signal.SIGTERM))


@pytest.mark.slow
def test_the_two_process_example_gives_the_same_table(swept, tmp_path: Path) -> None:
    sweep, _, _ = swept
    only = sweep.cases[0].key
    port, words = free_port(), documented("testbed sweep", 0)
    code_hash.cache_clear()  # as in a process of its own
    with ExitStack() as stack:
        started(stack, documented("dask scheduler", port), tmp_path / "scheduler.log")
        started(stack, documented("dask worker", port), tmp_path / "worker.log")
        address = documented("testbed sweep", port)[-1]
        asked = ["sweep", str(sweep.file), words[3], address, "-o", str(tmp_path / "out")]
        ended = CliRunner().invoke(app, [*asked, "--case", only])
    assert ended.exit_code == 0, ended.output
    first, two = (rows_of(folder / "results.csv") for folder in (tmp_path / "out", sweep.folder))
    assert first[0] == two[0] and [row["status"] for row in first] == ["completed", "open", "open"]
    assert equal_results(*(folder / "cases" / f"{only}.h5" for folder in (tmp_path / "out", sweep.folder))) == []


@pytest.mark.slow
def test_complete_cases_are_not_run_again(swept, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, _, _ = swept
    lost = sweep.cases[0].key
    (sweep.folder / "cases" / f"{lost}.json").unlink()
    assert not is_complete(sweep.folder, lost)
    asked = []
    monkeypatch.setattr("testbed.sweeping.sweep._carry_out", lambda sweep, todo, *rest: asked.extend(todo))
    assert run_sweep(sweep, say=lambda text: None) == 2
    assert [case.key for case in asked] == [case.key for case in sweep.cases if case.controller == "throwing"
                                            or case.key == lost]
    assert rows_of(sweep.folder / "results.csv")[0]["status"] == "open"


@pytest.mark.slow
def test_cases_that_the_table_will_no_longer_list_are_told(swept) -> None:
    sweep, _, _ = swept
    said: list[str] = []
    tell_left_out(replace(sweep, cases=sweep.cases[1:]), said.append)
    assert any("results.csv will no longer list 1 cases that are not in this study" in text for text in said)
    said.clear()
    tell_left_out(sweep, said.append)
    assert said == []


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_and_its_table_is_that_of_an_undisturbed_one(tmp_path: Path) -> None:
    text = STUDY.replace(', "mine.py:Throwing", "mine.py:KilledOnce"', "").replace("[4]", "6")
    study, out = write_study(tmp_path, text), tmp_path / "killed"
    words = ["-W", "ignore", "-m", "testbed.cli.app", "sweep", str(study), "-o", str(out), "--workers", "2"]
    process = subprocess.Popen([sys.executable, *words], start_new_session=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (before := {file: file.stat().st_mtime_ns for file in out.glob("cases/*.json")}):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 1 <= len(before) < 6
    sweep, said = sweep_request(str(study), out), list[str]()
    complete = {file: file.stat().st_mtime_ns for file in out.glob("cases/*.json")}
    assert run_sweep(sweep, workers=1, say=said.append) == 0
    assert f"{len(complete)} complete already" in said[0] and len(said) == 1 + 6 - len(complete) + 1
    assert all(file.stat().st_mtime_ns == written for file, written in complete.items()), "nothing is run twice"
    calm = sweep_request(str(study), tmp_path / "calm")
    assert run_sweep(calm, workers=2, say=lambda text: None) == 0
    assert (out / "results.csv").read_bytes() == (tmp_path / "calm" / "results.csv").read_bytes()


@pytest.mark.slow
def test_ctrl_c_ends_a_sweep_and_workers_do_not_hear_it(tmp_path: Path) -> None:
    text = STUDY.replace(', "mine.py:Throwing", "mine.py:KilledOnce"', "").replace("[4]", "60")
    out = tmp_path / "out"
    words = ["-m", "testbed.cli.app", "sweep", str(write_study(tmp_path, text)), "-o", str(out), "--workers", "2"]
    with subprocess.Popen([sys.executable, *words], start_new_session=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        while not list(out.glob("cases/*.json")):
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the workers too
        stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    assert "\ntestbed: stopped\n" in stderr and "KeyboardInterrupt" not in stderr
    assert 0 < len(rows := rows_of(out / "results.csv")) == 60 and "open" in {row["status"] for row in rows}


def test_nothing_is_written_where_no_scheduler_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweep_request(str(write_study(tmp_path)), tmp_path / "out")
    (tmp_path / "odd.json").write_text("[]")
    monkeypatch.setattr("testbed.sweeping.cluster.WAIT_S", 4)
    for address in (f"tcp://127.0.0.1:{free_port()}", str(tmp_path / "none.json"), str(tmp_path / "odd.json")):
        with pytest.raises(WrongRequest, match="no Dask scheduler answers"):
            run_sweep(sweep, scheduler=address, say=lambda text: None)
    assert not (tmp_path / "out").exists()


def test_a_worker_that_cannot_serve_says_so_itself(tmp_path: Path) -> None:
    case = sweep_request(str(write_study(tmp_path)), tmp_path / "out").cases[0]
    assert "does not see" in run_case(case, str(tmp_path / "out"), code_hash()).failure.cause
    open_parts(tmp_path / "out")
    assert "has other code" in run_case(case, str(tmp_path / "out"), "other").failure.cause
    assert not list((tmp_path / "out").glob("cases/*"))


def test_what_a_worker_calls_complete_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, said = sweep_request(str(write_study(tmp_path)), tmp_path / "out"), list[str]()
    sweep.folder.mkdir()
    first, another = sweep.cases[0].key, Failure("", 0, "another cause")
    monkeypatch.setattr("testbed.sweeping.cluster.check_workers", lambda client, folder: None)
    monkeypatch.setattr("testbed.sweeping.cluster.carried_out", lambda client, todo, folder, is_audited: iter(
        [CaseOutcome(first, 1.0), *(CaseOutcome(case.key, 1.0, another) for case in todo[1:])]))
    (sweep.folder / "failed").mkdir()
    (sweep.folder / "failed" / f"{sweep.cases[1].key}.json").write_text('{"failure": "yesterday\'s cause"}')
    _carry_out(sweep, sweep.cases, None, said.append, is_audited=False)
    write_tables(sweep)
    causes = [row["cause"] for row in rows_of(sweep.folder / "failed.csv")]
    assert "is it shared?" in causes[0] and causes[1:] == ["another cause"] * 2


class LostFutures:
    """A client whose scheduler is gone."""

    def nthreads(self):
        return {"tcp://far:1": 1}

    def submit(self, *arguments, **named):
        raise CommClosedError


def test_a_lost_scheduler_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = sweep_request(str(write_study(tmp_path)), tmp_path / "out").cases
    with pytest.raises(SchedulerLost, match="the same command goes on"):
        list(carried_out(LostFutures(), cases, tmp_path))
    monkeypatch.setattr("testbed.cli.study_run.run_sweep", lost_sweep)
    ended = CliRunner().invoke(app, ["sweep", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "out")])
    assert ended.exit_code == 1 and "the same command goes on" in ended.output and "unexpected" not in ended.output


def lost_sweep(*arguments: object) -> int:
    raise SchedulerLost(LOST)


class OtherWorkers:
    """A client whose workers answer as told."""

    def __init__(self, answer):
        self.answer = answer

    def run(self, function, token, on_error):
        return {"tcp://far:1": self.answer}


@pytest.mark.parametrize(("answer", "piece"), [
    ((False, "x"), "does not see"), ((True, "x"), "has other code"),
    (ImportError("testbed"), "cannot run the testbed")])
def test_workers_that_cannot_serve_are_named(tmp_path: Path, answer: object, piece: str) -> None:
    with pytest.raises(WrongRequest, match=f"tcp://far:1: {piece}"):
        check_workers(OtherWorkers(answer), tmp_path)
    assert not list(tmp_path.iterdir())
