"""MV/LV transformers: hot spot, loss of life and own losses, from the apparent power that passes them.

Thermal model and ageing rate: IEC 60076-7, differential equations, with its constants for ONAN distribution
transformers and paper that is not thermally upgraded (S: the constants and equations as published with Daminov et al.,
"Demand response coupled with dynamic thermal rating", 2021). Each temperature follows its equation exactly within a
step of constant load; only the ageing rate, which is no linear function of it, is added up at short intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, RecordError

AGEING_S = 60.0
"""Longest interval over which the ageing rate is taken at its middle."""


@dataclass(frozen=True)
class ThermalConstants:
    """IEC 60076-7, ONAN distribution transformer (S)."""

    loss_ratio: float = 5.0
    """R, load losses at rated current over no-load losses."""
    oil_exponent: float = 0.8
    """x"""
    winding_exponent: float = 1.6
    """y"""
    k11: float = 1.0
    k21: float = 1.0
    k22: float = 2.0
    oil_s: float = 180.0 * 60.0
    """tau_o"""
    winding_s: float = 4.0 * 60.0
    """tau_w"""
    top_oil_rise_k: float = 55.0
    """At rated losses."""
    hot_spot_gradient_k: float = 23.0
    """Hot spot above top oil at rated current."""
    rated_celsius: float = 98.0
    """Hot spot at which a day costs a day of life."""
    doubling_k: float = 6.0
    """Hotter by this much, life is lost twice as fast."""


ONAN = ThermalConstants()


@dataclass(frozen=True)
class Ageing:
    """What a span of time did to each transformer, arrays [B]."""

    life_h: Floats
    """Hours of life used; as many as hours passed at 98 degrees."""
    hot_spot_max_celsius: Floats


def steady_rises(load: Floats, constants: ThermalConstants = ONAN) -> Floats:
    """[3, ...] rises in K that a load (per unit of the rating, any shape) ends at: top oil, winding, its oil part.

    The hot spot stands at ambient + first + second - third.
    """
    c = constants
    oil = ((1 + c.loss_ratio * load**2) / (1 + c.loss_ratio))**c.oil_exponent * c.top_oil_rise_k
    winding = load**c.winding_exponent * c.hot_spot_gradient_k
    return np.stack([oil, c.k21 * winding, (c.k21 - 1) * winding])


def ageing_rate(hot_spot_celsius: Floats, constants: ThermalConstants = ONAN) -> Floats:
    """V = 2^((theta_h - 98)/6), relative to the rated hot spot."""
    return np.asarray(2.0**((hot_spot_celsius - constants.rated_celsius) / constants.doubling_k))


def ageing(load: Floats, ambient_celsius: Floats, step_s: float, constants: ThermalConstants = ONAN) -> Ageing:
    """Ageing over T steps of constant load [T, B] (per unit) and ambient temperature [T].

    The span is taken to repeat: it begins as warm as it ends. Raises RecordError for a negative load.
    """
    if np.any(load < 0):
        raise RecordError("transformer ageing: a load is below 0")
    c = constants
    times_s = np.array([c.k11 * c.oil_s, c.k22 * c.winding_s, c.oil_s / c.k22])[:, None]
    parts = max(int(np.ceil(step_s / AGEING_S)), 1)
    middle_s = (np.arange(parts) + 0.5) * step_s / parts
    target = steady_rises(load, c)
    # The oil follows the ambient temperature with its own time constant, so both stand in its equation.
    target[0] += ambient_celsius[:, None]
    decay, decay_middle = np.exp(-step_s / times_s), np.exp(-middle_s / times_s)[:, :, None]
    state = _repeating_start(target, decay)
    life_h, hottest = np.zeros(load.shape[1]), np.full(load.shape[1], -np.inf)
    for step in range(load.shape[0]):
        aim = target[:, step]
        inner = aim[:, None] + (state - aim)[:, None] * decay_middle
        hot_spot = inner[0] + inner[1] - inner[2]
        state = aim + (state - aim) * decay
        life_h += ageing_rate(hot_spot, c).mean(axis=0) * step_s / SECONDS_PER_HOUR
        hottest = np.maximum(hottest, np.maximum(hot_spot.max(axis=0), state[0] + state[1] - state[2]))
    return Ageing(life_h, hottest)


def _repeating_start(target: Floats, decay: Floats) -> Floats:
    """[3, B] state that comes back after the steps [3, T, B]: one pass is linear in the state it starts from."""
    end = np.zeros((target.shape[0], target.shape[2]))
    for step in range(target.shape[1]):
        end = target[:, step] + (end - target[:, step]) * decay
    return np.asarray(end / (1 - decay**target.shape[1]))


# ---------------------------------------------------------------- own losses
@dataclass(frozen=True)
class LossTable:
    """Largest losses that Regulation (EU) 548/2014 allows, table I.1: liquid-immersed, up to 24 kV and 1.1 kV."""

    rating_kva: Floats
    load_w: Floats
    """At rated load, 75 degrees."""
    no_load_w: Floats


_KVA = np.array([50, 100, 160, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150], float)
LOSS_TABLES = {
    "tier1": LossTable(
        _KVA, np.array([1100, 1750, 2350, 3250, 3900, 4600, 5500, 6500, 8400, 10500, 11000, 14000, 18000, 22000,
                        27500], float),
        np.array([90, 145, 210, 300, 360, 430, 510, 600, 650, 770, 950, 1200, 1450, 1750, 2200], float)),
    "tier2": LossTable(
        _KVA, np.array([750, 1250, 1750, 2350, 2800, 3250, 3900, 4600, 6000, 7600, 9500, 12000, 15000, 18500,
                        23000], float),
        np.array([81, 130, 189, 270, 324, 387, 459, 540, 585, 693, 855, 1080, 1305, 1575, 1980], float)),
}
"""Put on the market from July 2015 and from July 2021 (K: known, not re-read)."""


def transformer_losses_kw(s_kva: Floats, rating_kva: Floats, table: LossTable) -> Floats:
    """No-load losses + load losses x (S/rating)^2, [T, B] from s_kva [T, B]; 0 where the rating [B] is not finite.

    Between the table's ratings linear, beyond its ends in proportion to the rating (A).
    """
    is_rated = np.isfinite(rating_kva)
    rating = np.where(is_rated, rating_kva, table.rating_kva[0])
    inside = np.clip(rating, table.rating_kva[0], table.rating_kva[-1])
    load_w, no_load_w = (np.interp(inside, table.rating_kva, watt) * rating / inside
                         for watt in (table.load_w, table.no_load_w))
    return np.asarray(np.where(is_rated, no_load_w + load_w * (s_kva / rating)**2, 0.0) / 1e3)
