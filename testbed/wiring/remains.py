"""What a killed process would leave behind, noted beforehand, so that the next command removes it.

A note is a small file in a folder of the user's own below the system's temporary folder. It names the process and the
file or folder that exists only while that process works on it. A process that ends in order removes both.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from testbed.wiring.owner import Owner, this_process

OWNER = "owner"
"""In a run's folder: which process the run belongs to."""
OTHERS_WRITE = 0o022


def notes_folder() -> Path:
    """Where notes lie; made if need be, readable by nobody else. OSError where there cannot be one."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"v2g-testbed-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.stat()
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & OTHERS_WRITE):
        raise PermissionError(f"{folder}: belongs to somebody else; what is noted there would not be ours to remove")
    return folder


@contextmanager
def noted(path: Path) -> Iterator[None]:
    """Within, `path` (a file or folder, there or not) is ours; at the end it is removed if it is still there."""
    note = _write_note(path)
    try:
        yield
    finally:
        _remove(path)
        if note is not None:
            note.unlink(missing_ok=True)


@contextmanager
def temporary_folder(kind: str) -> Iterator[Path]:
    """A new one of a name that begins with `v2g-` and its kind, readable by nobody else."""
    folder = Path(tempfile.gettempdir()) / f"v2g-{kind}-{uuid.uuid4().hex[:12]}"
    with noted(folder):
        folder.mkdir(mode=0o700)
        yield folder


@contextmanager
def run_folder() -> Iterator[Path]:
    """A temporary folder for what the simulators of a run tell each other's caller; it names its process."""
    with temporary_folder("run") as folder:
        (folder / OWNER).write_text(json.dumps(this_process().to_json()), encoding="utf-8")
        yield folder


def owner_of_run(folder: Path) -> Owner:
    """The process that the run in this folder belongs to; the present one where nothing is said."""
    file = folder / OWNER
    return Owner.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else this_process()


def remove_remains() -> list[Path]:
    """Remove what processes of this host left that are gone; returns what was removed. Never throws."""
    removed: list[Path] = []
    with suppress(OSError, ValueError, IndexError):
        for note in notes_folder().glob("*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                owner, path = _read_note(note)
                if owner.presence == "gone":
                    if _remove(path):
                        removed.append(path)
                    note.unlink()
        for partial in notes_folder().glob("*.part"):
            if not psutil.pid_exists(int(partial.suffixes[-2][1:])):
                partial.unlink(missing_ok=True)
    return removed


def _write_note(path: Path) -> Path | None:
    """None where no note can be kept: the work goes on all the same."""
    with suppress(OSError):
        note = notes_folder() / f"{uuid.uuid4().hex}.json"
        partial = note.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps({"owner": this_process().to_json(), "path": str(path.absolute())}),
                           encoding="utf-8")
        return partial.replace(note)
    return None


def _read_note(note: Path) -> tuple[Owner, Path]:
    raw = json.loads(note.read_text(encoding="utf-8"))
    return Owner.from_json(raw["owner"]), Path(raw["path"])


def _remove(path: Path) -> bool:
    """True if there was something."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return True
    with suppress(FileNotFoundError):
        path.unlink()
        return True
    return False
