"""Makes the groups of a result file (testbed.results.layout says which): axes, then variables of fixed size on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from models.fleet.soc_counts import SOC_BINS
from models.network.loads.bus_loads import GENERATION, BusLoads
from models.network.three_phase.layout import CircuitLayout
from models.network.transformers.tap_changer import TapChanger
from models.records.feeder import BASE_MVA, RadialFeeder
from testbed.results.layout import (
    ADDED_GROUP,
    FAULTS_GROUP,
    FILE_KIND,
    NOT_WRITTEN,
    PLAN_HOURLY,
    PLAN_RUN_SCALARS,
    PLAN_SCALARS,
    PLAN_TARGETS,
    SCHEMA_VERSION,
    Array,
    DistrictLayout,
    ResultHeader,
    ResultLayout,
    hours_of,
    unit_of_name,
)
from testbed.wiring.attributes import Attribute, recorded

TEXT = h5py.string_dtype("utf-8")
STORED_AS: dict[tuple[bool, bool], tuple[type, float]] = {
    (False, False): (np.float64, np.nan), (False, True): (np.int32, NOT_WRITTEN), (True, False): (np.int8, 0)}
"""Type and filling of a series, by whether it is a flag and whether it is counted."""
CIRCUIT_AXES = {
    "node": "bus and phase", "conductor": "element, its end and the phase there", "line": "line",
    "three_phase_bus": "bus with all three phases", "regulator": "transformer and its winding",
    "connection": "number of a bus where cars can stand",
    "admittance": "entry of the matrix of admittances, currents of nodes by voltages of nodes",
    "current_term": "entry of the matrix of currents of conductors by voltages of nodes",
    "port_node": "node where a bus's power is drawn",
}


class Place:
    """A group of the file that remembers its axes: to look one up in the file takes longer than to write a series."""

    def __init__(self, group: h5py.Group) -> None:
        self.group = group
        self._axes: dict[str, h5py.Dataset] = {}

    def axis(self, name: str, values: Sequence[str] | Array, unit: str, long_name: str) -> None:
        """A dimension scale with its values: an xarray coordinate of the group."""
        is_text = len(values) > 0 and isinstance(values[0], str)
        data = np.asarray(values, dtype=object) if is_text else np.asarray(values)
        axis = self.group.create_dataset(name, data=data, dtype=TEXT if is_text else data.dtype)
        axis.make_scale(name)
        _describe(axis, unit, long_name)
        self._axes[name] = axis

    def variable(self, name: str, dims: Sequence[str], unit: str, long_name: str,
                 dtype: Any = np.float64, fill: float | int = np.nan) -> h5py.Dataset:
        """A fixed-size dataset, allocated now, on axes that the place already has."""
        made = self.group.create_dataset(name, shape=self._shape(dims), dtype=dtype, dcpl=_early(dtype, fill))
        return self.on_axes(made, dims, unit, long_name)

    def text_variable(self, name: str, dims: Sequence[str], long_name: str) -> None:
        """Variable-length UTF-8 strings on axes that the place already has."""
        self.on_axes(self.group.create_dataset(name, shape=self._shape(dims), dtype=TEXT), dims, "1", long_name)

    def filled(self, name: str, dims: Sequence[str], values: Array, unit: str, long_name: str) -> None:
        """A dataset written at once."""
        self.on_axes(self.group.create_dataset(name, data=values), dims, unit, long_name)

    def recorded(self, attributes: Sequence[Attribute]) -> None:
        """One variable over time per attribute of the table."""
        for a in attributes:
            kind, fill = STORED_AS[a.is_flag, a.is_integer]
            self.variable(a.name, ("time", *a.dims), a.unit, a.long_name, kind, fill)

    def _shape(self, dims: Sequence[str]) -> tuple[int, ...]:
        return tuple(self._axes[dim].shape[0] for dim in dims)

    def on_axes(self, dataset: h5py.Dataset, dims: Sequence[str], unit: str, long_name: str) -> h5py.Dataset:
        """The dataset, attached to these axes and described."""
        for position, dim in enumerate(dims):
            h5py.h5ds.attach_scale(dataset.id, (self._axes[dim] if dim in self._axes else self.group[dim]).id, position)
        _describe(dataset, unit, long_name)
        return dataset


def _describe(dataset: h5py.Dataset, unit: str, long_name: str) -> None:
    """As `dataset.attrs` would, in half the time: there are some five hundred in a small file."""
    kind, single = h5py.h5t.py_create(TEXT, logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    for name, text in ((b"units", unit), (b"long_name", long_name)):
        h5py.h5a.create(dataset.id, name, kind, single).write(np.array(text, dtype=object))


def _early(dtype: np.dtype[Any] | type, fill: float | int) -> h5py.h5p.PropDCID:
    """Creation properties: contiguous, storage allocated and filled now."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_ALLOC)
    properties.set_fill_value(np.array(fill, dtype=dtype))
    return properties


def time_axis(place: Place, header: ResultHeader) -> None:
    """The counted steps of the run."""
    place.axis("time", np.arange(header.steps_total, dtype=np.int64) * header.step_s, "s",
               "seconds since counted 00:00 at the step's beginning")


def vehicle_axis(place: Place, count: int) -> None:
    """The slots of a district's vehicles."""
    place.axis("vehicle", np.arange(count, dtype=np.int64), "1", "vehicle slot")


# ---------------------------------------------------------------- the groups of the file
def make_result(file: h5py.File, header: ResultHeader, layout: ResultLayout) -> None:
    """The whole layout."""
    make_root(file, header, layout)
    for district in layout.districts:
        make_district(file, header, layout, district)
    for name in layout.added:
        make_added(file, header, name, layout.added[name])
    make_plan(file, layout)
    make_warmup_plan(file, layout)
    make_reference(file, header, layout)
    make_inputs(file, header)
    make_faults(file, header)


def make_root(file: h5py.File, header: ResultHeader, layout: ResultLayout) -> None:
    """Root: what was run (attributes) and the system's variables."""
    attrs: Mapping[str, Any] = {
        "kind": FILE_KIND, "schema_version": SCHEMA_VERSION, "scenario": header.scenario_yaml,
        "scenario_name": header.scenario_name, "controller": header.controller,
        "controller_parameters": header.parameters, "seed": header.seed,
        "step_s": header.step_s, "steps_total": header.steps_total,
        "warmup_controlled_days": header.warmup_controlled_days, "load_peak_mw": header.load_peak_mw,
        "status": "running", "steps_written": 0,
        "district_names": [d.name for d in layout.districts],
    }
    for name, value in attrs.items():
        file.attrs[name] = value
    root = Place(file)
    time_axis(root, header)
    root.axis("unit", layout.unit_names, "1", "thermal unit")
    root.recorded(recorded("system"))


def make_district(file: h5py.File, header: ResultHeader, layout: ResultLayout, district: DistrictLayout) -> None:
    """/districts/NAME: recorded variables, bus zones, and the upper layer's targets."""
    place = Place(file.create_group(f"districts/{district.name}"))
    place.group.attrs["has_network"] = int(district.has_network)
    time_axis(place, header)
    place.axis("bus", district.bus_number, "1", "bus number")
    place.axis("group", layout.group_names, "1", "zone/class/charger of a vehicle")
    place.axis("reason", layout.reason_names, "1", "why a vehicle did what it did")
    place.axis("car_class", layout.class_names, "1", "class of a vehicle")
    place.axis("soc_band", np.arange(SOC_BINS) / SOC_BINS, "1", "lower end of a band of state of charge")
    vehicle_axis(place, district.vehicle_count)
    _make_circuit(place, district.circuit)
    if district.loads is not None and district.loads.generation_buses.size:
        place.axis("generation_bus", district.bus_number[district.loads.generation_buses], "1",
                   "number of a bus of whose generators less may be taken than they give")
    place.recorded(district.variables())
    place.filled("bus_zone", ("bus",), np.asarray(district.bus_zone, dtype=np.int64), "1",
                 "index of the bus's zone, -1 where nobody parks")
    if district.feeder is not None:
        _make_network(place, district.feeder)
    if district.tap_changer is not None:
        _make_taps(place, district.tap_changer)
    if district.loads is not None:
        _make_loads(place, district.loads)
    _make_plan_axes(place, layout)
    place.axis("cohort", np.arange(layout.cohort_count, dtype=np.int64), "1",
               "cohort row: group * (horizon hours + 1) + departure hour")
    for name, text in PLAN_TARGETS.items():
        place.variable(f"plan_{name}", ("plan", "cohort", "lead"), "kW", f"{text} of each cohort")


def make_added(file: h5py.File, header: ResultHeader, name: str, said: Mapping[str, tuple[str, str]]) -> None:
    """/simulators/NAME: a variable over time for each number that an added simulator of others says."""
    place = Place(file.create_group(f"{ADDED_GROUP}/{name}"))
    time_axis(place, header)
    for variable, (unit, meaning) in said.items():
        place.variable(variable, ("time",), unit, meaning)


def _make_network(place: Place, feeder: RadialFeeder) -> None:
    """What never changes of a feeder; each line stands at the bus that it leads to."""
    parent = np.where(feeder.parent >= 0, feeder.bus_number[feeder.parent], NOT_WRITTEN)
    ampere = BASE_MVA * 1e3 / (np.sqrt(3.0) * feeder.nominal_kv)
    place.group.attrs["nominal_kv"], place.group.attrs["v_slack_pu"] = feeder.nominal_kv, feeder.v_slack_pu
    place.filled("bus_parent", ("bus",), parent, "1", "number of the bus on the way to the substation, -1 there")
    if feeder.bus_name:
        place.text_variable("bus_name", ("bus",), "name of the bus; empty where it has none")
        place.group["bus_name"][...] = np.asarray(feeder.bus_name, dtype=object)
    place.filled("line_r_pu", ("bus",), feeder.r_pu, "pu", "resistance of the line to the parent bus, on 1 MVA")
    place.filled("line_x_pu", ("bus",), feeder.x_pu, "pu", "reactance of the line to the parent bus, on 1 MVA")
    place.filled("line_turns_ratio", ("bus",), feeder.turns_ratio, "1",
                 "voltage that the line begins with over the parent's; 1 without an off-nominal transformer")
    place.filled("shunt_g_pu", ("bus",), feeder.shunt_g_pu, "pu", "conductance of the bus to earth, on 1 MVA")
    place.filled("shunt_b_pu", ("bus",), feeder.shunt_b_pu, "pu",
                 "susceptance of the bus to earth, on 1 MVA; positive: it gives reactive power")
    place.filled("load_peak_kw", ("bus",), feeder.p_base_kw, "kW",
                 "load of the bus in the network, by which its transformer is rated")
    place.filled("load_peak_kvar", ("bus",), feeder.q_base_kvar, "kvar", "its reactive power")
    place.filled("line_rating_a", ("bus",), feeder.i_max_pu * ampere, "A", "current that the line may carry")
    place.filled("transformer_rating_kva", ("bus",), feeder.transformer_kva, "kVA",
                 "rating of the MV/LV transformer, of the substation at its bus; inf: none")


def _make_circuit(place: Place, circuit: CircuitLayout) -> None:
    """What never changes of a network of three phases; nothing of others."""
    if circuit.axes:
        place.group.attrs["is_exact"] = int(circuit.is_exact)
    for axis, along in circuit.axes.items():
        if len(along):
            place.axis(axis, along, "1", CIRCUIT_AXES[axis])
    for name, told in circuit.arrays.items():
        if len(told.values):
            place.filled(name, (told.axis,), told.values, told.unit, told.meaning)


def _make_taps(place: Place, changer: TapChanger) -> None:
    """Positions of the tap changer, and what it holds."""
    place.axis("tap", changer.position, "1", "position of the automatic tap changer")
    place.filled("tap_slack_vm_pu", ("tap",), changer.slack_vm_pu, "pu", "voltage of the slack at each position")
    place.group.attrs["tap_bus"] = place.group["bus"][changer.bus]
    for name in ("target_pu", "dead_band_pu", "delay_s"):
        place.group.attrs[f"tap_{name}"] = getattr(changer, name)


def _make_loads(place: Place, loads: BusLoads) -> None:
    """What of the buses' load is known beforehand, and which series act where; the series themselves came along."""
    for name, values, text in (
            ("load_follow", (loads.follow_kw, loads.follow_kvar), "load that follows the system's, at its peak"),
            ("load_fixed", (loads.fixed_kw, loads.fixed_kvar), "power of generators and storages that never changes")):
        for unit, power in zip(("kW", "kvar"), values, strict=True):
            place.filled(f"{name}_{unit.lower()}", ("bus",), power, unit, text)
    may_be_curtailed = loads.generation_buses.size > 0
    if may_be_curtailed:
        place.filled("generation_fixed_kw", ("generation_bus",), loads.generation_fixed_kw, "kW",
                     "drawn there (below 0: given) by generators at their own power, part of load_fixed_kw")
    if (uses := loads.uses) is None:
        return
    place.axis("series", [f"{label}: {source}" for label, source in zip(uses.label, uses.source, strict=True)], "1",
               "series of an element of the network")
    place.text_variable("series_source", ("series",), "column that it comes from")
    place.group["series_source"][...] = np.asarray(uses.source, dtype=object)
    bus_number = place.group["bus"][...]
    place.filled("series_bus", ("series",), bus_number[uses.bus], "1", "number of the bus where it acts")
    place.filled("series_kw", ("series",), uses.p_factor, "kW", "drawn there per unit of the column")
    place.filled("series_kvar", ("series",), uses.q_factor, "kvar", "drawn there per unit of the column")
    if may_be_curtailed:
        place.filled("series_is_generation", ("series",), (uses.kind == GENERATION).astype(np.int8), "1",
                     "1 where it is that of a static generator")


def _make_plan_axes(place: Place, layout: ResultLayout) -> None:
    place.axis("plan", np.arange(layout.plan_count, dtype=np.int64), "1", "index of the plan")
    place.axis("lead", np.arange(layout.horizon_h, dtype=np.int64), "h", "hours since the plan's time")


def make_plan(file: h5py.File, layout: ResultLayout) -> None:
    """/plan: the upper layer's answers; what may differ between equal runs goes to /run."""
    place = Place(file.create_group("plan"))
    _make_plan_axes(place, layout)
    _make_plan_variables(place, layout)
    run = Place(file.create_group("run"))
    run.axis("plan", np.arange(layout.plan_count, dtype=np.int64), "1", "index of the plan")
    for name, text in PLAN_RUN_SCALARS.items():
        run.variable(f"plan_{name}", ("plan",), "s", text)


def make_warmup_plan(file: h5py.File, layout: ResultLayout) -> None:
    """/warmup_plan: what a replay needs besides, the plans of controlled warm-up days; only where there are any."""
    if not layout.warmup_plan_count:
        return
    place = Place(file.create_group("warmup_plan"))
    place.axis("plan", np.arange(layout.warmup_plan_count, dtype=np.int64), "1", "index of the plan")
    place.axis("lead", np.arange(layout.horizon_h, dtype=np.int64), "h", "hours since the plan's time")
    place.axis("cohort", np.arange(layout.cohort_count, dtype=np.int64), "1", "cohort row as in the districts")
    place.axis("district", [d.name for d in layout.districts], "1", "name of the district")
    _make_plan_variables(place, layout)
    for name, text in PLAN_TARGETS.items():
        place.variable(name, ("plan", "district", "cohort", "lead"), "kW", f"{text} of each cohort")


def _make_plan_variables(place: Place, layout: ResultLayout) -> None:
    place.axis("unit", layout.unit_names, "1", "thermal unit")
    place.variable("time_s", ("plan",), "s", "start of the plan since counted 00:00", np.int64, NOT_WRITTEN)
    place.variable("committed", ("plan", "unit", "lead"), "1", "1 where the unit is on", np.int8, NOT_WRITTEN)
    place.variable("p_mw", ("plan", "unit", "lead"), "MW", "planned power of each unit")
    for name, text in PLAN_HOURLY.items():
        place.variable(name, ("plan", "lead"), unit_of_name(name), text)
    for name, text in PLAN_SCALARS.items():
        place.variable(name, ("plan",), unit_of_name(name), text)
    place.text_variable("status", ("plan",), "status that the solver reported")


def make_reference(file: h5py.File, header: ResultHeader, layout: ResultLayout) -> None:
    """/reference: the commitment without cars against which unit-hours are counted."""
    place = Place(file.create_group("reference"))
    place.group.attrs["name"] = ""
    place.group.attrs["operating_cost_usd"] = np.nan
    place.axis("hour", np.arange(hours_of(header), dtype=np.int64), "h", "hours since counted 00:00")
    place.axis("unit", layout.unit_names, "1", "thermal unit")
    place.variable("committed", ("hour", "unit"), "1", "1 where the unit is on", np.int8, NOT_WRITTEN)


def make_inputs(file: h5py.File, header: ResultHeader) -> None:
    """/inputs: tables that the user brought, as text; only where there are any."""
    for name, (file_name, text) in header.inputs.items():
        made = file.require_group("inputs").create_dataset(name, data=text, dtype=TEXT)
        _describe(made, "1", f"text of {file_name}")


def make_faults(file: h5py.File, header: ResultHeader) -> None:
    """/faults: what failed where, from when until when; only where something did."""
    if not header.faults:
        return
    place = Place(file.create_group(FAULTS_GROUP))
    place.axis("fault", np.arange(len(header.faults), dtype=np.int64), "1", "place in the scenario's list")
    for name, text in (("kind", "kind of fault"), ("place", "where; empty: the whole system"),
                       ("parameters", "parameters with their values"), ("answer", "what was done meanwhile")):
        place.text_variable(name, ("fault",), text)
        place.group[name][...] = np.asarray([getattr(fault, name) for fault in header.faults], dtype=object)
    for name, text in (("from_s", "first step of it"), ("until_s", "first step after it")):
        place.filled(name, ("fault",), np.array([getattr(fault, name) for fault in header.faults], dtype=np.int64), "s",
                     f"{text}, since counted 00:00")
