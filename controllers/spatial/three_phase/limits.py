"""Limits of a three-phase network in one decision: what stands, what is broken already without cars, and their names.

A limit that load and cars outside control break is replaced by the value they give it: no worse than without.
T periods, M watched values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Bools, Floats
from models.records.three_phase import WATCHED_KINDS, WATCHED_UNITS, ThreePhaseNetwork, WatchedFlow

KEPT = np.array([1e-4, 1e-3, 1e-3, 0.01])
"""What counts as kept, by kind: pu, shares of a rating, points of unbalance; a fifth of what is promised outside."""
NAMED_MOST = 4
"""Limits that a text names before it counts the others."""


@dataclass(frozen=True)
class Bounds:
    """What watched values must keep, [T, M], and what without dispatched cars is beyond the network's own limits."""

    low: Floats
    high: Floats
    without: Floats
    """[T, M] values without dispatched cars."""
    is_broken_without: Bools
    """[T, M]"""

    def first(self, periods: int) -> Bounds:
        """Those of the first periods."""
        part = slice(0, periods)
        return Bounds(self.low[part], self.high[part], self.without[part], self.is_broken_without[part])

    def excess(self, value: Floats) -> Floats:
        """[..., T, M] how far values are outside; below 0: inside."""
        return np.asarray(np.maximum(self.low - value, value - self.high))


def bounds_of(network: ThreePhaseNetwork, flows: list[WatchedFlow]) -> Bounds:
    """Bounds of T periods from AC without dispatched cars: taps held and, where there are any, free."""
    watched, value = network.watched, np.stack([flow.value for flow in flows])
    least, most = value.min(axis=0), value.max(axis=0)
    return Bounds(low=np.minimum(watched.low, least), high=np.maximum(watched.high, most), without=value[0],
                  is_broken_without=np.asarray((least < watched.low - tolerance(network))
                                               | (most > watched.high + tolerance(network))))


def tolerance(network: ThreePhaseNetwork) -> Floats:
    """[M] by which a value may pass its limit and count as keeping it."""
    return np.asarray(KEPT[network.watched.kind])


def broken(network: ThreePhaseNetwork, bounds: Bounds, flow: WatchedFlow) -> str:
    """What AC over T periods breaks; empty if nothing."""
    if np.isnan(flow.value).any():
        return f"no power flow in period {int(np.argmax(np.isnan(flow.losses_kw)))}"
    return named(network, bounds, flow.value, bounds.excess(flow.value) > tolerance(network))


def broken_without(network: ThreePhaseNetwork, bounds: Bounds) -> str:
    """What load and cars outside control break by themselves."""
    own = Bounds(np.broadcast_to(network.watched.low, bounds.low.shape),
                 np.broadcast_to(network.watched.high, bounds.high.shape), bounds.without, bounds.is_broken_without)
    return named(network, own, bounds.without, bounds.is_broken_without)


def named(network: ThreePhaseNetwork, bounds: Bounds, value: Floats, which: Bools) -> str:
    """Limit, element, phase, customer and amount of the watched values chosen [T, M], each in its worst period."""
    chosen = np.flatnonzero(which.any(axis=0))
    if not chosen.size:
        return ""
    excess = np.where(which, bounds.excess(value), -np.inf)
    worst = chosen[np.argsort(-(excess.max(axis=0) / KEPT[network.watched.kind])[chosen], kind="stable")]
    texts = [_one_name(network, bounds, value, int(m), int(np.argmax(excess[:, m]))) for m in worst[:NAMED_MOST]]
    more = worst.size - NAMED_MOST
    return "; ".join(texts) + (f"; and {more} more" if more > 0 else "")


def _one_name(network: ThreePhaseNetwork, bounds: Bounds, value: Floats, m: int, period: int) -> str:
    watched, kind, at = network.watched, int(network.watched.kind[m]), float(value[period, m])
    is_low = bounds.low[period, m] - at > at - bounds.high[period, m]
    limit = float(bounds.low[period, m] if is_low else bounds.high[period, m])
    phase = f" phase {watched.phase[m]}" if watched.phase[m] else ""
    whose = network.connection[watched.connection[m]] if watched.connection[m] >= 0 else ""
    customer = f" of customer {whose}" if whose else ""
    return (f"{WATCHED_KINDS[kind]} at {watched.element[m]}{phase}{customer} is {at:.5g} {WATCHED_UNITS[kind]}, "
            f"{'at least' if is_low else 'at most'} {limit:.5g}, period {period}")
