"""The classes of cars of a district in numbers: how many, which batteries and chargers, what their drivers agree to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np

from models.records.arrays import Floats, RecordError

Span = tuple[float, float]
Strategy = Literal["dispatched", "charge_only", "free"]
"""What the cars of a class agree to: all, charging alone (a one-way charger), or nothing (no contract)."""
SHARES = ("eta_charge", "eta_discharge", "taper_start_soc", "bidirectional_share", "soc_min", "soc_max",
          "soc_floor_v2g", "enrolled_share")


@dataclass(frozen=True)
class GivenCars:
    """Cars that a user describes one by one, arrays [R]; NaN where a number is drawn as the class's are."""

    capacity_kwh: Floats
    charger_kw: Floats
    bidirectional: Floats
    """1, 0 or NaN."""
    soc_wanted: Floats
    soc_initial: Floats
    consumption_kwh_per_km: Floats
    age_years: Floats

    @property
    def count(self) -> int:
        return int(self.capacity_kwh.size)

    def of(self, name: str, drawn: Floats) -> Floats:
        """[N] given values in place of drawn ones; the N-th car is row N, after the last row the first again."""
        given = getattr(self, name)[np.arange(drawn.size) % max(self.count, 1)]
        return np.where(np.isnan(given), drawn, given)


@dataclass(frozen=True)
class ClassParameters:
    """One class of a district's cars; spans are uniform. Which number comes from where: docs/model.md 8.6."""

    name: str
    count: int
    capacity_kwh: Span
    charger_kw: Span
    """At the bus."""
    eta_charge: float
    eta_discharge: float
    taper_start_soc: float
    bidirectional_share: float
    consumption_kwh_per_km: Span
    soc_min: float
    soc_max: float
    soc_floor_v2g: float
    soc_wanted: Span
    soc_initial: Span
    age_years: Span
    enrolled_share: float
    strategy: Strategy = "dispatched"
    given: GivenCars | None = None

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise RecordError(f"class {self.name}: " + "; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if self.count < 0:
            yield f"count={self.count} is negative"
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, (tuple, list)) and not 0 <= value[0] <= value[1]:
                yield f"{item.name}={value} is not an increasing span of numbers >= 0"
        yield from (f"{name}={getattr(self, name):g} is outside 0..1" for name in SHARES
                    if not 0 <= getattr(self, name) <= 1)
        if self.strategy not in get_args(Strategy):
            yield f"strategy={self.strategy} is none of {', '.join(get_args(Strategy))}"
