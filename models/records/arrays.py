"""Types of arrays, the error of records, and what records of arrays have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
SECONDS_PER_HOUR = 3600


class RecordError(ValueError):
    """A record that contradicts itself; the message says which, what and against what."""


class Table:
    """Base of records that are nothing but named arrays, so that they can be packed for the wire."""

    def to_arrays(self) -> dict[str, Any]:
        """The fields by name, as they are (no copy)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """The record again from what `to_arrays` gave."""
        return cls(**arrays)

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """The record with the same values in another form, such as read-only views; they are not checked again."""
        same = object.__new__(type(self))
        vars(same).update(values)
        return same


def refuse(problems: list[str], record: str) -> None:
    if problems:
        raise RecordError(f"{record}: " + "; ".join(problems))


def above(names: tuple[str, ...] | list[str], low: Floats, high: Floats, low_name: str, high_name: str) -> list[str]:
    return [f"{names[i]}: {low_name}={low[i]:g} is above {high_name}={high[i]:g}" for i in np.flatnonzero(low > high)]
