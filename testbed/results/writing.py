"""Writes the result file of one run, in blocks, so that a killed run leaves all flushed steps readable.

What gives the file its shape is made in memory and moved into place as a whole: the layout before the first step, and
at the end all that has no fixed size (testbed.results.images). Between the two only numbers are written, each into its
place in the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import h5py
import numpy as np

from testbed.results.groups import Place, make_result
from testbed.results.images import edited, laid_out
from testbed.results.layout import (
    ADDED_GROUP,
    PLAN_HOURLY,
    PLAN_RUN_SCALARS,
    PLAN_SCALARS,
    PLAN_TARGETS,
    Array,
    ResultError,
    ResultHeader,
    ResultLayout,
    unit_of_name,
)
from testbed.results.reading import WRITER, Reference
from testbed.wiring.attributes import recorded
from testbed.wiring.failure import Failure
from testbed.wiring.owner import this_process

FLUSH_STEPS = 32
"""Steps per block: a write of a series costs a tenth of a millisecond, however long it is."""
FLUSH_S = 2.0
"""Nor does a block wait longer, so that somebody who follows a slow run sees it (testbed.reporting.live)."""
SYSTEM_GROUP = "/"

Status = Literal["completed", "failed", "interrupted"]
Edit = Callable[[h5py.File], None]


class _Block:
    """Rows of one group's series until they are written: all numbers of a step side by side, each array apart."""

    def __init__(self, series: Mapping[str, h5py.Dataset], steps: int) -> None:
        self._series = series
        self._numbers = [name for name, dataset in series.items() if dataset.ndim == 1]
        self._number_rows = np.zeros((steps, len(self._numbers)))
        self._array_rows = {name: np.zeros((steps, *dataset.shape[1:]))
                            for name, dataset in series.items() if dataset.ndim > 1}

    def put(self, row: int, values: Mapping[str, Any]) -> None:
        """One step's values; ResultError names those that are missing or of another shape."""
        missing = [name for name in self._series if name not in values]
        if missing:
            raise ResultError(f": no value for {', '.join(missing)}")
        for name, rows in self._array_rows.items():
            _check_shape(name, values[name], rows.shape[1:])
            rows[row] = values[name]
        try:
            self._number_rows[row] = [values[name] for name in self._numbers]
        except (TypeError, ValueError):
            for name in self._numbers:
                _check_shape(name, values[name], ())
            raise

    def write(self, span: slice) -> None:
        """The first rows into the steps `span` of the file."""
        count = span.stop - span.start
        if count == 0:
            return
        for column, name in enumerate(self._numbers):
            self._series[name][span] = self._number_rows[:count, column]
        for name, rows in self._array_rows.items():
            self._series[name][span] = rows[:count]


def _check_shape(name: str, value: Any, expected: tuple[int, ...]) -> None:
    if np.shape(value) != expected:
        raise ResultError(f" {name}: shape {np.shape(value)}, expected {expected}")


class ResultWriter:
    """One run's result file. Only counted steps are written, in order; the caller skips the warm-up."""

    def __init__(self, path: Path, header: ResultHeader, layout: ResultLayout,
                 flush_steps: int = FLUSH_STEPS, run: Mapping[str, Any] | None = None) -> None:
        """`run`: what is known of the run as it begins, for `/run`; without it that this process is the writer."""
        self._path, self._header, self._layout, self._flush_steps = path, header, layout, flush_steps
        self._next_step = self._first_buffered = 0
        self._flushed_s = time.monotonic()
        self._at_the_end: list[Edit] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        with laid_out(path) as file:
            make_result(file, header, layout)
            _write_attributes(file["run"], {WRITER: this_process().to_json()} if run is None else run)
        self._file = h5py.File(path, "r+")
        self._places = {SYSTEM_GROUP: self._file,
                        **{d.name: self._file[f"districts/{d.name}"] for d in layout.districts}}
        names = {SYSTEM_GROUP: recorded("system"), **{d.name: d.variables() for d in layout.districts}}
        self._blocks = {place: _Block({a.name: group[a.name] for a in names[place]}, flush_steps)
                        for place, group in self._places.items()}
        self._added = {name: _Block({said: self._file[f"{ADDED_GROUP}/{name}/{said}"] for said in layout.added[name]},
                                    flush_steps) for name in layout.added}

    # ------------------------------------------------------------ steps
    def write_step(self, step: int, system: Mapping[str, Any], districts: Mapping[str, Mapping[str, Any]],
                   added: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Buffer all recorded values of one counted step (0-based); every name of the table must be there.

        added: what simulators of others say.
        """
        if step != self._next_step or step >= self._header.steps_total:
            raise ResultError(f"step {step} came, step {self._next_step} of "
                              f"{self._header.steps_total} was expected")
        self._buffer(SYSTEM_GROUP, system)
        for district in self._layout.districts:
            if district.name not in districts:
                raise ResultError(f"step {step}: no values for district {district.name}")
            self._buffer(district.name, districts[district.name])
        for name, block in self._added.items():
            self._put(block, f"{ADDED_GROUP}/{name}", (added or {}).get(name, {}))
        self._next_step += 1
        waited_s = time.monotonic() - self._flushed_s
        if self._next_step - self._first_buffered >= self._flush_steps or waited_s >= FLUSH_S:
            self.flush()

    def _buffer(self, group: str, values: Mapping[str, Any]) -> None:
        self._put(self._blocks[group], group, values)

    def _put(self, block: _Block, group: str, values: Mapping[str, Any]) -> None:
        try:
            block.put(self._next_step - self._first_buffered, values)
        except ResultError as error:
            raise ResultError(f"step {self._next_step}, {group}{error}") from error

    def flush(self) -> None:
        """Write what is buffered, then the number of steps: in this order, so that the number never lies."""
        span = slice(self._first_buffered, self._next_step)
        for block in (*self._blocks.values(), *self._added.values()):
            block.write(span)
        self._first_buffered, self._flushed_s = self._next_step, time.monotonic()
        self._file.flush()
        self._file.attrs.modify("steps_written", self._next_step)  # in its place: the file keeps its shape
        self._file.flush()

    # ------------------------------------------------------------ once per plan, once per run
    def write_plan(self, index: int, plan: Mapping[str, Any]) -> None:
        """Store the upper layer's answer; `plan` is controllers.port.Plan.to_arrays()."""
        if not 0 <= index < self._layout.plan_count:
            raise ResultError(f"plan {index} came, {self._layout.plan_count} were announced")
        group, run = self._file["plan"], self._file["run"]
        self._write_plan_fields(group, index, plan)
        for name in PLAN_RUN_SCALARS:
            run[f"plan_{name}"][index] = plan[name]
        for position, district in enumerate(self._layout.districts):
            for name in PLAN_TARGETS:
                self._places[district.name][f"plan_{name}"][index] = plan[name][position]
        self._count_plan(group, index, plan)

    def write_warmup_plan(self, index: int, plan: Mapping[str, Any]) -> None:
        """Store a plan of the controlled warm-up, of which no figure is made; as `write_plan`."""
        if not 0 <= index < self._layout.warmup_plan_count:
            raise ResultError(f"plan {index} of the warm-up came, {self._layout.warmup_plan_count} were announced")
        group = self._file["warmup_plan"]
        self._write_plan_fields(group, index, plan)
        for name in PLAN_TARGETS:
            group[name][index] = np.stack(plan[name])
        self._count_plan(group, index, plan)

    def _write_plan_fields(self, group: h5py.Group, index: int, plan: Mapping[str, Any]) -> None:
        """All but its time, by which it counts; its status, a text, waits for the end."""
        for name in ("committed", "p_mw", *PLAN_HOURLY, *PLAN_SCALARS):
            group[name][index] = plan[name]
        name, status = group.name, plan["status"]
        self._at_the_end.append(lambda file: file[name]["status"].__setitem__(index, status))

    def _count_plan(self, group: h5py.Group, index: int, plan: Mapping[str, Any]) -> None:
        self._file.flush()
        group["time_s"][index] = plan["time_s"]
        self._file.flush()

    def write_reference(self, reference: Reference) -> None:
        """The commitment without cars, and the name of the run that it stands for."""
        self._at_the_end.append(lambda file: _write_reference(file, reference))

    def write_totals(self, district: str, totals: Mapping[str, Array]) -> None:
        """Sums per vehicle over the counted time, each [V], as `vehicle_NAME`; once, at the end."""
        self._at_the_end.append(lambda file: _write_totals(file[f"districts/{district}"], totals))

    def write_run(self, info: Mapping[str, Any]) -> None:
        """What may differ between equal runs: texts, numbers, and mappings of them (one group each)."""
        self._at_the_end.append(lambda file: _write_attributes(file["run"], info))

    def close(self, status: Status, failure: Failure | None = None) -> None:
        """Flush all and say how the run ended; `completed` needs every step."""
        self._at_the_end.append(lambda file: _mark(file, status, failure))
        self.release()

    def release(self) -> None:
        """Write all that waits and close the file without saying how the run ended (see `finish_result`)."""
        if not self._file:
            return
        try:
            self.flush()
        finally:
            self._file.close()
        edits, self._at_the_end = self._at_the_end, []
        if edits:
            with edited(self._path) as file:
                for edit in edits:
                    edit(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Close the handle if `close` was not reached; the file then reads as unfinished."""
        self.release()


# ---------------------------------------------------------------- a file that its writer has released
def finish_result(path: Path, status: Status, failure: Failure | None = None,
                  run: Mapping[str, Any] | None = None, reference: Reference | None = None) -> None:
    """Say how the run ended, what may differ between equal runs and the reference, in a released file, all at once."""
    with edited(path) as file:
        if reference is not None:
            _write_reference(file, reference)
        _write_attributes(file["run"], run or {})
        _mark(file, status, failure)


def _write_totals(group: h5py.Group, totals: Mapping[str, Array]) -> None:
    place = Place(group)
    for name, values in totals.items():
        place.filled(f"vehicle_{name}", ("vehicle",), np.asarray(values), unit_of_name(name),
                     f"{name} of each vehicle since counted 00:00")


def _mark(file: h5py.File, status: Status, failure: Failure | None) -> None:
    written, total = int(file.attrs["steps_written"]), int(file.attrs["steps_total"])
    if status == "completed" and written != total:
        raise ResultError(f"run called completed after {written} of {total} steps")
    if failure is not None:
        file.attrs["failure_simulator"] = failure.simulator
        file.attrs["failure_time_s"] = failure.time_s
        file.attrs["failure_cause"] = failure.cause
    file.attrs["status"] = status


def _write_reference(file: h5py.File, reference: Reference) -> None:
    group, committed = file["reference"], reference.committed
    if np.shape(committed) != group["committed"].shape:
        raise ResultError(f"reference commitment: shape {np.shape(committed)}, "
                          f"expected {group['committed'].shape}")
    group["committed"][...] = committed
    group.attrs["name"] = reference.name
    group.attrs["operating_cost_usd"] = float(reference.operating_cost_usd)
    if reference.ordered_mw is not None:
        Place(group).filled("ordered_mw", ("hour", "unit"), reference.ordered_mw, "MW",
                            "planned power from which each unit begins")
    for name, before in (("before_h", reference.before_h), ("before_mw", reference.before_mw)):
        if before is not None:
            group.attrs[name] = np.asarray(before, dtype=np.float64)


def _write_attributes(group: h5py.Group, info: Mapping[str, Any]) -> None:
    for name, value in info.items():
        if isinstance(value, Mapping):
            _write_attributes(group.require_group(name), value)
        else:
            group.attrs[name] = value
