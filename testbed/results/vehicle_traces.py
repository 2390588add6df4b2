"""Second result file with a trace per vehicle, compressed.

Chunked and compressed files are not safe against a kill, hence a file of its own
(docs/results.md#what-a-kill-leaves).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from testbed.results.groups import Place, time_axis, vehicle_axis
from testbed.results.layout import TRACES_KIND, Array, ResultError, ResultHeader, ResultLayout
from testbed.wiring.attributes import traced

BLOCK_STEPS = 16
BLOCK_VEHICLES = 8192


class VehicleTraceWriter:
    """Traces [time, V] per district; the file is valid only when its attribute `completed` is 1."""

    names = tuple(a.name for a in traced())

    def __init__(self, path: Path, header: ResultHeader, layout: ResultLayout) -> None:
        self._steps_total = header.steps_total
        self._next_step = {d.name: 0 for d in layout.districts}
        self._rows: dict[tuple[str, str], list[Array]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = h5py.File(path, "w")
        for name, value in (("kind", TRACES_KIND), ("completed", 0), ("controller", header.controller),
                            ("seed", header.seed), ("scenario_name", header.scenario_name)):
            self._file.attrs[name] = value
        for district in layout.districts:
            self._make_district(district.name, district.vehicle_count, header, layout)

    def _make_district(self, name: str, vehicles: int, header: ResultHeader, layout: ResultLayout) -> None:
        group = self._file.create_group(f"districts/{name}")
        place = Place(group)
        time_axis(place, header)
        vehicle_axis(place, vehicles)
        group.attrs["reason_names"] = list(layout.reason_names)
        packing: dict[str, Any] = {}
        if vehicles:
            packing = {"chunks": (min(BLOCK_STEPS, header.steps_total), min(vehicles, BLOCK_VEHICLES)),
                       "compression": "gzip", "compression_opts": 4}
        shape = (header.steps_total, vehicles)
        for a in traced():
            dataset = group.create_dataset(a.name, shape=shape, dtype=a.traced_as, **packing)
            place.on_axes(dataset, ("time", *a.dims), a.unit, a.long_name)

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
        stop = self._next_step[district]
        for variable in self.names:
            rows = self._rows.pop((district, variable), [])
            if rows:
                self._file["districts"][district][variable][stop - len(rows):stop] = np.stack(rows)

    def close(self) -> None:
        """Write the rest; the file becomes valid only if every step of every district is there."""
        for district in self._next_step:
            self._write_block(district)
        self._file.attrs["completed"] = int(set(self._next_step.values()) <= {self._steps_total})
        self._file.close()


def read_traces(path: Path, district: str, name: str) -> Array:
    """One variable [time, V] of a completed trace file; ResultError for any other file."""
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("kind") != TRACES_KIND:
                raise ResultError(f"{path}: not a file of vehicle traces")
            if not file.attrs["completed"]:
                raise ResultError(f"{path}: the run did not complete, so its vehicle traces are not valid")
            return np.asarray(file[f"districts/{district}/{name}"][...])
    except OSError as error:
        raise ResultError(f"{path}: not a readable HDF5 file ({error})") from error
    except KeyError as error:
        raise ResultError(f"{path}: no {name} of district {district}") from error
