"""What a field of a record holds: its unit, its axes and its type, written beside the field itself.

    p_bus_kw: Annotated[Floats, of("kW", "bus")]

A record whose every field says so can be checked against the sizes of its axes, packed for another process, and
printed as a table, all by `fields_told`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cached_property
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from models.records.arrays import RecordError

AXES = {
    "vehicle": "slots of cars in the district",
    "bus": "buses of the district",
    "generation_bus": "buses of the district whose generators may be curtailed; none where none may",
    "node": "conductors at buses of a circuit of three phases; none in other networks",
    "conductor": "phases of its lines and of its transformers' windings",
    "line": "its lines",
    "three_phase_bus": "its buses with all three phases",
    "regulator": "its voltage regulators",
    "connection": "its buses where cars can stand",
    "group": "zone, class, one-way or bidirectional charger of a car",
    "cohort": "group, and hour of declared departure",
    "pair": "bus, group, and hours until declared departure",
    "charger_kind": "slow, fast, then the scenario's own",
    "reason": "why a car did what it did",
    "car_class": "classes of cars",
    "soc_band": "bands of state of charge, 2 % each, from empty to full",
    "unit": "thermal units",
    "district": "districts in the scenario's order",
    "hour": "hours of the planning horizon",
    "horizon_step": "steps of the planning horizon",
    "step": "steps of the present hour",
    "later_hour": "hours of the lower layer's look-ahead after the present one",
    "period": "`step`, then `later_hour`",
}
"""Every axis that a field may have, and what stands along it."""
TEXT = "text"
"""In place of a unit, of what is no number."""
NUMBERS: tuple[type, ...] = (float, int, bool, str)


@dataclass(frozen=True)
class Quantity:
    """Unit and axes of a field; `1` is the unit of what is counted or compared."""

    unit: str
    dims: tuple[str, ...] = ()
    may_be_nan: bool = False
    """NaN says that there is none."""
    may_be_empty: bool = False
    """An array of no elements says that nothing is known."""


def of(unit: str, *dims: str, nan: bool = False, empty: bool = False) -> Quantity:
    """The mark of a field: `Annotated[Floats, of("kW", "vehicle")]`."""
    return Quantity(unit, dims, nan, empty)


@dataclass(frozen=True)
class FieldTold:
    """One field of a record: its name, what it holds, and as which type."""

    name: str
    quantity: Quantity
    kind: type
    """float, int, bool or str: of the number, or of the array's elements."""
    is_tuple: bool = False
    """A tuple of arrays, one along the first axis each."""

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype({float: np.float64, int: np.int64, bool: np.bool_}[self.kind])

    def __str__(self) -> str:
        """`name [axis, axis] unit`, as read by people, and what may stand for no value."""
        axes = f"[{', '.join(self.quantity.dims)}]" if self.quantity.dims else ""
        words = [self.name, axes, self.quantity.unit, "or NaN" if self.quantity.may_be_nan else "",
                 "or empty" if self.quantity.may_be_empty else ""]
        return " ".join(word for word in words if word)


_TOLD: dict[type, tuple[FieldTold, ...]] = {}


def fields_told(record: type) -> tuple[FieldTold, ...]:
    """All fields of a record class, those of records within it as `record.field`.

    Raises RecordError, naming class and field, where one has no unit, an unknown axis or a type that cannot be told.
    """
    if record not in _TOLD:
        hints = get_type_hints(record, include_extras=True)
        _TOLD[record] = tuple(told for field in dataclass_fields(record)
                              for told in _told(f"{record.__name__}.{field.name}", field.name, hints[field.name]))
    return _TOLD[record]


def _told(place: str, name: str, hint: Any) -> Iterator[FieldTold]:
    if isinstance(hint, type) and hasattr(hint, "__dataclass_fields__"):
        for inner in fields_told(hint):
            yield FieldTold(f"{name}.{inner.name}", inner.quantity, inner.kind, inner.is_tuple)
        return
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Quantity)]
    if get_origin(hint) is not Annotated or len(marks) != 1:
        raise RecordError(f"{place}: no unit; say so as Annotated[..., of(unit, axes)]")
    held = get_args(hint)[0]
    is_tuple = get_origin(held) is tuple
    yield field_told(place, name, marks[0], _kind(place, get_args(held)[0] if is_tuple else held), is_tuple)


def field_told(place: str, name: str, quantity: Quantity, kind: type, is_tuple: bool = False) -> FieldTold:
    """The field at this place; RecordError where it has no unit or an unknown axis."""
    if not quantity.unit:
        raise RecordError(f"{place}: no unit; 1 is that of what is counted or compared")
    if unknown := [dim for dim in quantity.dims if dim not in AXES]:
        raise RecordError(f"{place}: no axis {', '.join(unknown)}; there are {', '.join(AXES)}")
    return FieldTold(name, quantity, kind, is_tuple)


def _kind(place: str, held: Any) -> type:
    """float, int, bool or str, of a number's type or of an array's."""
    if held in NUMBERS:
        return NUMBERS[NUMBERS.index(held)]
    if get_origin(held) is np.ndarray:
        scalar = get_args(get_args(held)[1])[0]
        for kind, name in ((float, np.float64), (int, np.int64), (bool, np.bool_)):
            if scalar is name:
                return kind
    raise RecordError(f"{place}: {held} is neither number, text nor array of float64, int64 or bool")
