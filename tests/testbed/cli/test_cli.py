"""The command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.records.groups import THREE_CLASSES
from testbed.cli.app import COMMANDS, command_of
from testbed.cli.options import names_of
from testbed.results.equality import equal_results
from testbed.results.layout import PLAN_HOURLY, PLAN_RUN_SCALARS, PLAN_SCALARS
from testbed.results.reading import open_result
from testbed.running.job import partial_text
from tests.testbed.cli_runs import FakeRun, RunFailed, call, files_in, rows_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="module")
def _ctrl_c_is_heard() -> Iterator[None]:
    """Workers of a parallel test run ignore SIGINT, and what they start inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# ------------------------------------------------------------------------ run
def test_run_writes_where_it_says_and_prints_the_headline(here: Path, fake_run: FakeRun) -> None:
    done = call("run", "smoke", "--controller", "mine.py:Mine", "--seed", 7)
    output = Path("results/smoke/mine-seed7.h5")
    assert (done.exit_code, fake_run.calls) == (0, [("mine", 7, output, None)])
    assert (here / output).is_file()
    assert "total_cost_usd_adjusted" in done.stdout
    assert "mine seed 7: 72 h simulated in" in done.stderr
    assert len(done.stderr.splitlines()) == 1  # one line per run where stderr is no terminal


def test_overrides_and_output_reach_the_run(here: Path, fake_run: FakeRun) -> None:
    done = call("run", "smoke", "--controller", "mine.py:Mine", "--set", "seed=5", "--set", "name=x/y", "-o",
                "deep/new.h5")
    assert (done.exit_code, fake_run.calls) == (0, [("mine", 5, Path("deep/new.h5"), None)])
    assert call("run", "smoke", "--controller", "mine.py:Mine", "--set", "name=x/y").exit_code == 0
    assert fake_run.calls[-1][2] == Path("results/x_y/mine-seed1.h5")


def test_all_mistakes_come_at_once_and_nothing_is_written(here: Path, fake_run: FakeRun) -> None:
    before = files_in(here)
    done = call("run", "smoke", "--controller", "nobody", "--seed", -1, "--set", "step_s=0", "--set",
                "objectiv.wear=1", "--plan", "none.h5", "-o", "mine.py/x.txt")
    assert done.exit_code == 2
    for words in ("--set: step_s = 0: must be from 1 to 3,600", "--seed: seed = -1", "objectiv",
                  "did you mean objective?", "controller 'nobody' is not known",
                  "--plan none.h5: there is no such file",
                  "-o mine.py/x.txt: must end in .h5", "-o mine.py/x.txt: mine.py is a file, must be a folder"):
        assert words in done.stderr
    assert (done.stdout, fake_run.calls, files_in(here)) == ("", [], before)

@pytest.mark.parametrize("arguments", [["run"], ["run", "smoke", "--sead", "1"], ["run", "smoke", "--seed", "x"],
                                       ["list", "cars"], ["nothing"], ["compare", "smoke"],
                                       ["check", "smoke", "--set", "step_s"], ["check", "no_such_scenario"],
                                       ["show", "none.h5"], ["report", "none.h5"], ["report", "."],
                                       ["report", "mine.py"]])
def test_wrong_usage_ends_with_2_and_a_message_on_stderr(here: Path, arguments: list[str]) -> None:
    before = files_in(here)
    done = call(*arguments)
    assert (done.exit_code, done.stdout, files_in(here)) == (2, "", before)
    assert done.stderr

def test_a_failed_run_names_simulator_time_cause_and_partial_result(here: Path, fake_run: FakeRun) -> None:
    output = Path("results/smoke/mine-seed1.h5")
    fake_run.ending["mine", 1] = RunFailed("feeder", 86_400 + 49_500, "diverged", output)
    done = call("run", "smoke", "--controller", "mine.py:Mine")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "mine seed 1 failed: feeder failed at day 2 13:45: diverged" in done.stderr
    assert f"partial result: {output} (3 of 4 steps)" in done.stderr
    assert "Traceback" not in done.stderr
    assert open_result(output).status == "failed"


def test_an_unexpected_error_is_told_and_traced_on_demand(here: Path, fake_run: FakeRun) -> None:
    fake_run.ending["mine", 1] = ZeroDivisionError("by zero")
    arguments = ("run", "smoke", "--controller", "mine.py:Mine")
    done = call(*arguments)
    assert done.exit_code == 1
    assert "unexpected ZeroDivisionError: by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in call("--debug", *arguments, "--force").stderr


def test_ctrl_c_ends_with_130_and_names_the_partial_file(here: Path, fake_run: FakeRun) -> None:
    fake_run.ending["mine", 1] = KeyboardInterrupt()
    done = call("run", "smoke", "--controller", "mine.py:Mine")
    assert done.exit_code == 130
    assert "partial result: results/smoke/mine-seed1.h5 (3 of 4 steps)" in done.stderr


@pytest.mark.parametrize(("error", "left"), [(None, "complete: "), (True, "partial result: ")])
def test_ctrl_c_counts_even_if_the_run_swallows_it(
    here: Path, fake_run: FakeRun, monkeypatch: pytest.MonkeyPatch, error: bool | None, left: str
) -> None:
    """Python drops exceptions in finalisers, and mosaik ends its run on Ctrl-C without a word."""
    def deaf(*arguments: Any, **options: Any) -> Path:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return fake_run(*arguments, **options)
    monkeypatch.setitem(sys.modules["testbed.running.one_run"].__dict__, "run_scenario", deaf)
    output = Path("results/smoke/mine-seed1.h5")
    if error:
        fake_run.ending["mine", 1] = RunFailed("fleet", 0, "ended without a word", output)
    before = signal.getsignal(signal.SIGINT)
    done = call("run", "smoke", "--controller", "mine.py:Mine")
    assert done.exit_code == 130
    assert f"{left}{output}" in done.stderr
    assert "ended without a word" not in done.stderr
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_ctrl_c_ends_a_sweep_even_if_a_library_keeps_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_wrapped: bool) -> None:
    """Importing libraries may drop it; Python wraps it where it comes while a class is made."""
    said = []

    def deaf(request: Any, scheduler: Any, workers: Any, only: Any, say: Any, is_audited: bool) -> int:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt as stop:
            if is_wrapped:
                raise RuntimeError("Error calling __set_name__") from stop
        say("the first case")
        said.append("the first case")
        return 0
    monkeypatch.setattr("testbed.cli.study_run.run_sweep", deaf)
    done = call("sweep", "smoke_study", "-o", tmp_path / "out")
    assert (done.exit_code, done.stderr, said) == (130, "testbed: stopped\n", [])


def test_what_cannot_be_read_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_text("half")
    assert partial_text(tmp_path / "x.h5") == f"unreadable remains: {tmp_path / 'x.h5'}"
    assert partial_text(tmp_path / "y.h5") == ""


def test_an_older_result_is_not_called_partial(here: Path, fake_run: FakeRun, write_result: Any) -> None:
    def die(*_: object, **__: object) -> None:
        raise OSError("no memory")
    sys.modules["testbed.running.one_run"].__dict__["run_scenario"] = die
    write_result(str(here / "old.h5"))
    done = call("run", "smoke", "--controller", "mine.py:Mine", "-o", "old.h5", "--force")
    assert done.exit_code == 1
    assert "no partial result" in done.stderr


# ----------------------------------------------------------------------- plans
def stored_plan(write_result: Any) -> Path:
    """A result with one plan of zeros: 3 units, 3 hours, 2 districts."""
    plan: dict[str, Any] = {name: np.zeros(3) for name in PLAN_HOURLY}
    plan |= dict.fromkeys((*PLAN_SCALARS, *PLAN_RUN_SCALARS), 0.0)
    plan |= {name: np.zeros((3, 3)) for name in ("committed", "p_mw")}
    plan |= dict.fromkeys(("pc_kw", "pd_kw"), (np.zeros((4 * THREE_CLASSES.count, 3)),) * 2)
    path: Path = write_result("plan.h5", plans=(plan | {"time_s": 0, "status": "optimal"},))
    return path


def test_a_plan_must_fit_the_scenario(here: Path, fake_run: FakeRun, write_result: Any) -> None:
    plan = stored_plan(write_result)
    done = call("run", "smoke", "--controller", "mine.py:Mine", "--plan", plan, "--set", "planning.horizon_h=48")
    assert (done.exit_code, len(fake_run.calls)) == (0, 1)
    assert fake_run.calls[0][3] == plan
    done = call("run", "smoke", "--controller", "mine.py:Mine", "--plan", plan, "--set", "days=2", "--set",
                "planning.horizon_h=60", "--set", "districts.1.name=away")
    assert done.exit_code == 2
    for words in ("holds 1 plans, the scenario needs 2", "its planning.horizon_h is 48, the scenario's 60",
                  "its districts are feeder33, rest, the scenario's feeder33, away"):
        assert words in done.stderr


def test_a_plan_is_never_overwritten(here: Path, fake_run: FakeRun, write_result: Any) -> None:
    plan = stored_plan(write_result)
    done = call("run", "smoke", "--controller", "mine.py:Mine", "--plan", plan, "-o", plan)
    assert done.exit_code == 2
    assert "which would be overwritten" in done.stderr
    plan.rename(plan.with_name("mine-seed1.h5"))
    done = call("compare", "smoke", "--controllers", "mine.py:Mine", "--plan", plan.with_name("mine-seed1.h5"),
                "-o", plan.parent, "--set", "planning.horizon_h=48")
    assert done.exit_code == 2
    assert "would be overwritten" in done.stderr
    assert fake_run.calls == []


# --------------------------------------------------------------------- compare
@pytest.mark.slow
def test_compare_pairs_all_controllers_on_the_same_seeds(here: Path, fake_run: FakeRun) -> None:
    done = call("compare", "smoke", "--controllers", "mine.py:Mine, mine.py:Other", "--seeds", 2, "--set", "seed=3",
                "-o", "out", "--no-audit")
    assert done.exit_code == 0, done.stderr
    assert [made[:2] for made in fake_run.calls] == [("mine", 3), ("other", 3), ("mine", 4), ("other", 4)]
    expected = {"metrics.csv", "report.html", *(f"{c}-seed{s}.h5" for c in ("mine", "other") for s in (3, 4))}
    assert expected == set(files_in(here / "out"))
    rows = rows_of(here / "out" / "metrics.csv")
    assert {(row["controller"], row["seed"]) for row in rows} == {(c, s) for c in ("mine", "other") for s in "34"}
    header = done.stdout.splitlines()[0].split()
    assert header == ["figure", "mine", "other"] and max(map(len, done.stdout.splitlines())) <= 80
    assert "No run with cars completed" in done.stdout.splitlines()[-1]
    assert "\naudit: left out\n" in done.stderr


def test_compare_audits_what_it_ran(here: Path, fake_run: FakeRun) -> None:
    """What is made up cannot be audited: line by line on stderr, counted in table and report."""
    done = call("compare", "smoke", "--controllers", "mine.py:Mine,mine.py:Other", "-o", "out")
    assert done.exit_code == 0, done.stderr
    [row] = [line.split() for line in done.stdout.splitlines() if line.startswith("violations of the audit's rules")]
    assert len(row) == 7 and all(int(count) > 0 for count in row[5:])
    assert "\naudit: mine-seed1: cannot be audited: " in done.stderr
    assert "\naudit: 0 of 2 runs without a violation\n" in done.stderr
    report = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "violations of the audit's rules" in report and "Audit: 0 of 2 runs without a violation." in report


@pytest.mark.slow
def test_what_tables_no_longer_hold_is_told(here: Path, fake_run: FakeRun) -> None:
    asked = ("compare", "smoke", "-o", "out", "--no-audit", "--controllers")
    assert "no longer" not in call(*asked, "mine.py:Mine").stderr
    done = call(*asked, "mine.py:Other")
    assert ("note: metrics.csv and report.html hold this comparison alone, no longer mine seed 1; their results stay, "
            "`testbed report out` shows all\n") in done.stderr
    assert {"mine-seed1.h5", "other-seed1.h5"} < set(files_in(here / "out"))
    (here / "out" / "metrics.csv").write_bytes(b"\xff\x00,\n\"")
    assert call(*asked, "mine.py:Other", "--force").exit_code == 0


def test_a_failed_run_keeps_the_others(here: Path, fake_run: FakeRun) -> None:
    fake_run.ending["mine", 1] = RunFailed("fleet", -900, "broken", Path("out/mine-seed1.h5"))
    done = call("compare", "smoke", "--controllers", "mine.py:Mine,mine.py:Other", "-o", "out")
    assert done.exit_code == 1
    assert "mine seed 1 failed: fleet failed at warm-up day -1 23:45: broken" in done.stderr
    assert {row["controller"] for row in rows_of(here / "out" / "metrics.csv")} == {"other"}
    assert "mine, seed 1, failed and has no say" in (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "mine, seed 1, has no say: failed" in " ".join(done.stdout.split())


def test_compare_stopped_names_what_is_complete_and_what_is_not(here: Path, fake_run: FakeRun) -> None:
    fake_run.ending["other", 1] = KeyboardInterrupt()
    done = call("compare", "smoke", "--controllers", "mine.py:Mine,mine.py:Other", "-o", "out")
    assert done.exit_code == 130
    assert "partial result: out/other-seed1.h5" in done.stderr
    assert "complete: out/mine-seed1.h5" in done.stderr


def test_compare_checks_all_before_it_starts(here: Path, fake_run: FakeRun) -> None:
    before = files_in(here)
    done = call("compare", "smoke", "--controllers", "mine.py:Mine,mine.py:Mine,nobody", "--seeds", 0, "-o",
                "mine.py")
    assert done.exit_code == 2
    for words in ("mine is there 2 times", "'nobody' is not known", "--seeds 0: must be from 1 to 100,000",
                  "-o mine.py: mine.py is a file"):
        assert words in done.stderr
    assert (fake_run.calls, files_in(here)) == ([], before)

# --------------------------------------------------------------- reading results
def test_show_json_is_one_object_and_nothing_else(write_result: Any) -> None:
    done = call("show", write_result(), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert shown["metrics"]["fuel_cost_usd"] == {
        "value": 0.0, "unit": "USD", "definition": shown["metrics"]["fuel_cost_usd"]["definition"]}
    assert ": NaN" not in done.stdout


def test_show_prints_every_figure_and_the_status(write_result: Any) -> None:
    path = write_result(stop_after=2, status="running")
    done = call("show", path)
    names = json.loads(call("show", path, "--json").stdout)["metrics"]
    assert done.exit_code == 0
    assert "running, 2 of 4 steps; its process" in done.stdout
    assert [name for name in names if name not in done.stdout] == []


@pytest.mark.slow
def test_report_takes_a_file_or_a_folder(tmp_path: Path, write_result: Any) -> None:
    first = write_result("a.h5", controller="mine")
    write_result("b.h5", controller="other")
    write_result("d.h5", controller="no_pev")
    (tmp_path / "c.h5").write_text("no HDF5")
    done = call("report", first)
    assert (done.exit_code, done.stdout.strip()) == (0, str(tmp_path / "a.html"))
    done = call("report", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "left out: " in done.stderr
    assert "no_pev, mine, other</h1>" in (tmp_path / "report.html").read_text()
    assert call("report", first, "-o", tmp_path / "x.pdf").exit_code == 2


# ---------------------------------------------------------------------- the rest
@pytest.mark.parametrize(("what", "name"), [("controllers", "bilayer"), ("scenarios", "paper_day"),
                                            ("metrics", "vm_min_pu"), ("wear-models", "throughput"),
                                            ("networks", "ieee33"), ("tariffs", "beijing2015"),
                                            ("studies", "compliance"), ("drivers", "ignores")])
def test_list_prints_the_name_first_on_each_line(what: str, name: str) -> None:
    done = call("list", what)
    assert done.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert name in lines
    assert all(lines.values())


def test_schema_is_a_json_schema() -> None:
    assert "districts" in json.loads(call("schema").stdout)["properties"]


def test_check_accepts_a_file_of_ones_own(here: Path) -> None:
    (here / "own.yaml").write_text("extends: smoke\ndays: 2\n")
    done = call("check", "own.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("own is valid: days 2")
    (here / "own.yaml").write_text("extends: smoke\ndayz: 2\n")
    done = call("check", "own.yaml")
    assert done.exit_code == 2
    assert "own.yaml:2: dayz = 2: is not a known key (did you mean days?)" in done.stderr


# ------------------------------------------------------------------- as a process
def python(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, check=False,
                          env=os.environ | {"COLUMNS": "100"}, **more)


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    started = time.perf_counter()
    done = python("-m", "testbed.cli.app", "--help")
    assert time.perf_counter() - started < 3  # 0.3 s on an idle machine
    assert done.returncode == 0
    assert [word for word in ("run", "compare", "report", "show", "verify", "list", "schema", "check")
            if word not in done.stdout] == []
    heavy = {"numpy", "cvxpy", "pandapower", "h5py", "plotly", "mosaik", "pandas", "pydantic", "scipy"}
    done = python("-c", f"import testbed.cli.app, sys; print({heavy!r} & sys.modules.keys())")
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    assert command_of(name).help.splitlines()[0] == COMMANDS[name]


def test_help_shows_defaults_in_brackets() -> None:
    for command, words in (("sweep", "[default: results/STUDY]"), ("run", "results/SCENARIO/CONTROLLER-seedN.h5]")):
        said = " ".join(python("-m", "testbed.cli.app", command, "--help").stdout.split())
        assert words in said, command


def test_exit_codes_reach_the_shell() -> None:
    done = python("-m", "testbed.cli.app", "check", "smoke", "--set", "days=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "days = 0" in done.stderr


# ------------------------------------------------------------------ the real thing
HOURLY = ("--set", "step_s=3600")


@pytest.mark.slow
def test_smoke_runs_and_shows_its_figures(tmp_path: Path) -> None:
    output = tmp_path / "new" / "smoke.h5"
    done = python("-m", "testbed.cli.app", "run", "smoke", "--controller", "uncoordinated", *HOURLY, "-o", str(output))
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "uncoordinated seed 1: 72 h simulated in" in done.stderr
    assert open_result(output).status == "completed"
    shown = json.loads(call("show", output, "--json").stdout)
    assert (shown["controller"], shown["steps_written"]) == ("uncoordinated", 24)
    assert shown["metrics"]["charged_mwh"]["value"] > 0
    again = call("run", "smoke", "--controller", "no_pev", *HOURLY, "--plan", output, "-o", tmp_path / "again.h5")
    assert again.exit_code == 0, again.stderr


def test_ctrl_c_stops_a_real_run_with_130(tmp_path: Path) -> None:
    output = tmp_path / "smoke.h5"
    command = [sys.executable, "-m", "testbed.cli.app", "run", "smoke", "--controller", "no_pev", "--set", "days=5",
               "--set", "step_s=300", "-o", str(output)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while not output.exists() and run.poll() is None:
            time.sleep(0.02)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate()
    assert (run.returncode, stdout) == (130, "")
    assert stderr.startswith("testbed: stopped")
    assert str(output) in stderr
    assert "Task was destroyed" not in stderr


@pytest.mark.slow
def test_two_workers_give_the_results_of_one(tmp_path: Path) -> None:
    for workers in (1, 2):
        done = call("compare", "smoke", "--controllers", "no_pev,uncoordinated", *HOURLY, "--workers", workers,
                    "-o", tmp_path / str(workers))
        assert done.exit_code == 0, done.stderr
    for controller in ("no_pev", "uncoordinated"):
        files = [tmp_path / str(workers) / f"{controller}-seed1.h5" for workers in (1, 2)]
        assert equal_results(*files) == []


# ------------------------------------------------------------------------ small things
def test_the_version_is_told(here: Path) -> None:
    done = call("--version")
    assert done.exit_code == 0 and done.stdout.startswith("testbed 0.")


@pytest.mark.parametrize(("arguments", "hint"), [
    (["lst"], "did you mean list?"), (["sweep", "smoke_stud"], "did you mean smoke_study?"),
    (["check", "smok"], "did you mean smoke?"),
    (["run", "smoke", "--controller", "bilyer"], "did you mean bilayer?"),
])
def test_a_name_that_is_nearly_right_is_answered(here: Path, arguments: list[str], hint: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2 and hint in " ".join(done.stderr.split())


def test_the_shell_completes_scenarios_and_lists_of_controllers() -> None:
    assert "smoke" in names_of("scenarios")("smo")
    assert names_of("controllers")("no_pev,unc") == ["no_pev,uncoordinated"]
    assert names_of("scenarios", "studies")("smoke") == ["smoke", "smoke_study"]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "answer"), [
    ("testbed ru", "run"), ("testbed run smo", "smoke"), ("testbed compare smoke --controllers no_pev,unc",
                                                         "no_pev,uncoordinated"),
    ("testbed run smoke --set planning.mip", "planning.mip_gap"), ("testbed sweep smoke_", "smoke_study"),
    ("testbed list tar", "tariffs")])
def test_a_real_shell_is_answered(words: str, answer: str) -> None:
    asked = {**os.environ, "_TESTBED_COMPLETE": "complete_bash", "COMP_WORDS": words,
             "COMP_CWORD": str(words.count(" "))}
    program = "import sys; sys.argv = ['testbed']; from testbed.cli.app import app; app(prog_name='testbed')"
    ended = subprocess.run([sys.executable, "-c", program], env=asked, capture_output=True, text=True, check=False)
    assert answer in ended.stdout.split(), ended.stderr


def test_show_groups_all_figures_by_question(here: Path, write_result: Any) -> None:
    shown = call("show", write_result()).stdout
    assert shown.index("Who pays?") < shown.index("How did the feeder fare?") < shown.index("Can it be trusted")
    assert "total cost to society" in shown and "society_cost_usd_adjusted" in shown
