"""The check at a simulator's border: all that it says of an entity, against the table and the sizes of the axes.

Done once, by the sender, in the step in which it speaks: so the message names the sender, and no reader
has to check again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, isinf, isnan
from operator import attrgetter
from typing import Any

import numpy as np

from models.records.arrays import Table
from models.records.quantity import FieldTold
from testbed.wiring.attributes import Attribute

Sizes = Mapping[str, int]
_SCALARS: dict[type, tuple[type, ...]] = {
    float: (float, int, np.floating, np.integer), int: (int, np.integer), bool: (bool, np.bool_), str: (str,)}
_FLOATS = {float, np.float64}
FEW = 1000
_WHOLE = 3
"""Most values whose place is named one by one."""


_MISSING = object()


class ContractError(ValueError):
    """A simulator or a controller said what it must not; names who, the attribute, the field and what is allowed."""


class Contract:
    """What a simulator has to say of one entity in every step."""

    def __init__(self, simulator: str, entity: str, attributes: Sequence[Attribute], sizes: Sizes) -> None:
        self._said_of = f"{simulator} of {entity}"
        self._terms = {a.name: Terms(f"{simulator}.{a.name} of {entity}", a.record, a.absent, a.fields, sizes)
                       for a in attributes}
        self._numbers = [a.name for a in attributes
                         if not (a.is_record or a.dims or a.may_be_nan or a.is_integer)]
        """Most of what is said: looked at all together first."""
        others = [(name, terms) for name, terms in self._terms.items() if name not in self._numbers]
        self._records = [(name, terms) for name, terms in others if terms.record is not None]
        self._plain = [(name, terms, terms.is_usual) for name, terms in others if terms.record is None]
        self._held: dict[str, Any] = {}
        """Records of the step before: one that is held is not checked again."""

    def check(self, values: Mapping[str, Any]) -> None:
        """Raises ContractError at the first datum that is missing, unknown to the table or not as it says."""
        if values.keys() != self._terms.keys():
            self._refuse_names(values)
        numbers = [values[name] for name in self._numbers]
        if not _FLOATS.issuperset(map(type, numbers)) or not isfinite(sum(numbers)):
            for name, value in zip(self._numbers, numbers, strict=True):
                self._terms[name].check(value)
        for name, terms, is_usual in self._plain:
            if not is_usual(values[name]):
                terms.check(values[name])
        for name, terms in self._records:
            if (value := values[name]) is not self._held.get(name, self):
                terms.check(value)
                self._held[name] = value

    def _refuse_names(self, values: Mapping[str, Any]) -> None:
        missing = [name for name in self._terms if name not in values]
        unknown = [name for name in values if name not in self._terms]
        raise ContractError("; ".join(f"{self._said_of}: {names} {word}" for names, word in (
            (", ".join(missing), "missing"), (", ".join(unknown), "not in the table")) if names))


class Terms:
    """What one datum has to be: `fields` of the `record`, or one field without a name for a plain array or number."""

    def __init__(self, place: str, record: type[Table] | None, absent: str, fields: Sequence[FieldTold],
                 sizes: Sizes) -> None:
        self.record, self._place, self._absent = record, place, absent
        shapes = [tuple(sizes[dim] for dim in told.quantity.dims) for told in fields]
        self._fields = [(told, shape, _is_usual(told, shape)) for told, shape in zip(fields, shapes, strict=True)]
        self._read_all = attrgetter(*(told.name for told in fields))

    @property
    def is_usual(self) -> Callable[[Any], bool]:
        """Of a plain array or number: whether it is what it mostly is, so that it need not be checked further."""
        return self._fields[0][2]

    def check(self, value: Any) -> None:
        """Raises ContractError, beginning with the place, where the value is anything else."""
        if self.record is None:
            self._check_fields([value])
        elif value is None and self._absent:
            return
        elif not isinstance(value, self.record):
            came = "nothing" if value is None else f"a {type(value).__name__}"
            raise ContractError(f"{self._place}: {came} came, allowed is the record {self.record.__name__}")
        else:
            self._check_fields(self._fields_of(value))

    def _fields_of(self, record: Table) -> Sequence[Any]:
        try:
            read = self._read_all(record)
        except AttributeError:
            return [_read(record, told.name) for told, *_ in self._fields]
        return read if len(self._fields) > 1 else [read]

    def _check_fields(self, values: Sequence[Any]) -> None:
        for (told, shape, is_usual), value in zip(self._fields, values, strict=True):
            if not is_usual(value):
                self._refuse(told, "missing" if value is _MISSING else fault(value, told, shape))

    def _refuse(self, told: FieldTold, why: str) -> None:
        if why:
            field = f", field {told.name}" if told.name else ""
            raise ContractError(f"{self._place}{field} [{told.quantity.unit}]: {why}")


def _read(record: Table, name: str) -> Any:
    try:
        return attrgetter(name)(record)
    except AttributeError:
        return _MISSING


def _is_usual(told: FieldTold, shape: tuple[int, ...]) -> Callable[[Any], bool]:
    """Whether a value is what a field mostly is: said of the plainest kinds, and never of one that `fault` refuses."""
    if told.is_tuple:
        return lambda value: False
    if told.quantity.dims:
        return _is_usual_array(told, shape)
    if told.kind is not float:
        return lambda value: type(value) is told.kind
    if told.quantity.may_be_nan:
        return lambda value: type(value) is float and not isinf(value)
    return lambda value: type(value) is float and isfinite(value)


def _is_usual_array(told: FieldTold, shape: tuple[int, ...]) -> Callable[[Any], bool]:
    dtype, is_real, may_be_nan = told.dtype, told.kind is float, told.quantity.may_be_nan
    return lambda value: (type(value) is np.ndarray and value.dtype == dtype and value.shape == shape
                          and (not is_real or _is_finite(value) or (may_be_nan and not np.isinf(value).any())))


def _is_finite(value: Any) -> bool:
    """Of a few values the sum of squares takes less time than a look at each, and is finite only if all are; of many
    it would be summed by several threads, which wait for each other where cores are taken."""
    return isfinite(np.vdot(value, value)) if value.size <= FEW else bool(np.isfinite(value).all())


def fault(value: Any, told: FieldTold, shape: tuple[int, ...]) -> str:
    """What is wrong with the value of a field whose axes have these sizes; empty if nothing is."""
    if told.is_tuple:
        return _fault_of_tuple(value, told, shape)
    return _fault_of_array(value, told, shape) if told.quantity.dims else _fault_of_number(value, told)


def _fault_of_tuple(value: Any, told: FieldTold, shape: tuple[int, ...]) -> str:
    if not isinstance(value, tuple) or len(value) != shape[0]:
        came = f"{len(value)} arrays" if isinstance(value, tuple) else f"a {type(value).__name__}"
        return f"{came} came, allowed is a tuple of {shape[0]} arrays, one for each {told.quantity.dims[0]}"
    faults = (_fault_of_array(item, told, shape[1:]) for item in value)
    return next((f"{told.quantity.dims[0]} {i}: {fault}" for i, fault in enumerate(faults) if fault), "")


def _fault_of_array(value: Any, told: FieldTold, shape: tuple[int, ...]) -> str:
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__} came, allowed is an array of {told.dtype}"
    if value.dtype != told.dtype:
        return f"{value.dtype} came, allowed is {told.dtype}"
    if value.shape != shape and not (told.quantity.may_be_empty and not value.size):
        dims = told.quantity.dims[-len(shape):]
        return f"shape {value.shape} came, allowed is {shape}: {', '.join(dims)}"
    return _fault_of_values(value, may_be_nan=told.quantity.may_be_nan) if told.kind is float else ""


def _fault_of_values(value: np.ndarray[Any, Any], *, may_be_nan: bool) -> str:
    bad = np.isinf(value) if may_be_nan else ~np.isfinite(value)
    if not bad.any():
        return ""
    places = [tuple(place) for place in np.argwhere(bad)[:_WHOLE].tolist()]
    allowed = "finite numbers and NaN" if may_be_nan else "finite numbers"
    first = ", ".join(f"{value[place]} at {list(place)}" for place in places)
    return f"{int(bad.sum())} of {value.size} values ({first}) are not finite, allowed are {allowed}"


def _fault_of_number(value: Any, told: FieldTold) -> str:
    may_be_nan = told.quantity.may_be_nan
    if not isinstance(value, _SCALARS[told.kind]) or (isinstance(value, bool) and told.kind is not bool):
        return f"a {type(value).__name__} came, allowed is {told.kind.__name__}"
    if told.kind is float and not _is_lawful(value, may_be_nan):
        return f"{value} came, allowed is a finite number{' or NaN' if may_be_nan else ''}"
    return ""


def _is_lawful(value: Any, may_be_nan: bool) -> bool:
    return isfinite(value) or (may_be_nan and isnan(value))
