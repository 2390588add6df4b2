"""What stands in a file that a user brings: whole, of a size that can be read, never from a device or a pipe."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.tables.mistakes import shown


def content_of(file: Path, most_bytes: int) -> bytes:
    """The bytes of a regular file, unpacked where its name ends in .gz; ValueError says why there are none."""
    try:
        if not file.is_file():
            raise ValueError("is no regular file" if file.exists() else "there is no such file")
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:  # not gzipped, cut short, no right to read, names too long
        raise ValueError(f"cannot be read: {error}") from None
    if len(content) > most_bytes:
        raise ValueError(f"holds more than {most_bytes // 1_000_000} MB")
    return content


def json_of(content: bytes, deepest: int) -> Any:
    """The value of a JSON text; ValueError where it is none, is nested too deep or says a key twice."""
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError(f"is nested deeper than {deepest} levels") from None
    except _KeyTwiceError:
        raise
    except ValueError as error:  # broken JSON, other encodings, numbers of thousands of digits
        raise ValueError(f"is no JSON: {error}") from None


class _KeyTwiceError(ValueError):
    """Of which values the last would win, without a word."""


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwiceError(f"the key {shown(next(name for name in names if names.count(name) > 1))} is there twice")
    return value
