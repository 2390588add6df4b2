"""What a result file holds and on which axes: the shape of everything is known before the first step.

The variables come from `testbed.wiring.attributes` (THE table). Every array is fixed in size and allocated when the
file is made, so that a killed run leaves a readable file (docs/results.md#what-a-kill-leaves). xarray opens each
group as it is (`engine="h5netcdf"`), because every axis is an HDF5 dimension scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from models.network.loads.bus_loads import BusLoads
from models.network.three_phase.layout import NO_CIRCUIT, SERIES_AXES, CircuitLayout
from models.network.transformers.tap_changer import TapChanger
from models.records.arrays import SECONDS_PER_HOUR, Ints
from models.records.feeder import RadialFeeder
from models.records.groups import cohort_count
from testbed.faults.told import FaultTold
from testbed.wiring.attributes import NETWORK_ONLY, Attribute, recorded

Array = npt.NDArray[Any]

SCHEMA_VERSION = 2
"""2 holds each network's impedances and peak loads, and what each car's charger can; both are read."""
READABLE_SCHEMAS = (1, SCHEMA_VERSION)
FILE_KIND = "v2g-testbed result"
TRACES_KIND = "v2g-testbed vehicle traces"
FIGURES_KEPT = "optimised"
"""Attribute of a file that holds figures instead of what they are made of: who was planned by the objective."""
FIGURES_GROUP = "figures"
FAULTS_GROUP = "faults"
NOT_WRITTEN = -1
"""Fill of integer arrays whose valid values are 0 and above."""

_UNITS_BY_ENDING = {
    "_usd_per_mwh": "USD/MWh", "_usd_per_kwh": "USD/kWh", "_kwh": "kWh", "_mwh": "MWh", "_kvar": "kvar",
    "_kw": "kW", "_mw": "MW", "_pu": "pu", "_usd": "USD", "_percent": "%", "_km": "km", "_h": "h", "_s": "s",
    "_t": "t",
}


ADDED_GROUP = "simulators"
"""Group of what added simulators of others say, one group each."""


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
    warmup_controlled_days: int = 0
    """Days under the controller before them."""
    parameters: str = "{}"
    """Of the controller, all with their values, as a JSON object."""
    load_peak_mw: float = float("nan")
    """System load at which buses draw their peak loads; NaN: not known."""
    inputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """{what: (file name, text)} of files of the user's own without which a result could not be judged elsewhere."""
    faults: tuple[FaultTold, ...] = ()


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
    loads: BusLoads | None = None
    """What its buses draw without cars."""
    circuit: CircuitLayout = NO_CIRCUIT
    """Of a network of three phases."""
    tap_changer: TapChanger | None = None

    def __post_init__(self) -> None:
        if self.bus_number.shape != self.bus_zone.shape:
            raise ResultError(f"district {self.name}: {self.bus_number.size} bus numbers, "
                              f"{self.bus_zone.size} zones")

    def variables(self) -> tuple[Attribute, ...]:
        """Recorded attributes of this district; of the feeder only with a network, of phases where it has some, of
        generation where less of it may be taken."""
        absent = {axis for axis in SERIES_AXES if not self.circuit.size(axis)}
        if self.loads is None or not self.loads.generation_buses.size:
            absent.add("generation_bus")
        return tuple(a for a in recorded("district") if (self.has_network or a.producer not in NETWORK_ONLY)
                     and not absent & set(a.dims))


@dataclass(frozen=True)
class ResultLayout:
    """Axes of the whole file."""

    unit_names: tuple[str, ...]
    group_names: tuple[str, ...]
    reason_names: tuple[str, ...]
    class_names: tuple[str, ...]
    districts: tuple[DistrictLayout, ...]
    plan_count: int
    horizon_h: int
    warmup_plan_count: int = 0
    """Plans of controlled warm-up days."""
    added: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    """{simulator of others that was added: {name: (unit, meaning) of what it says}}."""

    @property
    def cohort_count(self) -> int:
        """Rows of the upper plan's targets in every district (records.CohortFlexibility)."""
        return cohort_count(len(self.group_names), self.horizon_h)


def unit_of_name(name: str) -> str:
    """Unit that a name ends in, as read by people; "1" where it ends in none."""
    for ending, unit in _UNITS_BY_ENDING.items():
        if name.endswith(ending):
            return unit
    return "1"


def hours_of(header: ResultHeader) -> int:
    """Whole hours that the counted steps touch."""
    return -(-header.steps_total * header.step_s // SECONDS_PER_HOUR)


PLAN_HOURLY = {
    "wind_curtailed_mw": "planned curtailed wind", "pv_curtailed_mw": "planned curtailed PV",
    "reserve_shortfall_mw": "planned missing reserve", "reserve_shortfall_usd": "the same at its price",
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
PLAN_TARGETS = {"pc_kw": "planned charging", "pd_kw": "planned discharging"}
PLAN_RUN_SCALARS = {"solver_s": "solver time of the plan", "compile_s": "compile time of the plan"}
"""Differ between equal runs, so they stand in /run."""
