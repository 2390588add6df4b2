"""Builds the mosaik World from the attribute table: the only file that starts simulators and connects them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import mosaik
import numpy as np

from testbed.attributes import ATTRIBUTES, NETWORK_ONLY, SCOPES, SIMULATORS, Scope, to_recorder
from testbed.districts import District, build_districts
from testbed.knowledge import thermal_units
from testbed.run_spec import RunSpec
from testbed.simulators.adapter import SYSTEM
from testbed.simulators.wire import freeze, pack

CLASS_NAMES = {name: "".join(part.capitalize() for part in name.split("_")) + "Simulator" for name in SIMULATORS}
Entities = dict[str, dict[str, Any]]
Edge = tuple[str, str, str, str, str, bool]
"""(producer, its entity, consumer, its entity, attribute, shifted)"""


def build_world(spec: RunSpec, ledger_dir: Path) -> mosaik.World:
    """A World with the eight simulators wired; run it once, as a context manager."""
    # mosaik's type for a simulator description is a closed TypedDict union; ours is made in a loop
    world = mosaik.World({name: _starter(name, spec) for name in SIMULATORS},  # type: ignore[misc]
                         skip_greetings=True, configure_logging=False)
    try:
        entities = {name: _start(world, name, spec, ledger_dir) for name in SIMULATORS}
        for source, entity, target, target_entity, attribute, is_shifted in edges(spec):
            extra = _shift(spec, attribute, entity) if is_shifted else {}
            world.connect(entities[source][entity], entities[target][target_entity], attribute, **extra)
    except BaseException:
        world.shutdown()
        raise
    return world


def _starter(name: str, spec: RunSpec) -> dict[str, str]:
    if spec.is_separate:
        return {"cmd": f"{sys.executable} -m testbed.simulators.serve {name} %(addr)s"}
    return {"python": f"testbed.simulators.{name}:{CLASS_NAMES[name]}"}


def _start(world: mosaik.World, name: str, spec: RunSpec, ledger_dir: Path) -> dict[str, Any]:
    factory = world.start(name, sim_id=name, spec=spec.to_json(), ledger_dir=str(ledger_dir))
    return {entity: (factory.System if entity == SYSTEM else factory.District)(name=entity)
            for entity in entity_names(spec, name)}


def entity_names(spec: RunSpec, simulator: str) -> tuple[str, ...]:
    """`system`, then the districts; a feeder only where there is a network."""
    districts = spec.scenario.districts
    if simulator in NETWORK_ONLY:
        return tuple(d.name for d in districts if d.feeder is not None)
    names = tuple(d.name for d in districts)
    if simulator in ("mobility", "spatial", "fleet"):
        return names
    return (SYSTEM,) if simulator == "power_system" else (SYSTEM, *names)


def edges(spec: RunSpec) -> tuple[Edge, ...]:
    """Every connection of the run, from the attribute table."""
    found: list[Edge] = []
    for a in ATTRIBUTES:
        for consumer, is_shifted in [(name, False) for name in a.now] + [(name, True) for name in a.shifted]:
            found += [(a.producer, entity, consumer, target, a.name, is_shifted)
                      for entity, target in _pairs(spec, a.producer, a.scope, consumer)]
    for producer, scope in product(SIMULATORS, SCOPES):
        for name in to_recorder(producer, scope, spec.scenario.record.vehicles):
            found += [(producer, entity, "recorder", target, name, False)
                      for entity, target in _pairs(spec, producer, scope, "recorder")]
    return tuple(found)


def _pairs(spec: RunSpec, producer: str, scope: Scope, consumer: str) -> list[tuple[str, str]]:
    """Which entity speaks to which: own district to own district, system to all where the consumer has no system."""
    sources = [e for e in entity_names(spec, producer) if (e == SYSTEM) == (scope == "system")]
    targets = entity_names(spec, consumer)
    if scope == "district":
        return [(s, s if s in targets else SYSTEM) for s in sources if s in targets or SYSTEM in targets]
    return [(SYSTEM, SYSTEM)] if SYSTEM in targets else [(SYSTEM, target) for target in targets]


def _shift(spec: RunSpec, attribute: str, entity: str) -> dict[str, Any]:
    """Arguments of a shifted edge; the first step reads the state as the warm-up begins."""
    value = initial_state(spec, build_districts(spec).get(entity))[attribute]
    return {"time_shifted": True, "initial_data": {attribute: pack(value) if spec.is_separate else freeze(value)}}


def initial_state(spec: RunSpec, district: District | None) -> Mapping[str, Any]:
    """Values of all shifted attributes before the first step."""
    if district is None:
        units = thermal_units(spec.scenario)
        return {"units_state": {"hours_on": np.asarray(units.initial_h), "p_mw": np.zeros(units.count)}}
    buses = district.site.bus_count
    return {
        "soc": district.vehicles.soc_initial,
        "vm_pu": np.ones(buses), "delivery": {}, "learned_compliance": {},
        "guidance": {"rank": np.full((2, buses), -1, dtype=np.int64)},
    }
