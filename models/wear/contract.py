"""What every wear model offers: one file = one model, named by cell and year.

A model turns an SOC trace into a loss of capacity (a fraction, never per cent), incrementally: the state
after a trace is the state before the next one. For one SOC trace the loss must not depend on the step.
The dispatch uses the life-average marginal cost, never the derivative at the present state: on a new
battery that derivative is ten times the average (MODEL section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.records import Floats, Table

BATTERY_CNY_PER_KWH = 900.0
"""Price of a battery per kWh of capacity (A)."""
CNY_PER_USD = 7.0
"""(A)"""
END_OF_LIFE_LOSS = 0.2
"""Loss of capacity at which a battery is written off (K)."""


@dataclass(frozen=True)
class WearState(Table):
    """State of health of every battery, arrays [V]."""

    age_s: Floats
    drawn_kwh: Floats
    """Energy drawn out of the battery until now."""
    calendar_loss: Floats
    """Fractions of the capacity; the whole loss is their sum."""
    cycle_loss: Floats

    @property
    def loss(self) -> Floats:
        """Whole loss of capacity [V], a fraction."""
        return self.calendar_loss + self.cycle_loss


class WearModel(Protocol):
    """A wear model; loss never falls, and is independent of the step for one SOC trace."""

    @property
    def name(self) -> str: ...

    @property
    def cell(self) -> str: ...

    @property
    def year(self) -> int: ...

    @property
    def source(self) -> str: ...

    @property
    def tested_range(self) -> str: ...

    def initial_state(self, capacity_kwh: Floats, age_years: Floats, driven_kwh_per_day: Floats) -> WearState:
        """State that age and driving alone have given, arrays [V]."""
        ...

    def advance(self, state: WearState, capacity_kwh: Floats, soc: Floats, step_s: float) -> WearState:
        """State after the SOC trace soc [V, n], n - 1 steps of step_s seconds, linear in between."""
        ...

    def life_average_usd_per_kwh(self, capacity_kwh: Floats) -> Floats:
        """Cost [V] of one more kWh drawn out of the battery, averaged over the battery's life."""
        ...


def loss_cost_usd(loss: Floats, capacity_kwh: Floats,
                  battery_usd_per_kwh: float = BATTERY_CNY_PER_KWH / CNY_PER_USD) -> Floats:
    """Money [V] of a loss of capacity [V] (fraction): the battery's price spread over its usable loss."""
    return np.asarray(loss / END_OF_LIFE_LOSS * battery_usd_per_kwh * capacity_kwh, dtype=np.float64)
