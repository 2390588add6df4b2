"""Second result file with a trace per vehicle.

While the run goes on it is like the result: arrays of fixed size, whose space is reserved before the first step, so
that a kill leaves all blocks readable. Compressed files are not (docs/results.md#what-a-kill-leaves), so the file is
compressed at the end, and moved into place as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from testbed.results.groups import Place, time_axis, vehicle_axis
from testbed.results.images import laid_out
from testbed.results.layout import TRACES_KIND, Array, ResultError, ResultHeader, ResultLayout
from testbed.wiring.attributes import traced
from testbed.wiring.whole_files import reserve, whole_file

BLOCK_STEPS = 16
BLOCK_VEHICLES = 8192
SLACK = 1 << 16
"""Bytes that HDF5 may use between arrays."""


class VehicleTraceWriter:
    """Traces [time, V] per district; the file is complete only when its attribute `completed` is 1."""

    names = tuple(a.name for a in traced())

    def __init__(self, path: Path, header: ResultHeader, layout: ResultLayout) -> None:
        self._path, self._header, self._layout = path, header, layout
        self._next_step = {d.name: 0 for d in layout.districts}
        self._rows: dict[tuple[str, str], list[Array]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            self._reserve(partial)
            self._file = h5py.File(partial, "r+")
            self._claim()
        # renamed while it is open: the handle stays with the file

    def _reserve(self, partial: Path) -> None:
        """The file's shape, then the space of its arrays; NoSpace where there is not enough."""
        with laid_out(partial) as file:
            _make_traces(file, self._header, self._layout, compressed=False)
        vehicles = sum(d.vehicle_count for d in self._layout.districts)
        row = sum(np.dtype(a.traced_as).itemsize for a in traced()) * vehicles
        reserve(partial, partial.stat().st_size + row * self._header.steps_total + SLACK)

    def _claim(self) -> None:
        """The first write into an array gives it its place in the file; nothing in it counts yet."""
        for district in self._layout.districts:
            for name in self.names:
                dataset = self._file[f"districts/{district.name}/{name}"]
                if dataset.size:
                    dataset[0, 0] = 0
        self._file.flush()

    def write_step(self, step: int, district: str, values: Mapping[str, Array]) -> None:
        """Buffer the vehicle arrays [V] of one counted step of one district."""
        if step != self._next_step[district]:
            raise ResultError(f"traces of {district}: step {step} came, "
                              f"step {self._next_step[district]} was expected")
        for a in traced():
            row = np.array(values[a.name]).astype(a.traced_as)
            self._rows.setdefault((district, a.name), []).append(row)
        self._next_step[district] += 1
        if len(self._rows[district, self.names[0]]) >= BLOCK_STEPS:
            self._write_block(district)

    def _write_block(self, district: str) -> None:
        """The rows, then their number: in this order, so that the number never lies."""
        stop, group = self._next_step[district], self._file[f"districts/{district}"]
        for variable in self.names:
            rows = self._rows.pop((district, variable), [])
            if rows:
                group[variable][stop - len(rows):stop] = np.stack(rows)
        self._file.flush()
        group.attrs.modify("steps_written", stop)
        self._file.flush()

    def release(self) -> None:
        """Write the rest and close the file as it is: not complete, all steps readable."""
        if self._file:
            for district in self._next_step:
                self._write_block(district)
            self._file.close()

    def close(self) -> None:
        """The same; if every step of every district is there, the file is compressed and complete."""
        self.release()
        if set(self._next_step.values()) <= {self._header.steps_total}:
            self._compress()

    def _compress(self) -> None:
        with h5py.File(self._path, "r") as plain, laid_out(self._path) as file:
            _make_traces(file, self._header, self._layout, compressed=True)
            for district in self._layout.districts:
                source, target = (opened[f"districts/{district.name}"] for opened in (plain, file))
                for name in self.names:
                    _copy_in_blocks(source[name], target[name])
                target.attrs.modify("steps_written", self._header.steps_total)
            file.attrs.modify("completed", 1)


def _copy_in_blocks(source: h5py.Dataset, target: h5py.Dataset) -> None:
    """Block by block, so that the whole never is in memory uncompressed."""
    for start in range(0, source.shape[0], BLOCK_STEPS):
        target[start:start + BLOCK_STEPS] = source[start:start + BLOCK_STEPS]


def _make_traces(file: h5py.File, header: ResultHeader, layout: ResultLayout, *, compressed: bool) -> None:
    for name, value in (("kind", TRACES_KIND), ("completed", 0), ("controller", header.controller),
                        ("seed", header.seed), ("scenario_name", header.scenario_name)):
        file.attrs[name] = value
    for district in layout.districts:
        group = file.create_group(f"districts/{district.name}")
        place = Place(group)
        time_axis(place, header)
        vehicle_axis(place, district.vehicle_count)
        group.attrs["reason_names"] = list(layout.reason_names)
        group.attrs["steps_written"] = 0
        shape = (header.steps_total, district.vehicle_count)
        for a in traced():
            dataset = group.create_dataset(a.name, shape=shape, dtype=a.traced_as,
                                           **(_packing(shape) if compressed else {}))
            place.on_axes(dataset, ("time", *a.dims), a.unit, a.long_name)


def _packing(shape: tuple[int, int]) -> dict[str, Any]:
    steps, vehicles = shape
    if not vehicles:
        return {}
    return {"chunks": (min(BLOCK_STEPS, steps), min(vehicles, BLOCK_VEHICLES)),
            "compression": "gzip", "compression_opts": 4}


def read_traces(path: Path, district: str, name: str, *, partial: bool = False) -> Array:
    """One variable [time, V] of a trace file, with `partial` as far as it was written.

    ResultError for any other file, and without `partial` for that of a run that did not complete.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            _check_traces(file, path, partial=partial)
            group = file[f"districts/{district}"]
            values = group[name]
            # an older file does not say how far it goes; it could be read only when it was complete
            return np.asarray(values[:int(group.attrs.get("steps_written", values.shape[0]))])
    except OSError as error:
        raise ResultError(f"{path}: not a readable HDF5 file ({error})") from error
    except KeyError as error:
        raise ResultError(f"{path}: no {name} of district {district}") from error


def _check_traces(file: h5py.File, path: Path, *, partial: bool) -> None:
    if file.attrs.get("kind") != TRACES_KIND:
        raise ResultError(f"{path}: not a file of vehicle traces")
    if not file.attrs["completed"] and not partial:
        raise ResultError(f"{path}: the run did not complete ({traces_ending(file)}), so its vehicle traces are not "
                          "valid as those of a whole run")


def traces_ending(file: h5py.File) -> str:
    """How far a file of traces goes, as people read it."""
    written = [int(group.attrs.get("steps_written", 0)) for group in file["districts"].values()]
    total = max((group["time"].shape[0] for group in file["districts"].values()), default=0)
    return f"{min(written, default=0)} of {total} steps"
