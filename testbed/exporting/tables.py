"""A result as plain tables: for each group of the file a table for each set of axes, long, one column a variable.

    system.time            a row per step                       system.time.unit       a row per step and unit
    feeder33.time.bus      a row per step and bus               feeder33.vehicle       a row per car
    simulators.NAME.time   what an added simulator of others said
    metrics                a row per figure                     columns                a row per column of all others
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from testbed.metrics.of_runs import compute_metrics, definition
from testbed.metrics.registry import METRICS
from testbed.results.layout import ADDED_GROUP
from testbed.results.reading import Result
from testbed.wiring.whole_files import whole_file

SYSTEM, TIME = "system", "time"
LEFT_OUT = ("run",)
"""Groups that say how long things took."""


@dataclass(frozen=True)
class TableOfResult:
    """One table; its columns in words."""

    name: str
    frame: pd.DataFrame
    columns: tuple[tuple[str, str, str], ...]
    """(name, unit, meaning) of each column."""


def tables_of(result: Result) -> Iterator[TableOfResult]:
    """All of them, one at a time; series end with the last step written."""
    described: list[tuple[str, str, str, str]] = []
    for table in (*_grouped(result), _figures(result)):
        described += [(table.name, *column) for column in table.columns]
        yield table
    frame = pd.DataFrame(described, columns=["table", "column", "unit", "meaning"])
    yield TableOfResult("columns", frame, ())


def _figures(result: Result) -> TableOfResult:
    values = compute_metrics(result)
    rows = [(name, values[name], metric.unit, definition(metric, result)) for name, metric in METRICS.items()]
    frame = pd.DataFrame(rows, columns=["metric", "value", "unit", "definition"])
    return TableOfResult("metrics", frame, (("value", "as the row says", "figures over counted time"),))


def _grouped(result: Result) -> Iterator[TableOfResult]:
    with h5py.File(result.path, "r", locking=False) as file:
        # `record: figures` keeps no series of districts
        districts = () if result.kept_figures is not None else result.districts
        groups = [(SYSTEM, file), *((name, file[f"districts/{name}"]) for name in districts),
                  *((f"{ADDED_GROUP}.{name}", group) for name, group in file.get(ADDED_GROUP, {}).items()),
                  *((name, group) for name, group in file.items()
                    if isinstance(group, h5py.Group) and name not in (*LEFT_OUT, ADDED_GROUP, "districts"))]
        for name, group in groups:
            for axes, members in _by_axes(group).items():
                yield _table(name, axes, members, group, result.steps_written)


def _by_axes(group: h5py.Group) -> dict[tuple[str, ...], list[h5py.Dataset]]:
    """Variables of a group by their axes; the axes themselves are none."""
    members: dict[tuple[str, ...], list[h5py.Dataset]] = {}
    for dataset in group.values():
        if isinstance(dataset, h5py.Dataset) and not dataset.is_scale:
            axes = tuple(str(h5py.h5ds.get_scale_name(dim[0].id), "ascii") for dim in dataset.dims)
            members.setdefault(axes, []).append(dataset)
    return members


def _table(name: str, axes: tuple[str, ...], members: list[h5py.Dataset], group: h5py.Group,
           steps: int) -> TableOfResult:
    labels = [_values(group[axis])[: steps if axis == TIME else None] for axis in axes]
    index = np.meshgrid(*labels, indexing="ij")
    columns = {axis: values.ravel() for axis, values in zip(axes, index, strict=True)}
    names = [member.name.rpartition("/")[2] for member in members]
    for column, member in zip(names, members, strict=True):
        columns[column] = _values(member)[: steps if axes[0] == TIME else None].ravel()
    words = tuple((column, str(part.attrs["units"]), str(part.attrs["long_name"]))
                  for column, part in zip((*axes, *names), (*(group[axis] for axis in axes), *members), strict=True))
    return TableOfResult(".".join((name, *axes)), pd.DataFrame(columns), words)


def _values(dataset: h5py.Dataset) -> Any:
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    return np.asarray(dataset.asstr()[...] if is_text else dataset[...])


def write_csv(result: Result, folder: Path) -> list[Path]:
    """Each table as FOLDER/NAME.csv; numbers in full, nothing where there is no value."""
    return _written(result, folder, ".csv", lambda frame, file: frame.to_csv(file, index=False))


def write_parquet(result: Result, folder: Path) -> list[Path]:
    """Each table as FOLDER/NAME.parquet. ImportError without pyarrow."""
    import pyarrow  # noqa: F401, PLC0415 - an extra

    return _written(result, folder, ".parquet", lambda frame, file: frame.to_parquet(file, index=False))


def _written(result: Result, folder: Path, suffix: str, write: Any) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for table in tables_of(result):
        with whole_file(folder / f"{table.name}{suffix}") as partial:
            write(table.frame, partial)
        files.append(folder / f"{table.name}{suffix}")
    return files
