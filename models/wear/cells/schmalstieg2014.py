"""NMC: Schmalstieg, Kaebitz, Ecker, Sauer, J. Power Sources 257 (2014) 325-334 (S)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import DAY_S
from models.wear.counting import CountingModel
from models.wear.tested_range import TestedRange

CELL_AH = 2.15
OCV_SOC = np.array([0, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1.0])
OCV_V = np.array([3.331, 3.420, 3.491, 3.581, 3.627, 3.655, 3.697, 3.775, 3.869, 3.965, 4.073, 4.162])
"""Open-circuit voltage of the cell, read from figure 1 of the paper as stored in BLAST-Lite 1.1.1, to 1 mV."""
_GRID = np.linspace(0.0, 1.0, 2001)
_VOLT = np.interp(_GRID, OCV_SOC, OCV_V)
_VOLT_SQUARED_SUM = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(_GRID) * (_VOLT[1:]**2 + _VOLT[:-1]**2))])
THINNEST = 1e-3


@dataclass(frozen=True)
class Schmalstieg2014(CountingModel):
    """loss = a t^0.75 + b sqrt(Q); t in days, Q in Ah through a 2.15 Ah cell.

    a = (7.543 V - 23.75) 1e6 exp(-6976/T), b = 7.348e-3 (Vq - 3.667)^2 + 7.6e-4 + 4.081e-3 DOD; resistance
    growth = a_r t^0.75 + b_r Q, a_r = (5.270 V - 16.32) 1e5 exp(-5986/T), b_r = 2.153e-4 (Vq - 3.725)^2
    - 1.521e-5 + 2.798e-4 DOD. V open-circuit voltage, Vq its quadratic mean over the cycle.
    """

    name: ClassVar[str] = "schmalstieg2014"
    cell: ClassVar[str] = "Sanyo UR18650E 2.15 Ah, NMC111/graphite"
    year: ClassVar[int] = 2014
    source: ClassVar[str] = "Schmalstieg et al. 2014, doi:10.1016/j.jpowsour.2014.02.012 (S)"
    has_resistance: ClassVar[bool] = True
    tested: ClassVar[TestedRange] = TestedRange(
        soc=(0.0, 1.0), depth=(0.05, 1.0), c_rate=(1.0, 1.0), celsius=(35.0, 50.0),
        note="cycles at 1C and 35 C, storage at 35 to 50 C: slow V2G at room temperature is overstated")

    def calendar_rate(self, soc: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        volt = np.interp(soc, OCV_SOC, OCV_V)
        a = (7.543 * volt - 23.75) * 1e6 * np.exp(-6976.0 / kelvin)
        a_r = (5.270 * volt - 16.32) * 1e5 * np.exp(-5986.0 / kelvin)
        # The power 4/3 as x cbrt(x): numpy's power is ten times slower.
        return a * np.cbrt(a) / DAY_S, a_r * np.cbrt(a_r) / DAY_S

    def cycle_damage(self, depth: Floats, mean_soc: Floats, c_rate: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        volt = quadratic_mean_volt(depth, mean_soc)
        throughput_ah = 2.0 * CELL_AH * depth
        b = 7.348e-3 * (volt - 3.667)**2 + 7.6e-4 + 4.081e-3 * depth
        b_r = np.maximum(2.153e-4 * (volt - 3.725)**2 - 1.521e-5 + 2.798e-4 * depth, 0.0)
        return b**2 * throughput_ah, b_r * throughput_ah

    def losses(self, calendar_sum: Floats, cycle_sum: Floats) -> tuple[Floats, Floats]:
        return calendar_sum**0.75, np.sqrt(cycle_sum)

    def resistance(self, calendar_sum: Floats, cycle_sum: Floats) -> Floats:
        return np.asarray(calendar_sum**0.75 + cycle_sum, dtype=np.float64)


def quadratic_mean_volt(depth: Floats, mean_soc: Floats) -> Floats:
    """Quadratic mean of the open-circuit voltage over cycles [N] run at an even pace."""
    half = 0.5 * np.maximum(depth, THINNEST)
    low, high = np.clip(mean_soc - half, 0.0, 1.0), np.clip(mean_soc + half, 0.0, 1.0)
    squares = np.interp(high, _GRID, _VOLT_SQUARED_SUM) - np.interp(low, _GRID, _VOLT_SQUARED_SUM)
    return np.asarray(np.sqrt(squares / (high - low)), dtype=np.float64)


WEAR_MODEL = Schmalstieg2014()
