"""HDF5 files made and changed in memory, then written as bytes: whole or not there, and no library meets a full disk.

HDF5 cannot go back once a write has failed: it tries again as the file is closed and as the process ends, and may end
in a segmentation fault. So whatever makes a file longer or gives it another shape happens here; what is written into
a file on the disk only fills places that it has (docs/decisions/0034-files-whole.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from testbed.wiring.whole_files import write_whole

GROWTH = 1 << 22
"""Bytes by which a file in memory grows."""
NAMES_BLOCK = 2048
"""Bytes at a time for what names and describes arrays: HDF5's own."""


@contextmanager
def laid_out(path: Path, names_block: int = NAMES_BLOCK) -> Iterator[h5py.File]:
    """A new file; it takes the place of `path` when the block ends, and nothing has changed if it throws.

    What names and describes its arrays grows by `names_block` bytes: the last block is half empty. Raises NoSpace.
    """
    # the name is only a name: nothing is written under it
    with h5py.File(f"{path.name} in memory", "w", driver="core", backing_store=False, block_size=GROWTH,
                   meta_block_size=names_block) as file:
        yield file
        image = _image(file)
    write_whole(path, image)


@contextmanager
def edited(path: Path) -> Iterator[h5py.File]:
    """The file, to be changed; the changes are there when the block ends, all at once, or none if it throws.

    Raises NoSpace.
    """
    with h5py.File(path, "r+", driver="core", backing_store=False, block_size=GROWTH) as file:
        yield file
        image = _image(file)
    write_whole(path, image)


def _image(file: h5py.File) -> bytes:
    file.flush()
    return bytes(file.id.get_file_image())
