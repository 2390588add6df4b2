"""Reads result files: lazy numpy access, and stored plans."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from controllers.port import Plan
from testbed.faults.told import FaultTold
from testbed.results.file_read import FileRead
from testbed.results.layout import (
    ADDED_GROUP,
    FAULTS_GROUP,
    FIGURES_GROUP,
    FIGURES_KEPT,
    FILE_KIND,
    NOT_WRITTEN,
    PLAN_HOURLY,
    PLAN_RUN_SCALARS,
    PLAN_SCALARS,
    PLAN_TARGETS,
    READABLE_SCHEMAS,
    TRACES_KIND,
    Array,
    ResultError,
)
from testbed.results.vehicle_traces import traces_ending
from testbed.scenario.plain_yaml import of_yaml
from testbed.wiring.failure import Failure
from testbed.wiring.owner import Owner

__all__ = ["Failure", "Reference", "Result", "ResultError", "open_result", "stored_plans"]

RUN_GROUP = "run"
"""What may differ between equal runs."""
WRITER = "writer"
"""Group below it: the process that the run belongs to, and the run's own name."""
NEEDED_ATTRIBUTES = ("status", "controller", "seed", "scenario_name", "scenario", "district_names", "step_s",
                     "steps_total", "steps_written")
"""Without them a file is no whole result; all schemas have them."""
UNENDED = {"there": "running", "gone": "interrupted", "elsewhere": "unfinished"}
"""Status of a file that says `running`, by where its process is."""


@dataclass(frozen=True)
class Reference:
    """The commitment without cars: committed [hour, U], and the name of the run it stands for."""

    name: str
    committed: Array
    operating_cost_usd: float
    before_h: Array | None = None
    """[U] hours on (+) or off (-) as it begins; None: not known, as in older files."""
    before_mw: Array | None = None
    """[U] power in the hour before; NaN: off, or nothing was run before."""
    ordered_mw: Array | None = None
    """[hour, U] planned powers from which units with ramps begin; None: there are none, or an older file."""


class Result(FileRead):
    """One run's result file as it was when opened: arrays are read when asked for, kept, and read-only.

    They end with the last step written.
    """

    # ------------------------------------------------------------ what was run
    @property
    def status(self) -> str:
        """completed | failed | interrupted (stopped, or its process is gone) | running | unfinished.

        Unfinished is a file whose process is on another host, where nobody here can look, or not named (older files).
        """
        status = str(self.attributes["status"])
        return self._unended if status == "running" else status

    @cached_property
    def _unended(self) -> str:
        """What a file is that says `running`."""
        owner = self.owner
        return "unfinished" if owner is None else UNENDED[owner.presence]

    @property
    def owner(self) -> Owner | None:
        """The process that the run belongs to; None where an older file does not say."""
        writer = self.run.get(WRITER)
        return Owner.from_json(writer) if writer else None

    @property
    def run_id(self) -> str:
        """By which a run knows its own file."""
        return str(self.run.get(WRITER, {}).get("run_id", ""))

    @property
    def ending(self) -> str:
        """Status, steps, and why it ended before its time, as people read it."""
        steps = f"{self.status}, {self.steps_written} of {self.steps_total} steps"
        if self.failure is not None:
            return f"{steps}; {self.failure.text}"
        if self.attributes["status"] != "running" or self.owner is None:
            return steps
        words = {"there": "is at work", "gone": "is gone", "elsewhere": "may be at work or gone"}
        return f"{steps}; its process {self.owner.pid} on {self.owner.host} {words[self.owner.presence]}"

    @property
    def steps_total(self) -> int:
        return int(self.attributes["steps_total"])

    @property
    def step_s(self) -> int:
        return int(self.attributes["step_s"])

    @property
    def step_h(self) -> float:
        return self.step_s / 3600

    @property
    def controller(self) -> str:
        return str(self.attributes["controller"])

    @cached_property
    def controller_parameters(self) -> dict[str, Any]:
        """Of the controller, defaults included; empty where an older file does not say."""
        return dict(json.loads(str(self.attributes.get("controller_parameters", "{}"))))

    @property
    def seed(self) -> int:
        return int(self.attributes["seed"])

    @property
    def scenario_name(self) -> str:
        return str(self.attributes["scenario_name"])

    @property
    def scenario_yaml(self) -> str:
        return str(self.attributes["scenario"])

    @cached_property
    def scenario(self) -> dict[str, Any]:
        """The resolved scenario as plain data; an older file's had no controlled warm-up days."""
        return {"warmup_controlled_days": 0, **of_yaml(self.scenario_yaml)}

    @property
    def warmup_controlled_days(self) -> int:
        """Days under the controller before counted time."""
        return int(self.scenario["warmup_controlled_days"])

    @property
    def failure(self) -> Failure | None:
        if "failure_cause" not in self.attributes:
            return None
        return Failure(str(self.attributes["failure_simulator"]), int(self.attributes["failure_time_s"]),
                       str(self.attributes["failure_cause"]))

    # ------------------------------------------------------------ figures in place of what they are made of
    @cached_property
    def kept_figures(self) -> dict[str, float] | None:
        """Every figure by name where the file holds them alone (`record: figures`); None for a whole result."""
        if FIGURES_KEPT not in self.attributes:
            return None
        names, values = self._read_file(f"{FIGURES_GROUP}/metric"), self._read_file(f"{FIGURES_GROUP}/value")
        return dict(zip(names.tolist(), values.tolist(), strict=True))

    # ------------------------------------------------------------ axes
    @cached_property
    def districts(self) -> tuple[str, ...]:
        """Names in the order of the scenario, which is that of a plan's tuples."""
        return tuple(str(name) for name in self.attributes["district_names"])

    @cached_property
    def unit_names(self) -> tuple[str, ...]:
        return tuple(self._read("unit"))

    @property
    def time_s(self) -> Array:
        """[T] seconds since counted 00:00 at the beginning of each written step."""
        return self._read("time")

    def on_before_h(self, initial_h: Array) -> Array:
        """[U] hours on (+) or off (-) as counted time begins; initial_h [U] where the file, an older one, is silent."""
        if not self.steps_written or "on_before_h" not in self._names("/"):
            return initial_h
        first = self._read("on_before_h")[0]
        return np.where(first == 0, initial_h, first)

    def has_network(self, district: str) -> bool:
        return bool(self.district_attribute(district, "has_network"))

    def district_attribute(self, district: str, name: str) -> Any:
        """What the file says of a district once."""
        self._check_known(district)
        group = f"districts/{district}"
        with self._open() as file:
            if group not in file:
                raise self._lacks(group)
            return file[group].attrs[name]

    # ------------------------------------------------------------ values
    def system(self, name: str) -> Array:
        """A system variable [time, ...] or the axis of that name."""
        return self._read(name)

    def district(self, district: str, name: str) -> Array:
        """A variable of a district [time, ...], one of its axes, `bus_zone` or `vehicle_NAME`."""
        self._check_known(district)
        return self._read(f"districts/{district}/{name}")

    def _check_known(self, district: str) -> None:
        if district not in self.districts:
            raise ResultError(f"{self.path}: no district {district}; there are {', '.join(self.districts)}")

    def bus_labels(self, district: str) -> tuple[str, ...]:
        """How people call the buses: their numbers, with their names where they have some."""
        numbers = [str(number) for number in self.district(district, "bus")]
        if not self.holds(district, "bus_name"):
            return tuple(numbers)
        names = self.district(district, "bus_name")
        return tuple(f"{number} ({name})" if name else number for number, name in zip(numbers, names, strict=True))

    def holds_system(self, name: str) -> bool:
        """True if the file has that system variable; older files lack newer ones."""
        return name in self._names("/")

    def holds(self, district: str, name: str) -> bool:
        """True if the file has that variable of the district; older files lack newer ones."""
        return name in self._names(f"districts/{district}")

    def added(self, simulator: str, name: str) -> Array:
        """[time] what an added simulator of others said."""
        return self._read(f"{ADDED_GROUP}/{simulator}/{name}")

    def has_totals(self, district: str) -> bool:
        """True when the sums per vehicle were written, at the end of the run."""
        return any(name.startswith("vehicle_") for name in self._names(f"districts/{district}"))

    def has_vehicle(self, district: str, name: str) -> bool:
        """True when that sum per vehicle was written; older files have fewer."""
        return f"vehicle_{name}" in self._names(f"districts/{district}")

    def vehicle(self, district: str, name: str) -> Array:
        """Sum of one quantity over the counted time for each vehicle [V]."""
        return self.district(district, f"vehicle_{name}")

    @property
    def reference(self) -> Reference | None:
        """The commitment without cars, None where none was written."""
        with self._open() as file:
            attrs = dict(file["reference"].attrs) if "reference" in file else {}
            is_ordered = "ordered_mw" in file.get("reference", ())
        if not attrs.get("name"):
            return None
        committed = self._read("reference/committed")
        return Reference(str(attrs["name"]), committed, float(attrs["operating_cost_usd"]), attrs.get("before_h"),
                         attrs.get("before_mw"), self._read("reference/ordered_mw") if is_ordered else None)

    def brought(self, what: str) -> str | None:
        """Text of a table that the user brought (`units`, `profiles`), None where there was none."""
        with self._open() as file:
            name = f"inputs/{what}"
            return str(file[name].asstr()[()]) if name in file else None

    @cached_property
    def run(self) -> dict[str, Any]:
        """What may differ between equal runs: texts, numbers and groups of them."""
        with self._open() as file:
            return _attributes_below(file[RUN_GROUP])

    @property
    def input_notes(self) -> tuple[str, ...]:
        """What was told of the tables that the scenario's user brought, a sentence each."""
        return tuple(filter(None, str(self.run.get("input_notes", "")).split("\n")))

    @cached_property
    def faults(self) -> tuple[FaultTold, ...]:
        """What failed in the run, in the order of the scenario's list."""
        if not self._names(FAULTS_GROUP):
            return ()
        columns = [self._read_file(f"{FAULTS_GROUP}/{field.name}").tolist() for field in fields(FaultTold)]
        return tuple(FaultTold(*row) for row in zip(*columns, strict=True))

    # ------------------------------------------------------------ plans
    @property
    def plan_count(self) -> int:
        """Plans that were written."""
        return int(np.sum(self._read("plan/time_s") != NOT_WRITTEN))

    def plan(self, index: int) -> dict[str, Any]:
        """One stored plan: the fields of controllers.port.Plan by name."""
        if not 0 <= index < self.plan_count:
            raise ResultError(f"{self.path}: plan {index} of {self.plan_count} does not exist")
        fields = self._plan_fields("plan", index)
        fields |= {name: float(self._read(f"{RUN_GROUP}/plan_{name}")[index]) for name in PLAN_RUN_SCALARS}
        for name in PLAN_TARGETS:
            fields[name] = tuple(self.district(d, f"plan_{name}")[index] for d in self.districts)
        return fields

    def _plan_fields(self, group: str, index: int) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time_s": int(self._read(f"{group}/time_s")[index]),
            "committed": self._read(f"{group}/committed")[index].astype(np.int64),
            "p_mw": self._read(f"{group}/p_mw")[index],
            "status": str(self._read(f"{group}/status")[index]),
        }
        fields |= {name: self._read(f"{group}/{name}")[index] for name in PLAN_HOURLY}
        return fields | {name: float(self._read(f"{group}/{name}")[index]) for name in PLAN_SCALARS}

    def warmup_plans(self) -> list[dict[str, Any]]:
        """The plans of controlled warm-up days, as `plan`; what solving them took is not kept (0 s)."""
        if not self._names("warmup_plan"):
            return []
        written = np.flatnonzero(self._read("warmup_plan/time_s") != NOT_WRITTEN)
        return [self._plan_fields("warmup_plan", index) | dict.fromkeys(PLAN_RUN_SCALARS, 0.0)
                | {name: tuple(self._read(f"warmup_plan/{name}")[index]) for name in PLAN_TARGETS}
                for index in written.tolist()]


def _attributes_below(group: h5py.Group) -> dict[str, Any]:
    below: dict[str, Any] = {name: value.item() if isinstance(value, np.generic) else value
                             for name, value in group.attrs.items()}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            below[name] = _attributes_below(item)
    return below


def open_result(path: Path | str) -> Result:
    """A result file for reading; ResultError if it is missing, no HDF5, or not one of ours."""
    path = Path(path)
    if not path.is_file():
        raise ResultError(f"{path}: there is no such file")
    try:
        attributes = Result(path).attributes
    except OSError as error:
        raise ResultError(f"{path}: not a readable HDF5 file ({error})") from error
    if attributes.get("kind") == TRACES_KIND:
        raise ResultError(f"{path}: vehicle traces ({_traces_end(path)}), not a result; the result lies beside it, "
                          f"under this name without -vehicles")
    if attributes.get("kind") != FILE_KIND:
        raise ResultError(f"{path}: an HDF5 file, but not a result of this testbed")
    if (version := attributes.get("schema_version")) not in READABLE_SCHEMAS:
        raise ResultError(f"{path}: schema version {version}, this program reads "
                          f"{', '.join(map(str, READABLE_SCHEMAS))}")
    if lost := [name for name in NEEDED_ATTRIBUTES if name not in attributes]:
        raise ResultError(f"{path}: damaged, it does not say its {', '.join(lost)}")
    return Result(path)


def _traces_end(path: Path) -> str:
    with h5py.File(path, "r", locking=False) as file:
        return "completed" if file.attrs["completed"] else f"interrupted, {traces_ending(file)}"


def stored_plans(path: Path | str) -> list[Plan]:
    """All upper plans of a result, in order, for a replay, the warm-up's before; ResultError if there is none."""
    result = open_result(path)
    plans = [Plan.from_arrays(result.plan(index)) for index in range(result.plan_count)]
    if not plans:
        raise ResultError(f"{path}: holds no stored plan")
    return [*map(Plan.from_arrays, result.warmup_plans()), *plans]

