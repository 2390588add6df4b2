"""Faults of a scenario as results tell them."""

from __future__ import annotations

from testbed.faults.kind import FAULTS
from testbed.faults.told import FaultTold
from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.parts.faults import Fault


def district_of(fault: Fault, scenario: ScenarioKeys) -> str:
    """The district that is meant; empty where the kind has none, or it is not said and there are several."""
    if fault.kind not in FAULTS or "district" not in FAULTS[fault.kind].needs:
        return ""
    names = [district.name for district in scenario.districts]
    return fault.district or (names[0] if len(names) == 1 else "")


def told_faults(scenario: ScenarioKeys) -> tuple[FaultTold, ...]:
    """All of them, in the order of the list."""
    return tuple(_told(fault, scenario) for fault in scenario.faults)


def _told(fault: Fault, scenario: ScenarioKeys) -> FaultTold:
    kind = FAULTS[fault.kind]
    where = {"district": district_of(fault, scenario), "buses": " and ".join(map(str, fault.buses)),
             "zone": fault.zone, "line_to": fault.line_to, "phase": fault.phase, "unit": fault.unit}
    values = {p.name: fault.parameters.get(p.name, p.usual) for p in kind.parameters}
    return FaultTold(
        fault.kind, ", ".join(f"{key} {value}" for key, value in where.items() if value not in (None, "")),
        ", ".join(f"{key}={value}" for key, value in values.items()), fault.from_s, fault.until_s, kind.answer)
