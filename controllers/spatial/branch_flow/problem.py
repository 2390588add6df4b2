"""The lower layer's optimisation: the compiled network and this hour's cars put together and solved.

Nothing is compiled after the first hour. Limits of the network are written only where they matter: an answer that
keeps all the others as well is the optimum of the whole problem, and one that does not is solved again with those.
Inside the problem powers are MW (= pu on 1 MVA), energies MWh, money $. Letters as in layout.py.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.choice import NEAR, Choice, ahead, expected_choice, no_rows, shifted, whole_choice
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.conic.program import (
    CONES,
    Columns,
    ConicProgram,
    Entries,
    LineUnits,
    Rows,
    Writer,
    join,
    together,
)
from controllers.spatial.branch_flow.fleet_block import FleetColumns, columns_d, write_fleet
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.network import FlowValues
from controllers.spatial.branch_flow.network_block import NetworkBlock, compile_network
from models.records.arrays import Bools, Floats

OBJECTIVE_UNIT_USD = 10.0
"""The solver minimises in this unit: fewest iterations (100 $: 28 against 22 with QOCO; C)."""
KEPT = 1e-7
"""A limit that was not written counts as kept within this (pu, pu^2, MW)."""


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
    flow: FlowValues
    price_usd_per_mw: Floats
    """[L, T] what one more MW at a bus in a period costs."""


class LowerProblem:
    """The problem of one feeder: compiled at the first call, then solved with each hour's numbers.

    `without` names equations to leave out (tests only).
    """

    def __init__(self, knowledge: SpatialKnowledge, without: Collection[str] = ()) -> None:
        self.knowledge = knowledge
        self.without = frozenset(without)
        self._blocks: dict[bool, NetworkBlock] = {}
        self._written: Bools = np.zeros(0, dtype=bool)
        self._cars: tuple[Floats, Floats] | None = None
        """Active and reactive power of cars [L, T] of the last answer, MW and Mvar."""
        self._time_s: int | None = None
        self.solves = 0
        """Programs that the last answer took."""

    def begin(self, time_s: int, layout: Layout) -> None:
        """A new decision hour: limits that mattered in the hours now ahead are written from the start."""
        if self._time_s is not None and time_s < self._time_s:
            self._written, self._cars = np.zeros(0, dtype=bool), None
        elif self._time_s is not None:
            hours = (time_s - self._time_s) // 3600
            if self._written.size:
                self._written = shifted(self._block(layout, is_repair=False), self._written, layout, hours)
            if self._cars is not None:
                self._cars = (ahead(self._cars[0], layout, hours), ahead(self._cars[1], layout, hours))
        self._time_s = time_s

    def solve(self, layout: Layout, inputs: Inputs) -> Solution:
        """The optimum; with `inputs.correction` limits are elastic at a high price and equation (9) holds (repair)."""
        began = time.perf_counter()
        is_repair = inputs.correction is not None
        block = self._block(layout, is_repair)
        assembly = Assembly(self.knowledge, layout, inputs, block, self.without)
        choice = whole_choice(block) if is_repair else self._choice(block, inputs)
        seconds, iterations, self.solves = 0.0, 0, 0
        while True:
            self.solves += 1
            run, x, z = solve.run_conic(assembly.program(choice), self.knowledge.solver)
            seconds, iterations = seconds + run.seconds, iterations + run.iterations
            wrong = assembly.wrong(x, choice) if run.is_optimal else np.zeros(choice.written.size, dtype=bool)
            if not wrong.any():
                break
            choice = choice.with_written(wrong)
        total = time.perf_counter() - began
        run = replace(run, seconds=seconds, iterations=iterations, overhead_s=total - seconds)
        found = assembly.solution(x, z, choice, run)
        if not is_repair:
            self._written = assembly.near(x, choice) if run.is_optimal else np.zeros(choice.written.size, dtype=bool)
            self._cars = (found.p_pev, found.q_pev) if run.is_optimal else None
        return found

    def _choice(self, block: NetworkBlock, inputs: Inputs) -> Choice:
        """What to write first: what mattered an hour ago, and the penalty as the expected voltages ask for."""
        written = self._written if self._written.size == block.limit_rows.size else no_rows(block)
        if not block.penalty.row.size:
            return Choice(written, no_rows(block))
        p_cars, q_cars = self._cars or (np.full(inputs.p_fixed.shape, np.nan),) * 2
        p, q = inputs.p_fixed + np.nan_to_num(p_cars), inputs.q_fixed + np.nan_to_num(q_cars)
        return expected_choice(block, written, self._voltages(p, q), np.asarray(~np.isnan(p_cars).any(axis=0)))

    def _voltages(self, p: Floats, q: Floats) -> Floats:
        """AC voltages [L, T] at these loads in MW and Mvar; NaN where there is none."""
        assert self.knowledge.power_flow is not None
        flow = self.knowledge.power_flow(np.pad(p.T * 1e3, ((0, 0), (1, 0))), np.pad(q.T * 1e3, ((0, 0), (1, 0))))
        return np.asarray(flow.vm_pu[:, 1:].T)

    def _block(self, layout: Layout, is_repair: bool) -> NetworkBlock:
        if is_repair not in self._blocks:
            self._blocks[is_repair] = compile_network(self.knowledge, layout, is_repair, self.without)
        return self._blocks[is_repair]


class Assembly:
    """One hour's program: the network's rows with the hour's numbers put in, the cars' rows beside them."""

    def __init__(self, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, block: NetworkBlock,
                 without: Collection[str]) -> None:
        self.layout, self.inputs, self.block = layout, inputs, block
        self.writer = Writer(without)
        self.network = self.writer.columns(block.own.size, eq15_loss_cost(knowledge, layout, inputs, block))
        self.fleet = write_fleet(self.writer, knowledge, layout, inputs, inputs.correction is not None)
        self.size = self.writer.size
        self.p_pev, self.p_slow, self.q_pev = _maps(layout, inputs, self.fleet, self.size)
        self._fleet_rows = [self.writer.rows(cone) for cone in CONES]
        self._matrix = self._all_columns()
        self._entries = Entries.of(self._matrix)
        self._rhs = block.rhs - self._put_in(inputs)
        self._alive = np.zeros(0, dtype=bool)

    def _all_columns(self) -> sp.csr_array:
        """The network's rows over all columns: its own, and the cars wherever bus powers stand."""
        block, shape = self.block, (self.block.rhs.size, self.size - self.block.own.size)
        own = sp.hstack([block.matrix[:, block.own], sp.csc_array(shape)], format="csr")
        cars = sp.csc_array((block.rhs.size, self.size))
        if block.p_bus.size:
            cars = cars + block.matrix[:, block.p_bus] @ self.p_pev
        if block.p_behind.size:
            cars = cars + block.matrix[:, block.p_behind] @ _rated(self.layout, self.p_slow)
        if self.fleet.q is not None and block.q_bus.size:
            cars = cars + block.matrix[:, block.q_bus] @ self.q_pev
        return sp.csr_array(own + cars)

    def _put_in(self, inputs: Inputs) -> Floats:
        """What this hour's numbers add to the left side of the network's rows."""
        block, rated = self.block, self.layout.rated
        values = np.zeros(block.matrix.shape[1])
        for at, numbers in ((block.p_bus, inputs.p_fixed), (block.q_bus, inputs.q_fixed),
                            (block.p_behind, inputs.p_fixed[rated]), (block.p_cap, inputs.p_cap),
                            (block.correction, inputs.correction)):
            if at.size and numbers is not None:  # a block without that equation has no such columns
                values[at] = _flat(numbers)
        return np.asarray(block.matrix @ values)

    def program(self, choice: Choice) -> ConicProgram:
        """The program with those limits that are written."""
        block = self.block
        keep = np.ones(block.rhs.size, dtype=bool)
        keep[block.limit_rows[~choice.written]] = False
        self._alive = self.writer.alive
        self._alive[block.penalty.low[~choice.written[block.penalty.row]]] = False
        edges = (0, block.zero, block.zero + block.nonneg, block.rhs.size)
        parts = []
        for i, cone in enumerate(CONES):
            at = edges[i] + np.flatnonzero(keep[edges[i] : edges[i + 1]])
            parts += [Rows(cone, self._entries.rows(at), self._rhs[at], block.soc_sizes if cone == "soc" else ()),
                      self._fleet_rows[i]]
        program = join(parts, self._cost(choice)[0] / OBJECTIVE_UNIT_USD, self.writer.square / OBJECTIVE_UNIT_USD,
                       self._alive)
        return replace(program, units=self._units()) if block.line_mva.size else program

    def _units(self) -> LineUnits:
        """Columns of the flow in the reduced program."""
        block, place = self.block, np.cumsum(self._alive) - 1
        return LineUnits(place[block.p], place[block.q], place[block.l], block.line_mva)

    def whole(self, x: Floats) -> Floats:
        """All unknowns, 0 where they were taken out."""
        full = np.zeros(self.size)
        full[self._alive] = x
        return full

    def _cost(self, choice: Choice) -> tuple[Floats, float]:
        """Linear costs of all columns and a constant: where v is below, low = threshold - v."""
        penalty, cost = self.block.penalty, self.writer.cost
        at = np.flatnonzero(choice.below[penalty.row])
        price = cost[penalty.low[at]]
        cost[penalty.v[at]] -= price
        return cost, float(price @ penalty.threshold_pu2[at])

    def wrong(self, x: Floats, choice: Choice) -> Bools:
        """Limits left out that are not kept, and voltages taken to be below the penalty's threshold that are not."""
        room = self._room(x)
        return np.asarray(~choice.written & np.where(choice.below, room > KEPT, room < -KEPT))

    def near(self, x: Floats, choice: Choice) -> Bools:
        """Written limits that decide something or nearly do: they are written next hour as well."""
        return np.asarray(choice.written & (self._room(x) < NEAR))

    def _room(self, x: Floats) -> Floats:
        """[limit rows] what a limit leaves; of the penalty, how far v is above its threshold."""
        rows, full = self.block.limit_rows, self.whole(x)
        full[self.block.penalty.low] = 0.0
        return np.asarray((self._rhs - self._matrix @ full)[rows], dtype=np.float64)

    def solution(self, x: Floats, z: Floats, choice: Choice, run: solve.SolverRun) -> Solution:
        """The answer in the layout's shapes."""
        layout, block, full = self.layout, self.block, self.whole(x)
        lines, periods = layout.pair_bus.shape[0], layout.periods

        def by_line(values: Floats) -> Floats:
            return np.asarray(values.reshape((lines, periods), order="F"))

        cost, constant = self._cost(choice)
        objective = float(cost @ full + 0.5 * self.writer.square @ full**2) + constant
        price = np.full(lines * periods, np.nan)
        if block.balance_rows.size:
            price = block.balance_sign * z[block.balance_rows] * OBJECTIVE_UNIT_USD
        return Solution(
            run=run, objective_usd=objective, pc=full[self.fleet.pc.span].reshape(-1, layout.steps),
            pd=full[self.fleet.pd.span].reshape(-1, layout.steps), p_pev=by_line(self.p_pev @ full),
            q_pev=by_line(self.q_pev @ full), p_slow=by_line(self.p_slow @ full),
            flow=FlowValues(*(by_line(full[at]) for at in (block.p, block.q, block.l, block.v))),
            price_usd_per_mw=by_line(price))


def eq15_loss_cost(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, block: NetworkBlock) -> Floats:
    """(15) price x losses beside the compiled penalties, in $."""
    assert knowledge.feeder is not None
    cost = block.cost.copy()
    cost[block.l] = _flat(knowledge.feeder.r_pu[1:, None] * inputs.loss_usd_per_mw)
    return cost


def _maps(layout: Layout, inputs: Inputs, fleet: FleetColumns, size: int
          ) -> tuple[sp.csr_array, sp.csr_array, sp.csr_array]:
    """[L T, columns] active power of cars at each bus, the part behind its transformer, and reactive power."""
    shape = (layout.pair_bus.shape[0] * layout.periods, size)

    def now(matrix: Entries, block: Columns) -> Entries:
        return _spread(matrix, block.start, layout.steps, 0, shape)

    def later(matrix: sp.csr_array, block: Columns, share: Floats) -> Entries:
        rows = Entries.of(matrix)
        of_row = replace(rows, column=layout.row_later[rows.column])
        found = _spread(of_row, block.start, layout.hours, layout.steps, shape)
        return replace(found, value=share[rows.column].ravel())

    def net(pair_bus: sp.csr_array, later_bus: sp.csr_array) -> sp.csr_array:
        return together([now(Entries.of(pair_bus), fleet.pc), -now(columns_d(pair_bus, layout), fleet.pd),
                         later(later_bus, fleet.later_pc, inputs.later_share_c),
                         -later(later_bus, fleet.later_pd, inputs.later_share_d)], shape).matrix()

    reactive = [] if fleet.q is None or fleet.later_q is None else [
        now(columns_d(layout.pair_bus, layout), fleet.q), later(layout.later_bus, fleet.later_q, inputs.later_share_d)]
    return (net(layout.pair_bus, layout.later_bus), net(layout.pair_bus_slow, layout.later_bus_slow),
            together(reactive, shape).matrix())


def _spread(matrix: Entries, start: int, periods: int, first: int, shape: tuple[int, int]) -> Entries:
    """matrix [L, n] in each of `periods` periods: columns [n, periods] row by row, rows [L, T] column by column."""
    t = np.arange(periods)
    rows = (matrix.row[:, None] + matrix.shape[0] * (first + t)).ravel()
    columns = (start + matrix.column[:, None] * periods + t).ravel()
    return Entries(rows, columns, np.repeat(matrix.value, periods), shape)


def _rated(layout: Layout, by_line: sp.csr_array) -> sp.csr_array:
    """The rows [R T] of rated transformers out of [L T], column by column."""
    lines = layout.pair_bus.shape[0]
    at = (layout.rated[None, :] + lines * np.arange(layout.periods)[:, None]).ravel()
    return sp.csr_array(by_line[at])


def _flat(values: Floats) -> Floats:
    """[rows, T] column by column."""
    return np.asarray(values.ravel(order="F"), dtype=np.float64)
