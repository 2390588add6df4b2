"""Faults of a scenario, looked up in the run: which buses, which unit, and what acts at which simulator."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from models.network.three_phase.feeder import ThreePhaseFlows
from models.records.arrays import Bools, Ints, RecordError
from models.records.feeder import RadialFeeder, Site, ThreePhaseFeeder
from testbed.faults.kind import FAULTS
from testbed.faults.placed import Injection, Placed
from testbed.scenario.parts.district import District
from testbed.scenario.parts.faults import Fault
from testbed.scenario.record import Scenario
from testbed.scenario.told_faults import district_of
from testbed.setup.districts import site_of
from testbed.setup.knowledge import thermal_units
from testbed.setup.networks.feeders import build_feeder
from testbed.setup.networks.loads import build_loads
from testbed.wiring.run_spec import RunSpec


def injections_of(simulator: str, spec: RunSpec, entities: Collection[str]) -> tuple[Injection, ...]:
    """What acts at the simulator's border, in the order of the scenario's list; of districts, those it has."""
    acting = []
    for fault in spec.scenario.faults:
        here, acts = district_of(fault, spec.scenario), FAULTS[fault.kind].acts
        if simulator in acts and (not here or here in entities):
            acting.append(acts[simulator](placed(fault, spec.scenario, spec.seed)))
    return tuple(acting)


def fault_mistakes(scenario: Scenario, has_units: bool = True, has_networks: bool = True) -> list[str]:
    """Why faults of a scenario cannot be where they are said to be: an unknown bus, line, phase or unit.

    Places among units or in districts are looked up only where these can be built.
    """
    mistakes = []
    for i, fault in enumerate(scenario.faults):
        if not (has_networks if district_of(fault, scenario) else has_units):
            continue
        try:
            placed(fault, scenario, scenario.seed)
        except RecordError as error:
            mistakes.append(f"faults.{i} ({fault.kind}): {error}")
    return mistakes


def placed(fault: Fault, scenario: Scenario, seed: int) -> Placed:
    """The fault in its place; RecordError where that is not there."""
    kind, name = FAULTS[fault.kind], district_of(fault, scenario)
    parameters = {p.name: fault.parameters.get(p.name, p.usual) for p in kind.parameters}
    district = next((d for d in scenario.districts if d.name == name), None)
    if district is None:
        return Placed(fault.kind, fault.from_s, fault.until_s, scenario.step_s, seed, parameters,
                      unit=_unit(fault, scenario))
    feeder = build_feeder(district)
    site = site_of(district, feeder, scenario)
    zone = -1 if fault.zone is None else site.groups.zones.index(fault.zone)  # the scenario's rules know it
    return Placed(fault.kind, fault.from_s, fault.until_s, scenario.step_s, seed, parameters, name,
                  _meant(fault, site, feeder), site.bus_zone, zone, generation_buses=_generation(district, scenario))


def _generation(district: District, scenario: Scenario) -> Ints:
    """Rows of buses of whose generators less may be taken than they give."""
    loads = build_loads(district, scenario) if district.series.curtailable else None
    return np.zeros(0, dtype=np.int64) if loads is None else loads.generation_buses


def _unit(fault: Fault, scenario: Scenario) -> int:
    if fault.unit is None:
        return -1
    names = thermal_units(scenario).names
    if fault.unit not in names:
        raise RecordError(f"there is no unit {fault.unit!r:.60}, known: {', '.join(names[:20])}")
    return names.index(fault.unit)


def _meant(fault: Fault, site: Site, feeder: RadialFeeder | None) -> Bools:
    """[B] buses of the district that the fault is about; all where it does not say which."""
    if fault.zone is not None:
        return np.asarray(site.bus_zone == site.groups.zones.index(fault.zone))
    if fault.buses:
        return _of_rows([_row(bus, site, feeder) for bus in fault.buses], site, feeder)
    meant = np.ones(site.bus_count, dtype=np.bool_)
    if fault.line_to is not None and feeder is not None:
        meant = _behind(fault.line_to, feeder)
    if fault.phase is not None and feeder is not None:
        meant = meant & _on_phase(fault.phase, feeder)
    return np.asarray(meant, dtype=np.bool_)


def _row(bus: int | str, site: Site, feeder: RadialFeeder | None) -> int:
    if feeder is not None:
        return feeder.bus_row(bus)
    if str(bus) not in (numbers := [str(number) for number in range(1, site.bus_count + 1)]):
        raise RecordError(f"a district without network has no bus {bus!r:.60}, known: {', '.join(numbers)}")
    return int(bus) - 1


def _of_rows(rows: list[int], site: Site, feeder: RadialFeeder | None) -> Bools:
    """Those rows; of a circuit of three phases also those where cars of these customers are connected."""
    meant = np.zeros(site.bus_count, dtype=np.bool_)
    meant[rows] = True
    if isinstance(feeder, ThreePhaseFeeder):
        ports = feeder.port_row[rows]
        meant[ports[ports >= 0]] = True
    return meant


def _behind(bus: int | str, feeder: RadialFeeder) -> Bools:
    """The bus and all whose way to the source goes over it."""
    first = feeder.bus_row(bus)
    if first == 0:
        raise RecordError(f"feeder {feeder.name}: bus {bus} is the source, no line leads to it")
    behind: Bools = np.asarray(np.arange(feeder.bus_count) == first)
    for row in range(first + 1, feeder.bus_count):  # parents precede children
        behind[row] |= behind[feeder.parent[row]]
    return behind


def _on_phase(phase: int, feeder: RadialFeeder) -> Bools:
    """Rows some of whose power is drawn from the phase."""
    if not isinstance(feeder, ThreePhaseFeeder):
        raise RecordError(f"feeder {feeder.name} is balanced: only a network of three phases (dss:NAME or a .dss file) "
                          "can lose one")
    on = np.array([phase in phases for phases in feeder.bus_phases], dtype=np.bool_)
    flows = ThreePhaseFlows(feeder)
    own = [phase in phases for phases in flows.circuit.loads.phases]
    on[flows.load_row[np.array(own, dtype=np.bool_)]] = True
    return on
