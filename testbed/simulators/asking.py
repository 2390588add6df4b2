"""Every call of a controller's code: guarded in time, and what goes wrong in it is told with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from controllers.contract import lacks_method
from controllers.port import Controller, Plan, SpatialKnowledge, SpatialLayer, TemporalKnowledge, TemporalLayer
from models.records.arrays import Table
from models.records.quantity import fields_told
from testbed.setup.axis_sizes import axis_sizes
from testbed.setup.given_controllers import controller_of
from testbed.setup.sealing import sealed
from testbed.users.code import definition_of, line_of, told
from testbed.users.last_call import in_code_of
from testbed.users.patience import TooLong, ended_after
from testbed.wiring.contracts import ContractError, Terms
from testbed.wiring.failure import ControllerFailed
from testbed.wiring.run_spec import RunSpec

A = TypeVar("A")
R = TypeVar("R")
L = TypeVar("L", TemporalLayer, SpatialLayer)


class Asked:
    """The controller of a run, as a simulator asks it."""

    def __init__(self, spec: RunSpec) -> None:
        self.controller: Controller = controller_of(spec)
        self._patience_s = spec.scenario.planning.patience_s

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """Its upper layer. Nothing in `knowledge` can be written from now on."""
        return self._layer("temporal()", self.controller.temporal, sealed(knowledge), "plan")

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Its lower layer of one district. Nothing in `knowledge` can be written from now on."""
        return self._layer(f"spatial() of {knowledge.district}", self.controller.spatial, sealed(knowledge), "step")

    def _layer(self, method: str, make: Callable[[A], L], knowledge: A, needed: str) -> L:
        layer = self.call(method, make, knowledge)
        if problem := lacks_method(layer, needed):
            raise ControllerFailed(f"{self.place(method, make)} answers {problem}")
        return layer

    def call(self, method: str, function: Callable[[A], R], argument: A) -> R:
        """The function's answer; ControllerFailed for whatever else comes of it, but for Ctrl-C."""
        try:
            with in_code_of(lambda: self.place(method, function)):
                return ended_after(self._patience_s, lambda: function(argument))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            place, why = line_of(error) or definition_of(function), self._told(error)
            raise ControllerFailed(f"controller {self.controller.name}, {method} at {place}: {why}") from error

    def _told(self, error: BaseException) -> str:
        if isinstance(error, TooLong):
            return f"took longer than planning.patience_s={self._patience_s:g}"
        return f"ends the process ({told(error)})" if isinstance(error, SystemExit) else told(error)

    def place(self, method: str, function: Callable[..., object]) -> str:
        """`controller mine, step() of north in mine.py:30`."""
        where = definition_of(function)
        return f"controller {self.controller.name}, {method}" + (f" in {where}" if where else "")


class Answer:
    """What a layer has to answer: the record of its port, checked before anything is made of it."""

    def __init__(self, spec: RunSpec, entity: str, place: str, record: type[Table]) -> None:
        fields = fields_told(record)
        axes = {dim for field in fields for dim in field.quantity.dims}
        self._place = f"{place}, answer {record.__name__}"
        self._terms = Terms(self._place, record, "", fields, axis_sizes(spec, entity, axes))

    def check(self, answer: object) -> None:
        """ControllerFailed unless it is the record with every field of its type, shape and kind of numbers."""
        try:
            self._terms.check(answer)
        except ContractError as error:
            raise ControllerFailed(str(error)) from error

    def refuse(self, problem: str) -> None:
        """ControllerFailed if there is a problem, which begins with the name of a field."""
        if problem:
            raise ControllerFailed(f"{self._place}, field {problem}")


def own_copy(plan: Plan) -> Plan:
    """Held for hours: whatever its layer does with its arrays afterwards."""
    arrays = plan.to_arrays()
    return Plan(**{name: _copied(value) for name, value in arrays.items()})


def _copied(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    return value.copy() if isinstance(value, np.ndarray) else value
