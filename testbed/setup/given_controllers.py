"""The controller that a run was given: that very object, in whatever process a simulator asks for it.

Within the process the object itself is held while the run lasts. Other processes make it again: of its name or file,
where those give an equal one, else of its pickled content.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.contract import UNSAID, completed, mistakes
from controllers.port import Controller
from testbed.setup.controller_loading import (
    ControllerError,
    Usual,
    controller_names,
    controller_spec,
    is_registered,
    load_controller,
)
from testbed.users.carrying import carried, delivered
from testbed.users.code import told
from testbed.users.parameters import PLAIN, are_equal, in_words, parameters_of, unusual, values_of
from testbed.wiring.run_spec import RunSpec

if TYPE_CHECKING:
    from testbed.scenario.parts.execution import Execution

_held: dict[str, list[Controller]] = {}


@dataclass(frozen=True)
class Given:
    """How the simulators of a run get its controller: the fields of a RunSpec that say so."""

    words: str
    pickled: Path | None = None


def controller_of(spec: RunSpec) -> Controller:
    """The controller of a run, in any of its processes."""
    if held := _held.get(spec.controller):
        return held[-1]
    return load_controller(spec.controller) if spec.pickled is None else _unpickled(spec.pickled)


@contextmanager
def given(controller: Controller, execution: Execution, folder: Path) -> Iterator[Given]:
    """Every simulator of a run gets this controller while the block lasts.

    folder: the run's own, for what its other processes read.
    Raises ControllerError for an object that is no controller, and for one that cannot be sent to another process.
    """
    check_controller(controller)
    how = _how(completed(controller), execution, folder)
    held = _held.setdefault(how.words, [])
    held.append(controller)
    try:
        yield how
    finally:
        del held[next(i for i, other in enumerate(held) if other is controller)]


def words_of(controller: Controller) -> str:
    """Name or file and class, and in brackets the fields that its class makes otherwise without arguments."""
    return _class_in_words(controller) + in_words(_odd_fields(controller))


def label_of(controller: Controller) -> str:
    """Its name, and in brackets the parameters that are not as its class says: what tells runs apart."""
    return controller.name + in_words(unusual(controller))


def _odd_fields(made: Any) -> dict[str, Any]:
    """Parameters first; then what else the object has otherwise than one made with these."""
    parameters = unusual(made)
    usual, fields = _usual_fields(type(made), parameters), getattr(made, "__dict__", {})
    known = parameters_of(type(made))
    return parameters | {name: value for name, value in fields.items() if name not in UNSAID and name not in known
                         and not are_equal(value, usual.get(name, UNSAID))}


def _class_in_words(controller: Controller) -> str:
    try:
        return controller_spec(controller)
    except ControllerError:
        return type(controller).__qualname__


def _usual_fields(kind: type, parameters: dict[str, Any]) -> dict[str, Any]:
    """Of what the class makes with these parameters; none if it makes nothing."""
    try:
        return dict(vars(kind(**parameters)))
    except Exception:  # it wants others, or has no fields
        return {}


def knows_truth(spec: RunSpec) -> bool:
    """True for a registered controller that says so: no class of a user's own is given the truth."""
    return controller_of(spec).knows_truth


def may_discharge(spec: RunSpec) -> bool:
    """True where the controller's `car_control` lets enrolled cars discharge."""
    return controller_of(spec).car_control == "bidirectional"


def check_controller(made: object) -> None:
    """ControllerError for an object that is none, or that wants to know the truth."""
    kind = type(made).__name__
    if problems := mistakes(made):
        raise ControllerError(f"{kind}: is not a controller: {'; '.join(problems)}")
    if getattr(made, "knows_truth", False) and not is_registered(type(made)):
        raise ControllerError(f"{kind}: knows_truth=True, allowed: False; only registered controllers see the truth")


def check_parameters(controller: Controller, usual: Usual) -> None:
    """ControllerError where a scenario gives an object's controller other parameters than the object has."""
    has = values_of(controller)
    odd = {name: value for name, value in usual.get(controller.name, {}).items() if has.get(name, has) != value}
    if odd:
        raise ControllerError(f"{label_of(controller)}: the scenario says {controller.name}{in_words(odd)}, the object "
                              f"that was given {in_words(has) or 'has no parameters'}")


def unknown_names(usual: Usual, made: Sequence[Controller]) -> list[str]:
    """Mistakes of a scenario that gives parameters to controllers that nobody knows."""
    known = {*controller_names(), *(controller.name for controller in made)}
    return [f"controllers.{name}: is no controller; known: {', '.join(sorted(known))}"
            for name in usual if name not in known]


def _how(controller: Controller, execution: Execution, folder: Path) -> Given:
    words = words_of(controller)
    if (execution.mode == "in_process" and not execution.remote) or _is_told_by(words, controller):
        return Given(words)
    if execution.remote:
        raise ControllerError(f"{words}: districts that are served elsewhere (execution.remote) take a registered "
                              "controller, or a class of a file, with nothing set on it but its parameters")
    file = folder / "controller.pickle"
    file.write_bytes(sent(controller))
    return Given(words, file)


def _is_told_by(words: str, controller: Controller) -> bool:
    """Whether `load_controller` makes an equal one of these words."""
    odd = _odd_fields(controller)
    try:
        return words == controller_spec(controller) + in_words(odd) and odd.keys() <= unusual(controller).keys() and (
            all(type(value) in PLAIN and repr(value) in words for value in odd.values())) and (
            _is_made_of(controller, odd))
    except ControllerError:
        return False


def _is_made_of(controller: Controller, parameters: dict[str, Any]) -> bool:
    """Whether its class makes one with the same values of these; not where it changes them as it is made."""
    try:
        again = values_of(type(controller)(**parameters))
    except Exception:  # it wants others
        return False
    return all(are_equal(again.get(name, UNSAID), value) for name, value in values_of(controller).items())


def sent(controller: Controller) -> bytes:
    """The object on its way to another process, where `testbed.users.carrying.delivered` makes it again.

    Raises ControllerError where it cannot be sent.
    """
    try:
        return carried(controller)
    except Exception as error:
        raise ControllerError(f"{type(controller).__name__}: cannot be sent to another process ({told(error)}); "
                              "keep nothing in it that pickle does not take, or choose what runs in one process "
                              "(execution.mode: in_process, one worker)") from error


def _unpickled(file: Path) -> Controller:
    """Of a file that this run has written."""
    made: Controller = delivered(file.read_bytes())
    return made
