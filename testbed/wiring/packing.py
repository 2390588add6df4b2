"""Packing of values for simulators in other processes, whose wire format is plain JSON; records keep their class."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.records.arrays import RecordError, Table
from models.records.quantity import fields_told
from testbed.wiring.attributes import records

ARRAY_MARK = "__array__"
RECORD_MARK = "__record__"
NOTHING: Mapping[str, Any] = {}
"""Crosses where a record is absent (mosaik makes of None that nothing was sent)."""
PLAIN = frozenset({float, int, str, bool, type(None), np.float64})
"""Types of what most values are: nothing to freeze."""


def pack(value: Any) -> Any:
    """Arrays to {mark: [dtype, shape, base64]}; records and containers recursively; numpy scalars to Python ones."""
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value)
        return {ARRAY_MARK: [raw.dtype.str, list(raw.shape), base64.b64encode(raw.tobytes()).decode("ascii")]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Table):
        return {RECORD_MARK: [type(value).__name__, pack(value.to_arrays())]}
    if isinstance(value, Mapping):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [pack(item) for item in value]
    return value


def unpack(value: Any) -> Any:
    """The inverse of `pack` (tuples come back as lists, but for those of records).

    Raises RecordError for a record that the table does not know, or with other fields.
    """
    if isinstance(value, Mapping):
        if ARRAY_MARK in value:
            dtype, shape, text = value[ARRAY_MARK]
            array = np.frombuffer(base64.b64decode(text), dtype=np.dtype(dtype)).reshape(shape)
            return array
        if RECORD_MARK in value:
            return _record(*value[RECORD_MARK])
        return {key: unpack(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unpack(item) for item in value]
    return value


def _record(name: str, packed: Mapping[str, Any]) -> Table:
    """The record of that name, whose fields must be the packed ones."""
    record = records().get(name)
    if record is None:
        raise RecordError(f"{name} came, no record that crosses between simulators")
    told = {field.name: field for field in fields_told(record)}
    if odd := sorted(told.keys() ^ packed.keys()):
        raise RecordError(f"{name} came with other fields than it has: {', '.join(odd)}")
    fields = {key: unpack(item) for key, item in packed.items()}
    return record(**{key: tuple(item) if told[key].is_tuple else item for key, item in fields.items()})


def freeze(value: Any) -> Any:
    """The same value with arrays as read-only views: in-process simulators share memory."""
    if isinstance(value, np.ndarray):
        return _read_only(value)
    if isinstance(value, Table):
        return value.with_values(freeze(vars(value)))
    if isinstance(value, Mapping):
        return {key: item if type(item) in PLAIN else _read_only(item) if type(item) is np.ndarray else freeze(item)
                for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(freeze(item) for item in value)
    return value


def _read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not array.flags.writeable:
        return array
    view = array.view()
    view.setflags(write=False)
    return view
