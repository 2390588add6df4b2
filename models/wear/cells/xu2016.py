"""Rainflow model: Xu, Oudalov, Ulbig, Andersson, Kirschen, IEEE Trans. Smart Grid 9 (2018) 1131, online 2016 (S)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import ROOM_KELVIN
from models.wear.counting import CountingModel
from models.wear.tested_range import TestedRange

SMALLEST_DEPTH = 1e-9


@dataclass(frozen=True)
class Xu2016(CountingModel):
    """loss = 1 - .0575 exp(-121 f) - .9425 exp(-f), f = sum n S_d S_s S_T + S_t S_s S_T.

    S_d = 1/(1.40e5 DOD^-.501 - 1.23e5), S_s = exp(1.04 (SOC - .5)), S_T = exp(.0693 (T - Tref) Tref/T),
    S_t = 4.14e-10 t [s]. The loss is one function of f; its shares are split as the parts of f, so the
    calendar share alone may fall when much cycling comes in; the whole never does.
    """

    name: ClassVar[str] = "xu2016"
    cell: ClassVar[str] = "LMO cells, as fitted in the paper (K)"
    year: ClassVar[int] = 2016
    source: ClassVar[str] = "Xu et al. 2016, doi:10.1109/TSG.2016.2578950 (S)"
    tested: ClassVar[TestedRange] = TestedRange(
        soc=(0.0, 1.0), depth=(0.1, 1.0), c_rate=(0.0, 1.0), celsius=(15.0, 55.0),
        note="no term for the C-rate; depth and temperature as in the fits of the paper")

    def calendar_rate(self, soc: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        return (4.14e-10 * self._stress(soc, kelvin),)

    def cycle_damage(self, depth: Floats, mean_soc: Floats, c_rate: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        s_d = 1.0 / (1.40e5 * np.maximum(depth, SMALLEST_DEPTH)**-0.501 - 1.23e5)
        return (s_d * self._stress(mean_soc, kelvin),)

    def losses(self, calendar_sum: Floats, cycle_sum: Floats) -> tuple[Floats, Floats]:
        f = calendar_sum + cycle_sum
        loss = 1.0 - 0.0575 * np.exp(-121.0 * f) - 0.9425 * np.exp(-f)
        calendar_share = np.divide(calendar_sum, f, out=np.ones_like(f), where=f > 0)
        return loss * calendar_share, loss * (1.0 - calendar_share)

    @staticmethod
    def _stress(soc: Floats, kelvin: Floats) -> Floats:
        """S_s S_T."""
        return np.asarray(np.exp(1.04 * (soc - 0.5) + 0.0693 * (kelvin - ROOM_KELVIN) * (ROOM_KELVIN / kelvin)))


WEAR_MODEL = Xu2016()
