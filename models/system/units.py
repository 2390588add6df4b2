"""The ten-unit system of Kazarlis, Bakirtzis and Petridis: units, emissions, daily load (docs/model.md 8.1, S)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from models.data_tables import read_columns
from models.records.arrays import Floats, Ints
from models.records.thermal_units import OPTIONAL_LIMITS, ThermalUnits, hot_and_cold

EmissionSet = Literal["linear", "quadratic"]
RampSet = Literal["none", "ten_unit"]


def ten_units(emissions: EmissionSet = "linear", unit_copies: int = 1, unit_scale: float = 1.0,
              ramps: RampSet = "none") -> ThermalUnits:
    """The ten units, each `unit_copies` times, every unit `unit_scale` times its size.

    Scaling keeps cost and tons per MWh at equal loading: a and start-up costs grow with `unit_scale`, b stays,
    c falls. Emission sets: `linear` (A) constant t/MWh by fuel; `quadratic` (K) alpha + beta P + gamma P^2.
    Ramps: `none`, or `ten_unit` (A), ramps, start-up and shut-down limits of ten_unit_ramps.csv.
    Raises ValueError for an unknown emission or ramp set, unit_copies < 1 or unit_scale <= 0.
    """
    if emissions not in ("linear", "quadratic"):
        raise ValueError(f"emissions={emissions!r} is unknown, allowed: linear, quadratic")
    if ramps not in ("none", "ten_unit"):
        raise ValueError(f"ramps={ramps!r} is unknown, allowed: none, ten_unit")
    if unit_copies < 1 or unit_scale <= 0:
        raise ValueError(f"unit_copies={unit_copies} must be >= 1 and unit_scale={unit_scale} > 0")
    table = read_columns("ten_units.csv")

    def floats(name: str, power: int = 0) -> Floats:
        return np.tile(np.array(table[name], dtype=np.float64), unit_copies) * unit_scale**power

    def hours(name: str) -> Ints:
        return np.tile(np.array(table[name], dtype=np.int64), unit_copies)

    limits: dict[str, Any] = {
        name: np.tile(np.array(values, dtype=np.float64), unit_copies) * unit_scale
        for name, values in read_columns("ten_unit_ramps.csv").items() if name in OPTIONAL_LIMITS}
    linear = emissions == "linear"
    slope = floats("linear_t_per_mwh" if linear else "quadratic_beta_t_per_mwh")
    names = table["unit"]
    if unit_copies > 1:
        names = [f"{name}.{k + 1}" for k in range(unit_copies) for name in table["unit"]]
    return ThermalUnits(
        names=tuple(names),
        p_max_mw=floats("p_max_mw", 1),
        p_min_mw=floats("p_min_mw", 1),
        cost_a_usd_per_h=floats("cost_a_usd_per_h", 1),
        cost_b_usd_per_mwh=floats("cost_b_usd_per_mwh"),
        cost_c_usd_per_mw2h=floats("cost_c_usd_per_mw2h", -1),
        min_up_h=hours("min_up_h"),
        min_down_h=hours("min_down_h"),
        initial_h=hours("initial_h"),
        emission_alpha_t_per_h=np.zeros(slope.size) if linear else floats("quadratic_alpha_t_per_h", 1),
        emission_beta_t_per_mwh=slope,
        emission_gamma_t_per_mw2h=np.zeros(slope.size) if linear else floats("quadratic_gamma_t_per_mw2h", -1),
        **hot_and_cold(hours("min_down_h"), floats("start_hot_usd", 1), floats("start_cold_usd", 1),
                       hours("cold_start_h")),
        **(limits if ramps == "ten_unit" else {}),
    )


def ten_unit_load_mw() -> Floats:
    """[24] system load of the ten-unit day in MW, hours 1 to 24 (S)."""
    return np.array(read_columns("ten_unit_load.csv")["load_mw"], dtype=np.float64)
