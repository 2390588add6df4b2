"""Answers kept between runs under a hash of all that they depend on: a kept answer is the one that would come again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from testbed.scenario.record import Scenario


def cache_folder(scenario: Scenario) -> Path:
    """Where costly answers are kept: what the scenario says, else the platform's place."""
    folder = scenario.execution.cache_dir
    return default_cache_dir() if folder is None else Path(folder)


def default_cache_dir() -> Path:
    """The platform's cache directory: XDG_CACHE_HOME or ~/.cache, in it pev-testbed."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pev-testbed"


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
    """Hash a record, array, sequence or plain value, with its type and shape."""
    if is_dataclass(value):
        for field in fields(value):
            digest.update(field.name.encode())
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        digest.update(f"[{len(value)}]".encode())
        for item in value:
            _feed(digest, item)
    else:
        digest.update(f"{type(value).__name__}:{value!r};".encode())


def store(path: Path, content: bytes) -> None:
    """Written beside its place and moved there, so that nobody reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(partial).replace(path)
