"""Files that are whole or not there: written under another name beside their place, then moved into it."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed.wiring.remains import noted

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No block, no quota, or no right to a file of that size."""
BLOCK = 1 << 20


class NoSpace(OSError):
    """The disk, a quota or a limit does not take the file."""

    def __init__(self, path: Path, why: str, size: int = 0) -> None:
        """`size`: bytes that the file takes, if known."""
        folder = path.resolve().parent
        free_mb = shutil.disk_usage(folder).free / 1e6
        takes = f", which takes {size / 1e6:.1f} MB" if size else ""
        super().__init__(f"{path}: no space left for it{takes} ({why}; {free_mb:.1f} MB are free in {folder})")
        self.why, self.size = why, size


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; what is there when the block ends takes the place of `path`, all at once.

    A symbolic link stays, and what it points to is replaced. If the block throws, nothing has changed; a full disk
    becomes NoSpace, with what the file takes and what is free. A killed process leaves a file that the next command
    removes (testbed.wiring.remains).
    """
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    with noted(partial):
        try:
            yield partial
            partial.replace(target)
        except NoSpace as full:  # of the partial file, whose name means nothing to anybody
            raise NoSpace(path, full.why, full.size) from full
        except OSError as error:
            raise _told(error, path) from error


def _told(error: OSError, path: Path, size: int = 0) -> OSError:
    return NoSpace(path, str(error.strerror), size) if error.errno in FULL else error


def write_whole(path: Path, content: bytes) -> None:
    """These bytes into the file, all at once; NoSpace where they do not fit."""
    with whole_file(path) as partial:
        try:
            partial.write_bytes(content)
        except OSError as error:
            raise _told(error, path, len(content)) from error


def reserve(path: Path, size: int) -> None:
    """Make the file that many bytes long, of blocks that are its own, so that a library's writes cannot fail.

    Raises NoSpace.
    """
    try:
        with path.open("r+b") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
                return
            file.seek(0, os.SEEK_END)
            while (missing := size - file.tell()) > 0:
                file.write(bytes(min(BLOCK, missing)))
    except OSError as error:
        raise _told(error, path, size) from error
