"""What the upper layer minimises: the list of its terms, each with its weight.

The fields of `Objective` are that list: the scenario's keys `weight_NAME` are made from it, and every plan, account,
check and report of a sum of the terms goes through `weighted`, which asks for each of them by name. A further term
needs a line here, its equation with its account (`controllers/temporal/unit_commitment/objective.py`), and its figure
of what happened (`testbed/metrics/published`); nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

BESIDE = "beside"
"""Name of an amount in a sum of terms that is no term and has no weight, as missing reserve at its own price."""


class ObjectiveError(ValueError):
    """A weight that cannot be one, or amounts that are not those of the objective's terms."""


def term(what: str, weight: float = 1.0) -> float:
    """A field of `Objective`: what the term counts, in words for the scenario's schema, and its usual weight."""
    made: float = field(default=weight, metadata={"what": what})
    return made


@dataclass(frozen=True)
class Objective:
    """Weights of the terms, without unit, not below 0."""

    operating: float = term("fuel and start-ups")
    """w1 of F1."""
    owners: float = term("what the owners pay: tariff and wear")
    """w2 of F2: what they pay for energy less what they earn, and wear."""
    curtailment: float = term("the curtailment penalty")
    """w3 of F3: wind and sun not used, at their penalty."""
    carbon: float = term("the carbon cost")
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
