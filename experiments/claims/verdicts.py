"""One claim, what is measured of it, and under which switches it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Holds = Literal["yes", "no", "partly", "not measured here"]


@dataclass(frozen=True)
class Verdict:
    """A line of the answer; texts are made of measured numbers."""

    claim: str
    measured: str
    holds: Holds
    switches: str
