"""From what a user writes to a controller: a registered name, or `path/to/mine.py:MyController`.

Names and descriptions are read from the source of controllers/variants without importing it, so that listing
them costs nothing. A registered controller is its file; one of the user's own needs no registration.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import cast

from controllers.contract import completed, mistakes
from controllers.port import Controller

VARIANTS = Path(__file__).resolve().parents[2] / "controllers" / "variants"
PACKAGE = "controllers.variants"
ORACLE = "oracle"
OWN_MODULE = "own_controller_"


class ControllerError(ValueError):
    """A controller that does not exist or cannot act as one; the message says what is allowed."""


@dataclass(frozen=True)
class Variant:
    """A registered controller, as far as its source tells without importing it."""

    name: str
    description: str
    file: Path
    class_name: str


# ------------------------------------------------------------- registered ones
def variants(folder: Path = VARIANTS) -> dict[str, Variant]:
    """The registered controllers by name, sorted.

    Raises ControllerError for a file that does not define exactly one class with a literal `name`, for a name
    taken twice, and for a file that is not Python. Files beginning with an underscore are no controllers.
    """
    by_name: dict[str, Variant] = {}
    for file in sorted(folder.glob("[!_]*.py")):
        variant = _scan(file, file.read_bytes())
        if variant.name in by_name:
            other = by_name[variant.name].file.name
            raise ControllerError(f"{file}: name {variant.name!r} is taken by {other} already")
        by_name[variant.name] = variant
    return dict(sorted(by_name.items()))


def controller_names() -> tuple[str, ...]:
    """Names of the registered controllers, sorted; nothing is imported."""
    return tuple(variants())


@lru_cache(maxsize=256)
def _scan(file: Path, source: bytes) -> Variant:
    """What the file with this content registers."""
    classes = [node for node in _parse(file, source).body if isinstance(node, ast.ClassDef)]
    named = [(node.name, words) for node in classes if "name" in (words := _literal_texts(node))]
    if len(named) != 1:
        names = ", ".join(name for name, _ in named) or "none"
        raise ControllerError(f"{file}: must define exactly one class with a literal `name`, found {names}")
    class_name, words = named[0]
    return Variant(words["name"], words.get("description", ""), file, class_name)


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
def load_controller(spec: str) -> Controller:
    """The controller of that name, or of that class in an own file (`path/to/mine.py:MyController`).

    Raises ControllerError: unknown name (with the nearest one and the list), missing file, file that cannot
    be imported, class missing (with those there), class that is no controller (with the members it lacks).
    """
    kind = _own_class(spec) if _is_own_file(spec) else _registered_class(spec)
    try:
        made = kind()
    except Exception as error:
        raise ControllerError(f"{spec}: {kind.__name__}() failed: {_cause(error)}") from error
    problems = mistakes(made)
    if problems:
        raise ControllerError(f"{spec}: {kind.__name__} is not a controller: {'; '.join(problems)}")
    controller = completed(made)
    if controller.knows_truth and _is_own_file(spec):
        raise ControllerError(f"{spec}: knows_truth=True, allowed: False; only registered controllers see the truth")
    return controller


def controller_spec(controller: Controller) -> str:
    """The text from which `load_controller` makes this controller again, in any process."""
    kind = type(controller)
    if kind.__module__.startswith(PACKAGE):
        return controller.name
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file is None:
        raise ControllerError(f"{kind.__qualname__}: has no file from which another process could load it")
    return f"{Path(file).resolve()}:{kind.__qualname__}"


def _is_own_file(spec: str) -> bool:
    return ".py:" in spec or spec.endswith(".py")


def _registered_class(name: str) -> type:
    known = variants()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ControllerError(f"controller {name!r} is not known{hint}; "
                              f"known: {', '.join(known)}, or path/to/file.py:Class")
    variant = known[name]
    module = importlib.import_module(f"{PACKAGE}.{variant.file.stem}")
    return cast(type, getattr(module, variant.class_name))


def _own_class(spec: str) -> type:
    path_text, _, class_name = spec.rpartition(":") if not spec.endswith(".py") else (spec, "", "")
    file = Path(path_text)
    if not file.is_file():
        raise ControllerError(f"{spec}: no such file {file}")
    module = _import_file(file)
    kind = getattr(module, class_name, None) if class_name else None
    if not isinstance(kind, type):
        there = [name for name, value in vars(module).items()
                 if isinstance(value, type) and value.__module__ == module.__name__]
        wanted = f"no class {class_name} in {file}" if class_name else f"name the class: {file}:Class"
        raise ControllerError(f"{spec}: {wanted}; classes there: {', '.join(there) or 'none'}")
    return kind


def _import_file(file: Path) -> ModuleType:
    """The file as a module of its own name, run afresh so that an edited file counts; leaves nothing beside it."""
    path = file.resolve()
    name = OWN_MODULE + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise ControllerError(f"{file}: cannot be imported")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module  # dataclasses and typing look their module up there
    keeps_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ControllerError(f"{file}: cannot be imported: {_cause(error)}") from error
    finally:
        sys.dont_write_bytecode = keeps_bytecode
    return module


def _cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def knows_truth(spec: str) -> bool:
    """True for a registered controller that says so: no class of a user's own is given the truth."""
    return spec in variants() and load_controller(spec).knows_truth


def may_discharge(spec: str) -> bool:
    """True where the controller's `car_control` lets enrolled cars discharge."""
    return load_controller(spec).car_control == "bidirectional"
