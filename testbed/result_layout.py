"""What a result file holds and on which axes: the shape of everything is known before the first step.

The variables come from `testbed.attributes` (THE table). Every array is fixed in size and allocated when the
file is made, so that a killed run leaves a readable file (DATA.md, traps of h5py). xarray opens each group as
it is (`engine="h5netcdf"`), because every axis is an HDF5 dimension scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from models.records import BASE_MVA, SECONDS_PER_HOUR, Ints, RadialFeeder
from testbed.attributes import NETWORK_ONLY, Attribute, recorded

Array = npt.NDArray[Any]

SCHEMA_VERSION = 1
FILE_KIND = "v2g-testbed result"
TRACES_KIND = "v2g-testbed vehicle traces"
NOT_WRITTEN = -1
"""Fill of integer arrays whose valid values are 0 and above."""

FLAGS = frozenset({"committed", "spatial_solved", "spatial_fallback", "spatial_repaired"})
"""0/1 variables, stored as int8 (HDF5 booleans are not read by every xarray engine)."""

_UNITS_BY_ENDING = {
    "_usd_per_mwh": "USD/MWh", "_usd_per_kwh": "USD/kWh", "_kwh": "kWh", "_mwh": "MWh", "_kvar": "kvar",
    "_kw": "kW", "_mw": "MW", "_pu": "pu", "_usd": "USD", "_percent": "%", "_km": "km", "_h": "h", "_s": "s",
    "_t": "t",
}


class ResultError(ValueError):
    """A result file that is missing, foreign, damaged or asked for what it does not hold."""


@dataclass(frozen=True)
class ResultHeader:
    """What was run."""

    scenario_yaml: str
    """The resolved scenario; the metrics take their prices and limits from it."""
    scenario_name: str
    controller: str
    seed: int
    step_s: int
    steps_total: int
    """Counted steps only."""


@dataclass(frozen=True)
class DistrictLayout:
    """Axes of one district; `bus_number` and `bus_zone` [B]."""

    name: str
    bus_number: Ints
    bus_zone: Ints
    has_network: bool
    vehicle_count: int
    feeder: RadialFeeder | None = None
    """Whose tree and ratings are written beside the series; None: none are."""

    def __post_init__(self) -> None:
        if self.bus_number.shape != self.bus_zone.shape:
            raise ResultError(f"district {self.name}: {self.bus_number.size} bus numbers, "
                              f"{self.bus_zone.size} zones")

    def variables(self) -> tuple[Attribute, ...]:
        """Recorded attributes of this district; those of the feeder only with a network."""
        return tuple(a for a in recorded("district") if self.has_network or a.producer not in NETWORK_ONLY)


@dataclass(frozen=True)
class ResultLayout:
    """Axes of the whole file."""

    unit_names: tuple[str, ...]
    group_names: tuple[str, ...]
    reason_names: tuple[str, ...]
    districts: tuple[DistrictLayout, ...]
    plan_count: int
    horizon_h: int

    @property
    def cohort_count(self) -> int:
        """Rows of the upper plan's targets in every district (records.CohortFlexibility)."""
        return len(self.group_names) * (self.horizon_h + 1)


def unit_of_name(name: str) -> str:
    """Unit that a name ends in, as read by people; "1" where it ends in none."""
    for ending, unit in _UNITS_BY_ENDING.items():
        if name.endswith(ending):
            return unit
    return "1"


def hours_of(header: ResultHeader) -> int:
    """Whole hours that the counted steps touch."""
    return -(-header.steps_total * header.step_s // SECONDS_PER_HOUR)


# ---------------------------------------------------------------- making datasets
def _describe(dataset: h5py.Dataset, unit: str, long_name: str) -> None:
    dataset.attrs["units"] = unit
    dataset.attrs["long_name"] = long_name


def _early(dtype: np.dtype[Any] | type, fill: float | int | None) -> h5py.h5p.PropDCID:
    """Creation properties: contiguous, storage allocated and filled now."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_ALLOC)
    if fill is not None:
        properties.set_fill_value(np.array(fill, dtype=dtype))
    return properties


def make_axis(group: h5py.Group, name: str, values: Sequence[str] | Array, unit: str, long_name: str) -> None:
    """A dimension scale with its values: an xarray coordinate of the group."""
    is_text = len(values) > 0 and isinstance(values[0], str)
    data = np.asarray(values, dtype=object) if is_text else np.asarray(values)
    axis = group.create_dataset(name, data=data, dtype=h5py.string_dtype("utf-8") if is_text else data.dtype)
    axis.make_scale(name)
    _describe(axis, unit, long_name)


def _attach(dataset: h5py.Dataset, group: h5py.Group, dims: Sequence[str]) -> None:
    for position, dim in enumerate(dims):
        dataset.dims[position].attach_scale(group[dim])


def make_variable(group: h5py.Group, name: str, dims: Sequence[str], unit: str, long_name: str,
                  dtype: Any = np.float64, fill: float | int = np.nan) -> h5py.Dataset:
    """A fixed-size dataset, allocated now, on axes that the group already has."""
    shape = tuple(group[dim].shape[0] for dim in dims)
    dataset = group.create_dataset(name, shape=shape, dtype=dtype, dcpl=_early(dtype, fill))
    _attach(dataset, group, dims)
    _describe(dataset, unit, long_name)
    return dataset


def make_text_variable(group: h5py.Group, name: str, dims: Sequence[str], long_name: str) -> h5py.Dataset:
    """Variable-length UTF-8 strings on axes that the group already has."""
    shape = tuple(group[dim].shape[0] for dim in dims)
    dataset = group.create_dataset(name, shape=shape, dtype=h5py.string_dtype("utf-8"))
    _attach(dataset, group, dims)
    _describe(dataset, "1", long_name)
    return dataset


def make_filled(group: h5py.Group, name: str, dims: Sequence[str], values: Array, unit: str,
                long_name: str) -> None:
    """A dataset written at once."""
    dataset = group.create_dataset(name, data=values)
    _attach(dataset, group, dims)
    _describe(dataset, unit, long_name)


def make_recorded(group: h5py.Group, attributes: Sequence[Attribute]) -> None:
    """One variable over time per attribute of the table."""
    for a in attributes:
        is_flag = a.name in FLAGS
        make_variable(group, a.name, ("time", *a.dims), a.unit, a.long_name,
                      np.int8 if is_flag else np.float64, 0 if is_flag else np.nan)


def _make_time(group: h5py.Group, header: ResultHeader) -> None:
    make_axis(group, "time", np.arange(header.steps_total, dtype=np.int64) * header.step_s, "s",
              "seconds since counted 00:00 at the step's beginning")


# ---------------------------------------------------------------- the groups of the file
def make_root(file: h5py.File, header: ResultHeader, layout: ResultLayout) -> None:
    """Root: what was run (attributes) and the system's variables."""
    attrs: Mapping[str, Any] = {
        "kind": FILE_KIND, "schema_version": SCHEMA_VERSION, "scenario": header.scenario_yaml,
        "scenario_name": header.scenario_name, "controller": header.controller, "seed": header.seed,
        "step_s": header.step_s, "steps_total": header.steps_total, "status": "running", "steps_written": 0,
        "district_names": [d.name for d in layout.districts],
    }
    for name, value in attrs.items():
        file.attrs[name] = value
    _make_time(file, header)
    make_axis(file, "unit", layout.unit_names, "1", "thermal unit")
    make_recorded(file, recorded("system"))


def make_district(file: h5py.File, header: ResultHeader, layout: ResultLayout,
                  district: DistrictLayout) -> None:
    """/districts/NAME: recorded variables, bus zones, and the upper layer's targets."""
    group = file.create_group(f"districts/{district.name}")
    group.attrs["has_network"] = int(district.has_network)
    _make_time(group, header)
    make_axis(group, "bus", district.bus_number, "1", "bus number")
    make_axis(group, "group", layout.group_names, "1", "zone/class/charger of a vehicle")
    make_axis(group, "reason", layout.reason_names, "1", "why a vehicle did what it did")
    make_axis(group, "vehicle", np.arange(district.vehicle_count, dtype=np.int64), "1", "vehicle slot")
    make_recorded(group, district.variables())
    make_filled(group, "bus_zone", ("bus",), np.asarray(district.bus_zone, dtype=np.int64), "1",
                "index of the bus's zone, -1 where nobody parks")
    if district.feeder is not None:
        _make_network(group, district.feeder)
    _make_plan_axes(group, layout)
    make_axis(group, "cohort", np.arange(layout.cohort_count, dtype=np.int64), "1",
              "cohort row: group * (horizon hours + 1) + departure hour")
    for name, text in (("plan_pc_kw", "planned charging"), ("plan_pd_kw", "planned discharging")):
        make_variable(group, name, ("plan", "cohort", "lead"), "kW", f"{text} of each cohort")


def _make_network(group: h5py.Group, feeder: RadialFeeder) -> None:
    """What never changes of a feeder; each line stands at the bus that it leads to."""
    parent = np.where(feeder.parent >= 0, feeder.bus_number[feeder.parent], NOT_WRITTEN)
    ampere = BASE_MVA * 1e3 / (np.sqrt(3.0) * feeder.nominal_kv)
    make_filled(group, "bus_parent", ("bus",), parent, "1", "number of the bus on the way to the substation, -1 there")
    make_filled(group, "line_rating_a", ("bus",), feeder.i_max_pu * ampere, "A", "current that the line may carry")
    make_filled(group, "transformer_rating_kva", ("bus",), feeder.transformer_kva, "kVA",
                "rating of the MV/LV transformer, of the substation at its bus; inf: none")


def _make_plan_axes(group: h5py.Group, layout: ResultLayout) -> None:
    make_axis(group, "plan", np.arange(layout.plan_count, dtype=np.int64), "1", "index of the plan")
    make_axis(group, "lead", np.arange(layout.horizon_h, dtype=np.int64), "h", "hours since the plan's time")


PLAN_HOURLY = {
    "wind_curtailed_mw": "planned curtailed wind", "pv_curtailed_mw": "planned curtailed PV",
    "reserve_shortfall_mw": "planned missing reserve",
    "marginal_price_usd_per_mwh": "price of one more MWh of load, commitment fixed",
}
PLAN_SCALARS = {
    "objective_usd": "objective as weighted, true costs, over the horizon",
    "milp_objective_usd": "objective of the linearised problem", "bound_usd": "its proven lower bound",
    "gap_rel": "relative gap of the linearised problem", "operating_cost_usd": "F1, over the horizon",
    "owners_net_usd": "F2, over the horizon", "curtailment_usd": "F3, over the horizon",
    "carbon_cost_usd": "carbon price times emissions, over the horizon",
    "carbon_t": "emissions, over the horizon",
}
PLAN_RUN_SCALARS = {"solver_s": "solver time of the plan", "compile_s": "compile time of the plan"}
"""Differ between equal runs, so they stand in /run."""


def make_plan(file: h5py.File, layout: ResultLayout) -> None:
    """/plan: the upper layer's answers; what may differ between equal runs goes to /run."""
    group = file.create_group("plan")
    _make_plan_axes(group, layout)
    make_axis(group, "unit", layout.unit_names, "1", "thermal unit")
    make_variable(group, "time_s", ("plan",), "s", "start of the plan since counted 00:00",
                  np.int64, NOT_WRITTEN)
    make_variable(group, "committed", ("plan", "unit", "lead"), "1", "1 where the unit is on",
                  np.int8, NOT_WRITTEN)
    make_variable(group, "p_mw", ("plan", "unit", "lead"), "MW", "planned power of each unit")
    for name, text in PLAN_HOURLY.items():
        make_variable(group, name, ("plan", "lead"), unit_of_name(name), text)
    for name, text in PLAN_SCALARS.items():
        make_variable(group, name, ("plan",), unit_of_name(name), text)
    make_text_variable(group, "status", ("plan",), "status that the solver reported")
    run = file.create_group("run")
    make_axis(run, "plan", np.arange(layout.plan_count, dtype=np.int64), "1", "index of the plan")
    for name, text in PLAN_RUN_SCALARS.items():
        make_variable(run, f"plan_{name}", ("plan",), "s", text)


def make_reference(file: h5py.File, header: ResultHeader, layout: ResultLayout) -> None:
    """/reference: the commitment without cars against which unit-hours are counted."""
    group = file.create_group("reference")
    group.attrs["name"] = ""
    group.attrs["operating_cost_usd"] = np.nan
    make_axis(group, "hour", np.arange(hours_of(header), dtype=np.int64), "h", "hours since counted 00:00")
    make_axis(group, "unit", layout.unit_names, "1", "thermal unit")
    make_variable(group, "committed", ("hour", "unit"), "1", "1 where the unit is on", np.int8, NOT_WRITTEN)
