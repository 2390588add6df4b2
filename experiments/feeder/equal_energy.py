"""Two runs on one feeder made comparable: energy of each class, and losses at equal energy.

What a run draws beyond another, or at another time, is taken out at the feeder's marginal loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.port import PowerFlowCall
from models.records.arrays import Floats
from models.records.groups import THREE_CLASSES
from testbed.results.reading import Result
from testbed.wiring.run_spec import DAY_S

SMALLEST_TOTAL_KWH = 1.0
"""Totals below it count as this much, so that a class that hardly acts decides nothing."""
PROBE_KW = 1.0


# ---------------------------------------------------------------- what a run did on the feeder
@dataclass(frozen=True)
class FeederDay:
    """One variant's day; T steps, B buses, Z zones, C classes."""

    losses_kw: Floats
    """[T] AC, of what happened."""
    p_bus_kw: Floats
    """[T, B] of the cars."""
    charge_kw: Floats
    """[T, Z, C]"""
    discharge_kw: Floats
    """[T, Z, C]"""
    waiting: int
    """Most cars seen waiting for a port."""
    fallbacks: int
    """Decisions of the lower layer that ended in its fallback."""


def feeder_day(result: Result, name: str, day: int = 1) -> FeederDay:
    """A district's counted day as recorded; days count from 1."""
    def series(attribute: str) -> Floats:
        return np.asarray(result.district(name, attribute)[result.time_s // DAY_S == day - 1])

    return FeederDay(
        losses_kw=series("losses_kw"), p_bus_kw=series("p_bus_kw"),
        charge_kw=THREE_CLASSES.by_zone_class_way(series("charge_kw")).sum(axis=3),
        discharge_kw=THREE_CLASSES.by_zone_class_way(series("discharge_kw")).sum(axis=3),
        waiting=int(series("queue_count").max()), fallbacks=int(series("spatial_fallback").sum()))


def class_energy_kwh(day: FeederDay, step_h: float) -> Floats:
    """Charged and discharged energy of each class [2, C]."""
    return np.stack([power.sum(axis=(0, 1)) for power in (day.charge_kw, day.discharge_kw)]) * step_h


def class_difference(energy_kwh: Floats, reference_kwh: Floats) -> float:
    """Largest relative difference of any class's charged or discharged energy [2, C]."""
    return float(np.max(np.abs(energy_kwh - reference_kwh) / np.maximum(reference_kwh, SMALLEST_TOTAL_KWH)))


# ---------------------------------------------------------------- correction at marginal loss
def bus_shares(p_bus_kw: Floats, belongs: Floats) -> Floats:
    """Mean shares [S, B] of cars' power [T, B] over the buses of each set; belongs [S, B] 0 or 1, no set empty."""
    weight = belongs * np.abs(p_bus_kw).sum(axis=0)
    total = weight.sum(axis=1, keepdims=True)
    even = belongs / belongs.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, weight / np.where(total > 0, total, 1.0), even))


def marginal_loss(power_flow: PowerFlowCall, p_kw: Floats, q_kvar: Floats, shares: Floats) -> Floats:
    """dLoss/dP [S, T]: central difference of AC losses for load added at the bus shares [S, B] to p, q [T, B]."""
    rows = []
    for share in shares:
        more, less = (power_flow(p_kw + sign * PROBE_KW / 2 * share, q_kvar).losses_kw for sign in (1.0, -1.0))
        rows.append((more - less) / PROBE_KW)
    return np.stack(rows)


def correction_kwh(marginal: Floats, power_kw: Floats, reference_kw: Floats, step_h: float) -> float:
    """Losses due to power drawn beyond the reference's: sum of marginal x (power - reference); all [S, T]."""
    return float((marginal * (power_kw - reference_kw)).sum() * step_h)
