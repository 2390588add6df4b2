"""Thermal generating units."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.records.arrays import Bools, Floats, Ints, above, refuse

# of thermal units; inf = none: change of power from hour to hour while on, power in the first and in the last hour on
OPTIONAL_LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")


@dataclass(frozen=True)
class ThermalUnits:
    """Thermal generating units, arrays [U]. Cost a + b P + c P^2 [$/h] with P in MW."""

    names: tuple[str, ...]
    p_max_mw: Floats
    p_min_mw: Floats
    cost_a_usd_per_h: Floats
    cost_b_usd_per_mwh: Floats
    cost_c_usd_per_mw2h: Floats
    min_up_h: Ints
    min_down_h: Ints
    start_hot_usd: Floats
    start_cold_usd: Floats
    cold_start_h: Ints
    initial_h: Ints
    """Hours on (positive) or off (negative) at the start of counted time; never 0."""
    emission_alpha_t_per_h: Floats
    emission_beta_t_per_mwh: Floats
    emission_gamma_t_per_mw2h: Floats
    ramp_up_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    ramp_down_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_startup_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_shutdown_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))

    def __post_init__(self) -> None:
        problems = above(self.names, self.p_min_mw, self.p_max_mw, "p_min_mw", "p_max_mw")
        for name in OPTIONAL_LIMITS:
            limit, is_ramp = np.broadcast_to(getattr(self, name), self.count).copy(), name.startswith("ramp")
            object.__setattr__(self, name, limit)
            problems += above(self.names, self.p_min_mw * (not is_ramp), limit, "0" if is_ramp else "p_min_mw", name)
        problems += above(self.names, self.start_hot_usd, self.start_cold_usd, "start_hot_usd", "start_cold_usd")
        problems += [f"{self.names[i]}: initial_h=0, must be hours on (+) or off (-)"
                     for i in np.flatnonzero(self.initial_h == 0)]
        problems += above(self.names, np.zeros(self.count), self.p_min_mw, "0", "p_min_mw")
        refuse(problems, "thermal units")

    @property
    def count(self) -> int:
        return len(self.names)

    def fuel_cost_usd_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True quadratic cost of each unit, same shape as p_mw [..., U]; 0 when off."""
        cost = self.cost_a_usd_per_h + self.cost_b_usd_per_mwh * p_mw + self.cost_c_usd_per_mw2h * p_mw**2
        return np.asarray(cost * is_on, dtype=np.float64)

    def emissions_t_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True emissions of each unit, same shape as p_mw [..., U]; 0 when off."""
        tons = (self.emission_alpha_t_per_h + self.emission_beta_t_per_mwh * p_mw
                + self.emission_gamma_t_per_mw2h * p_mw**2)
        return np.asarray(tons * is_on, dtype=np.float64)
