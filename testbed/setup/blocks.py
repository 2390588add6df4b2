"""From the blocks of a scenario to what acts: a key becomes the field or argument of its name, in one step."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar

from testbed.scenario.parts.base import Part

R = TypeVar("R")


def from_blocks(make: Callable[..., R], *blocks: Part, **given: Any) -> R:
    """What `make` gives, a record or a function: its arguments from the keys of the blocks that have the same names.

    `given` are arguments that are no keys, or that are made of several; they win. A block within a block becomes a
    dict. What neither gives stays at its default. TypeError where two blocks hold a key of one name.
    """
    known = signature(make).parameters.keys()
    taken: dict[str, Any] = {}
    for block in blocks:
        for name in type(block).model_fields.keys() & (known - given.keys()):
            if name in taken:
                raise TypeError(f"{make.__name__}: two blocks have a key {name}")
            value = getattr(block, name)
            taken[name] = value.model_dump() if isinstance(value, Part) else value
    return make(**taken, **given)
