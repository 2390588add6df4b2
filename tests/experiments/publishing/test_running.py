"""Whole experiments resume."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments.publishing import running
from experiments.runs import RunsFailed


def test_a_step_is_done_once(tmp_path: Path) -> None:
    done: list[int] = []
    for _ in range(2):
        running.Run(tmp_path).step("one", lambda: done.append(1))
    assert done == [1]


def test_a_step_is_done_again_when_experiments_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    running.Run(tmp_path).step("one", lambda: done.append(1))
    monkeypatch.setattr(running, "study_hash", lambda: "other")
    running.Run(tmp_path).step("one", lambda: done.append(2))
    assert done == [1, 2]


def test_every_file_that_makes_rows_counts() -> None:
    names = {file.relative_to(running.ROOT).as_posix() for file in running.study_files()}
    assert {"runs.py", "feeder/hosting.py", "claims/hours.py", "scenarios/study_day.yaml", "system/sobol.py"} <= names
    folders = {path.name for path in running.ROOT.iterdir() if (path / "__init__.py").exists()}
    assert {name.split("/")[0] for name in names if "/" in name} >= folders - set(running.SHOWING)
    assert not any(name.startswith(running.SHOWING) for name in names)


def test_a_step_that_fails_is_not_done(tmp_path: Path) -> None:
    def broken() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.Run(tmp_path).step("one", broken)
    done: list[int] = []
    running.Run(tmp_path).step("one", lambda: done.append(1))
    assert done == [1]


def test_time_adds_up_over_calls_that_are_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter((10.0, 15.0, 100.0, 107.0))
    monkeypatch.setattr(running.time, "monotonic", lambda: next(ticks))
    run = running.Run(tmp_path)
    with pytest.raises(KeyboardInterrupt), run.timed():
        raise KeyboardInterrupt
    with run.timed():
        pass
    assert run.seconds == 12.0


def test_time_is_kept_while_it_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed writes nothing at its end."""
    monkeypatch.setattr(running, "BEAT_S", 0.01)
    run = running.Run(tmp_path)
    with run.timed():
        while not run.seconds:
            time.sleep(0.01)


def test_an_exit_code_that_is_not_accepted_stops_all(tmp_path: Path) -> None:
    def main(words: Sequence[str]) -> int:
        return len(words)

    run = running.Run(tmp_path)
    run.command(main, "a", accepts=(0, 1))
    with pytest.raises(RunsFailed, match="exit code 1"):
        run.command(main, "a")


def test_another_code_has_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = running.run_of("x", 2, tmp_path)
    monkeypatch.setattr(running, "code_hash", lambda: "other")
    other = running.run_of("x", 2, tmp_path)
    assert first.folder.parent == other.folder.parent == tmp_path / "x"
    assert first.folder != other.folder


# ---------------------------------------------------------------- rows
def test_a_row_is_made_once_for_its_settings(tmp_path: Path) -> None:
    path, made = tmp_path / "rows.jsonl", []

    def make() -> dict[str, float]:
        made.append(1)
        return {"usd": 1.5}

    for _ in range(2):
        assert running.RowCache(path).row({"rate": 0.3}, make) == {"usd": 1.5}
    running.RowCache(path).row({"rate": 0.6}, make)
    assert len(made) == 2


def test_rows_of_other_code_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    running.RowCache(path).row({"rate": 0.3}, lambda: 1)
    monkeypatch.setattr(running, "study_hash", lambda: "other")
    assert running.RowCache(path).row({"rate": 0.3}, lambda: 2) == 2


def test_a_line_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    running.RowCache(path).row({"rate": 0.3}, lambda: 1)
    path.write_text(path.read_text()[:-4])
    assert running.RowCache(path).row({"rate": 0.3}, lambda: 2) == 2
