"""Files are read on trial in a process of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from testbed.results import trial


@pytest.mark.parametrize("request_alone", [True, False])
def test_a_whole_result_has_no_mistake_and_text_is_none(request_alone: bool, tmp_path: Path,
                                                        write_result: Callable[..., Path]) -> None:
    assert trial.trial_mistake(write_result(), request_alone=request_alone) == ""
    (tmp_path / "text.h5").write_text("no HDF5")
    told = trial.trial_mistake(tmp_path / "text.h5", request_alone=request_alone)
    assert told.startswith("is not a readable result, but truncated, damaged or something else: OSError: ")


def test_what_is_damaged_where_nobody_looks_is_found_by_who_reads_it_all(write_result: Callable[..., Path]) -> None:
    """The head of one series is spoilt: what was run can still be read."""
    path = write_result()
    with h5py.File(path) as file:
        place = h5py.h5o.get_info(file["load_mw"].id).addr
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"spoilt!!")
    assert trial.trial_mistake(path, request_alone=True) == ""
    assert "is not a readable result" in trial.trial_mistake(path)


def test_a_file_that_ends_its_reader_is_damaged(write_result: Callable[..., Path],
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """As HDF5 itself does at some files, by another signal."""
    monkeypatch.setattr(trial, "_read_all", lambda file: os.kill(os.getpid(), signal.SIGKILL))
    assert trial.trial_mistake(write_result()) == "is damaged: the HDF5 library ends with signal 9 while reading it"


def test_a_file_that_cannot_be_read_in_time_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "endless.h5")
    monkeypatch.setattr(trial, "PATIENCE_S", 0.05)
    assert trial.trial_mistake(tmp_path / "endless.h5") == "is damaged: reading it takes longer than 0.05 s"

def test_a_trial_that_is_interrupted_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []

    def interrupted(child: int) -> None:
        children.append(child)
        raise KeyboardInterrupt

    monkeypatch.setattr(trial, "_ended", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trial.trial_mistake(tmp_path / "no.h5")
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)
