"""One sweep at a time in a folder, held by a lock on a file in it that ends with its process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from testbed.running.preflight import WrongRequest


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """WrongRequest if another sweep writes into the folder, or if nobody could know."""
    with (folder / ".lock").open("w", encoding="utf-8") as file:
        try:
            _lock(file)
        except BlockingIOError as error:
            raise WrongRequest([f"-o {folder}: another sweep is writing there"]) from error
        except OSError as error:
            raise WrongRequest([f"-o {folder}: its disk knows no locks ({error}), so two sweeps could write there at "
                                "once; choose another"]) from error
        yield


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        raise WrongRequest(["sweeps run on Linux and macOS (on Windows: in WSL): they lock their folder with flock"])
    import fcntl  # noqa: PLC0415 - not there on Windows

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
