"""What makes an object a controller: the members of the port, and what those are that it leaves unsaid."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from controllers.port import CarControl, Controller, FreeBehaviour

UNSAID: dict[str, bool] = {"places_cars": True, "learns_compliance": False, "sees_feeders": False,
                           "promises_safely": False, "knows_truth": False}
"""Fields that a controller may leave out, and their values then (a class of its own has a lower layer)."""
METHODS = tuple(name for name, member in vars(Controller).items() if callable(member) and not name.startswith("_"))
NEEDED = (*(name for name in Controller.__annotations__ if name not in UNSAID), "description", *METHODS)
CHOICES: dict[str, tuple[Any, ...]] = {
    "free_behaviour": get_args(FreeBehaviour), "car_control": get_args(CarControl), "has_vehicles": (True, False),
    **dict.fromkeys(UNSAID, (True, False))}
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""A controller's name becomes part of file names."""


def mistakes(made: object) -> list[str]:
    """All that keeps an object from being a controller; empty if nothing does."""
    if isinstance(made, type):
        return ["a class, not an object of it"]
    missing = [name for name in NEEDED if not hasattr(made, name)]
    problems = [f"it lacks {', '.join(missing)}"] if missing else []
    for name, allowed in CHOICES.items():
        value = getattr(made, name, allowed[0])
        if value not in allowed:
            problems.append(f"{name}={value!r}, allowed: {', '.join(map(str, allowed))}")
    problems += [f"{name} must be a method" for name in METHODS if not callable(getattr(made, name, len))]
    name = getattr(made, "name", "x")
    if not isinstance(name, str) or not SAFE_NAME.fullmatch(name):
        problems.append(f"name={name!r}, must be letters, digits, . _ - since files are named after it")
    return problems


def lacks_method(layer: object, method: str) -> str:
    """What an object is that a controller gives for a layer, if it cannot be asked; empty if it can."""
    if callable(getattr(layer, method, None)):
        return ""
    return f"{'nothing' if layer is None else f'a {type(layer).__name__}'}, which has no method {method}(view)"


def completed(made: object) -> Controller:
    """An object without mistakes as a controller with every field; frozen ones too."""
    for name, value in UNSAID.items():
        if not hasattr(made, name):
            object.__setattr__(made, name, value)
    return cast(Controller, made)
