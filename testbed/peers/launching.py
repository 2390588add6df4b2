"""Simulators of others in a world of mosaik: started, made and wired on paper; every mistake before anything runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mosaik

from testbed.peers.entities import made_entities
from testbed.peers.proxy import Terms, Unanswered
from testbed.peers.starting import PeerStarter
from testbed.peers.wires import Wire, WrongPeers, instances, wires
from testbed.scenario.parts.simulators import Simulator
from testbed.wiring.failure import Failure, SimulatorFailure
from testbed.wiring.run_spec import RunSpec

Entities = dict[str, dict[str, Any]]
Processes = list[subprocess.Popen[bytes]]


@dataclass(frozen=True)
class Peers:
    """Simulators of others: the entities of each by name, and all wires between them and ours."""

    entities: Entities
    wires: tuple[Wire, ...]
    ends: list[Failure]
    """What goes wrong as they are ended, once they have been."""


def started_peers(world: mosaik.World, spec: RunSpec, processes: Processes) -> Peers:
    """Started and held against what the scenario says of them; WrongPeers with every mistake.

    processes: those that are started join them.
    """
    entities, wired, mistakes, ends = Entities(), list[Wire](), list[str](), list[Failure]()
    for name in spec.scenario.simulators:
        try:
            own = wires(spec, name)
        except WrongPeers as error:
            mistakes += error.mistakes
            continue
        wired += own
        terms = _terms(spec, spec.scenario.simulators[name], ends)
        for started, start in _starts(name, spec.scenario.simulators[name]):
            known, starter = len(mistakes), PeerStarter(start, terms, processes)
            entities[started] = _launched(world, spec, name, started, starter, own, mistakes)
            if len(mistakes) > known:  # the other two of a feeder would only say it again
                break
    if mistakes:
        raise WrongPeers(mistakes)
    return Peers(entities, tuple(wired), ends)


def _starts(name: str, simulator: Simulator) -> Iterator[tuple[str, str]]:
    """(name, how it is started) of each instance; each has an address of its own."""
    way, _, rest = simulator.start.partition(":")
    names = instances(name, simulator)
    places = rest.split(",") if way == "connect" else [rest] * len(names)
    yield from zip(names, (f"{way}:{place}" for place in places), strict=True)


def _launched(world: mosaik.World, spec: RunSpec, name: str, started: str, starter: PeerStarter, wires: Sequence[Wire],
              mistakes: list[str]) -> dict[str, Any]:
    simulator, where = spec.scenario.simulators[name], f"simulators.{name}"
    try:
        factory = world.start(starter, sim_id=started, **simulator.init)
    except SimulatorFailure as error:
        mistakes.append(f"{where}: {error.failure.cause}")
    except Unanswered as error:
        mistakes.append(f"{where}.start: {error}")
    except Exception as error:  # a description of itself that mosaik cannot read
        mistakes.append(f"{where}: describes itself in a way that mosaik refuses ({type(error).__name__}: {error})")
    else:
        return made_entities(factory, where, simulator, started, wires, mistakes)
    return {}


def _terms(spec: RunSpec, simulator: Simulator, ends: list[Failure]) -> Terms:
    return Terms(simulator.step_s or spec.step_s, spec.steps_total * spec.step_s, spec.warmup_s,
                 spec.scenario.execution.patience_s, ends)
