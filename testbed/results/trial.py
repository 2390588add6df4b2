"""A file read to its end in a process of its own, because HDF5 may end the process that reads a damaged one."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import h5py

from testbed.results.reading import RUN_GROUP

PATIENCE_S = 120.0
"""For the reading of one file."""
LONGEST = 300
"""Characters of a reason."""


def trial_mistake(path: Path, *, request_alone: bool = False) -> str:
    """Why the file cannot be read to its end; empty if it can.

    request_alone: only what was run is read, for who reads no more.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child reads one file and ends
        child = os.fork()
    if child == 0:
        _read_and_end(path, writer, _read_request if request_alone else _read_all)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as told:
        status = _ended_or_killed(child)
        reason = told.read()
    if status is None:
        return f"is damaged: reading it takes longer than {PATIENCE_S:g} s"
    if os.WIFSIGNALED(status):
        return f"is damaged: the HDF5 library ends with signal {os.WTERMSIG(status)} while reading it"
    return f"is not a readable result, but truncated, damaged or something else: {reason}" if reason else ""


def _ended_or_killed(child: int) -> int | None:
    """Its status; None if it did not end in time: then, or where waiting is interrupted, it is killed.

    Its pipe may be read only afterwards: a child that hangs never closes its end.
    """
    status = None
    try:
        status = _ended(child)
    finally:
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return status


def _ended(child: int) -> int | None:
    """Its status; None if it does not end in time."""
    last_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < last_s:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.002)
    return None


def _read_and_end(path: Path, writer: int, read: Callable[[h5py.File], None]) -> NoReturn:
    """In the child: what is wanted is read, and the reason why not goes into the pipe."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            read(file)
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}"[:LONGEST].encode(errors="replace"))
    finally:
        os._exit(0)


def _read_request(file: h5py.File) -> None:
    dict(file.attrs)
    if RUN_GROUP in file:
        dict(file[RUN_GROUP].attrs)
        file[RUN_GROUP].visititems(_read)


def _read_all(file: h5py.File) -> None:
    dict(file.attrs)
    file.visititems(_read)


def _read(name: str, item: h5py.HLObject) -> None:
    dict(item.attrs)
    if isinstance(item, h5py.Dataset):
        item[...]
