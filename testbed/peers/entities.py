"""Entities of a simulator of others, made and held against what the scenario says of them, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from models.registry import did_you_mean
from testbed.peers.wires import End, Wire
from testbed.scenario.parts.simulators import Simulator
from testbed.wiring.failure import SimulatorFailure

MOST_NAMED = 12


def made_entities(factory: Any, where: str, simulator: Simulator, started: str, wires: Sequence[Wire],
                  mistakes: list[str]) -> dict[str, Any]:
    """{entity id: mosaik's entity}, with "" for the one made of the model. What is wrong joins `mistakes`.

    factory: what mosaik's world returned for the simulator started under this name.
    """
    wrong = list(_wrong_meta(factory.meta, where, simulator))
    if wrong:
        mistakes += wrong
        return {}
    try:
        made = getattr(factory, simulator.model)(**simulator.create)
    except SimulatorFailure as error:
        mistakes.append(f"{where}: {error.failure.cause}")
        return {}
    except Exception as error:  # an answer that mosaik cannot read
        mistakes.append(f"{where}.model={simulator.model}: `create` gave no entity as mosaik knows them "
                        f"({type(error).__name__}: {error})")
        return {}
    entities = {"": made, **{entity.eid: entity for entity in _with_children(made)}}
    attributes = {eid: factory.meta["models"][entity.type].get("attrs", []) for eid, entity in entities.items()}
    mistakes += dict.fromkeys(_wrong_ends(entities, attributes, where, _ends(started, wires)))
    return entities


def _wrong_meta(meta: Mapping[str, Any], where: str, simulator: Simulator) -> Iterator[str]:
    if (kind := meta.get("type")) != "time-based":
        yield f"{where}: is {kind}, allowed are time-based simulators"
    models = {name: told for name, told in meta["models"].items() if told.get("public", True)}
    if simulator.model not in models:
        yield (f"{where}.model={simulator.model}: is no public model{did_you_mean(simulator.model, list(models))}; "
               f"there are {_some(models)}")
        return
    params = models[simulator.model].get("params", [])
    if unknown := [name for name in simulator.create if name not in params]:
        yield f"{where}.create: {simulator.model} takes no {', '.join(unknown)}; it takes {_some(params) or 'nothing'}"


def _with_children(entity: Any) -> Iterator[Any]:
    yield entity
    for child in entity.children:
        yield from _with_children(child)


def _ends(started: str, wires: Iterable[Wire]) -> Iterator[tuple[End, bool]]:
    """(end at this simulator, whether it hears there)."""
    for wire in wires:
        if wire.source.simulator == started:
            yield wire.source, False
        if wire.target.simulator == started:
            yield wire.target, True


def _wrong_ends(entities: Mapping[str, Any], attributes: Mapping[str, Sequence[str]], where: str,
                ends: Iterable[tuple[End, bool]]) -> Iterator[str]:
    for end, hears in ends:
        key = "hears" if hears else "gives"
        if end.entity not in entities:
            known = [eid for eid in entities if eid]
            meant = did_you_mean(end.entity, known)
            yield f"{where}.{key}: has no entity {end.entity}{meant}; there are {_some(known)}"
            continue
        entity, known = entities[end.entity], list(attributes[end.entity])
        if end.attribute not in (entity.model_mock.input_attrs if hears else entity.model_mock.output_attrs):
            yield (f"{where}.{key}: {entity.eid} has no attribute {end.attribute}"
                   f"{did_you_mean(end.attribute, known)}; there are {_some(known) or 'none'}")


def _some(names: Iterable[str]) -> str:
    listed = [str(name) for name in names]
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    return ", ".join(listed[:MOST_NAMED]) + more
