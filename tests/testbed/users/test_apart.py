"""A call in a process of its own: its answer, its end without one, and that nothing is imported from strangers."""

from __future__ import annotations

import os
import signal
import time

import pytest

from testbed.users.apart import Apart
from testbed.users.carrying import carried, code_of, delivered


def _sum(first: int, second: int) -> int:
    return first + second


def test_the_answer_comes_back_and_classes_travel(tmp_path, monkeypatch):
    class Within:
        number = 40

    (tmp_path / "models.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    work = Apart(lambda thing, more: _sum(thing.number, more), Within(), 2)
    assert work.answer() == 42


def test_a_process_that_ends_without_an_answer_is_told():
    work = Apart(os._exit, 3)
    with pytest.raises(EOFError):
        work.answer()
    assert work.process.returncode == 3


def test_it_can_be_stopped():
    work = Apart(time.sleep, 600)
    os.kill(work.process.pid, signal.SIGKILL)
    with pytest.raises(EOFError):
        work.answer()
    assert not work._file.parent.exists()


def test_code_is_that_of_the_file_or_of_what_is_sent():
    assert code_of(Apart.__new__(Apart)) == code_of(Apart.__new__(Apart)) != code_of(3)
    assert delivered(carried({"a": 1})) == {"a": 1}
