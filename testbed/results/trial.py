"""A file read to its end in a process of its own, because HDF5 may end the process that reads a damaged one."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import NoReturn

import h5py

PATIENCE_S = 120.0
"""For the reading of one file."""
LONGEST = 300
"""Characters of a reason."""


def trial_mistake(path: Path) -> str:
    """Why the file cannot be read to its end; empty if it can."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child reads one file and ends
        child = os.fork()
    if child == 0:
        _read_and_end(path, writer)
    os.close(writer)
    status = None
    try:
        status = _ended(child)
        with os.fdopen(reader, encoding="utf-8", errors="replace") as told:
            reason = told.read()
    finally:
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if status is None:
        return f"is damaged: reading it takes longer than {PATIENCE_S:g} s"
    if os.WIFSIGNALED(status):
        return f"is damaged: the HDF5 library ends with signal {os.WTERMSIG(status)} while reading it"
    return f"is not a readable result, but truncated, damaged or something else: {reason}" if reason else ""


def _ended(child: int) -> int | None:
    """Its status; None if it does not end in time."""
    last_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < last_s:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.002)
    return None


def _read_and_end(path: Path, writer: int) -> NoReturn:
    """In the child: everything is read, and the reason why not goes into the pipe."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            dict(file.attrs)
            file.visititems(_read)
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}"[:LONGEST].encode(errors="replace"))
    finally:
        os._exit(0)


def _read(name: str, item: h5py.HLObject) -> None:
    dict(item.attrs)
    if isinstance(item, h5py.Dataset):
        item[...]
