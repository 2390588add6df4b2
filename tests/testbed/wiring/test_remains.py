"""What a killed process leaves is removed by the next command; what a living one works on stays."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from testbed.wiring.remains import noted, notes_folder, remove_remains, run_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from testbed.wiring.remains import run_folder
from testbed.wiring.whole_files import whole_file
with run_folder() as folder, whole_file(Path(sys.argv[1])) as partial:
    (folder / "recorder.json").write_text("{}")
    partial.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""

KILLED_BESIDE_A_CALL = """
import os, signal, time
from testbed.users.apart import Apart
call = Apart(time.sleep, 60)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A temporary folder of this test's own, for the processes that it starts too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_folders_and_half_files_of_a_killed_process_go(tmp_path, temporary):
    target = tmp_path / "result.h5"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(temporary.glob("v2g-run-*"))) == 1 and len(list(tmp_path.glob(".result.h5.*.part"))) == 1
    assert len(remove_remains()) == 2
    assert [path.name for path in temporary.rglob("*")] == [notes_folder().name]
    assert list(tmp_path.glob(".*.part")) == [] and not target.exists()


def test_folders_of_calls_in_processes_of_their_own_go(temporary):
    subprocess.run([sys.executable, "-c", KILLED_BESIDE_A_CALL], check=False)
    assert len(list(temporary.glob("v2g-apart-*"))) == 1
    assert len(remove_remains()) == 1 and not list(temporary.glob("v2g-apart-*"))


def test_a_note_of_what_is_gone_already_goes_without_a_word(tmp_path, temporary):
    target = tmp_path / "result.h5"
    subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    half, = tmp_path.glob(".result.h5.*.part")
    half.unlink()
    assert [path.name[:8] for path in remove_remains()] == ["v2g-run-"]
    assert list(notes_folder().glob("*.json")) == []


def test_half_notes_of_dead_processes_go_and_those_of_living_ones_stay():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = (notes_folder() / f"x.{pid}.part" for pid in (ended.pid, os.getpid()))
    for note in (dead, living):
        note.write_text("{")
    assert remove_remains() == []
    assert not dead.exists() and living.exists()


def test_what_a_living_process_works_on_stays(tmp_path):
    with run_folder() as folder, noted(tmp_path / "half"):
        (tmp_path / "half").write_text("half")
        assert remove_remains() == []
        assert folder.is_dir() and (tmp_path / "half").is_file()
    assert not folder.exists() and not (tmp_path / "half").exists()
    assert list(notes_folder().iterdir()) == []


def test_a_damaged_note_does_no_harm(tmp_path):
    (notes_folder() / "x.json").write_text("{")
    assert remove_remains() == []


def test_notes_of_somebody_else_are_not_followed(tmp_path):
    notes_folder().chmod(0o777)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        notes_folder()
    assert remove_remains() == []
    with noted(tmp_path / "half"):  # the work goes on without a note
        pass
