"""Sequential convex programming: a convex problem around an AC operating point, solved again around its answer.

An answer is taken as the next operating point where AC says it is better; otherwise the radius within which the model
is believed shrinks, and grows again where the model held (Conn, Gould and Toint 2000, K). Better: less broken beyond
the bounds, then cheaper by AC.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.three_phase.limits import Bounds, bounds_of, tolerance
from controllers.spatial.three_phase.linear import Linear, NoSlopes, around, sensitivities
from controllers.spatial.three_phase.problem import PhaseProblem, Solution
from models.records.arrays import Bools, Floats
from models.records.three_phase import WatchedFlow

ROUNDS = 10
SETTLED_REL = 1e-5
"""A round that gains less than this share of the objective is the last."""
SETTLED_USD = 1e-6
SETTLED_KW = 1e-3
SHRINK = 0.25
REACHED, TRUSTED = 0.99, 0.1
"""Of the radius, a step that it cut short; of what was gained, an error of the model that lets it reach further."""
NEARBY_KW = 2.0
"""Derivatives are kept where no connection moves by more."""


@dataclass(frozen=True)
class Point:
    """What is drawn at the connections in T periods, and what AC says of it with the taps held and free."""

    p_kw: Floats
    """[T, B]"""
    q_kvar: Floats
    flow: WatchedFlow
    free: WatchedFlow
    """The same as `flow` where nothing moves by itself."""
    excess: float
    """Worst excess over the bounds, in what counts as kept: at most 1 is kept."""
    usd: float
    """By AC: losses, low voltages and what the cars cost; inf without cars' answer."""
    solution: Solution | None = None


@dataclass(frozen=True)
class Trace:
    """How the rounds went."""

    bounds: Bounds
    best: Point
    rounds: int
    is_settled: bool
    seconds: float
    overhead_s: float
    status: str
    """Of the last solve."""

    @property
    def stands(self) -> bool:
        """AC keeps every bound at these powers."""
        return self.best.solution is not None and self.best.excess <= 1.0


class Rounds:
    """The rounds of one network's decisions."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        assert knowledge.network is not None and knowledge.network_flow is not None
        self.knowledge, self.network, self.call = knowledge, knowledge.network, knowledge.network_flow
        self.problem = PhaseProblem(knowledge)

    def run(self, layout: Layout, inputs: Inputs) -> Trace:
        """From no car at all to where nothing is gained any more."""
        inputs = replace(inputs, x_min=np.minimum(inputs.x_min, _most_energy(layout, inputs)))
        p, q = (np.pad(1e3 * power.T, ((0, 0), (1, 0))) for power in (inputs.p_fixed, inputs.q_fixed))
        free = self.call(p, q)
        taps, start = free.taps, free if not free.taps.size else self.call(p, q, free.taps)
        bounds = bounds_of(self.network, [start, free])
        best = first = Point(p, q, start, free, 0.0, np.inf)
        if np.isnan(start.losses_kw).any() or np.isnan(free.losses_kw).any():
            return Trace(bounds, first, 0, False, 0.0, 0.0, "no power flow without cars")
        written, radius, settled, status = np.zeros(bounds.low.shape, dtype=bool), np.inf, False, ""
        try:
            linear = of_first = self._linear(layout, best, taps)
        except NoSlopes as none:
            return Trace(bounds, first, 0, False, 0.0, 0.0, f"without cars {none}")
        seconds, overhead, rounds, is_wider = 0.0, 0.0, 0, False
        while rounds < ROUNDS and not settled:
            rounds += 1
            solution, written = self._solve(layout, inputs, linear, best, bounds, radius, written)
            seconds, overhead = seconds + solution.run.seconds, overhead + solution.run.overhead_s
            status = solution.run.status
            if not solution.run.is_optimal:
                if not np.isfinite(radius) and best is first:
                    break
                if best.excess > 1.0 and np.isfinite(radius) and not is_wider:
                    radius, is_wider = radius / SHRINK**2, True
                    continue
                # the model around broken bounds may have no way back: from where nothing is broken, less far
                radius = SHRINK * min(radius, float(np.abs(best.p_kw - first.p_kw).max()) / 1e3 or np.inf)
                if best.excess > 1.0:
                    best, linear = first, of_first
                continue
            point = self._point(inputs, layout, solution, taps, bounds)
            moved_kw = float(np.abs(point.p_kw - best.p_kw).max() + np.abs(point.q_kvar - best.q_kvar).max())
            is_better, settled = self._compare(best, point, solution, moved_kw)
            if is_better:
                # what AC refutes was too far for the model; many answers cost alike, and it would jump between them
                radius = SHRINK * moved_kw / 1e3 if point.excess > 1.0 else self.wider(radius, best, point, solution,
                                                                                       moved_kw)
                best, is_wider = point, False
                linear = linear if settled else self._next(linear, layout, best, taps, moved_kw)
            else:
                radius = SHRINK * moved_kw / 1e3
                settled = settled or moved_kw < SETTLED_KW
        return Trace(bounds, best, rounds, settled, seconds, overhead, status)

    def _next(self, linear: Linear, layout: Layout, at: Point, taps: Floats, moved_kw: float) -> Linear:
        """Around another point: its values, and new derivatives where the old ones may be far off."""
        if moved_kw > NEARBY_KW:
            with suppress(NoSlopes):  # at the edge of what can be carried the old ones have to serve
                return self._linear(layout, at, taps)
        return around(at.p_kw, at.q_kvar, at.flow, linear.sensitivities, self.network.driven)

    def _linear(self, layout: Layout, at: Point, taps: Floats) -> Linear:
        slopes = sensitivities(self.call, at.p_kw, at.q_kvar, taps, layout.steps, self.knowledge.reactive_power,
                               self.network.driven, self.knowledge.network_slopes)
        return around(at.p_kw, at.q_kvar, at.flow, slopes, self.network.driven)

    def _solve(self, layout: Layout, inputs: Inputs, linear: Linear, at: Point, bounds: Bounds, radius: float,
               written: Bools) -> tuple[Solution, Bools]:
        # what free taps change at this point is taken off both sides: either way every bound is to hold
        shift = at.free.value - at.flow.value
        low, high = bounds.low - np.minimum(shift, 0.0), bounds.high - np.maximum(shift, 0.0)
        return self.problem.solve(layout, inputs, linear, np.minimum(low, high), np.maximum(low, high), radius, written)

    def _point(self, inputs: Inputs, layout: Layout, solution: Solution, taps: Floats, bounds: Bounds) -> Point:
        p, q = (np.pad(1e3 * (fixed + cars).T, ((0, 0), (1, 0))) for fixed, cars in (
            (inputs.p_fixed, solution.p_cars), (inputs.q_fixed, solution.q_cars)))
        flow = self.call(p, q, taps if taps.size else None)
        free = self.call(p, q) if taps.size else flow
        worst = max(float((bounds.excess(each.value) / tolerance(self.network)).max()) for each in (flow, free))
        return Point(p, q, flow, free, np.inf if np.isnan(worst) else worst,
                     solution.cars_usd + self.network_usd(inputs, layout, flow), solution)

    def network_usd(self, inputs: Inputs, layout: Layout, flow: WatchedFlow) -> float:
        """Losses and low voltages of T periods at their prices, by AC."""
        k = self.knowledge
        driven, weight = self.network.driven, self.network.voltage_weight
        low = np.maximum(k.voltage_penalty_below_pu**2 - flow.vm_pu**2, 0.0)[:, driven] @ weight[driven]
        return float(inputs.loss_usd_per_mw[0] @ flow.losses_kw / 1e3
                     + k.voltage_penalty_usd_per_pu2h * (layout.period_h @ low))

    @staticmethod
    def wider(radius: float, best: Point, point: Point, solution: Solution, moved_kw: float) -> float:
        """The next radius in MW after a step that AC accepts: a longer one where the step was cut short, and right."""
        is_cut = moved_kw >= REACHED * 1e3 * radius
        is_right = abs(point.usd - solution.objective_usd) <= TRUSTED * (best.usd - point.usd)
        return radius / SHRINK if is_cut and is_right and np.isfinite(best.usd) else radius

    @staticmethod
    def _compare(best: Point, point: Point, solution: Solution, moved_kw: float) -> tuple[bool, bool]:
        """(whether the point is taken, whether nothing more is to be gained)."""
        keeps, kept = point.excess <= 1.0, best.excess <= 1.0 and best.solution is not None
        close = SETTLED_USD + SETTLED_REL * abs(point.usd)
        # the model is exact where it agrees with AC: then its optimum is that of the problem, nearby
        agrees = abs(point.usd - solution.objective_usd) <= close
        # nor is anything to be had where the model, right at the operating point, promises nothing
        promises = not kept or best.usd - solution.objective_usd > close
        if kept and not keeps:
            return False, not promises
        if keeps and not kept:
            return True, agrees
        if not keeps:
            # without a power flow there is nothing to go on from: rather a shorter step
            is_first = best.solution is None and np.isfinite(point.excess)
            return bool(point.excess < best.excess or is_first), False
        gain = best.usd - point.usd
        return gain > 0.0, bool(abs(gain) <= close or moved_kw < SETTLED_KW or not promises)


def _most_energy(layout: Layout, inputs: Inputs) -> Floats:
    """[K, Q] in MWh, all that a pair can take: efficiencies are those of its class, and its envelope its own cars'."""
    return np.asarray(np.cumsum(layout.eta_c[:, None] * inputs.pc_max, axis=1) / layout.steps)
