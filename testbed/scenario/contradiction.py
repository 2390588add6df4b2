"""Keys of a scenario that cannot stand together."""

from __future__ import annotations

from typing import NamedTuple


class Contradiction(NamedTuple):
    """Where, with which value, and the rule that is broken."""

    path: tuple[str | int, ...]
    value: object
    rule: str
