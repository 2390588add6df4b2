"""The door in Python where things are missing, damaged or contradict each other, and what is shown meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import pytest

import testbed as tb
from testbed.running.job import Job, Outcome
from testbed.running.one_run import RunFailed
from testbed.running.preflight import WrongRequest
from testbed.scripting import progress, several
from testbed.scripting.checking import study_lines
from testbed.scripting.study import Swept, _carry_out, _swept
from testbed.sweeping.case import SchedulerLost
from testbed.wiring.failure import Failure

Write = Callable[..., Path]
STUDY = {"name": "two", "scenario": "smoke", "controllers": ["no_pev"], "seeds": [3]}


def wrong_lines(act: Callable[[], object]) -> list[str]:
    with pytest.raises(WrongRequest) as wrong:
        act()
    return list(wrong.value.mistakes)


# ---------------------------------------------------------------- check
def test_a_scenario_in_hand_is_checked_as_its_file_is() -> None:
    assert tb.check(tb.Scenario.load("smoke")) == tb.check("smoke")


def test_a_damaged_result_is_told_in_the_words_of_the_command(tmp_path: Path, write_result: Write) -> None:
    path = write_result("run.h5")
    with h5py.File(path, "r+") as file:
        file["districts/feeder33"].attrs["feeder"] = b"\xff"
        file.attrs["scenario"] = "{name: [unfinished"
    line, = wrong_lines(lambda: tb.check(path))
    assert line.startswith(f"{path}: ")
    path.write_bytes(path.read_bytes()[:5000])
    line, = wrong_lines(lambda: tb.check(path))
    assert line.startswith(f"{path}: is not a readable result, but truncated, damaged or something else")
    line, = wrong_lines(lambda: tb.check(tmp_path / "none.h5"))
    assert "none.h5" in line
    line, = wrong_lines(lambda: tb.check("a" * 5000 + ".h5"))
    assert len(line) < 500


def test_a_study_whose_scenarios_cannot_begin_tells_each_mistake_once(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("scenario: smoke\ncontrollers: [no_pev]\nseeds: [1]\n"
                                         "set: {districts.0.private: 40, districts.0.zone_map: "
                                         "{residential: [2], commercial: [3], office: [4]}}\n"
                                         "grid: {districts.0.feeder: [nowhere.json, nowhere2.json]}\n")
    lines = wrong_lines(lambda: study_lines(str(tmp_path / "study.yaml")))
    assert len(lines) == len(set(lines)) >= 2 and any("nowhere.json" in line for line in lines)
    assert any("nowhere2.json" in line for line in lines)


# ---------------------------------------------------------------- load
def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("")
    (tmp_path / "broken.h5").write_text("")
    assert wrong_lines(lambda: tb.load(tmp_path)) == [f"{tmp_path}: holds no result (*.h5)"]


def test_a_district_that_is_not_there_is_told_with_those_that_are(write_result: Write) -> None:
    run = tb.load(write_result("run.h5"))
    assert isinstance(run, tb.Run)
    with pytest.raises(KeyError, match="no district rst; there are feeder33, rest"):
        run.to_xarray("rst")


# ---------------------------------------------------------------- compare
def test_counts_and_names_that_cannot_be_are_told_at_once(tmp_path: Path) -> None:
    both = wrong_lines(lambda: tb.compare("smoke", ["nothing"], seeds=0, workers=-1, output=tmp_path / "out"))
    assert [line.partition(":")[0] for line in both][:2] == ["seeds=0", "workers=-1"] and "nothing" in both[2]
    only = wrong_lines(lambda: tb.compare("smoke", ["no_pev"], seeds=0, output=tmp_path / "out"))
    assert len(only) == 1 and not (tmp_path / "out").exists()


def job(tmp_path: Path, name: str) -> Job:
    return Job("{}", name, name, 1, tmp_path / f"{name}.h5", None, 24, None)


def test_every_run_that_failed_is_named_and_the_first_is_raised(tmp_path: Path) -> None:
    ended = [Outcome(job(tmp_path, "well"), tmp_path / "well.h5", 1.0, None),
             *(Outcome(job(tmp_path, name), tmp_path / f"{name}.h5", 1.0, Failure("feeder", 3600, f"{name} diverged"))
               for name in ("first", "second"))]
    several._raise_failed(ended[:1])
    with pytest.raises(RunFailed) as failed:
        several._raise_failed(ended)
    assert failed.value.partial == tmp_path / "first.h5"
    assert [("first" in note, "second" in note) for note in failed.value.__notes__] == [(True, False), (False, True)]


def test_with_several_workers_the_number_of_runs_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    todo = [job(tmp_path, name) for name in ("a", "b")]
    shown: list[tuple[int, int]] = []

    def ended(given: Any, workers: int, watch: object = None) -> Iterator[Outcome]:
        assert (watch is None) == (workers > 1)
        yield from (Outcome(one, one.output, 1.0, None) for one in given)

    monkeypatch.setattr(several, "run_jobs", ended)
    with progress.watch_count("runs") as silent:
        silent(1, 2)  # nobody could see it

    class Watching:
        def __init__(self, things: str) -> None:
            assert things == "runs"

        def __enter__(self) -> Callable[[int, int], None]:
            return lambda done, total: shown.append((done, total))

        def __exit__(self, *error: object) -> None:
            pass

    monkeypatch.setattr(progress, "watch_count", Watching)
    assert [outcome.job for outcome in several._carried_out(todo, 2, 3600, True)] == todo
    assert shown == [(1, 2), (2, 2)]
    assert len(list(several._carried_out(todo, 1, 3600, True))) == 2 and len(shown) == 2


# ---------------------------------------------------------------- what is shown
def test_a_terminal_shows_a_bar_and_a_cell_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Terminal:
        def __init__(self, file: object) -> None:
            self.is_terminal = True

    class Bar:
        def __init__(self, *columns: object, console: object, transient: bool) -> None:
            assert transient

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def add_task(self, label: str, **fields: object) -> int:
            told.append(label)
            return 7

        def update(self, task: int, **fields: object) -> None:
            told.append((task, fields["completed"], fields["total"], fields["words"]))

    monkeypatch.setattr(progress, "Console", Terminal)
    monkeypatch.setattr(progress, "Progress", Bar)
    with progress.watch_run("a [b]", 1800) as show:
        assert show is not None
        show(3, 48)
    assert told[0] == r"a \[b]" and told[1][:3] == (7, 3, 48)
    assert told[1][3].startswith("1.50 of 24 h simulated, ")


def test_a_cell_is_written_over_five_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, lines = [0.0], list[str]()
    handle = SimpleNamespace(update=lambda line, raw: lines.append(line["text/plain"]))

    def display(line: dict[str, str], raw: bool, display_id: bool) -> object:
        lines.append(line["text/plain"])
        return handle

    shell = type(progress.NOTEBOOK, (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    with progress.watch_count("cases") as show:
        for done, now in ((1, 0.1), (2, 0.3), (3, 0.35), (4, 0.4)):
            clock[0] = now
            show(done, 4)
    assert lines == ["cases: building", "cases: 2 of 4 cases", "cases: 4 of 4 cases"]


# ---------------------------------------------------------------- sweep
def test_workers_here_and_a_scheduler_elsewhere_are_two_wishes(tmp_path: Path) -> None:
    assert wrong_lines(lambda: tb.sweep(STUDY, workers=1, scheduler="tcp://h:1", output=tmp_path / "out")) == [
        "workers: only for workers on this machine, not with scheduler"]
    assert wrong_lines(lambda: tb.sweep(STUDY, workers=0, output=tmp_path / "out"))[0].startswith("workers")
    assert wrong_lines(lambda: tb.sweep(tmp_path / "none.yaml"))
    assert not (tmp_path / "out").exists()


def test_what_went_wrong_elsewhere_is_told_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(error: BaseException | None) -> Any:
        def run(*given: object) -> int:
            if error:
                raise error
            return 0
        return run

    request: Any = SimpleNamespace(folder=tmp_path)
    for error, told in ((WrongRequest(["a", "b"]), ("wrong", ["a", "b"])), (SchedulerLost("gone"), ("lost", ["gone"])),
                        (None, ("", []))):
        monkeypatch.setattr("testbed.scripting.study.run_sweep", ends(error))
        assert _swept(request, None, 1, ()) == told

    class Elsewhere:
        def __init__(self, answer: object) -> None:
            self.answered, self.has_ended, self.killed = answer, True, False
            self.process: Any = SimpleNamespace(returncode=-9, terminate=lambda: None, wait=lambda seconds: None)

        def answer(self) -> Any:
            if self.answered is None:
                raise EOFError
            return self.answered

        def kill(self) -> None:
            self.killed = True

    for answer, error, text in ((("wrong", ["x"]), WrongRequest, "x"), (("lost", ["gone"]), SchedulerLost, "gone"),
                                (None, RuntimeError, "exit code -9; what was complete is kept")):
        work: Any = Elsewhere(answer)
        with pytest.raises(error, match=text):
            _carry_out(work, request, [], progress=False)
        assert work.killed
    _carry_out(Elsewhere(("", [])), request, [], progress=True)  # type: ignore[arg-type]


def test_what_a_study_has_is_read_as_it_is_asked(tmp_path: Path, write_result: Write) -> None:
    (tmp_path / "cases").mkdir()
    write_result("cases/a1.h5")
    (tmp_path / "results.csv").write_text("case,status\na1,completed\nb2,failed\n")
    (tmp_path / "failed.csv").write_text("case,cause\nb2,diverged\n")
    swept = Swept(tmp_path)
    assert [run.path.name for run in swept.runs] == ["a1.h5"]
    assert swept.failed.cause.tolist() == ["diverged"]
    assert repr(swept) == f"Swept(1 completed, 1 failed; {tmp_path})"
