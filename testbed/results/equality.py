"""Whether two result files are equal, value for value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from testbed.results.reading import RUN_GROUP, open_result

IGNORED_ATTRIBUTES = frozenset({"REFERENCE_LIST", "DIMENSION_LIST", "failure_time_s", "failure_cause",
                                "failure_simulator"})


def equal_results(first: Path | str, second: Path | str) -> list[str]:
    """Names of datasets and attributes that differ, value for value; /run and failures are not compared."""
    open_result(first)
    open_result(second)
    with h5py.File(first, "r") as a, h5py.File(second, "r") as b:
        differing = list(_differing_attributes(a, b))
        paths_a, paths_b = set(_paths(a)), set(_paths(b))
        differing += sorted(paths_a ^ paths_b)
        for path in sorted(paths_a & paths_b):
            differing += _differing_attributes(a[path], b[path])
            if isinstance(a[path], h5py.Dataset) and not _equal(a[path][...], b[path][...]):
                differing.append(path)
    return differing


def _paths(file: h5py.File) -> list[str]:
    paths: list[str] = []
    file.visit(paths.append)
    return [path for path in paths if path.split("/")[0] != RUN_GROUP]


def _differing_attributes(a: h5py.HLObject, b: h5py.HLObject) -> list[str]:
    names = (set(a.attrs) | set(b.attrs)) - IGNORED_ATTRIBUTES
    return [f"{a.name}@{name}" for name in sorted(names)
            if name not in a.attrs or name not in b.attrs or not _equal(a.attrs[name], b.attrs[name])]


def _equal(a: Any, b: Any) -> bool:
    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))
