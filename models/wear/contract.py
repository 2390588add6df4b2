"""What every wear model offers: one file of `models/wear/cells/` = one model, named by cell and year.

A model turns an SOC trace into a loss of capacity (a fraction, never per cent), incrementally: the state
after a trace is the state before the next one. For one SOC trace the loss must not depend on the step.
The dispatch uses the life-average marginal cost, never the derivative at the present state: on a new
battery that derivative is ten times the average (docs/model.md 7.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from models.records.arrays import Floats, RecordError, Table
from models.wear.rainflow_stream import RainflowState
from models.wear.tested_range import TestedRange

BATTERY_CNY_PER_KWH = 900.0
"""Price of a battery per kWh of capacity (A)."""
CNY_PER_USD = 7.0
"""(A)"""
BATTERY_USD_PER_KWH = BATTERY_CNY_PER_KWH / CNY_PER_USD
END_OF_LIFE_LOSS = 0.2
"""Loss of capacity at which a battery is written off (K)."""
KELVIN_0C = 273.15
ROOM_KELVIN = 298.15
SECONDS_PER_YEAR = 365.25 * 86400.0
DAY_S = 86400.0
Kelvin = float | Floats
"""Cell temperature: a number, a profile [n] at the trace's points, or [V, n]."""


@dataclass(frozen=True)
class WearState(Table):
    """State of health of every battery, arrays [V]; nothing in it ever falls but where a comment says so."""

    age_s: Floats
    drawn_kwh: Floats
    """Energy drawn out of the battery until now."""
    calendar_loss: Floats
    """Fractions of the capacity; the whole loss is their sum."""
    cycle_loss: Floats
    resistance_growth: Floats | None = None
    """Growth of the resistance, a fraction of the new one; None where the model has none."""
    calendar_sum: Floats | None = None
    """[K, V] what calendar ageing adds up: row 0 for the loss, row 1 for the resistance."""
    cycle_sum: Floats | None = None
    """[K, V] the same of the cycles that are closed; the open ones stand in `cycles`."""
    cycles: RainflowState | None = None
    """Open cycles; None before the first trace."""

    @property
    def loss(self) -> Floats:
        """Whole loss of capacity [V], a fraction."""
        return self.calendar_loss + self.cycle_loss


@dataclass(frozen=True)
class LifeUse:
    """The life over which the price of wear is averaged, equal days from new to the end of life (A)."""

    driven_kwh_per_day: float = 8.0
    v2g_kwh_per_day: float = 20.0
    """Drawn out of the battery for the grid, once a day."""
    is_one_cycle: bool = True
    """V2G deepens the day's driving cycle, as in the evening before the night's charge; else a cycle of its own."""
    mean_soc: float = 0.6
    kelvin: float = ROOM_KELVIN
    power_kw: float = 7.0
    battery_usd_per_kwh: float = BATTERY_USD_PER_KWH
    end_of_life_loss: float = END_OF_LIFE_LOSS
    years_max: float = 15.0
    """A battery that has not reached its end of life by then goes with the car."""

    def __post_init__(self) -> None:
        for name in ("v2g_kwh_per_day", "kelvin", "power_kw", "end_of_life_loss", "years_max"):
            if not getattr(self, name) > 0:
                raise RecordError(f"life use: {name}={getattr(self, name):g} must be above 0")


REFERENCE_LIFE = LifeUse()


@runtime_checkable
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
    def tested(self) -> TestedRange | None:
        """What the cells behind the model were tested at; None for a model without cells."""
        ...

    @property
    def tested_range(self) -> str: ...

    def initial_state(self, capacity_kwh: Floats, age_years: Floats, driven_kwh_per_day: Floats,
                      use: LifeUse = REFERENCE_LIFE) -> WearState:
        """State that age and driving alone have given, arrays [V]; mean SOC, temperature, power from `use`."""
        ...

    def advance(self, state: WearState, capacity_kwh: Floats, soc: Floats, step_s: float,
                kelvin: Kelvin = ROOM_KELVIN) -> WearState:
        """State after the SOC trace soc [V, n], n - 1 steps of step_s seconds, linear in between."""
        ...

    def life_average_usd_per_kwh(self, capacity_kwh: Floats, use: LifeUse = REFERENCE_LIFE,
                                 driven_kwh_per_day: Floats | None = None) -> Floats:
        """Cost [V] of one more kWh drawn out of the battery, averaged over the battery's life."""
        ...


def loss_cost_usd(loss: Floats, capacity_kwh: Floats, battery_usd_per_kwh: float = BATTERY_USD_PER_KWH,
                  end_of_life_loss: float = END_OF_LIFE_LOSS) -> Floats:
    """Money [V] of a loss of capacity [V] (fraction): the battery's price spread over its usable loss."""
    return np.asarray(loss / end_of_life_loss * battery_usd_per_kwh * capacity_kwh, dtype=np.float64)
