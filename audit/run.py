"""A result file as the audit reads it: by itself, whole, and refused with one message where it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import yaml

from audit.arrays import ARRAYS, Place, Told, at
from audit.classes import CarClasses, classes_of
from audit.finding import AuditError, Floats

KIND, TRACES_KIND = "v2g-testbed result", "v2g-testbed vehicle traces"
FIGURES_ALONE = "optimised"
"""An attribute of files from which all but their figures was left out."""
SCHEMAS = (1, 2)
"""Layouts of result files that are understood."""
SECONDS_PER_HOUR = 3600
WAYS = 2
MOST_VALUES = 400_000_000
"""Of one array: more is no result but a file that would fill the memory."""
Values = Mapping[str, Any]


@dataclass(frozen=True)
class District:
    """One district of a run."""

    name: str
    index: int
    scenario: Values
    has_network: bool
    attributes: Values
    arrays: Values
    axes: Values
    classes: CarClasses
    traces: Values | None = None
    """[T, V] by name, where they were asked for."""

    def __call__(self, name: str) -> Any:
        """An array of the district."""
        return _named(self.arrays, name, f"districts/{self.name}")

    def trace(self, name: str) -> Floats:
        """A trace [T, V] in double precision."""
        return np.asarray(_named(self.traces or {}, name, f"traces of {self.name}"), dtype=np.float64)

    @property
    def has_phases(self) -> bool:
        """Whether its network is a circuit of three phases, of which the impedances are a balanced equivalent."""
        feeder = str(self.scenario.get("feeder"))
        return feeder.startswith("dss:") or feeder.lower().endswith(".dss")

    def holds(self, name: str) -> bool:
        return name in self.arrays

    @cached_property
    def buses(self) -> tuple[str, ...]:
        """How people call the buses."""
        names = self.arrays.get("bus_name", [""] * len(self.axes["bus"]))
        return tuple(f"bus {number} ({name})" if name else f"bus {number}"
                     for number, name in zip(self.axes["bus"], names, strict=True))

    @property
    def group_zone(self) -> Any:
        """[G] zone of each group; groups are zone, class, way, the last fastest."""
        return np.arange(self.group_count) // (self.classes.count * WAYS)

    @property
    def group_kind(self) -> Any:
        """[G] kind of charger of its cars, by their class."""
        return self.classes.kind_of_class[np.arange(self.group_count) // WAYS % self.classes.count]

    @property
    def zone_count(self) -> int:
        return len(self.classes.zones)

    @property
    def group_count(self) -> int:
        return self.zone_count * self.classes.count * WAYS

    @property
    def car_kind(self) -> Any:
        """[V] kind of charger of each car."""
        return self.classes.kind_of_class[self("vehicle_class_index").astype(np.int64)]

    @property
    def has_given_cars(self) -> bool:
        """Whether a file describes its cars one by one: then their sizes are what it says, and not judged."""
        return self.scenario.get("cars_file") is not None


@dataclass(frozen=True)
class Run:
    """One run: what the file says of it, all arrays as far as they were written."""

    path: Path
    attributes: Values
    scenario: Values
    arrays: Values
    """Of the system."""
    axes: Values
    districts: tuple[District, ...]
    plan: Values
    warmup_plan: Values
    reference: Values
    reference_attributes: Values
    told: Values = field(default_factory=dict)
    """Figures that somebody made of the run, to be held against the audit's own: `metrics`."""
    sample: int | None = None
    """Steps that the slow rules look at; None: all."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Texts of the user's own tables that the file holds, by what they are: `units`, `profiles`."""

    def __call__(self, name: str) -> Any:
        """An array of the system."""
        return _named(self.arrays, name, "the system")

    @property
    def steps(self) -> int:
        return int(self.attributes["steps_written"])

    @cached_property
    def classes(self) -> CarClasses:
        return classes_of(self.scenario)

    @property
    def step_s(self) -> int:
        return int(self.attributes["step_s"])

    @property
    def step_h(self) -> float:
        return self.step_s / SECONDS_PER_HOUR

    @property
    def schema(self) -> int:
        return int(self.attributes["schema_version"])

    @cached_property
    def time_s(self) -> Any:
        """[T] beginnings of the steps."""
        return np.arange(self.steps) * self.step_s

    @property
    def networks(self) -> tuple[District, ...]:
        return tuple(district for district in self.districts if district.has_network)

    @property
    def balanced(self) -> tuple[District, ...]:
        """Networks of one phase."""
        return tuple(district for district in self.networks if not district.has_phases)

    def part(self, name: str) -> Values:
        """A section of the scenario."""
        part = self.scenario.get(name)
        if not isinstance(part, Mapping):
            raise AuditError(f"{self.path}: its scenario has no section {name}")
        return part

    def told_by(self, quantity: str, district: str = "") -> str:
        """Name of the simulator of others that told a quantity: `feeder`, or one of the profiles'; empty: none did."""
        with_network = [d.name for d in self.networks]
        for name, told in (self.scenario.get("simulators") or {}).items():
            where = told.get("district") or (with_network[0] if told["place"] == "feeder" and with_network else "")
            what = told.get("gives", {}) if told["place"] == "profiles" else [told["place"]]
            if quantity in what and where == district:
                return str(name)
        return ""

    @property
    def has_totals(self) -> bool:
        """Whether sums per vehicle were written, at the end of the run."""
        return all(district.holds("vehicle_charged_kwh") for district in self.districts)

    @property
    def has_traces(self) -> bool:
        return bool(self.districts) and all(district.traces is not None for district in self.districts)

    def over_districts(self, name: str) -> Floats:
        """[T] sum of a district array over its axes and districts."""
        total = np.zeros(self.steps)
        for district in self.districts:
            values = district(name)
            total = total + values.sum(axis=tuple(range(1, values.ndim)))
        return total


def _named(values: Values, name: str, place: str) -> Any:
    if name not in values:
        raise AuditError(f"{place} holds no {name}")
    return values[name]


# ---------------------------------------------------------------- reading
def read_run(path: Path | str, told: Values | None = None, sample: int | None = None) -> Run:
    """The run in a result file, with its traces where it has some; AuditError says why a file is none."""
    path = Path(path)
    if not path.is_file():
        raise AuditError(f"{path}: there is no such file")
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _run(path, file, told or {}, sample)
    except AuditError as error:
        text = str(error)
        raise AuditError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    # a damaged file may make the library, numpy or yaml say almost anything; to the reader it is one thing
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError, OverflowError,
            yaml.YAMLError, RecursionError) as error:
        words = " ".join(str(error).split())[:200] or type(error).__name__
        words = f"it lacks {words}" if isinstance(error, KeyError) else words
        raise AuditError(f"{path}: not a readable result, truncated or damaged ({words})") from error


def _run(path: Path, file: h5py.File, told: Values, sample: int | None) -> Run:
    attributes = _attributes(file)
    _check_header(attributes)
    scenario = _scenario(attributes)
    names = [str(name) for name in np.atleast_1d(attributes["district_names"])]
    described = scenario.get("districts")
    if not isinstance(described, list) or [district.get("name") for district in described] != names:
        raise AuditError("its districts are not those of its scenario")
    traces = _traces(path, attributes, scenario)
    steps, schema = int(attributes["steps_written"]), int(attributes["schema_version"])
    arrays, axes = _arrays(file, "system", steps, schema)
    classes = classes_of(scenario)
    districts = tuple(_district(file, i, described[i], classes, steps, schema, traces) for i in range(len(names)))
    plan, _ = _arrays(_group(file, "plan"), "plan", steps, schema)
    warmup = {name: _values(values, f"warmup_plan/{name}") for name, values in file.get("warmup_plan", {}).items()}
    reference, _ = _arrays(_group(file, "reference"), "reference", steps, schema)
    return Run(path, attributes, scenario, arrays, axes, districts, plan, warmup, reference,
               _attributes(_group(file, "reference")), told, sample, _inputs(file))


def _group(file: Any, name: str) -> Any:
    part = file.get(name)
    if not isinstance(part, h5py.Group):
        raise AuditError(f"holds no group {name}")
    return part


def _inputs(file: h5py.File) -> dict[str, str]:
    """Texts of tables; files of before hold none."""
    group = file.get("inputs", {})
    if any(h5py.check_string_dtype(item.dtype) is None or item.shape for item in group.values()):
        raise AuditError("inputs holds something that is no text")
    return {name: str(item.asstr()[()]) for name, item in group.items()}


def _attributes(item: Any) -> dict[str, Any]:
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in item.attrs.items()}


def _check_header(attributes: Values) -> None:
    """Ours, of a layout that is known, and with all that says what was run."""
    if attributes.get("kind") != KIND:
        raise AuditError("an HDF5 file, but not a result of this testbed")
    version = attributes.get("schema_version")
    if version not in SCHEMAS:
        newer = isinstance(version, int) and version > SCHEMAS[-1]
        raise AuditError(f"schema version {version}{', newer than this program' if newer else ''}; "
                         f"read are {', '.join(map(str, SCHEMAS))}")
    if FIGURES_ALONE in attributes:
        raise AuditError("holds figures alone (`record: figures`): there are no series that they could be held "
                         "against; a sweep audits each case before it leaves the rest out")
    needed = ("scenario", "status", "controller", "seed", "step_s", "steps_total", "steps_written", "district_names")
    if missing := [name for name in needed if name not in attributes]:
        raise AuditError(f"its attributes lack {', '.join(missing)}")
    step_s, total, written, _ = (int(attributes[name]) for name in ("step_s", "steps_total", "steps_written", "seed"))
    if step_s <= 0 or SECONDS_PER_HOUR % step_s or not 0 <= written <= total:
        raise AuditError(f"step_s={step_s}, steps_written={written} and steps_total={total} are no run")


def _scenario(attributes: Values) -> dict[str, Any]:
    try:
        scenario = yaml.load(str(attributes["scenario"]), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise AuditError(f"its scenario is no YAML ({' '.join(str(error).split())[:120]})") from error
    if not isinstance(scenario, dict):
        raise AuditError("its scenario is no YAML mapping")
    return scenario


def _district(file: h5py.File, index: int, described: Values, classes: CarClasses, steps: int, schema: int,
              traces: Mapping[str, Values] | None) -> District:
    group = _group(_group(file, "districts"), str(described["name"]))
    has_network = bool(group.attrs["has_network"])
    arrays, axes = _arrays(group, "district", steps, schema)
    if has_network:
        more, more_axes = _arrays(group, "network", steps, schema)
        arrays, axes = {**arrays, **more}, {**axes, **more_axes}
    mine = traces.get(str(described["name"])) if traces is not None else None
    return District(str(described["name"]), index, described, has_network, _attributes(group), arrays, axes, classes,
                    mine)


def _arrays(group: Any, place: Place, steps: int, schema: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(arrays, axes) of a group: those over time end with the last step written."""
    used = {dim for told in at(place) for dim in told.dims}
    axes = {name: _values(group[name], name) for name in sorted(used) if name in group}
    arrays = {}
    for told in at(place):
        if told.name not in group:
            if told.optional or told.since > schema or schema < SCHEMAS[-1]:
                continue
            raise AuditError(f"{group.name.rstrip('/')}/{told.name} is missing")
        arrays[told.name] = _array(group, told, axes, steps)
    return arrays, axes


def _array(group: Any, told: Told, axes: Values, steps: int) -> Any:
    where = f"{group.name.rstrip('/')}/{told.name}"
    values = _values(group[told.name], where)
    expected = tuple(len(axes[dim]) for dim in told.dims)
    if values.shape != expected:
        raise AuditError(f"{where} has shape {values.shape}, its axes {', '.join(told.dims)} have {expected}")
    if (told.kind == "text") != (values.dtype.kind == "O"):
        raise AuditError(f"{where} holds values of type {values.dtype}")
    return values[:steps] if told.dims[:1] == ("time",) else values


def _values(dataset: Any, where: str) -> Any:
    if not isinstance(dataset, h5py.Dataset):
        raise AuditError(f"{where} is no array")
    if dataset.size is None or dataset.size > MOST_VALUES:
        raise AuditError(f"{where} has {dataset.size} values")
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.asarray(dataset.asstr()[...], dtype=object)
    if dataset.dtype.kind not in "fiu":
        raise AuditError(f"{where} holds values of type {dataset.dtype}")
    return np.asarray(dataset[...])


def _traces(path: Path, attributes: Values, scenario: Values) -> dict[str, Values] | None:
    """The second file's traces by district, None where the scenario asks for none or the run did not end."""
    record = scenario.get("record")
    if not (isinstance(record, Mapping) and record.get("vehicles")) or attributes["status"] != "completed":
        return None
    beside = path.with_name(f"{path.stem}-vehicles.h5")
    if not beside.is_file():
        return None
    with h5py.File(beside, "r", locking=False) as file:
        if file.attrs.get("kind") != TRACES_KIND or not file.attrs.get("completed"):
            raise AuditError(f"{beside}: no complete vehicle traces")
        return {name: _traces_of(group) for name, group in _group(file, "districts").items()}


def _traces_of(group: Any) -> Values:
    names = [told.name for told in ARRAYS if told.place == "traces" and told.name in group]
    return {name: _values(group[name], f"{group.name}/{name}") for name in names}
