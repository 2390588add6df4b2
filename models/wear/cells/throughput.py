"""Wear in proportion to the energy drawn out of the battery (docs/model.md 7.2; numbers A)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import (
    BATTERY_CNY_PER_KWH,
    CNY_PER_USD,
    END_OF_LIFE_LOSS,
    REFERENCE_LIFE,
    ROOM_KELVIN,
    SECONDS_PER_YEAR,
    Kelvin,
    LifeUse,
    WearState,
)
from models.wear.tested_range import refuse_impossible


@dataclass(frozen=True)
class Throughput:
    """omega = C_bat / (L_cyc DOD): 900 CNY/kWh, 3,000 cycles of depth 0.8: 0.375 CNY/kWh = 53.6 $/MWh."""

    battery_usd_per_kwh: float = BATTERY_CNY_PER_KWH / CNY_PER_USD
    cycle_life: float = 3000.0
    depth: float = 0.8
    name: str = "throughput"
    cell: str = "generic"
    year: int = 2023
    source: str = "docs/model.md 7.2 (A)"
    tested: None = None
    tested_range: str = "none: a price per kWh, the same at every SOC, depth, power and temperature"

    @property
    def usd_per_kwh(self) -> float:
        """omega, cost of one kWh drawn out of the battery."""
        return self.battery_usd_per_kwh / (self.cycle_life * self.depth)

    def initial_state(self, capacity_kwh: Floats, age_years: Floats, driven_kwh_per_day: Floats,
                      use: LifeUse = REFERENCE_LIFE) -> WearState:
        """State after age_years of driving alone, arrays [V]."""
        drawn_kwh = driven_kwh_per_day * 365.25 * age_years
        return WearState(age_years * SECONDS_PER_YEAR, drawn_kwh, np.zeros_like(drawn_kwh),
                         self._loss(drawn_kwh, capacity_kwh))

    def advance(self, state: WearState, capacity_kwh: Floats, soc: Floats, step_s: float,
                kelvin: Kelvin = ROOM_KELVIN) -> WearState:
        """State after the SOC trace soc [V, n] with n - 1 steps of step_s seconds."""
        refuse_impossible(soc, kelvin)
        drawn_kwh = np.maximum(-np.diff(soc, axis=1), 0.0).sum(axis=1) * capacity_kwh
        return replace(state, age_s=state.age_s + step_s * (soc.shape[1] - 1),
                       drawn_kwh=state.drawn_kwh + drawn_kwh,
                       cycle_loss=state.cycle_loss + self._loss(drawn_kwh, capacity_kwh))

    def life_average_usd_per_kwh(self, capacity_kwh: Floats, use: LifeUse = REFERENCE_LIFE,
                                 driven_kwh_per_day: Floats | None = None) -> Floats:
        """omega for every vehicle [V] at the battery price of `use`; linear wear has one price over its life."""
        return np.full(capacity_kwh.shape, use.battery_usd_per_kwh / (self.cycle_life * self.depth))

    def _loss(self, drawn_kwh: Floats, capacity_kwh: Floats) -> Floats:
        cycles = drawn_kwh / (self.depth * capacity_kwh)
        return np.asarray(END_OF_LIFE_LOSS * cycles / self.cycle_life, dtype=np.float64)


WEAR_MODEL = Throughput()
