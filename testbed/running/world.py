"""Builds the mosaik World from the attribute table: the only file that starts our simulators and connects any."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Self

import mosaik
from mosaik.starters import PythonStarter, Starter

from models.network.quiet import quiet
from testbed.peers.launching import started_peers
from testbed.peers.wires import WrongPeers
from testbed.running.preflight import WrongRequest
from testbed.running.processes import Fates, OwnProcess, Served
from testbed.setup.districts import build_districts
from testbed.simulators.adapter import SYSTEM
from testbed.simulators.before_first_step import initial_state
from testbed.wiring.admission import NotAdmitted
from testbed.wiring.attributes import (
    ATTRIBUTES,
    DISTRICT_SIMULATORS,
    PLACES,
    SCOPES,
    SIMULATORS,
    Scope,
    to_recorder,
)
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure, SimulatorFailure
from testbed.wiring.packing import NOTHING, freeze, pack, unpack
from testbed.wiring.run_spec import RunSpec

CLASS_NAMES = {name: "".join(part.capitalize() for part in name.split("_")) + "Simulator" for name in SIMULATORS}
LAST_WORDS_S = 1.0
"""For tasks of a broken run to end: one whose turn was lost to a signal between its call and its work never does."""
Entities = dict[str, dict[str, Any]]
Edge = tuple[str, str, str, str, str, bool]
"""(producer, its entity, consumer, its entity, attribute, shifted)"""


@dataclass(frozen=True)
class Wired:
    """A World ready to run, once; a context manager that ends its simulators."""

    world: mosaik.World
    remote: Mapping[str, Any]
    """Simulators served elsewhere, by name."""
    fates: Fates
    ends: Sequence[Failure] = ()
    """What goes wrong as simulators of others are ended."""

    def __enter__(self) -> Self:
        self.world.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        """SimulatorFailure where one of others throws as it is ended, unless something else has ended the run."""
        is_broken = error[0] is not None
        _end(self.world, self.fates, is_broken=is_broken)
        if self.ends and not is_broken:
            raise SimulatorFailure(self.ends[0])

    def fetch_ledgers(self, folder: Path) -> None:
        """What they say of their run, as NAME@DISTRICT.json."""
        for name, simulator in self.remote.items():
            (folder / f"{name}.json").write_text(json.dumps(simulator.ledger()), encoding="utf-8")


def build_world(spec: RunSpec, ledger_dir: Path) -> Wired:
    """The eight simulators wired, four more for each district that is served elsewhere, and those of others.

    Raises SimulatorFailure where the address of a district does not answer, WrongRequest where a simulator of others
    is not as the scenario says.
    """
    started, fates = simulator_names(spec), _fates(spec)
    world = _empty_world(spec, {name: _starter(name, spec, ledger_dir, fates) for name in started})
    try:
        peers = started_peers(world, spec, fates.started)  # first: nothing is written before they are there
        simulators = {name: _start(world, name, spec, ledger_dir) for name in started}
        entities = {name: _entities(simulators[name], entity_names(spec, name)) for name in started}
        for source, entity, target, target_entity, attribute, is_shifted in edges(spec):
            speaker, hearer = served_as(spec, source, entity), served_as(spec, target, target_entity)
            extra = _crossing(speaker, hearer)
            if is_shifted:
                extra |= _shift(spec, attribute, entity, packed=spec.is_separate or "@" in speaker)
            world.connect(entities[speaker][entity], entities[hearer][target_entity], attribute, **extra)
        for wire in peers.wires:
            ends = [(peers.entities | entities)[served_as(spec, end.simulator, end.entity)][end.entity]
                    for end in (wire.source, wire.target)]
            world.connect(*ends, (wire.source.attribute, wire.target.attribute), transform=wire.change)
    except WrongPeers as error:
        _end(world, fates, is_broken=True)
        raise WrongRequest(error.mistakes) from error
    except BaseException:
        _end(world, fates, is_broken=True)
        raise
    return Wired(world, {name: simulators[name] for name in started if "@" in name}, fates, peers.ends)


def rehearsed_peers(spec: RunSpec) -> None:
    """Start simulators of others, all but those at addresses, and end them; WrongRequest with every mistake."""
    asked = {name: simulator for name, simulator in spec.scenario.simulators.items()
             if not simulator.start.startswith("connect")}
    if not asked:
        return
    alone = replace(spec, scenario=spec.scenario.model_copy(update={"simulators": asked}))
    world, fates = _empty_world(spec, {}), _fates(spec)
    try:
        peers = started_peers(world, alone, fates.started)
    except BaseException as error:
        _end(world, fates, is_broken=True)
        if isinstance(error, WrongPeers):
            raise WrongRequest(error.mistakes) from error
        raise
    _end(world, fates, is_broken=False)
    if peers.ends:
        raise WrongRequest([f"simulators.{failure.simulator}: {failure.cause}" for failure in peers.ends])


def _empty_world(spec: RunSpec, starters: Mapping[str, Starter]) -> mosaik.World:
    return mosaik.World(dict(starters), {"start_timeout": 2 * spec.scenario.execution.patience_s}, skip_greetings=True,
                        configure_logging=False)


def _end(world: mosaik.World, fates: Fates, *, is_broken: bool) -> None:
    """End all simulators; of a broken run also what it left pending, which would else be told as it is dropped."""
    loop = world.loop
    try:
        with quiet("asyncio", logging.CRITICAL):
            pending = [task for task in asyncio.all_tasks(loop) if not task.done()] if is_broken else []
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.wait(pending, timeout=LAST_WORDS_S))
            world.shutdown()
    finally:
        fates.kill()


def simulator_names(spec: RunSpec) -> tuple[str, ...]:
    """Those that have something to simulate: the eight, `NAME@DISTRICT` of districts served elsewhere."""
    elsewhere = tuple(f"{name}@{district}" for district in spec.remote for name in DISTRICT_SIMULATORS)
    return tuple(name for name in (*SIMULATORS, *elsewhere) if entity_names(spec, name))


def served_as(spec: RunSpec, simulator: str, entity: str) -> str:
    """The simulator's name where its entity lives."""
    return f"{simulator}@{entity}" if simulator in DISTRICT_SIMULATORS and entity in spec.remote else simulator


def _crossing(source: str, target: str) -> dict[str, Any]:
    """What happens to values on their way into or out of another process."""
    if ("@" in source) == ("@" in target):
        return {}
    return {"transform": pack if "@" in target else _received}


def _received(value: Any) -> Any:
    return freeze(unpack(value))


def _fates(spec: RunSpec) -> Fates:
    return Fates(spec.scenario.execution.patience_s, spec.warmup_s, spec.scenario.days)


def _starter(name: str, spec: RunSpec, folder: Path, fates: Fates) -> Starter:
    if "@" in name:
        return Served(spec.remote[name.split("@", 1)[1]], fates)
    if spec.is_separate:
        return OwnProcess(name, folder, fates)
    return PythonStarter.from_string(f"testbed.simulators.{name}:{CLASS_NAMES[name]}")


def _start(world: mosaik.World, name: str, spec: RunSpec, ledger_dir: Path) -> Any:
    simulator, _, district = name.partition("@")
    extra = {"simulator": simulator, "run": str(ledger_dir)} if district else {}
    try:
        started: Any = world.start(name, sim_id=name, spec=spec.to_json(), ledger_dir=str(ledger_dir), **extra)
    except SimulatorFailure:
        raise
    except Exception as error:
        if not district:
            raise
        word = "" if isinstance(error, NotAdmitted) else "no "
        cause = f"{word}`testbed serve-district` at {spec.remote[district]}: {error}"
        raise SimulatorFailure(Failure(name, spec.start_s, cause)) from error
    if district and (theirs := started.meta.get("code")) != code_hash():
        cause = (f"`testbed serve-district` at {spec.remote[district]} has other code (sources {theirs}, here "
                 f"{code_hash()})")
        raise SimulatorFailure(Failure(name, spec.start_s, cause))
    return started


def _entities(simulator: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: (simulator.System if name == SYSTEM else simulator.District)(name=name) for name in names}


def entity_names(spec: RunSpec, simulator: str) -> tuple[str, ...]:
    """`system`, then the districts; a feeder only where there is a network; a remote district only where it is."""
    name, _, district = simulator.partition("@")
    if name in DISTRICT_SIMULATORS:
        return tuple(entity for entity in _all_entities(spec, name)
                     if entity == district or (not district and entity not in spec.remote))
    return _all_entities(spec, name)


def _all_entities(spec: RunSpec, simulator: str) -> tuple[str, ...]:
    place = PLACES[simulator]
    served = {"all": spec.scenario.districts, "none": (),
              "networks": tuple(d for d in spec.scenario.districts if d.feeder is not None)}[place.districts]
    return (*((SYSTEM,) if place.has_system else ()), *(d.name for d in served))


def edges(spec: RunSpec) -> tuple[Edge, ...]:
    """Every connection of the run, from the attribute table."""
    wires: list[Edge] = []
    for a in ATTRIBUTES:
        for consumer, is_shifted in [(name, False) for name in a.now] + [(name, True) for name in a.shifted]:
            wires += [(a.producer, entity, consumer, target, a.name, is_shifted)
                      for entity, target in _pairs(spec, a.producer, a.scope, consumer)]
    for producer, scope in product(SIMULATORS, SCOPES):
        for name in to_recorder(producer, scope, spec.scenario.record.vehicles):
            wires += [(producer, entity, "recorder", target, name, False)
                      for entity, target in _pairs(spec, producer, scope, "recorder")]
    return tuple(wires)


def _pairs(spec: RunSpec, producer: str, scope: Scope, consumer: str) -> list[tuple[str, str]]:
    """Which entity speaks to which: own district to own district, system to all where the consumer has no system."""
    sources = [e for e in _all_entities(spec, producer) if (e == SYSTEM) == (scope == "system")]
    targets = _all_entities(spec, consumer)
    if scope == "district":
        return [(s, s if s in targets else SYSTEM) for s in sources if s in targets or SYSTEM in targets]
    return [(SYSTEM, SYSTEM)] if SYSTEM in targets else [(SYSTEM, target) for target in targets]


def _shift(spec: RunSpec, attribute: str, entity: str, *, packed: bool) -> dict[str, Any]:
    """Arguments of a shifted edge; the first step reads the state as the warm-up begins."""
    value = initial_state(spec, build_districts(spec).get(entity))[attribute]
    value = NOTHING if value is None else value
    return {"time_shifted": True, "initial_data": {attribute: pack(value) if packed else freeze(value)}}
