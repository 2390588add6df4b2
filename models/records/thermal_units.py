"""Thermal generating units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.records.arrays import Bools, Floats, Ints, above, refuse

# of thermal units; inf = none: change of power from hour to hour while on, power in the first and in the last hour on
OPTIONAL_LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")
NEVER_H = 10**6
"""Lag of a start-up category that a unit does not have."""
STEEPER_USD_PER_MWH = 1e-9
"""A slope that rises by less than this does not rise."""


@dataclass(frozen=True)
class ThermalUnits:
    """Thermal generating units, arrays [U]. Cost a + b P + c P^2 + sum_k kappa_k max(P - x_k, 0) [$/h], P in MW."""

    names: tuple[str, ...]
    p_max_mw: Floats
    p_min_mw: Floats
    cost_a_usd_per_h: Floats
    cost_b_usd_per_mwh: Floats
    cost_c_usd_per_mw2h: Floats
    min_up_h: Ints
    min_down_h: Ints
    start_lag_h: Ints
    """[U, S] hours off from which each start-up category holds; the first is the minimum down time, NEVER_H: none."""
    start_usd: Floats
    """[U, S] cost of a start in each category; never less after a longer rest."""
    initial_h: Ints
    """Hours on (positive) or off (negative) at the start of counted time; never 0."""
    emission_alpha_t_per_h: Floats
    emission_beta_t_per_mwh: Floats
    emission_gamma_t_per_mw2h: Floats
    ramp_up_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    ramp_down_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_startup_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_shutdown_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))
    kink_mw: Floats = field(default_factory=lambda: np.zeros((1, 0)))
    """[U, K] powers x_k at which the cost curve gets steeper."""
    kink_usd_per_mwh: Floats = field(default_factory=lambda: np.zeros((1, 0)))
    """[U, K] by how much, kappa_k >= 0; 0: no kink."""
    must_run: Bools = field(default_factory=lambda: np.zeros(1, dtype=np.bool_))
    """On in every hour of every plan."""
    initial_p_mw: Floats = field(default_factory=lambda: np.zeros(1))
    """Power as counted time begins; 0 of a unit that is on: not known."""

    def __post_init__(self) -> None:
        problems = above(self.names, self.p_min_mw, self.p_max_mw, "p_min_mw", "p_max_mw")
        for name in OPTIONAL_LIMITS:
            limit, is_ramp = np.broadcast_to(getattr(self, name), self.count).copy(), name.startswith("ramp")
            object.__setattr__(self, name, limit)
            problems += above(self.names, self.p_min_mw * (not is_ramp), limit, "0" if is_ramp else "p_min_mw", name)
        self._fill()
        problems += self._start_mistakes() + self._curve_mistakes()
        problems += [f"{self.names[i]}: initial_h=0, must be hours on (+) or off (-)"
                     for i in np.flatnonzero(self.initial_h == 0)]
        problems += above(self.names, np.zeros(self.count), self.p_min_mw, "0", "p_min_mw")
        refuse(problems, "thermal units")

    def _fill(self) -> None:
        """What was left to its default gets one row per unit."""
        for name in ("kink_mw", "kink_usd_per_mwh"):
            table = getattr(self, name)
            object.__setattr__(self, name, np.broadcast_to(table, (self.count, table.shape[1])).copy())
        for name in ("must_run", "initial_p_mw"):
            object.__setattr__(self, name, np.broadcast_to(getattr(self, name), self.count).copy())

    def _start_mistakes(self) -> list[str]:
        falls, order = np.diff(self.start_usd, axis=1) < 0, np.diff(self.start_lag_h, axis=1) < 0
        problems = [f"{self.names[i]}: start_usd {self.start_usd[i].tolist()} falls after a longer rest"
                    for i in np.flatnonzero(falls.any(axis=1))]
        return problems + [f"{self.names[i]}: start_lag_h {self.start_lag_h[i].tolist()} does not rise"
                           for i in np.flatnonzero(order.any(axis=1))]

    def _curve_mistakes(self) -> list[str]:
        bends_down = (self.kink_usd_per_mwh < 0).any(axis=1) | (self.cost_c_usd_per_mw2h < 0)
        return [f"{self.names[i]}: its cost curve is not convex" for i in np.flatnonzero(bends_down)]

    @property
    def count(self) -> int:
        return len(self.names)

    def fuel_cost_usd_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True cost of each unit, same shape as p_mw [..., U]; 0 when off."""
        cost = self.cost_a_usd_per_h + self.cost_b_usd_per_mwh * p_mw + self.cost_c_usd_per_mw2h * p_mw**2
        if self.kink_mw.shape[1]:
            beyond = np.maximum(np.asarray(p_mw)[..., None] - self.kink_mw, 0.0)
            cost = cost + (self.kink_usd_per_mwh * beyond).sum(axis=-1)
        return np.asarray(cost * is_on, dtype=np.float64)

    def emissions_t_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True emissions of each unit, same shape as p_mw [..., U]; 0 when off."""
        tons = (self.emission_alpha_t_per_h + self.emission_beta_t_per_mwh * p_mw
                + self.emission_gamma_t_per_mw2h * p_mw**2)
        return np.asarray(tons * is_on, dtype=np.float64)

    def start_category(self, off_h: Floats | Ints) -> Ints:
        """[..., U] of a start after so many hours off [..., U]: the last one whose lag has been reached."""
        # a rest that is no whole number of hours counts as the next whole one
        reached = np.asarray(off_h)[..., None] > self.start_lag_h - 1
        return np.asarray(np.maximum(reached.sum(axis=-1) - 1, 0), dtype=np.int64)

    def start_cost_usd(self, off_h: Floats | Ints) -> Floats:
        """[..., U] cost of a start after so many hours off [..., U]."""
        return np.asarray(self.start_usd[np.arange(self.count), self.start_category(off_h)], dtype=np.float64)


def hot_and_cold(min_down_h: Ints, hot_usd: Floats, cold_usd: Floats, cold_start_h: Ints) -> dict[str, Any]:
    """Start-up categories of ThermalUnits: hot where a unit was off for at most MD + CSH hours, else cold."""
    return {"start_lag_h": np.stack([min_down_h, min_down_h + cold_start_h + 1], axis=1),
            "start_usd": np.stack([hot_usd, cold_usd], axis=1)}
