"""One round's convex problem on three phases, written as rows and solved; bounds are written only where they matter.

An answer that keeps all bounds that were left out is the optimum of the whole round; one that does not is solved again
with those. Powers are MW, energies MWh, money $.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.rows.entries import CONES, Rows, stacked
from controllers.rows.grid import Unknowns as Columns
from controllers.rows.grid import columns
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.conic.program import ConicProgram, join
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.three_phase import equations as eq
from controllers.spatial.three_phase import statement
from controllers.spatial.three_phase.limits import KEPT
from controllers.spatial.three_phase.linear import Linear
from controllers.spatial.three_phase.statement import Around
from models.records.arrays import Bools, Floats
from models.records.three_phase import VOLTAGE

OBJECTIVE_UNIT_USD = 10.0
WRITTEN_SHARE = 0.1
"""A bound counts as kept within this share of what AC allows."""
MOST_AT_ONCE = 3
"""Bounds of one kind in one period that are added at once, the worst ones: neighbours say nearly the same."""
MOST_SOLVES = 40
PRICED_PU = 1e-6
"""Below the penalty's threshold by so much a voltage needs its row."""


@dataclass(frozen=True)
class Solution:
    """What a round says; MW and Mvar, NaN-free only if the run is optimal."""

    run: solve.SolverRun
    cars_usd: float
    """All of the objective but losses and low voltages."""
    network_usd: float
    """Losses and low voltages as the round's model has them."""
    pc: Floats
    """[K, Q]"""
    pd: Floats
    """[Kd, Q]"""
    p_cars: Floats
    """[L, T]"""
    q_cars: Floats
    short_kwh: Floats
    """[K] by which envelopes are missed at the hour's end."""
    value: Floats
    """[T, M] watched values as the model has them."""
    price_usd_per_mw: Floats
    """[D, T] what one more MW drawn at a connection costs beside its energy: losses, bounds, low voltages."""

    @property
    def objective_usd(self) -> float:
        return self.cars_usd + self.network_usd


class PhaseProblem:
    """The rounds of one network. `without` names equations to leave out (tests only)."""

    def __init__(self, knowledge: SpatialKnowledge, without: Collection[str] = ()) -> None:
        assert knowledge.network is not None
        self.knowledge, self.without = knowledge, frozenset(without)
        self.kind = knowledge.network.watched.kind
        self.solves = 0

    def solve(self, layout: Layout, inputs: Inputs, linear: Linear, low: Floats, high: Floats, radius_mw: float,
              written: Bools) -> tuple[Solution, Bools]:
        """The round's optimum, and the bounds [T, M] that were written for it."""
        began, seconds, iterations = time.perf_counter(), 0.0, 0
        tolerance = WRITTEN_SHARE * KEPT[self.kind]
        priced = statement.low_voltages(self.knowledge, linear.flow.vm_pu[:, linear.driven])
        for _ in range(MOST_SOLVES):
            self.solves += 1
            assembly = Assembly(self.knowledge, layout, inputs, self._around(
                linear, low, high, radius_mw, written, priced), self.without)
            run, x, z = solve.run_conic(assembly.program(), self.knowledge.solver)
            seconds, iterations = seconds + run.seconds, iterations + run.iterations
            if not run.is_optimal:
                break
            value = assembly.value(x)
            excess = np.maximum(low - value, value - high) / tolerance
            wrong = (excess > 1.0) & ~written
            unpriced = statement.low_voltages(self.knowledge, assembly.voltages(x), -PRICED_PU) & ~priced
            if not wrong.any() and not unpriced.any():
                break
            priced = priced | unpriced
            written = written | self._worst(np.where(wrong, excess, -np.inf))
        run = replace(run, seconds=seconds, iterations=iterations, overhead_s=time.perf_counter() - began - seconds)
        return assembly.solution(x, z, run), written

    def _around(self, linear: Linear, low: Floats, high: Floats, radius_mw: float, written: Bools, priced: Bools
                ) -> Around:
        period, row = np.nonzero(written) if "t2" not in self.without else np.nonzero(np.zeros_like(written))
        return Around(linear, low, high, radius_mw, eq.Chosen(row, period), eq.Chosen(*np.nonzero(priced)[::-1]))

    def _worst(self, excess: Floats) -> Bools:
        """[T, M] the worst few of each period and kind."""
        # by kind, or the many currents of one overloaded line would crowd the voltages out
        chosen = np.zeros(excess.shape, dtype=bool)
        for kind in np.unique(self.kind):
            at = np.flatnonzero(self.kind == kind)
            order = np.argsort(-excess[:, at], axis=1, kind="stable")[:, :MOST_AT_ONCE]
            np.put_along_axis(chosen, at[order], True, axis=1)
        return np.asarray(chosen & np.isfinite(excess))


class Assembly:
    """One program: the equations' rows over columns."""

    def __init__(self, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, around: Around,
                 without: Collection[str] = ()) -> None:
        self.knowledge, self.layout, self.inputs, self.around = knowledge, layout, inputs, around
        self.columns = Columns()
        self.unknowns = statement.unknowns(self.columns.new, knowledge, layout, inputs, around)
        self.size = self.columns.size
        self.square = np.zeros(self.size)
        for own, weight in statement.squares(layout, inputs, around, self.unknowns):
            self.square[columns(own)] = 2.0 * weight.ravel(order="F")
        usd = statement.objective_usd(knowledge, layout, inputs, around, self.unknowns)
        self.cost, self.constant = usd.coefficients(self.size), float(np.sum(usd.constant))
        named = statement.equations(knowledge, layout, inputs, around, self.unknowns)
        self.stated = [(name, block) for name, blocks in named.items() if name not in without for block in blocks]

    def program(self) -> ConicProgram:
        """Rows by cone, in the order in which they are stated."""
        self._alive = self.columns.alive
        rows: list[Rows] = [stacked(cone, [block.rows(self.size) for _, block in self.stated if block.cone == cone],
                                    self.size) for cone in CONES]
        return join(rows, self.cost / OBJECTIVE_UNIT_USD, self.square / OBJECTIVE_UNIT_USD, self._alive)

    def whole(self, x: Floats) -> Floats:
        """All unknowns, 0 where they were taken out."""
        full = np.zeros(self.size)
        full[self._alive] = x
        return full

    def value(self, x: Floats) -> Floats:
        """[T, M] watched values as the model has them."""
        return self._moved(self.whole(x))

    def voltages(self, x: Floats) -> Floats:
        """[T, D] of driven connections as the model has them."""
        linear, s, full = self.around.linear, self.around.linear.sensitivities, self.whole(x)
        changes = [eq.KW_PER_MW * moved.evaluated(full).T for moved in self.unknowns.d.all]
        moved = sum(np.einsum("tk,tdk->td", change, table[s.point_of])
                    for change, table in zip(changes, (s.vm_by_p, s.vm_by_q), strict=False))
        return np.asarray(linear.flow.vm_pu[:, linear.driven] + moved)

    def _moved(self, full: Floats) -> Floats:
        linear, s = self.around.linear, self.around.linear.sensitivities
        phasor = linear.flow.phasor.copy()
        for table, moved in zip((s.phasor_by_p, s.phasor_by_q), self.unknowns.d.all, strict=False):
            change_kw = eq.KW_PER_MW * moved.evaluated(full).T
            for point in range(s.p_kw.shape[0]):
                at = np.flatnonzero(s.point_of == point)
                phasor[at] += change_kw[at] @ table[point].T
        # of voltages the magnitude itself is linear
        assert self.knowledge.network is not None
        return np.asarray(np.where(self.knowledge.network.watched.kind == VOLTAGE, phasor.real, np.abs(phasor)))

    def solution(self, x: Floats, z: Floats, run: solve.SolverRun) -> Solution:
        """The answer in the layout's shapes."""
        layout, inputs, cars, full = self.layout, self.inputs, self.unknowns.cars, self.whole(x)
        lines, losses = inputs.p_fixed.shape, self.around.linear.flow.losses_kw / eq.KW_PER_MW
        squared = 0.5 * self.square * full**2
        of_losses = np.concatenate([columns(own) for own, _ in statement.loss_squares(inputs, self.around,
                                                                                      self.unknowns)])
        own_usd = cars_eq.eq15_cars_usd(layout, inputs, cars, self.knowledge.target_slack_usd_per_mwh)
        cars_usd = float(own_usd.coefficients(self.size) @ full + squared.sum() - squared[of_losses].sum())
        total = float(self.cost @ full + squared.sum()) + self.constant + float(inputs.loss_usd_per_mw[0] @ losses)
        q_cars = np.zeros(lines) if cars.q is None else cars_eq.reactive_power(layout, inputs, cars).evaluated(full)
        driven = (self.around.linear.driven.size, layout.periods)
        price = z[: driven[0] * driven[1]].reshape(driven, order="F") * OBJECTIVE_UNIT_USD  # of (T1), stated first
        short = cars.short.evaluated(full)[:, -1] * eq.KW_PER_MW
        return Solution(
            run=run, cars_usd=cars_usd, network_usd=total - cars_usd, pc=cars.charge.power.evaluated(full),
            pd=cars.discharge.power.evaluated(full),
            p_cars=cars_eq.active_power(layout, inputs, cars).evaluated(full), q_cars=q_cars,
            short_kwh=np.maximum(short, 0.0), value=self._moved(full), price_usd_per_mw=price)
