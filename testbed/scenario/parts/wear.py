"""Battery wear in a scenario."""

from __future__ import annotations

from typing import Annotated

from models.wear import wear_model_names
from testbed.scenario.parts.base import Between, OneOf, Part


class Wear(Part):
    """What a kWh drawn out of a battery costs its owner; see docs/wear.md."""

    model: Annotated[str, OneOf(wear_model_names)] = "throughput"
    """`throughput`: the constant objective.wear_usd_per_mwh; any other: that model's life average by class of car."""
    battery_cny_per_kwh: Annotated[float, Between(1, 100_000)] = 900.0
    """Price of a new battery per kWh of capacity."""
    end_of_life_loss: Annotated[float, Between(0.001, 0.5)] = 0.2
    """Loss of capacity, as a share, at which a battery is written off."""
    v2g_kwh_per_day: Annotated[float, Between(0.01, 2000)] = 20.0
    """Energy given to the grid on each day of the life over which the price is averaged."""
    years_max: Annotated[float, Between(1, 40)] = 15.0
    """A battery that lasts longer goes with its car."""
    celsius: Annotated[float, Between(-20, 60)] = 25.0
    """Temperature of the cells."""
