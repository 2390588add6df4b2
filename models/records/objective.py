"""What the upper layer minimises: the list of its terms, each with its weight.

The fields of `Objective` are that list. Whoever plans, accounts or reports a sum of the terms goes through `weighted`,
which asks for each of them by name. A term has an equation and an account
(`controllers/temporal/unit_commitment/objective.py`), and a figure of what happened (`testbed/metrics/published`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

BESIDE = "beside"
"""Name of an amount in a sum of terms that is no term and has no weight, as missing reserve at its own price."""


class ObjectiveError(ValueError):
    """A weight that cannot be one, or amounts that are not those of the objective's terms."""


@dataclass(frozen=True)
class Objective:
    """Weights of the terms, without unit, not below 0."""

    operating: float = 1.0
    """w1 of F1: fuel and start-ups."""
    owners: float = 1.0
    """w2 of F2: what car owners pay for energy less what they earn, and wear."""
    curtailment: float = 1.0
    """w3 of F3: wind and sun not used, at their penalty."""
    carbon: float = 1.0
    """w4 of F4: emissions at their price."""

    def __post_init__(self) -> None:
        wrong = [f"{name}={self.weight(name):g}" for name in self.names if not 0 <= self.weight(name) < math.inf]
        if wrong:
            raise ObjectiveError(f"objective: {', '.join(wrong)}: a weight is a number not below 0")

    @property
    def names(self) -> tuple[str, ...]:
        """The terms in their order: F1, F2, ..."""
        return tuple(field.name for field in fields(self))

    def weight(self, name: str) -> float:
        """Of the term of that name."""
        return float(self.__dict__[name])

    def weighted(self, amounts: Iterable[tuple[str, Any]]) -> Any:
        """Sum of weight x amount over all terms: numbers, arrays or a solver's expressions, one after the other.

        A term may come in parts; `BESIDE` counts as it is. Raises ObjectiveError for a term without an amount, and
        for an amount without a term.
        """
        total, told = 0.0, set[str]()
        for name, amount in amounts:
            told.add(name)
            if name in self.names:
                total = total + self.weight(name) * amount
            elif name == BESIDE:
                total = total + amount
        self._check(told - {BESIDE})
        return total

    def _check(self, told: set[str]) -> None:
        terms = set(self.names)
        wrong = [*(f"no amount of {name}" for name in sorted(terms - told)),
                 *(f"{name} is no term" for name in sorted(told - terms))]
        if wrong:
            raise ObjectiveError(f"objective: {', '.join(wrong)}; terms: {', '.join(self.names)}")
