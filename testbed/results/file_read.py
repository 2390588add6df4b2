"""Access to one result file: opened for each array or held open, arrays kept once read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np

from testbed.results.layout import FIGURES_KEPT, Array, ResultError


@dataclass(frozen=True)
class FileRead:
    """A result file, read array by array."""

    path: Path

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Within, the file is opened once and not for every array: for callers that read many."""
        with self._open() as file:
            self._held.append(file)
            try:
                yield
            finally:
                self._held.pop()

    @cached_property
    def _held(self) -> list[h5py.File]:
        return []

    @contextmanager
    def _open(self) -> Iterator[h5py.File]:
        if self._held:
            yield self._held[-1]
            return
        # No lock: a file may be looked at while its run still writes.
        with h5py.File(self.path, "r", locking=False) as file:
            yield file

    @cached_property
    def _known(self) -> dict[str, Array]:
        return {}

    def _read(self, name: str) -> Array:
        if name not in self._known:
            values = self._read_file(name)
            values.setflags(write=False)
            self._known[name] = values
        return self._known[name]

    def _read_file(self, name: str) -> Array:
        with self._open() as file:
            try:
                dataset = file[name]
            except KeyError as error:
                raise self._lacks(name) from error
            is_text = h5py.check_string_dtype(dataset.dtype) is not None
            values = np.asarray(dataset.asstr()[...] if is_text else dataset[...])
            # an axis knows its name; asking for its path searches the file
            axes = [h5py.h5ds.get_scale_name(dim[0].id) for dim in dataset.dims if len(dim)]
        is_over_time = axes[:1] == [b"time"] or PurePosixPath(name).name == "time"
        return values[: self.steps_written] if is_over_time else values

    def _lacks(self, name: str) -> ResultError:
        why = " (`record: figures` has kept figures alone)" if FIGURES_KEPT in self.attributes else ""
        return ResultError(f"{self.path}: holds no {name}{why}")

    def _names(self, group: str) -> tuple[str, ...]:
        with self._open() as file:
            return tuple(file[group]) if group in file else ()

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the file: status, what was run, failure."""
        with self._open() as file:
            return dict(file.attrs)

    @property
    def steps_written(self) -> int:
        return int(self.attributes["steps_written"])
