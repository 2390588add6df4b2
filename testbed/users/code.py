"""Code that users bring: which file and line it was, and files of it as modules."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / package) for package in ("models", "controllers", "testbed"))
DECIDING = str(ROOT / "controllers")
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
MADE_UP = ("<frozen", "<__array")
"""Names of no file that Python and numpy give to code of their own; a cell or a prompt is a user's."""
OWN_MODULE = "own_controller_"
"""Beginning of the names of modules made of users' files."""


class CannotImport(ValueError):
    """A file that is no module; the message says where and why."""


# ---------------------------------------------------------------- lines
def line_of(error: BaseException) -> str:
    """`mine.py:42`, the innermost line of a user's code on the way to the error, else of a controller; or nothing."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    for is_meant in (is_users, lambda file: file.startswith(DECIDING)):
        for file, line in reversed(frames):
            if is_meant(file):
                return f"{shown(file)}:{line}"
    return ""


def definition_of(function: Callable[..., Any]) -> str:
    """`mine.py:30`, where the function or method begins; nothing for one that is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{shown(code.co_filename)}:{code.co_firstlineno}" if code else ""


def is_users(file: str) -> bool:
    """False for files of the project, of Python and of libraries."""
    return not file.startswith((*OURS, *LIBRARIES, *MADE_UP))


def shown(file: str) -> str:
    """The path as short as it can be said from where the command was given."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def told(error: BaseException) -> str:
    """Its kind and its message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


# ---------------------------------------------------------------- files as modules
def import_file(file: Path) -> ModuleType:
    """The file as a module of its own name, run afresh with what lies beside it, so that edited files count.

    Modules beside it can be imported; they come last, so that none takes a library's place. Nothing is written.
    Raises CannotImport, with the line of the user's code.
    """
    path = file.resolve()
    name = OWN_MODULE + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise CannotImport(f"{file}: cannot be imported")
    _make_way(path.parent)
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module  # dataclasses and typing look their module up there
    keeps_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        place = line_of(error)
        raise CannotImport(f"{file}: cannot be imported: {f'{place}: ' if place else ''}{told(error)}") from error
    finally:
        sys.dont_write_bytecode = keeps_bytecode
    return module


_folders: dict[str, frozenset[str]] = {}
"""Folders of users' files, on the path because of us, with the names of all modules there were before."""


def _make_way(folder: Path) -> None:
    """The folder comes first among those of users' files, and what was imported from any of them is forgotten."""
    own = str(folder)
    if own not in sys.path:
        _folders[own] = frozenset(sys.modules)
    sys.path[:] = [entry for entry in sys.path if entry not in _folders]
    sys.path.extend(sorted(_folders, key=lambda entry: entry != own))
    for top in [name for name, module in sys.modules.items() if "." not in name and _came_from_folder(name, module)]:
        for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
            del sys.modules[name]
    importlib.invalidate_caches()


def _came_from_folder(name: str, module: ModuleType) -> bool:
    """Whether it is a file or a package in one of the folders, imported after that was one of them."""
    file = Path(getattr(module, "__file__", None) or "/")
    home = file.parent.parent if file.stem == "__init__" else file.parent
    return name not in _folders.get(str(home), {name})
