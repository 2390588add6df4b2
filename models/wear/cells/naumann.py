"""LFP: Naumann et al., J. Energy Storage 17 (2018) 153-169 and J. Power Sources 451 (2020) 227666 (S)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import ROOM_KELVIN
from models.wear.counting import CountingModel
from models.wear.tested_range import TestedRange

GAS_CONSTANT = 8.3144598


@dataclass(frozen=True)
class Naumann(CountingModel):
    """loss = k_T k_SOC sqrt(t [s]) + k_C k_DOC sqrt(FEC) / 100.

    k_T = 1.2571e-5 exp(-17126/R (1/T - 1/298.15)), k_SOC = 2.8575 (SOC - .5)^3 + .60225;
    k_C = .0630 C + .0971, k_DOC = 4.0253 (DOC - .6)^3 + 1.0923. Resistance growth: storage linear in time
    (3.4194e-10 / s, 71827 J/mol, -3.3903 (SOC - .5)^2 + 1.5604), cycles linear in FEC, in per cent
    (-.0020 C + .0021)(6.8477 (DOC - .5)^3 + .91882).
    """

    name: ClassVar[str] = "naumann"
    cell: ClassVar[str] = "Sony/Murata US26650FTC1 3 Ah, LFP/graphite"
    year: ClassVar[int] = 2020
    source: ClassVar[str] = ("Naumann et al. 2018 and 2020, doi:10.1016/j.est.2018.01.019, "
                             "doi:10.1016/j.jpowsour.2019.227666 (S)")
    has_resistance: ClassVar[bool] = True
    tested: ClassVar[TestedRange] = TestedRange(
        soc=(0.0, 1.0), depth=(0.05, 1.0), c_rate=(0.2, 2.0), celsius=(0.0, 60.0),
        note="cycles at 40 C and most at 1C; storage at 0 to 60 C")

    def calendar_rate(self, soc: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        offset = soc - 0.5
        inverse = (1.0 / kelvin - 1.0 / ROOM_KELVIN) / GAS_CONSTANT
        k = 1.2571e-5 * np.exp(-17126.0 * inverse) * (2.8575 * offset * offset * offset + 0.60225)
        growth = 3.4194e-10 * np.exp(-71827.0 * inverse) * (-3.3903 * offset * offset + 1.5604)
        return k * k, growth

    def cycle_damage(self, depth: Floats, mean_soc: Floats, c_rate: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        k = (0.0630 * c_rate + 0.0971) * (4.0253 * (depth - 0.6)**3 + 1.0923) / 100.0
        growth = (-0.0020 * c_rate + 0.0021) * (6.8477 * (depth - 0.5)**3 + 0.91882) / 100.0
        # Above 1.05 C and at the shallowest depths the fit gives less than nothing.
        return k * k * depth, np.maximum(growth, 0.0) * depth

    def losses(self, calendar_sum: Floats, cycle_sum: Floats) -> tuple[Floats, Floats]:
        return np.sqrt(calendar_sum), np.sqrt(cycle_sum)


WEAR_MODEL = Naumann()
