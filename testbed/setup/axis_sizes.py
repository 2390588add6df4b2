"""How long each axis of a crossing record is in a run (models.records.quantity.AXES)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from models.drivers.behaviours import BEHAVIOURS
from models.fleet.soc_counts import SOC_BINS
from models.network.three_phase.layout import SERIES_AXES
from models.records.arrays import SECONDS_PER_HOUR
from testbed.setup.classes import groups_of_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.knowledge import thermal_units
from testbed.wiring.run_spec import RunSpec


def axis_sizes(spec: RunSpec, entity: str, axes: Collection[str]) -> dict[str, int]:
    """Sizes of these axes at an entity, `system` or a district; the district is built only where one of them asks."""
    return {axis: _SIZES[axis](spec) if axis in _SIZES else _IN_DISTRICT[axis](build_districts(spec)[entity])
            for axis in axes}


def _steps_per_hour(spec: RunSpec) -> int:
    return SECONDS_PER_HOUR // spec.step_s


def _later_hours(spec: RunSpec) -> int:
    return spec.scenario.spatial.look_ahead_h - 1


_SIZES: dict[str, Callable[[RunSpec], int]] = {
    "group": lambda spec: groups_of_scenario(spec.scenario).count,
    "cohort": lambda spec: groups_of_scenario(spec.scenario).cohort_count(spec.horizon_h),
    "charger_kind": lambda spec: groups_of_scenario(spec.scenario).kind_count,
    "reason": lambda spec: len(BEHAVIOURS),
    "car_class": lambda spec: len(groups_of_scenario(spec.scenario).class_names),
    "soc_band": lambda _: SOC_BINS,
    "unit": lambda spec: thermal_units(spec.scenario).count,
    "district": lambda spec: len(spec.scenario.districts),
    "hour": lambda spec: spec.horizon_h,
    "horizon_step": lambda spec: spec.horizon_h * _steps_per_hour(spec),
    "step": _steps_per_hour,
    "later_hour": _later_hours,
    "period": lambda spec: _steps_per_hour(spec) + _later_hours(spec),
}
def _in_circuit(axis: str) -> Callable[[District], int]:
    return lambda district: district.circuit.size(axis)


_IN_DISTRICT: dict[str, Callable[[District], int]] = {
    "vehicle": lambda district: district.vehicles.count,
    "bus": lambda district: district.site.bus_count,
    "pair": lambda district: district.pairs.count,
    "generation_bus": lambda district: district.generation_buses.size,
    **{axis: _in_circuit(axis) for axis in SERIES_AXES},
}
