"""The one translation between mosaik and our simulators.

A simulator subclasses `Adapter`, builds its entities in `build` and computes one step in `advance`; META comes
from the attribute table, and what a step gave is held against it before anybody hears it. Each adapter keeps a
ledger of the steps it has finished, because mosaik can end a run silently when a simulator dies in another process
(see run.py, which reads the ledgers).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import mosaik_api_v3

from testbed.faults.placed import Injection
from testbed.peers.told import TOLD, is_told, told_in
from testbed.setup.axis_sizes import axis_sizes
from testbed.simulators.border import BetweenProcesses, Border, InProcess, Origin
from testbed.wiring.attributes import (
    ATTRIBUTES,
    RECORD,
    SCOPES,
    SIMULATORS,
    Scope,
    produced_by,
    recorded_of,
    to_recorder,
)
from testbed.wiring.contracts import Contract
from testbed.wiring.failure import Failure, SimulatorFailure
from testbed.wiring.listening import listener_of
from testbed.wiring.packing import NOTHING
from testbed.wiring.run_spec import RunSpec

Values = dict[str, Any]
Inputs = Mapping[str, Values]
SYSTEM = "system"
MODELS: dict[str, Scope] = {"System": "system", "District": "district"}


def consumed_by(simulator: str) -> set[str]:
    """Names of the attributes that reach the simulator, now or shifted; the recorder reads what is recorded."""
    if simulator == "recorder":
        return {name for producer in SIMULATORS for scope in SCOPES for name in to_recorder(producer, scope, True)}
    return {a.name for a in ATTRIBUTES if simulator in a.now + a.shifted}


def meta_of(simulator: str) -> dict[str, Any]:
    """mosaik META of a simulator, from the attribute table.

    An entity may receive attributes of both scopes (prices reach every district).
    """
    models = {
        model: {"public": True, "params": ["name"],
                "attrs": sorted({a.name for a in produced_by(simulator, scope)} | consumed_by(simulator)
                                | set(to_recorder(simulator, scope, True)))}
        for model, scope in MODELS.items()
    }
    return {"api_version": "3.0", "type": "time-based", "models": models, "extra_methods": []}


def _scope(entity: str) -> Scope:
    return "system" if entity == SYSTEM else "district"


def _contract(simulator: str, spec: RunSpec, entity: str) -> Contract:
    """What the simulator has to say of the entity."""
    said = produced_by(simulator, _scope(entity))
    axes = {dim for a in said for field in a.fields for dim in field.quantity.dims}
    return Contract(simulator, entity, said, axis_sizes(spec, entity, axes))


def _faults_of(simulator: str, spec: RunSpec, entities: list[str]) -> tuple[Injection, ...]:
    if not spec.scenario.faults:
        return ()
    from testbed.simulators.injecting import injections_of  # noqa: PLC0415 - only where something fails

    return injections_of(simulator, spec, entities)


class Adapter(mosaik_api_v3.Simulator):
    """Base of the eight simulators. Entities are `system` and one per district name."""

    simulator: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(meta_of(self.simulator))  # type: ignore[no-untyped-call]
        self.entities: list[str] = []
        self.values: dict[str, Values] = {}
        self.steps_done = 0
        self.build_s = self.busy_s = self.warmup_s = 0.0
        self.failure: Failure | None = None
        self.border: Border | None = None
        """Set before `init` where the simulator is served elsewhere."""

    # ---- what a simulator provides
    def build(self, spec: RunSpec) -> None:
        """Make the cores of all entities; called once, before the first step."""
        raise TypeError(f"{type(self).__name__} has no build")

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        """Compute [now_s, now_s + dt) in counted seconds; returns the values of each entity."""
        raise TypeError(f"{type(self).__name__} has no advance")

    # ---- mosaik's side
    def init(self, sid: str, time_resolution: float, *, spec: str, ledger_dir: str | None) -> Any:  # type: ignore[override]
        self.spec = RunSpec.from_json(spec)
        self.ledger_dir = None if ledger_dir is None else Path(ledger_dir)
        self._listener = listener_of(self.spec.output)
        if self.spec.scenario.simulators:  # what others tell comes under names that are in no table
            for model in self.meta["models"].values():
                model["any_inputs"] = True
        self._border = self.border or (BetweenProcesses() if self.spec.is_separate else InProcess())
        return self.meta

    def create(self, num: int, model: str, *, name: str) -> Any:  # type: ignore[override]
        self.entities.append(name)
        return [{"eid": name, "type": model}]

    def setup_done(self) -> None:
        started = time.perf_counter()
        self._guarded(self.spec.start_s, lambda: self.build(self.spec))
        self._contracts = {eid: _contract(self.simulator, self.spec, eid) for eid in self.entities}
        self._faults = _faults_of(self.simulator, self.spec, self.entities)
        self.build_s = time.perf_counter() - started

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        now_s = time - self.spec.warmup_s
        self._guarded(now_s, lambda: self._advance(now_s, inputs))
        self.steps_done += 1
        if self.spec.is_separate or self.spec.remote or self.steps_done == self.spec.steps_total:
            self._write_ledger()
        return time + self.spec.step_s

    def get_data(self, outputs: Mapping[str, list[str]]) -> Any:
        return {eid: {name: self._border.outward(Origin(self.simulator, eid, name), self.steps_done,
                                                 self._value(eid, name)) for name in dict.fromkeys(names)}
                for eid, names in outputs.items()}

    # ---- inside
    def _value(self, eid: str, name: str) -> Any:
        values = self.values[eid]
        if name != RECORD:
            return NOTHING if values[name] is None else values[name]
        return {key: values[key] for key in recorded_of(self.simulator, _scope(eid))}

    def _advance(self, now_s: int, inputs: Any) -> None:
        started = time.perf_counter()
        received = {eid: self._flat(eid, values) for eid, values in inputs.items()}
        for fault in self._faults:
            received = fault.hear(now_s, received)
        if self._listener is not None:
            self._listener.before(self.simulator, now_s, received)
        self.values = self.advance(now_s, received)
        for fault in self._faults:
            self.values = fault.say(now_s, received, self.values)
        if self._listener is not None:
            self._listener.after(self.simulator, now_s, self.values)
        taken_s = time.perf_counter() - started
        self.busy_s += taken_s
        if now_s < 0:
            self.warmup_s += taken_s
        for eid, contract in self._contracts.items():
            contract.check(self.values[eid])

    def _flat(self, eid: str, values: Mapping[str, Mapping[str, Any]]) -> Values:
        """{attribute: value}; at the `system` entity {attribute: {district: value}} for what districts send."""
        own = {name: self._inward(eid, name, sources) for name, sources in values.items() if not is_told(name)}
        return own if len(own) == len(values) else {**own, TOLD: told_in(values)}

    def _inward(self, eid: str, name: str, sources: Mapping[str, Any]) -> Any:
        if eid == SYSTEM:
            by_entity = {source.split(".", 1)[1]: self._heard(value) for source, value in sources.items()}
            return by_entity.get(SYSTEM, by_entity)
        (value,) = sources.values()
        return self._heard(value)

    def _heard(self, value: Any) -> Any:
        """The value, None where a record is absent."""
        heard = self._border.inward(value)
        return None if isinstance(heard, Mapping) and not heard else heard

    def _guarded(self, now_s: int, action: Any) -> None:
        try:
            action()
        except Exception as error:
            self.failure = Failure.of(error, self.simulator, now_s)
            self._write_ledger()
            raise SimulatorFailure(self.failure) from error

    def ledger(self) -> Values:
        """What the simulator says of its own run, as plain JSON."""
        return {"steps": self.steps_done, "busy_s": self.busy_s, "build_s": self.build_s, "warmup_s": self.warmup_s,
                "failure": self.failure and self.failure.to_json(), **self.extra_ledger()}

    def _write_ledger(self) -> None:
        if self.ledger_dir is None:  # served elsewhere: the run asks for it
            return
        path = self.ledger_dir / f"{self.simulator}.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(self.ledger()), encoding="utf-8")
        partial.replace(path)

    def extra_ledger(self) -> Values:
        """Further figures for `/run` (seconds in solvers, ...)."""
        return {}
