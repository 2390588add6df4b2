"""What simulators of others tell one of ours in a step: numbers under words, which become arrays again here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.records.arrays import Floats

TOLD = "told"
"""Under which a simulator of ours finds what others told it, and the first word of such an attribute."""
SEPARATOR = "/"
ACTUAL, SETPOINT, BASE = "actual", "setpoint", "base"
CASES = (ACTUAL, SETPOINT, BASE)
"""Of a power flow: what happened, what was instructed, and without cars."""
Told = Mapping[str, float]


def told_as(*words: str | int) -> str:
    """The attribute of ours under which a number comes."""
    return SEPARATOR.join((TOLD, *map(str, words)))


def is_told(attribute: str) -> bool:
    """Whether it comes from a simulator of others."""
    return attribute.startswith(TOLD + SEPARATOR)


def told_in(values: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """{attribute: number} of what came from others, each from one source."""
    return {name: float(next(iter(sources.values()))) for name, sources in values.items() if is_told(name)}


def along(told: Told, count: int, *words: str) -> Floats:
    """[count] numbers by place; 0 where there is none."""
    return np.array([told.get(told_as(*words, place), 0.0) for place in range(count)])


def below(told: Told, *words: str) -> dict[str, float]:
    """What was told under these words, by the last word."""
    start = told_as(*words) + SEPARATOR
    return {name.removeprefix(start): value for name, value in told.items() if name.startswith(start)}
