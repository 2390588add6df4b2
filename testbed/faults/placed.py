"""A fault in its place and time, and what it does at the border of one simulator."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.records.arrays import Bools, Ints

Value = float | str
Words = dict[str, dict[str, Any]]
"""{entity: {datum: value}}: what a simulator hears, or says, in one step."""
SYSTEM = "system"
"""The entity of the whole system; others are districts."""


@dataclass(frozen=True)
class Placed:
    """One item of the scenario's faults with its place looked up."""

    kind: str
    from_s: int
    """Of counted time; the first step of it."""
    until_s: int
    """The first step after it."""
    step_s: int
    seed: int
    """Of the run."""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """All that the kind has, with their values."""
    district: str = ""
    """Empty: the whole system."""
    is_meant: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """[B] buses of the district that are meant."""
    bus_zone: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    zone: int = -1
    unit: int = -1
    generation_buses: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Rows of those of whose generators less may be taken than they give."""

    def is_on(self, now_s: int) -> bool:
        """Whether it holds in the step that begins now."""
        return self.from_s <= now_s < self.until_s

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        return float(self.parameters[name])

    def draws(self, now_s: int) -> np.random.Generator:
        """Random numbers of one step: the same wherever they are drawn, whatever other faults there are."""
        return np.random.default_rng([self.seed, zlib.crc32(f"{self.kind} {self.district}".encode()), self.from_s,
                                      now_s])


class Injection:
    """One fault at one simulator. It is asked in every step, so that it knows what was before the fault."""

    def __init__(self, fault: Placed) -> None:
        self.fault = fault

    def hear(self, now_s: int, heard: Words) -> Words:
        """What reaches the simulator, of what was sent."""
        return heard

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """What leaves it, of what it said having heard that."""
        return said


def changed(words: Words, entity: str, **data: Any) -> Words:
    """The same with other data of one entity."""
    return {**words, entity: {**words[entity], **data}}
