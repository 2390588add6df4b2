"""Values of shifted data before the first step, and outputs while no controller acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from controllers.port import DeliveryRecord
from testbed.setup.districts import District
from testbed.setup.knowledge import thermal_units
from testbed.wiring.crossings import Guidance, Instructions, UnitsState
from testbed.wiring.run_spec import RunSpec


def initial_state(spec: RunSpec, district: District | None) -> Mapping[str, Any]:
    """Values of all shifted attributes before the first step: of a district, or of the system (None)."""
    if district is None:
        units = thermal_units(spec.scenario)
        return {"units_state": UnitsState(np.asarray(units.initial_h), units.initial_p_mw)}
    return {
        "soc": district.vehicles.soc_initial, "soc_reported": district.vehicles.soc_initial,
        "vm_pu": np.full(district.site.bus_count, _first_vm_pu(district)), "delivery": nothing_delivered(district),
        "tap_pu": np.zeros(0) if district.flows is None else district.flows.circuit.tap_pu,
        "learned_compliance": None, "guidance": no_guidance(district),
    }


def _first_vm_pu(district: District) -> float:
    """An operator knows where the tap changer stands."""
    return 1.0 if district.feeder is None or district.tap_changer is None else district.feeder.v_slack_pu


def nothing_delivered(district: District) -> DeliveryRecord:
    """The record of a step in which no car was instructed."""
    return DeliveryRecord(*np.zeros((len(fields(DeliveryRecord)), district.vehicles.groups.count)))


def no_instructions(district: District) -> Instructions:
    """Every car is free to act on its own."""
    vehicles = district.vehicles.count
    return Instructions(np.zeros(vehicles), np.zeros(vehicles, dtype=np.int64), np.zeros(district.site.bus_count))


def no_guidance(district: District) -> Guidance:
    """Every bus is as good as any other."""
    return Guidance(np.full((district.site.groups.kind_count, district.site.bus_count), -1, dtype=np.int64))
