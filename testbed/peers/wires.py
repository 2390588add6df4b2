"""Which number goes where between our simulators and those of others: one wire each, from the scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from testbed.peers.told import ACTUAL, BASE, CASES, SETPOINT, told_as
from testbed.scenario.parts.district import District as DistrictPart
from testbed.scenario.parts.simulators import Port, Simulator
from testbed.scenario.record import Scenario
from testbed.scenario.rules_of_simulators import district_of, port_contradictions
from testbed.scenario.simulator_terms import (
    BUS_PROFILES,
    FEEDER_GIVES,
    FEEDER_HEARS,
    LINE,
    SYSTEM_PROFILES,
    Term,
    factor,
    filled,
)
from testbed.setup.networks.feeders import build_feeder
from testbed.wiring.attributes import NETWORK_ONLY, RECORD, Attribute, recorded
from testbed.wiring.packing import unpack
from testbed.wiring.run_spec import RunSpec

SYSTEM = "system"
Pick = Callable[[Any], float]
PARTS: Mapping[str, tuple[tuple[str, str, Mapping[str, str]], ...]] = {
    "load": (("profiles", "bus_load", {"p_kw": "p_kw", "q_kvar": "q_kvar"}),),
    ACTUAL: (("fleet", "pev_flows", {"p_kw": "p_kw", "q_kvar": "q_kvar"}),),
    SETPOINT: (("spatial", "planned_flows", {"p_kw": "p_setpoint_kw", "q_kvar": "q_setpoint_kvar"}),),
    BASE: ()}
"""What is drawn at buses: of the loads, and by case of the cars: (simulator, record, {quantity: field})."""


@dataclass(frozen=True)
class End:
    """An attribute of an entity of a simulator; entity empty: the one that was made of the model."""

    simulator: str
    entity: str
    attribute: str


@dataclass(frozen=True)
class Wire:
    """One number from source to target."""

    source: End
    target: End
    change: Pick
    """From what the source says to what the target hears."""


class WrongPeers(ValueError):
    """Simulators of others that cannot be wired; `mistakes` holds one line each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def instances(name: str, simulator: Simulator) -> tuple[str, ...]:
    """Under which names it is started: a feeder once for each case of a power flow."""
    return tuple(f"{name}-{case}" for case in CASES) if simulator.place == "feeder" else (name,)


def wires(spec: RunSpec, name: str) -> list[Wire]:
    """All wires of one simulator. WrongPeers where what it wants to hear is not recorded."""
    simulator = spec.scenario.simulators[name]
    return list({"profiles": _of_profiles, "feeder": _of_feeder, "added": _of_added}[simulator.place](spec, name))


# ---------------------------------------------------------------- places
def _of_profiles(spec: RunSpec, name: str) -> Iterator[Wire]:
    simulator = spec.scenario.simulators[name]
    terms = BUS_PROFILES if simulator.district else SYSTEM_PROFILES
    for quantity, port in simulator.gives.items():
        target = End("profiles", simulator.district or SYSTEM, told_as(quantity))
        yield from _told_by(name, port, terms[quantity], target, _buses(spec.scenario, simulator.district))


def _of_feeder(spec: RunSpec, name: str) -> Iterator[Wire]:
    simulator = spec.scenario.simulators[name]
    district = district_of(spec.scenario, simulator)
    assert district is not None  # the scenario's rules
    numbers = _buses(spec.scenario, district.name)
    for case in CASES:
        started = f"{name}-{case}"
        for quantity, port in simulator.gives.items():
            target = End("feeder", district.name, told_as(case, quantity))
            skipped = 1 if quantity == LINE else 0
            yield from _told_by(started, port, FEEDER_GIVES[quantity], target, numbers, skipped)
        for quantity, port in simulator.hears.items():
            for producer, record, fields in (*PARTS["load"], *PARTS[case]):
                source = End(producer, district.name, record)
                yield from _heard_by(started, port, FEEDER_HEARS[quantity], source, fields[quantity], numbers)


def _of_added(spec: RunSpec, name: str) -> Iterator[Wire]:
    simulator = spec.scenario.simulators[name]
    for recorded_as, port in simulator.gives.items():
        yield Wire(End(name, port.entity or "", port.attribute), End("recorder", SYSTEM, told_as(name, recorded_as)),
                   _times(1.0))
    mistakes: list[str] = []
    for series, port in simulator.hears.items():
        yield from _series(spec, name, series, port, mistakes)
    if mistakes:
        raise WrongPeers(mistakes)


def _series(spec: RunSpec, name: str, series: str, port: Port, mistakes: list[str]) -> Iterator[Wire]:
    """Of one recorded series, which the name says, with its district before a point."""
    where = f"simulators.{name}.hears.{series}"
    district, _, last = series.rpartition(".")
    if district and district not in _described(spec.scenario):
        mistakes.append(f"{where}: no district {district}; there are {', '.join(_described(spec.scenario))}")
        return
    known = _heard_names(spec.scenario, district)
    if last not in known:
        mistakes.append(f"{where}: is no recorded number{' of a bus or' * bool(district)} of "
                        f"{district or 'the system'}; there are {', '.join(known)}")
        return
    attribute, numbers = known[last], _buses(spec.scenario, district or None)
    term = Term(attribute.unit, bool(attribute.dims))
    if wrong := list(_wrong_ports(where, port, term, numbers)):
        mistakes += wrong
        return
    yield from _heard_series(name, port, term, attribute, End(attribute.producer, district or SYSTEM, RECORD), numbers)


def _heard_names(scenario: Scenario, district: str) -> dict[str, Attribute]:
    """Recorded numbers of the system (no district), or numbers and series of buses of a district."""
    without = NETWORK_ONLY if district and _described(scenario)[district].feeder is None else ()
    return {a.name: a for a in recorded("district" if district else "system")
            if a.dims in ((), ("bus",)) and a.producer not in without}


def _wrong_ports(where: str, port: Port, term: Term, numbers: list[int]) -> Iterator[str]:
    for wrong in port_contradictions((where,), port, term):
        yield f"{'.'.join(map(str, wrong.path))}={wrong.value!r}: {wrong.rule}"
    if port.bus is not None and not term.is_along_buses:
        yield f"{where}.bus={port.bus}: there is one number for all buses"
    elif port.bus is not None and port.bus not in numbers:
        yield f"{where}.bus={port.bus}: must be a bus: {numbers[0]} to {numbers[-1]}"


def _heard_series(name: str, port: Port, term: Term, attribute: Attribute, source: End,
                  numbers: list[int]) -> Iterator[Wire]:
    by = 1.0 / (factor(port.unit, term.unit) or 1.0)
    for place, bus in _chosen(port, term, numbers):
        pick = _of_series(attribute.name, place if attribute.dims else None, by)
        yield Wire(source, _end(name, port, bus, place), pick)


def _chosen(port: Port, term: Term, numbers: list[int]) -> list[tuple[int, int]]:
    """(place, number) of the buses that are told: one, all, or (0, 0) of what is none of a bus."""
    if not term.is_along_buses:
        return [(0, 0)]
    return [(place, bus) for place, bus in enumerate(numbers) if port.bus in (None, bus)]


# ---------------------------------------------------------------- single wires
def _told_by(name: str, port: Port, term: Term, target: End, numbers: list[int], skipped: int = 0) -> Iterator[Wire]:
    """From another simulator; of buses all but the first `skipped`."""
    change = _times(factor(port.unit, term.unit) or 1.0)
    if not term.is_along_buses:
        yield Wire(_end(name, port, 0, 0), target, change)
        return
    for place, bus in list(enumerate(numbers))[skipped:]:
        here = End(target.simulator, target.entity, f"{target.attribute}/{place}")
        yield Wire(_end(name, port, bus, place), here, change)


def _heard_by(name: str, port: Port, term: Term, source: End, field: str, numbers: list[int]) -> Iterator[Wire]:
    """To another simulator: a field along buses of one of our records."""
    by = 1.0 / (factor(port.unit, term.unit) or 1.0)
    for place, bus in enumerate(numbers):
        yield Wire(source, _end(name, port, bus, place), _of_record(field, place, by))


def _end(name: str, port: Port, bus: int, place: int) -> End:
    return End(name, filled(port.entity or "", bus, place), filled(port.attribute, bus, place))


def _times(by: float) -> Pick:
    return lambda value: float(value) * by


def _of_record(field: str, place: int, by: float) -> Pick:
    read = attrgetter(field)
    return lambda record: float(read(unpack(record))[place]) * by


def _of_series(name: str, place: int | None, by: float) -> Pick:
    def pick(values: Any) -> float:
        value = unpack(values[name])
        return float(value if place is None else value[place]) * by
    return pick


# ---------------------------------------------------------------- districts
def _buses(scenario: Scenario, district: str | None) -> list[int]:
    """Numbers of its buses, as users know them; virtual ones, one a zone, count from 1."""
    if district is None:
        return []
    feeder = build_feeder(_described(scenario)[district])
    zones = len(scenario.fleet.zones)
    return list(range(1, zones + 1)) if feeder is None else [int(number) for number in feeder.bus_number]


def _described(scenario: Scenario) -> dict[str, DistrictPart]:
    return {district.name: district for district in scenario.districts}
