"""NMC622 car cell: Smith, Gasper, Colclasure et al., J. Electrochem. Soc. 168 (2021) 100530 (S).

Equations and numbers as published and as used by BLAST-Lite 1.1.1 (NREL, BSD-3): its break-in terms are 0
there and here. BLAST-Lite steps the square-root laws by their derivative and caps a step that "explodes" on
an almost new cell; here the closed form needs no cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import DAY_S, ROOM_KELVIN
from models.wear.counting import CountingModel
from models.wear.tested_range import TestedRange

GAS_CONSTANT = 8.3144


def arrhenius(kelvin: Floats, energy_j_per_mol: float) -> Floats:
    """exp(-Ea/R (1/T - 1/298.15))."""
    return np.asarray(np.exp(-(energy_j_per_mol / GAS_CONSTANT) * (1.0 / kelvin - 1.0 / ROOM_KELVIN)))


@dataclass(frozen=True)
class BlastNmc622(CountingModel):
    """loss = b_t sqrt(days) + .985 b_t b_N sqrt(EFC), at the SOC, temperature, depth and C-rate of each cycle.

    b_t = A(37000) (-1.97e-4 + .0101 s - .0157 s^2 + .00835 s^3 - 4.06e-6 s T + 3.32e-5 max(0, T - 328.15)),
    b_N = max(0, 3.24 A(-58000) sqrt(DOD C) (1 + 2.1 s) - .099) + 1.44 A(-13000) DOD^6; s the mean SOC.
    Storage is fastest near half full and a little slower above: the rule that a lower SOC never ages
    faster does NOT hold for this cell.
    """

    name: ClassVar[str] = "blast_nmc622"
    cell: ClassVar[str] = "DENSO 50 Ah, NMC622/graphite"
    year: ClassVar[int] = 2021
    source: ClassVar[str] = "Smith et al. 2021, doi:10.1149/1945-7111/ac2ebd, as in BLAST-Lite 1.1.1 (S)"
    tested: ClassVar[TestedRange] = TestedRange(
        soc=(0.0, 1.0), depth=(0.1, 1.0), c_rate=(0.0, 1.0), celsius=(10.0, 60.0),
        note="shallow cycles tested, all at 50 % mean SOC; storage at 10 to 100 % SOC")

    def calendar_rate(self, soc: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        return (self._b_t(soc, kelvin)**2 / DAY_S,)

    def cycle_damage(self, depth: Floats, mean_soc: Floats, c_rate: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        stress = np.sqrt(depth * c_rate)
        b_n = (np.maximum(3.24 * arrhenius(kelvin, -58000.0) * stress * (1.0 + 2.1 * mean_soc) - 0.099, 0.0)
               + 1.44 * arrhenius(kelvin, -13000.0) * depth**6)
        return ((0.985 * self._b_t(mean_soc, kelvin) * b_n)**2 * depth,)

    def losses(self, calendar_sum: Floats, cycle_sum: Floats) -> tuple[Floats, Floats]:
        return np.sqrt(calendar_sum), np.sqrt(cycle_sum)

    @staticmethod
    def _b_t(soc: Floats, kelvin: Floats) -> Floats:
        """Per square root of a day; the fit is negative below about 2 % SOC, where it is set to 0."""
        fit = (-1.97e-4 + soc * (0.0101 - 4.06e-6 * kelvin + soc * (-0.0157 + 0.00835 * soc))
               + 3.32e-5 * np.maximum(kelvin - 328.15, 0.0))
        return arrhenius(kelvin, 37000.0) * np.maximum(fit, 0.0)


WEAR_MODEL = BlastNmc622()
