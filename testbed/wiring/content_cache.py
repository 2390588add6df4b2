"""Answers kept between runs under a hash of all that they depend on: a kept answer is the one that would come again.

An entry begins with the hash of its content. One that is damaged counts as absent, and a folder that cannot be used
as empty: either is said once on stderr, and the answer is found anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from testbed.scenario.record import Scenario

T = TypeVar("T")
SUFFIX = ".kept"
MARK = b"sha256 %s\n"
"""First line of an entry, with the hash of what follows."""
PLAIN = (str, bytes, int, float, bool, type(None), np.generic)
"""What is its own content."""


def cache_folder(scenario: Scenario) -> Path:
    """Where costly answers are kept: what the scenario says, else the platform's place."""
    folder = scenario.execution.cache_dir
    return default_cache_dir() if folder is None else Path(folder)


def default_cache_dir() -> Path:
    """The platform's cache directory: XDG_CACHE_HOME or ~/.cache, in it pev-testbed.

    A user without a home has none: then a path that cannot be used, which is said when something is to be kept.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pev-testbed"
    except RuntimeError:
        return Path(os.devnull) / "pev-testbed"


# ---------------------------------------------------------------- keys
def source_of(root: Path, patterns: Iterable[str]) -> bytes:
    """The content of all files below root that fit a pattern, for a key. Read it as a module is imported: files
    may change while a process goes on with the code that it has."""
    return b"".join(file.read_bytes() for pattern in patterns for file in sorted(root.glob(pattern)))


def content_key(parts: Iterable[Any], code: bytes, packages: Sequence[str]) -> str:
    """sha256 of records, arrays, sequences and plain values, of the code that answers, and of packages' versions."""
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    digest.update(code)
    digest.update(json.dumps([_version(name) for name in packages]).encode())
    return digest.hexdigest()


@cache
def _version(package: str) -> str:
    """Of an installed package; looking it up takes milliseconds."""
    return metadata.version(package)


def _feed(digest: Any, value: Any) -> None:
    """Hash a record, array, sequence, mapping or plain value, with its type and shape; TypeError for anything else."""
    if is_dataclass(value):
        digest.update(f"{type(value).__name__}(".encode())
        for field in fields(value):
            digest.update(f"{field.name}=".encode())
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        digest.update(f"[{len(value)}]".encode())
        for item in value:
            _feed(digest, item)
    elif isinstance(value, Mapping):
        _feed(digest, sorted(value.items()))
    elif isinstance(value, PLAIN):
        digest.update(f"{type(value).__name__}:{value!r};".encode())
    else:
        raise TypeError(f"a {type(value).__name__} has no content that a key could be made of")


# ---------------------------------------------------------------- entries
def kept(path: Path, read: Callable[[bytes], T]) -> T | None:
    """What `read` makes of the entry; None if there is none, if it is damaged, or if the folder cannot be used."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _say_unusable(path.parent, error)
        return None
    try:
        return read(_unsealed(raw))
    except Exception as error:  # whatever stands in the file: it is only a cache
        _say(path, f"{path}: damaged entry of the cache ({type(error).__name__}: {error}); its answer is found anew")
        return None


def store(path: Path, content: bytes) -> None:
    """Written beside its place and moved there, so that nobody reads half a file; where that fails, nothing is kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _moved_into_place(path, _sealed(content))
    except OSError as error:
        _say_unusable(path.parent, error)


def _moved_into_place(path: Path, content: bytes) -> None:
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(partial).replace(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise


def _sealed(content: bytes) -> bytes:
    return MARK % hashlib.sha256(content).hexdigest().encode() + content


def _unsealed(raw: bytes) -> bytes:
    line, _, content = raw.partition(b"\n")
    if line + b"\n" != MARK % hashlib.sha256(content).hexdigest().encode():
        raise ValueError("its checksum does not fit its content")
    return content


_said_of: set[Path] = set()


def _say_unusable(folder: Path, error: OSError) -> None:
    _say(folder, f"cache folder {folder} cannot be used ({error.strerror or error}); nothing is kept there")


def _say(place: Path, text: str) -> None:
    """Once per process and place: many answers may be looked for in one folder, and one entry by many."""
    if place not in _said_of:
        _said_of.add(place)
        print(f"testbed: {text}", file=sys.stderr, flush=True)
