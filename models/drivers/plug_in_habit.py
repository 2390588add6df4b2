"""Whether a driver plugs in at home: by what the battery holds on arrival, and by habit.

Each driver has a state of charge at which plugging in and not are equally likely. From stay to stay it scatters: the
chance of plugging in is a logistic curve in the state of charge around it. A driver is the same in all stays, and
both draws are made beforehand; only the charge that meets them depends on who controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, RecordError

ALWAYS_SOC, NEVER_SOC = float("inf"), float("-inf")
"""Limits of a stay that is plugged in whatever the battery holds, and of one that never is."""
EMPTY_SOC = 0.02
"""A driver who comes home with no more than this above the least charge always plugs in (A)."""
SMALLEST_CHANCE = 1e-12


@dataclass(frozen=True)
class PlugInHabit:
    """Habits of a fleet's drivers; fitted to data/home (tag C), see experiments/drivers/home_drivers.py."""

    mean_soc: float = 0.585
    """Mean over drivers of the state of charge at which one plugs in half of the time."""
    spread_soc: float = 0.19
    """Its standard deviation between drivers."""
    scatter_soc: float = 0.07
    """Scale of the logistic curve of one driver; 0: plugs in exactly below that state of charge."""

    def __post_init__(self) -> None:
        problems = [f"{name}={getattr(self, name):g} is outside {low:g}..{high:g}"
                    for name, low, high in (("mean_soc", -1, 2), ("spread_soc", 0, 1), ("scatter_soc", 0, 1))
                    if not low <= getattr(self, name) <= high]
        if problems:
            raise RecordError("habit: " + "; ".join(problems))

    def own_soc(self, normal: Floats) -> Floats:
        """[V] of each driver, from standard normal numbers [V]."""
        return np.asarray(self.mean_soc + self.spread_soc * normal, dtype=np.float64)

    def stay_limits(self, own_soc: Floats, u: Floats, soc_min: Floats) -> Floats:
        """[V, K] highest state of charge with which each stay is plugged in, from uniform numbers [V, K].

        own_soc, soc_min [V]. The chance that the limit is above s is 1 / (1 + exp((s - own) / scatter)).
        """
        chance = np.clip(u, SMALLEST_CHANCE, 1.0 - SMALLEST_CHANCE)
        limit = own_soc[:, None] + self.scatter_soc * np.log((1.0 - chance) / chance)
        return np.maximum(limit, soc_min[:, None] + EMPTY_SOC)

    def initial_soc(self, own_soc: Floats, wanted: Floats, soc_min: Floats, u: Floats) -> Floats:
        """[V] charge at a random instant, from uniform numbers [V]: between where one plugs in and a full charge.

        Near the steady state, driver by driver (C); the warm-up days do the rest.
        """
        lowest = np.clip(own_soc, soc_min, wanted)
        return np.asarray(lowest + (wanted - lowest) * u)
