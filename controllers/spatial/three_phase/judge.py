"""AC as the judge of cars' powers on three phases, and the fallback's scale (of one phase: `spatial/judge.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.judge import SCALES
from controllers.spatial.three_phase.limits import Bounds, bounds_of, broken, tolerance
from models.records.arrays import Floats
from models.records.three_phase import WatchedFlow, WatchedFlowCall


@dataclass(frozen=True)
class Fixed:
    """Load and cars outside control of T periods, and AC of it."""

    p_kw: Floats
    """[T, B]"""
    q_kvar: Floats
    bounds: Bounds
    taps: Floats
    """[T, R] as the network's own controls set them there."""


class PhaseJudge:
    """AC of one three-phase network, taps held where they stand without cars, and free."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        assert knowledge.network is not None and knowledge.network_flow is not None
        self._knowledge, self.network, self.call = knowledge, knowledge.network, knowledge.network_flow

    def stand(self, tap_pu: Floats) -> WatchedFlowCall:
        """Go on from taps [R] at which regulators stand now; the power flow from there."""
        if self._knowledge.flow_from is not None and tap_pu.size:
            self.call = self._knowledge.flow_from(tap_pu)
        return self.call

    def fixed(self, p_kw: Floats, q_kvar: Floats) -> Fixed:
        """What holds without dispatched cars."""
        free = self.call(p_kw, q_kvar)
        return Fixed(p_kw, q_kvar, bounds_of(self.network, [free]), free.taps)

    def flows(self, fixed: Fixed, p_kw: Floats, q_kvar: Floats) -> list[WatchedFlow]:
        """AC of cases that follow each other in the fixed periods' order [n T, B]: held, and free where taps move."""
        if not fixed.taps.shape[1]:
            return [self.call(p_kw, q_kvar)]
        held = np.tile(fixed.taps, (p_kw.shape[0] // fixed.taps.shape[0], 1))
        return [self.call(p_kw, q_kvar, held), self.call(p_kw, q_kvar)]

    def excess(self, fixed: Fixed, p_kw: Floats, q_kvar: Floats) -> Floats:
        """[n] worst excess of n candidates of T periods, in what counts as kept: below 0 inside all bounds, inf without
        a power flow."""
        periods = fixed.p_kw.shape[0]
        worst = np.full(p_kw.shape[0] // periods, -np.inf)
        for flow in self.flows(fixed, p_kw, q_kvar):
            value = flow.value.reshape(-1, periods, self.network.watched.count)
            excess = (fixed.bounds.excess(value) / tolerance(self.network)).max(axis=(1, 2))
            worst = np.maximum(worst, np.where(np.isnan(excess), np.inf, excess))
        return worst

    def text(self, fixed: Fixed, p_kw: Floats, q_kvar: Floats) -> str:
        """What these powers [T, B] break; empty if nothing."""
        texts = [broken(self.network, fixed.bounds, flow) for flow in self.flows(fixed, p_kw, q_kvar)]
        return next((text for text in texts if text), "")

    def largest_scale(self, fixed: Fixed, p_cars_kw: Floats, q_cars_kvar: Floats | None = None) -> float:
        """Greatest of SCALES at which cars [T, B] break nothing; 0 is always among those, being no car at all."""
        q_cars = np.zeros(p_cars_kw.shape) if q_cars_kvar is None else q_cars_kvar
        cases, shape = SCALES[:, None, None], (-1, p_cars_kw.shape[1])
        excess = self.excess(fixed, (fixed.p_kw + cases * p_cars_kw).reshape(shape),
                             (fixed.q_kvar + cases * q_cars).reshape(shape))
        return float(SCALES[np.argmax(excess <= 1.0)]) if np.any(excess <= 1.0) else 0.0
