"""From the blocks of a scenario to the records that act: a key becomes the field of its name, in one step."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from testbed.scenario.parts.base import Part

R = TypeVar("R")


def from_blocks(kind: type[R], *blocks: Part, **given: Any) -> R:
    """A record of this kind: its fields from the keys of the blocks that have the same names.

    `given` are fields that are no keys, or that are made of several; they win. A block within a block becomes a dict.
    What neither gives stays at the record's default. TypeError where two blocks hold a key of one name.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    taken: dict[str, Any] = {}
    for block in blocks:
        for name in type(block).model_fields.keys() & (known - given.keys()):
            if name in taken:
                raise TypeError(f"{kind.__name__}: two blocks have a key {name}")
            value = getattr(block, name)
            taken[name] = value.model_dump() if isinstance(value, Part) else value
    return kind(**taken, **given)
