"""The controller that a run was given: that very object, in whatever process a simulator asks for it.

Within the process the object itself is held while the run lasts. Other processes make it again: of its name or file,
where those give an equal one, else of its pickled content.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.contract import UNSAID, completed, mistakes
from controllers.port import Controller
from testbed.setup.controller_loading import ControllerError, controller_spec, is_registered, load_controller
from testbed.setup.users_code import OWN_MODULE, told
from testbed.wiring.run_spec import RunSpec

if TYPE_CHECKING:
    from testbed.scenario.parts.execution import Execution

LONGEST = 100
"""Of a field in words; of a longer one its hash."""
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
    _check(controller)
    how = _how(completed(controller), execution, folder)
    held = _held.setdefault(how.words, [])
    held.append(controller)
    try:
        yield how
    finally:
        del held[next(i for i, other in enumerate(held) if other is controller)]


def words_of(controller: Controller) -> str:
    """Name or file and class, and in brackets the fields that its class makes otherwise without arguments."""
    usual, fields = _usual_fields(type(controller)), getattr(controller, "__dict__", {})
    odd = [f"{name}={_short(repr(value))}" for name, value in fields.items()
           if name not in UNSAID and not _are_equal(value, usual.get(name, UNSAID))]
    return f"{_class_in_words(controller)}({', '.join(odd)})" if odd else _class_in_words(controller)


def _class_in_words(controller: Controller) -> str:
    try:
        return controller_spec(controller)
    except ControllerError:
        return type(controller).__qualname__


def _usual_fields(kind: type) -> dict[str, Any]:
    """Of what the class makes without arguments; none if it makes nothing."""
    try:
        return dict(vars(kind()))
    except Exception:  # it wants arguments, or has no fields
        return {}


def knows_truth(spec: RunSpec) -> bool:
    """True for a registered controller that says so: no class of a user's own is given the truth."""
    return controller_of(spec).knows_truth


def may_discharge(spec: RunSpec) -> bool:
    """True where the controller's `car_control` lets enrolled cars discharge."""
    return controller_of(spec).car_control == "bidirectional"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()[:16]


def _are_equal(first: object, other: object) -> bool:
    """False also for what cannot be compared."""
    try:
        return bool(first == other)
    except Exception:  # whatever a user's class, or an array, makes of it
        return False


def _check(controller: object) -> None:
    kind = type(controller).__name__
    if problems := mistakes(controller):
        raise ControllerError(f"{kind}: is not a controller: {'; '.join(problems)}")
    if getattr(controller, "knows_truth", False) and not is_registered(type(controller)):
        raise ControllerError(f"{kind}: knows_truth=True, allowed: False; only registered controllers see the truth")


def _how(controller: Controller, execution: Execution, folder: Path) -> Given:
    words = words_of(controller)
    if (execution.mode == "in_process" and not execution.remote) or _is_loaded_from(words, controller):
        return Given(words)
    if execution.remote:
        raise ControllerError(f"{words}: districts that are served elsewhere (execution.remote) take a registered "
                              "controller, or a class of a file as it is made without arguments")
    file = folder / "controller.pickle"
    file.write_bytes(_pickled(controller))
    return Given(words, file)


def _is_loaded_from(words: str, controller: Controller) -> bool:
    """Whether `load_controller` makes an equal one of these words."""
    try:
        return words == controller_spec(controller)
    except ControllerError:
        return False


def _pickled(controller: Controller) -> bytes:
    """With the classes of users' files, scripts and notebooks inside, which no other process could import."""
    import cloudpickle  # noqa: PLC0415 - only for runs in several processes

    kind = type(controller)
    module = sys.modules.get(kind.__module__)
    try:
        if kind.__module__.startswith(OWN_MODULE) and module is not None:
            cloudpickle.register_pickle_by_value(module)
        return bytes(pickle.dumps((list(sys.path), cloudpickle.dumps(controller))))
    except Exception as error:
        raise ControllerError(f"{kind.__name__}: cannot be sent to the simulators' processes ({told(error)}); choose "
                              "execution.mode: in_process, or keep nothing in it that pickle does not take") from error


def _unpickled(file: Path) -> Controller:
    """Of a file that this run has written."""
    path, content = pickle.loads(file.read_bytes())
    sys.path.extend(entry for entry in path if entry not in sys.path)
    made: Controller = pickle.loads(content)
    return made
