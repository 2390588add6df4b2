"""From what a user writes to a controller: a registered name, or `path/to/mine.py:MyController`.

Names and descriptions are read from the source of controllers/variants without importing it, so that listing
them costs nothing. A registered controller is its file; one of the user's own needs no registration.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from controllers.contract import completed, mistakes
from controllers.port import Controller
from models.plugins import CONTROLLERS, plugins
from models.registry import did_you_mean
from testbed.scenario.field_texts import fields_in
from testbed.users.code import CannotImport, import_file, line_of, told
from testbed.users.parameters import OF_PORT, ParameterError, as_given, called, in_words, made, values_of

VARIANTS = Path(__file__).resolve().parents[2] / "controllers" / "variants"
PACKAGE = "controllers.variants"
ORACLE = "oracle"


class ControllerError(ValueError):
    """A controller that does not exist or cannot act as one; the message says what is allowed."""


@dataclass(frozen=True)
class Variant:
    """A registered controller, as far as its source tells without importing it."""

    name: str
    description: str
    file: Path
    class_name: str
    module: str = ""
    parameters: tuple[str, ...] = ()
    """Each with its default and a word on it, as `sharing='plugged_kw': how ...`."""


# ------------------------------------------------------------- registered ones
def variants(folder: Path = VARIANTS) -> dict[str, Variant]:
    """The registered controllers by name, sorted, and those that installed packages add (`testbed.controllers`).

    Raises ControllerError for a file that does not define exactly one class with a literal `name`, for a name
    taken twice, and for a file that is not Python. Files beginning with an underscore are no controllers.
    """
    by_name: dict[str, Variant] = {}
    files = [(file, f"{PACKAGE}.{file.stem}", "") for file in sorted(folder.glob("[!_]*.py"))]
    for file, module, class_name in [*files, *_added()]:
        variant = replace(_scan(file, file.read_bytes(), class_name), module=module)
        if variant.name in by_name:
            other = by_name[variant.name].file
            raise ControllerError(f"{file}: name {variant.name!r} is taken by {other} already")
        by_name[variant.name] = variant
    return dict(sorted(by_name.items()))


def controller_names() -> tuple[str, ...]:
    """Names of the registered controllers, sorted; nothing is imported."""
    return tuple(variants())


def _added() -> Iterator[tuple[Path, str, str]]:
    """(file, module, class) of each controller of an installed package, without importing it."""
    for point in plugins(CONTROLLERS):
        spec = find_spec(point.module)
        if spec is None or spec.origin is None or not point.attr:
            raise ControllerError(f"entry point {point.name} of {CONTROLLERS}: {point.value} must be module:Class")
        yield Path(spec.origin), point.module, point.attr


@lru_cache(maxsize=256)
def _scan(file: Path, source: bytes, class_name: str = "") -> Variant:
    """What the file with this content registers: its only class with a name, or the one that is meant."""
    classes = [node for node in _parse(file, source).body if isinstance(node, ast.ClassDef)
               and class_name in ("", node.name)]
    named = [(node, words) for node in classes if "name" in (words := _literal_texts(node))]
    if len(named) != 1:
        names = ", ".join(node.name for node, _ in named) or "none"
        raise ControllerError(f"{file}: must define exactly one class with a literal `name`, found {names}")
    node, words = named[0]
    return Variant(words["name"], words.get("description", ""), file, node.name, "", _written_parameters(node))


def _written_parameters(node: ast.ClassDef) -> tuple[str, ...]:
    """Fields of a dataclass, as they stand in the source."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return ()
    return tuple(f"{name}{f'={ast.unparse(default)}' if default else ''}: {what}"
                 for name, default, what in fields_in(node) if name not in OF_PORT)


def _parse(file: Path, source: bytes) -> ast.Module:
    try:
        return ast.parse(source, str(file))
    except SyntaxError as error:
        raise ControllerError(f"{file}:{error.lineno}: is not Python: {error.msg}") from error


def _literal_texts(node: ast.ClassDef) -> dict[str, str]:
    """Class attributes that are given a plain text."""
    texts: dict[str, str] = {}
    for line in node.body:
        targets = line.targets if isinstance(line, ast.Assign) else (
            [line.target] if isinstance(line, ast.AnnAssign) else [])
        value = getattr(line, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            texts |= {target.id: value.value for target in targets if isinstance(target, ast.Name)}
    return texts


# --------------------------------------------------------------------- loading
Usual = Mapping[str, Mapping[str, Any]]
"""Parameters by the names of controllers, as a scenario gives them."""
NONE_GIVEN: Usual = MappingProxyType({})


def load_controller(spec: str, usual: Usual = NONE_GIVEN) -> Controller:
    """The controller of that name, or of that class in an own file (`path/to/mine.py:MyController`).

    Parameters stand in brackets behind it: `mine.py:Price(high=0.1)`; others are as in `usual` under its name.
    Raises ControllerError: unknown name (with the nearest one and the list), missing file, file that cannot
    be imported, class missing (with those there), class that is no controller (with the members it lacks), parameters
    that are unknown, missing or of another type (with those there are).
    """
    try:
        base, given = called(spec)
    except ParameterError as error:
        raise ControllerError(str(error)) from error
    kind = _own_class(base) if _is_own_file(base) else _registered_class(base)
    given = {**usual.get(_name_of(kind), {}), **given}
    it = _made(kind, given, spec)
    problems = mistakes(it)
    if problems:
        raise ControllerError(f"{spec}: {kind.__name__} is not a controller: {'; '.join(problems)}")
    controller = completed(it)
    if controller.knows_truth and not is_registered(kind):
        raise ControllerError(f"{spec}: knows_truth=True, allowed: False; only registered controllers see the truth")
    if lost := [name for name in given if name not in values_of(it)]:
        raise ControllerError(f"{spec}: {kind.__name__} keeps no {', '.join(lost)}; a parameter must stay under its "
                              f"name (self.{lost[0]} = {lost[0]}), for results tell it")
    return controller


def given_words(spec: str, usual: Usual, loaded: Controller) -> str:
    """All parameters in brackets that were given otherwise than the class says, here or by `usual`: behind name or
    class an equal controller comes of them. `loaded` is what `load_controller` made of both.
    """
    kind = type(loaded)
    return in_words(as_given(kind, {**usual.get(_name_of(kind), {}), **called(spec)[1]}), repr)


def _name_of(kind: type) -> str:
    """The name that objects of the class have; empty where only the object itself can tell."""
    name = getattr(kind, "name", "")
    return name if isinstance(name, str) else ""


def _made(kind: type, given: dict[str, Any], spec: str) -> object:
    try:
        return made(kind, given)
    except ParameterError as error:
        raise ControllerError(f"{spec}: {error}") from error
    except (Exception, SystemExit) as error:
        place = f"{line_of(error)}: " if line_of(error) else ""
        raise ControllerError(f"{spec}: {kind.__name__}() failed: {place}{told(error)}") from error


def controller_spec(controller: Controller) -> str:
    """The text from which `load_controller` makes a controller of this class, in any process.

    Raises ControllerError where there is none: for a class of the running script (which would run again), of a
    notebook's cell, or within a function.
    """
    kind = type(controller)
    if is_registered(kind) or is_added(kind):
        return controller.name
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file is None or kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        raise ControllerError(f"{kind.__qualname__}: another process could not load it; put the class at the top of a "
                              "file of its own")
    return f"{Path(file).resolve()}:{kind.__qualname__}"


def is_added(kind: type) -> bool:
    """Whether an installed package adds the class."""
    return any((point.module, point.attr) == (kind.__module__, kind.__qualname__) for point in plugins(CONTROLLERS))


def is_registered(kind: type) -> bool:
    """Whether the class stands in controllers/variants."""
    return kind.__module__.startswith(PACKAGE)


def _is_own_file(spec: str) -> bool:
    return ".py:" in spec or spec.endswith(".py")


def _registered_class(name: str) -> type:
    known = variants()
    if name not in known:
        hint = did_you_mean(name, list(known))
        raise ControllerError(f"controller {name!r} is not known{hint}; "
                              f"known: {', '.join(known)}, or path/to/file.py:Class")
    variant = known[name]
    module = importlib.import_module(variant.module)
    return cast(type, getattr(module, variant.class_name))


def _own_class(spec: str) -> type:
    path_text, _, class_name = spec.rpartition(":") if not spec.endswith(".py") else (spec, "", "")
    file = Path(path_text)
    if not file.is_file():
        raise ControllerError(f"{spec}: no such file {file}")
    try:
        module = import_file(file)
    except CannotImport as error:
        raise ControllerError(str(error)) from error
    kind = getattr(module, class_name, None) if class_name else None
    if not isinstance(kind, type):
        there = [name for name, value in vars(module).items()
                 if isinstance(value, type) and value.__module__ == module.__name__]
        wanted = f"no class {class_name} in {file}" if class_name else f"name the class: {file}:Class"
        raise ControllerError(f"{spec}: {wanted}; classes there: {', '.join(there) or 'none'}")
    return kind
