"""The lower layer's optimisation: this hour's problem written as rows and solved.

Limits of the network are written only where they matter: an answer that keeps all the others as well is the optimum of
the whole problem, and one that does not is solved again with those.
Inside the problem powers are MW (= pu on 1 MVA), energies MWh, money $. Letters as in layout.py.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse.linalg import spsolve

from controllers.port import SpatialKnowledge
from controllers.rows.entries import CONES, Rows, stacked
from controllers.rows.grid import Stated, Unknowns, columns
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow import statement
from controllers.spatial.branch_flow.choice import (
    NEAR,
    Choice,
    Limits,
    Penalty,
    ahead,
    expected_choice,
    no_rows,
    shifted,
    whole_choice,
)
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.conic.program import ConicProgram, LineUnits, join
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.network import FlowValues
from models.records.arrays import Bools, Floats

OBJECTIVE_UNIT_USD = 10.0
"""The solver minimises in this unit: fewest iterations (100 $: 28 against 22 with QOCO; C)."""
KEPT = 1e-7
"""A limit that was not written counts as kept within this (pu, pu^2, MW)."""
SMALLEST_LINE_MVA = 1e-2
SELDOM_BINDING = ("eq5", "eq6", "eq7", "voltage_penalty")
"""Equations whose inequalities need not be written until they matter."""


@dataclass(frozen=True)
class Solution:
    """What a solve says; arrays in MW, Mvar and per unit, NaN-free only if the run is optimal."""

    run: solve.SolverRun
    objective_usd: float
    pc: Floats
    """[K, Q]"""
    pd: Floats
    """[Kd, Q]"""
    p_pev: Floats
    """[L, T]"""
    q_pev: Floats
    p_slow: Floats
    """[L, T] the part of p_pev behind the buses' own transformers."""
    curtailed: Floats
    """[L, T] generation that is not taken."""
    flow: FlowValues
    price_usd_per_mw: Floats
    """[L, T] what one more MW at a bus in a period costs."""


class LowerProblem:
    """The problem of one feeder, solved with each hour's numbers.

    `without` names equations to leave out (tests only).
    """

    def __init__(self, knowledge: SpatialKnowledge, without: Collection[str] = ()) -> None:
        self.knowledge = knowledge
        self.without = frozenset(without)
        self._mva: Floats | None = None
        """Of `line_mva`, once it was asked for."""
        self._limits: Limits | None = None
        """Of the last answer."""
        self._written: Bools = np.zeros(0, dtype=bool)
        self._cars: tuple[Floats, Floats] | None = None
        """Active and reactive power [L, T] of cars, and of generation not taken, of the last answer, MW and Mvar."""
        self._time_s: int | None = None
        self.solves = 0
        """Programs that the last answer took."""

    def begin(self, time_s: int, layout: Layout) -> None:
        """A new decision hour: limits that mattered in the hours now ahead are written from the start."""
        # time ran backwards: another day is being decided, and nothing learned of this one applies
        if self._time_s is not None and time_s < self._time_s:
            self._written, self._cars = np.zeros(0, dtype=bool), None
        elif self._time_s is not None:
            hours = (time_s - self._time_s) // 3600
            if self._written.size and self._limits is not None:
                self._written = shifted(self._limits, self._written, layout, hours)
            if self._cars is not None:
                self._cars = (ahead(self._cars[0], layout, hours), ahead(self._cars[1], layout, hours))
        self._time_s = time_s

    def solve(self, layout: Layout, inputs: Inputs) -> Solution:
        """The optimum; with `inputs.correction` limits are elastic at a high price and equation (9) holds (repair)."""
        began = time.perf_counter()
        is_repair = inputs.correction is not None
        self._mva = line_mva(self.knowledge) if self._mva is None else self._mva
        # the program is written anew each hour: cars and thus columns change, so no warm start would fit
        assembly = Assembly(self.knowledge, layout, inputs, self.without, self._mva)
        # the repair is about broken limits: it writes all of them, elastic, from the start
        choice = whole_choice(assembly.limits) if is_repair else self._choice(assembly.limits, inputs)
        seconds, iterations, self.solves = 0.0, 0, 0
        while True:
            self.solves += 1
            run, x, z = solve.run_conic(assembly.program(choice), self.knowledge.solver)
            seconds, iterations = seconds + run.seconds, iterations + run.iterations
            wrong = assembly.wrong(x, choice) if run.is_optimal else no_rows(assembly.limits)
            if not wrong.any():
                break
            # rows are only added: every round is a tighter relaxation, so this ends
            choice = choice.with_written(wrong)
        total = time.perf_counter() - began
        run = replace(run, seconds=seconds, iterations=iterations, overhead_s=total - seconds)
        solution = assembly.solution(x, z, choice, run)
        if not is_repair:
            self._limits = assembly.limits
            self._written = assembly.near(x, choice) if run.is_optimal else no_rows(assembly.limits)
            moved = (solution.p_pev + solution.curtailed, solution.q_pev)
            self._cars = moved if run.is_optimal else None
        return solution

    def _choice(self, limits: Limits, inputs: Inputs) -> Choice:
        """What to write first: what mattered an hour ago, and the penalty as the expected voltages ask for."""
        written = self._written if self._written.size == limits.size else no_rows(limits)
        if limits.penalty is None:
            return Choice(written, no_rows(limits))
        p_cars, q_cars = self._cars or (np.full(inputs.p_fixed.shape, np.nan),) * 2
        p, q = inputs.p_fixed + np.nan_to_num(p_cars), inputs.q_fixed + np.nan_to_num(q_cars)
        is_known = np.asarray(~np.isnan(p_cars).any(axis=0))
        return expected_choice(limits, limits.penalty, written, self._voltages(p, q), is_known)

    def _voltages(self, p: Floats, q: Floats) -> Floats:
        """AC voltages [L, T] at these loads in MW and Mvar; NaN where there is none."""
        assert self.knowledge.power_flow is not None
        flow = self.knowledge.power_flow(np.pad(p.T * 1e3, ((0, 0), (1, 0))), np.pad(q.T * 1e3, ((0, 0), (1, 0))))
        return np.asarray(flow.vm_pu[:, 1:].T)


class Assembly:
    """One hour's program: the equations' rows over columns, and which of them are written."""

    def __init__(self, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, without: Collection[str] = (),
                 mva: Floats | None = None) -> None:
        self.knowledge, self.layout, self.inputs = knowledge, layout, inputs
        self._mva = line_mva(knowledge) if mva is None else mva
        self.columns = Unknowns()
        self.unknowns = statement.unknowns(self.columns.new, knowledge, layout, inputs)
        self.size = self.columns.size
        self.cost, self.square = self._costs()
        named = statement.equations(knowledge, layout, inputs, self.unknowns)
        named = {name: stated for name, stated in named.items() if name not in without}
        self.has_cones, self.has_balance = "eq4" in named, "eq1" in named
        is_repair = inputs.correction is not None
        seldom = {name: named.pop(name) for name in SELDOM_BINDING if name in named and not is_repair}
        waiting = {name: [block for block in stated if block.cone == "nonneg"] for name, stated in seldom.items()}
        named |= {name: [block for block in stated if block.cone != "nonneg"] for name, stated in seldom.items()}
        self._limit_rows = self._rows("nonneg", [block for stated in waiting.values() for block in stated])
        self._always = [self._rows(cone, [block for stated in named.values() for block in stated if block.cone == cone])
                        for cone in CONES]
        self.limits = self._limits(waiting)
        self._limit_matrix = self._limit_rows.matrix.matrix()
        self._alive = np.zeros(0, dtype=bool)

    def _rows(self, cone: str, stated: list[Stated]) -> Rows:
        return stacked(cone, [block.rows(self.size) for block in stated], self.size)  # type: ignore[arg-type]

    def _costs(self) -> tuple[Floats, Floats]:
        """[columns] linear costs, and c of 1/2 c x^2."""
        k, layout, inputs, u = self.knowledge, self.layout, self.inputs, self.unknowns
        square = np.zeros(self.size)
        for power, weight in statement.squares(layout, inputs, u):
            square[columns(power)] = 2.0 * weight.ravel(order="F")
        return statement.objective_usd(k, layout, inputs, u).coefficients(self.size), square

    def _limits(self, waiting: dict[str, list[Stated]]) -> Limits:
        grids = [block.expressions[0] for stated in waiting.values() for block in stated]
        period = [np.arange(grid.size) // grid.shape[0] for grid in grids]
        every, penalty = np.concatenate([np.zeros(0, dtype=np.int64), *period]), None
        if "voltage_penalty" in waiting:
            v, low = columns(self.unknowns.flow.v), columns(self.unknowns.low)
            row = every.size - v.size + np.arange(v.size)  # the last of SELDOM_BINDING
            penalty = Penalty(row, low, v, self.knowledge.voltage_penalty_below_pu**2)
        return Limits(every, penalty)

    def program(self, choice: Choice) -> ConicProgram:
        """The program with those limits that are written."""
        self._alive = self.columns.alive
        penalty = self.limits.penalty
        if penalty is not None:
            # a penalty whose row is not written has no use for its column
            self._alive[penalty.low[~choice.written[penalty.row]]] = False
        rows = [*self._always, self._limit_rows.only(choice.written)]
        program = join(rows, self._cost(choice)[0] / OBJECTIVE_UNIT_USD, self.square / OBJECTIVE_UNIT_USD, self._alive)
        return replace(program, units=self._units()) if self.has_cones else program

    def _units(self) -> LineUnits:
        """Columns of the flow in the reduced program."""
        place, flow = np.cumsum(self._alive) - 1, self.unknowns.flow
        return LineUnits(place[columns(flow.P)], place[columns(flow.Q)], place[columns(flow.l)],
                         np.tile(self._mva, self.layout.periods))

    def whole(self, x: Floats) -> Floats:
        """All unknowns, 0 where they were taken out."""
        full = np.zeros(self.size)
        full[self._alive] = x
        return full

    def _cost(self, choice: Choice) -> tuple[Floats, float]:
        """Linear costs of all columns and a constant: where v is below, low = threshold - v."""
        penalty, cost = self.limits.penalty, self.cost.copy()
        if penalty is None:
            return cost, 0.0
        at = np.flatnonzero(choice.below[penalty.row])
        price = cost[penalty.low[at]]
        # low = threshold - v there, so its price on `low` is a negative price on v and a constant
        cost[penalty.v[at]] -= price
        return cost, float(price.sum() * penalty.threshold_pu2)

    def wrong(self, x: Floats, choice: Choice) -> Bools:
        """Limits left out that are not kept, and voltages taken to be below the penalty's threshold that are not."""
        room = self._room(x)
        return np.asarray(~choice.written & np.where(choice.below, room > KEPT, room < -KEPT))

    def near(self, x: Floats, choice: Choice) -> Bools:
        """Written limits that decide something or nearly do: they are written next hour as well."""
        return np.asarray(choice.written & (self._room(x) < NEAR))

    def _room(self, x: Floats) -> Floats:
        """[limits] what a limit leaves; of the penalty, how far v is above its threshold."""
        full = self.whole(x)
        if self.limits.penalty is not None:
            # with `low` at 0 the row's slack is v - threshold, whichever way the penalty was written
            full[self.limits.penalty.low] = 0.0
        return np.asarray(self._limit_rows.rhs - self._limit_matrix @ full, dtype=np.float64)

    def solution(self, x: Floats, z: Floats, choice: Choice, run: solve.SolverRun) -> Solution:
        """The answer in the layout's shapes."""
        layout, inputs, u, full = self.layout, self.inputs, self.unknowns, self.whole(x)
        cars, lines = u.cars, inputs.p_fixed.shape
        cost, constant = self._cost(choice)
        objective = float(cost @ full + 0.5 * self.square @ full**2) + constant
        price = np.full(lines, np.nan)
        if self.has_balance:  # the first rows of all
            # duals are per unit of the scaled objective
            price = z[: price.size].reshape(lines, order="F") * OBJECTIVE_UNIT_USD
        curtailed = np.zeros(lines) if u.curtailed is None else u.curtailed.evaluated(full)
        q_pev = np.zeros(lines) if cars.q is None else cars_eq.reactive_power(layout, inputs, cars).evaluated(full)
        return Solution(
            run=run, objective_usd=objective,
            pc=cars.charge.power.evaluated(full), pd=cars.discharge.power.evaluated(full),
            p_pev=cars_eq.active_power(layout, inputs, cars).evaluated(full), q_pev=q_pev,
            p_slow=cars_eq.active_power(layout, inputs, cars, slow_only=True).evaluated(full),
            curtailed=curtailed,
            flow=FlowValues(*(part.evaluated(full) for part in (u.flow.P, u.flow.Q, u.flow.l, u.flow.v))),
            price_usd_per_mw=price)


def line_mva(knowledge: SpatialKnowledge) -> Floats:
    """[L] base load behind each line, not below SMALLEST_LINE_MVA."""
    feeder = knowledge.feeder
    assert feeder is not None
    tree = eq.incidence(feeder).tree.matrix().tocsc()
    bases = (feeder.p_base_kw / 1e3 + feeder.shunt_g_pu, feeder.q_base_kvar / 1e3 - feeder.shunt_b_pu)
    p, q = (spsolve(tree, base[1:]) for base in bases)
    return np.maximum(np.hypot(p, q), SMALLEST_LINE_MVA)
