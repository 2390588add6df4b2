"""From what a user writes to a controller: a registered name, or `path/to/mine.py:MyController`.

Names and descriptions are read from the source of controllers/variants without importing it, so that listing
them costs nothing. A registered controller is its file; one of the user's own needs no registration.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import re
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import cast, get_args

from controllers.port import CarControl, Controller, FreeBehaviour

VARIANTS = Path(__file__).resolve().parents[2] / "controllers" / "variants"
PACKAGE = "controllers.variants"
ORACLE = "oracle"
OWN_MODULE = "own_controller_"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""A controller's name becomes part of file names."""


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
    found: dict[str, Variant] = {}
    for file in sorted(folder.glob("[!_]*.py")):
        variant = _scan(file, file.stat().st_mtime_ns)
        if variant.name in found:
            other = found[variant.name].file.name
            raise ControllerError(f"{file}: name {variant.name!r} is taken by {other} already")
        found[variant.name] = variant
    return dict(sorted(found.items()))


def controller_names() -> tuple[str, ...]:
    """Names of the registered controllers, sorted; nothing is imported."""
    return tuple(variants())


@lru_cache(maxsize=256)
def _scan(file: Path, changed_ns: int) -> Variant:
    """What the file registers; read once for each time of its last change."""
    classes = [node for node in _parse(file).body if isinstance(node, ast.ClassDef)]
    named = [(node.name, words) for node in classes if "name" in (words := _literal_texts(node))]
    if len(named) != 1:
        names = ", ".join(name for name, _ in named) or "none"
        raise ControllerError(f"{file}: must define exactly one class with a literal `name`, found {names}")
    class_name, words = named[0]
    return Variant(words["name"], words.get("description", ""), file, class_name)


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"), str(file))
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
    problems = _problems(made)
    if problems:
        raise ControllerError(f"{spec}: {kind.__name__} is not a controller: {'; '.join(problems)}")
    return cast(Controller, made)


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
        there = [name for name, one in vars(module).items()
                 if isinstance(one, type) and one.__module__ == module.__name__]
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
    """True for the registered oracle alone: no class, whatever it says of itself, is given the truth."""
    return spec == ORACLE


def may_discharge(spec: str) -> bool:
    """True where the controller's `car_control` lets enrolled cars discharge."""
    return load_controller(spec).car_control == "bidirectional"


# -------------------------------------------------------------------- checking
def _members() -> tuple[str, ...]:
    """What every controller has: the members of the port, and a description for lists."""
    methods = [name for name, one in vars(Controller).items() if callable(one) and not name.startswith("_")]
    return (*Controller.__annotations__, "description", *methods)


def _problems(made: object) -> list[str]:
    missing = [name for name in _members() if not hasattr(made, name)]
    problems = [f"it lacks {', '.join(missing)}"] if missing else []
    for name, allowed in (("free_behaviour", get_args(FreeBehaviour)), ("car_control", get_args(CarControl)),
                          ("has_vehicles", (True, False))):
        value = getattr(made, name, allowed[0])
        if value not in allowed:
            problems.append(f"{name}={value!r}, allowed: {', '.join(map(str, allowed))}")
    problems += [f"{name} must be a method" for name in ("temporal", "spatial")
                 if not callable(getattr(made, name, len))]
    name = getattr(made, "name", "x")
    if not isinstance(name, str) or not SAFE_NAME.fullmatch(name):
        problems.append(f"name={name!r}, must be letters, digits, . _ - since files are named after it")
    return problems
