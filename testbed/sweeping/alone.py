"""Who writes into a study's folder: one sweep alone, or processes side by side that have a case each.

Locks on files in it, which end with their processes. A sweep holds `.lock` for itself; a process that carries out
single cases holds it together with its like, and each case's own lock while it is at it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from testbed.running.preflight import WrongRequest

LOCK = ".lock"
CASE_LOCK = ".lock"
"""Ending of a case's own, in the folder's `parts`."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """WrongRequest if another sweep or a single case writes into the folder, or if nobody could know."""
    with _held(folder, is_shared=False):
        yield


@contextmanager
def beside_others_in(folder: Path) -> Iterator[None]:
    """WrongRequest if a sweep has the folder for itself, or if nobody could know."""
    with _held(folder, is_shared=True):
        yield


@contextmanager
def at_case(parts: Path, key: str) -> Iterator[None]:
    """Within, no other process is at this case; whoever comes second waits for the first to end."""
    with (parts / f"{key}{CASE_LOCK}").open("a", encoding="utf-8") as file:
        _lock(file, is_shared=False, is_patient=True)
        yield


def cases_at_hand(parts: Path) -> int:
    """How many cases somebody is at."""
    return sum(map(_is_held, parts.glob(f"*{CASE_LOCK}")))


@contextmanager
def _held(folder: Path, *, is_shared: bool) -> Iterator[None]:
    with (folder / LOCK).open("a", encoding="utf-8") as file:
        try:
            _lock(file, is_shared=is_shared)
        except BlockingIOError as error:
            raise WrongRequest([f"-o {folder}: another sweep is writing there"]) from error
        except OSError as error:
            raise WrongRequest([f"-o {folder}: its disk knows no locks ({error}), so two sweeps could write there at "
                                "once; choose another"]) from error
        yield


def _is_held(file: Path) -> bool:
    try:
        with file.open("a", encoding="utf-8") as opened:
            _lock(opened, is_shared=True)
    except OSError:
        return True
    return False


def _lock(file: IO[str], *, is_shared: bool, is_patient: bool = False) -> None:
    if sys.platform == "win32":
        raise WrongRequest(["sweeps run on Linux and macOS (on Windows: in WSL): they lock their folder with flock"])
    import fcntl  # noqa: PLC0415 - not there on Windows

    fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | (0 if is_patient else fcntl.LOCK_NB))
