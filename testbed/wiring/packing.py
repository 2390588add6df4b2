"""Packing of values for simulators in other processes, whose wire format is plain JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

ARRAY_MARK = "__array__"
PLAIN = frozenset({float, int, str, bool, type(None), np.float64})
"""Types of what most values are: nothing to freeze."""


def pack(value: Any) -> Any:
    """Arrays to {mark: [dtype, shape, base64]}; containers recursively; numpy scalars to Python ones."""
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value)
        return {ARRAY_MARK: [raw.dtype.str, list(raw.shape), base64.b64encode(raw.tobytes()).decode("ascii")]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [pack(item) for item in value]
    return value


def unpack(value: Any) -> Any:
    """The inverse of `pack` (tuples come back as lists)."""
    if isinstance(value, Mapping):
        if ARRAY_MARK in value:
            dtype, shape, text = value[ARRAY_MARK]
            array = np.frombuffer(base64.b64decode(text), dtype=np.dtype(dtype)).reshape(shape)
            return array
        return {key: unpack(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unpack(item) for item in value]
    return value


def freeze(value: Any) -> Any:
    """The same value with arrays as read-only views: in-process simulators share memory."""
    if isinstance(value, np.ndarray):
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, Mapping):
        return {key: item if type(item) in PLAIN else freeze(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(freeze(item) for item in value)
    return value
