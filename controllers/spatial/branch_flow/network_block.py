"""The network's half of the lower layer's problem: equations (1)-(9), compiled once per feeder and horizon.

What changes every hour enters as columns whose values are put in before solving: bus powers, the room that
transformers leave, the correction of (9). So nothing is compiled again, whatever cars there are.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Floats, Ints
from models.records.feeder import RadialFeeder

SMALLEST_LINE_MVA = 1e-2
NOTHING = np.zeros(0, dtype=np.int64)
ELASTIC_USD_PER_PU_H = 2.0e3
ELASTIC_USD_PER_PU2_VOLTAGE_H = 1.0e4
"""Prices of violated limits in the repair problem: far above target slack at any bus (A)."""


@dataclass(frozen=True)
class Penalty:
    """Rows low >= threshold - v of the voltage penalty: price x low is what each costs."""

    row: Ints
    """Positions in `limit_rows`."""
    low: Ints
    """Column of `own` that serves this row alone."""
    v: Ints
    """Column of `own` of its voltage."""
    threshold_pu2: Floats


@dataclass(frozen=True)
class NetworkBlock:
    """Compiled rows of the network, order zero, nonneg, soc; lines x periods flattened column by column.

    A x + s = b over columns `own` (decided) and `p_bus`, `q_bus`, `p_behind`, `given` (put in).
    """

    matrix: sp.csc_array
    rhs: Floats
    zero: int
    nonneg: int
    soc_sizes: tuple[int, ...]
    cost: Floats
    """[own] without the price of losses."""
    own: Ints
    p: Ints
    """Columns of P, Q, l, v [L T] each, as positions in `own`."""
    q: Ints
    l: Ints  # noqa: E741  the letter of the literature
    v: Ints
    p_bus: Ints
    q_bus: Ints
    p_behind: Ints
    """[R T] active power behind rated transformers; empty without."""
    p_cap: Ints
    correction: Ints
    balance_rows: Ints
    """[L T] rows of (1)."""
    balance_sign: Floats
    line_mva: Floats
    """[L T] base load behind each line, not below SMALLEST_LINE_MVA; empty without equation (4)."""
    limit_rows: Ints
    """Inequalities that need not be written until they matter: (5), (6), (7) and the voltage penalty."""
    limit_period: Ints
    """[limit rows] period of each."""
    penalty: Penalty
    compile_s: float


@dataclass(frozen=True)
class Elastic:
    """By how much limits are exceeded; only in the repair problem."""

    v_below: cp.Variable
    v_above: cp.Variable
    l_above: cp.Variable
    transformer: cp.Variable
    substation: cp.Variable

    def cost(self, period_h: Floats) -> cp.Expression:
        """$ of all violations."""
        voltage = cp.sum((self.v_below + self.v_above) @ period_h)
        ratings = cp.sum(self.l_above @ period_h) + cp.sum(self.transformer @ period_h)
        ratings = ratings + cp.sum(self.substation @ period_h)
        return ELASTIC_USD_PER_PU2_VOLTAGE_H * voltage + ELASTIC_USD_PER_PU_H * ratings


@dataclass(frozen=True)
class _Unknowns:
    flow: eq.Flow
    p_bus: cp.Variable
    q_bus: cp.Variable
    p_behind: cp.Variable
    p_cap: cp.Variable
    correction: cp.Variable
    elastic: Elastic | None

    def put_in(self) -> tuple[cp.Variable, ...]:
        return self.p_bus, self.q_bus, self.p_behind, self.p_cap, self.correction


def compile_network(knowledge: SpatialKnowledge, layout: Layout, is_repair: bool, without: Collection[str] = ()
                    ) -> NetworkBlock:
    """Equations (1)-(8); for repair with elastic limits at a high price and (9). `without`: tests only."""
    assert knowledge.feeder is not None
    began = time.perf_counter()
    unknowns = _unknowns(knowledge.feeder, layout, is_repair)
    groups = network_constraints(knowledge, knowledge.feeder, layout, unknowns)
    penalty, low = _voltage_penalty(knowledge, layout, unknowns, groups)
    constraints = [c for name, group in groups.items() if name not in without for c in group]
    constraints += [low >= 0.0] if low is not None else []
    cost = penalty + (unknowns.elastic.cost(layout.period_h) if unknowns.elastic else 0.0)
    problem = cp.Problem(cp.Minimize(cost), constraints)
    assert problem.is_dcp(), "branch flow problem is not convex by cvxpy's rules"
    found = _read(problem, unknowns, low, layout, began)
    return found if "eq4" in without else replace(found, line_mva=_line_mva(knowledge.feeder, layout.periods))


def equation_names(knowledge: SpatialKnowledge, layout: Layout, is_repair: bool) -> tuple[str, ...]:
    """Names that `without` understands."""
    assert knowledge.feeder is not None
    unknowns = _unknowns(knowledge.feeder, layout, is_repair)
    groups = network_constraints(knowledge, knowledge.feeder, layout, unknowns)
    _voltage_penalty(knowledge, layout, unknowns, groups)
    return tuple(name for name, group in groups.items() if group)


# ---------------------------------------------------------------- equations
def _unknowns(feeder: RadialFeeder, layout: Layout, is_repair: bool) -> _Unknowns:
    lines, t, rated = feeder.bus_count - 1, layout.periods, max(layout.rated.size, 1)
    return _Unknowns(
        flow=eq.flow_variables(lines, t), p_bus=cp.Variable((lines, t)), q_bus=cp.Variable((lines, t)),
        p_behind=cp.Variable((rated, t)), p_cap=cp.Variable((rated, t)), correction=cp.Variable((lines, t)),
        elastic=_elastic(lines, rated, t) if is_repair else None)


def _elastic(lines: int, rated: int, periods: int) -> Elastic:
    def excess(rows: int) -> cp.Variable:
        return cp.Variable((rows, periods), nonneg=True)

    return Elastic(v_below=excess(lines), v_above=excess(lines), l_above=excess(lines), transformer=excess(rated),
                   substation=excess(1))


def network_constraints(knowledge: SpatialKnowledge, feeder: RadialFeeder, layout: Layout, u: _Unknowns
                        ) -> dict[str, list[cp.Constraint]]:
    """Equations by name."""
    net, flow, elastic = eq.incidence(feeder), u.flow, u.elastic
    groups: dict[str, list[cp.Constraint]] = {
        "eq1": [eq.eq1_active_balance(net, flow, u.p_bus)],
        "eq2": [eq.eq2_reactive_balance(net, flow, u.q_bus)],
        "eq3": [eq.eq3_voltage_drop(net, flow)],
        "eq4": [eq.eq4_current_cone(net, flow)],
        "eq5": eq.eq5_voltage_band(feeder, flow, *((elastic.v_below, elastic.v_above) if elastic else ())),
        "eq6": [eq.eq6_line_rating(feeder, flow, elastic.l_above if elastic else 0.0)],
        "eq7": _transformers(knowledge, feeder, layout, u),
        "eq8": _substation(feeder, net, u),
    }
    if elastic is not None:
        groups["eq9"] = eq.eq9_lossless_ceiling(feeder, net, u.p_bus, u.q_bus, u.correction, elastic.v_above,
                                                layout.periods)
    return groups


def _transformers(knowledge: SpatialKnowledge, feeder: RadialFeeder, layout: Layout, u: _Unknowns
                  ) -> list[cp.Constraint]:
    """Equation (7): fast ports have their own transformer, so only slow chargers count."""
    if not layout.rated.size:
        return []
    above: cp.Expression | float = u.elastic.transformer if u.elastic else 0.0
    if not knowledge.reactive_power:
        return eq.eq7_transformer_active(u.p_behind, u.p_cap, above)
    rating = np.repeat(feeder.transformer_kva[1:][layout.rated, None] / 1e3, layout.periods, axis=1)
    return [eq.eq7_transformer_cone(u.p_behind, u.q_bus[layout.rated], rating, above)]


def _substation(feeder: RadialFeeder, net: eq.Incidence, u: _Unknowns) -> list[cp.Constraint]:
    if not np.isfinite(feeder.transformer_kva[0]):
        return []
    above = u.elastic.substation if u.elastic else 0.0
    return [eq.eq8_substation(net, u.flow, feeder.transformer_kva[0] / 1e3, above)]


def _voltage_penalty(knowledge: SpatialKnowledge, layout: Layout, u: _Unknowns,
                     groups: dict[str, list[cp.Constraint]]) -> tuple[cp.Expression, cp.Variable | None]:
    """One-sided penalty of low voltages, and how low they are; a two-sided one destroys exactness (docs/model.md 4.6).

    The variable has no sign of its own: cvxpy would put another in its place, not to be found among the columns.
    """
    if knowledge.voltage_penalty_usd_per_pu2h <= 0:
        return cp.Constant(0.0), None
    low = cp.Variable(u.flow.v.shape, name="v_low")
    groups["voltage_penalty"] = [low >= knowledge.voltage_penalty_below_pu**2 - u.flow.v]
    return knowledge.voltage_penalty_usd_per_pu2h * cp.sum(low @ layout.period_h), low


def _line_mva(feeder: RadialFeeder, periods: int) -> Floats:
    """[L T] column by column."""
    tree = sp.csc_array(eq.incidence(feeder).tree)
    p, q = (spsolve(tree, base[1:] / 1e3) for base in (feeder.p_base_kw, feeder.q_base_kvar))
    return np.tile(np.maximum(np.hypot(p, q), SMALLEST_LINE_MVA), periods)


# ---------------------------------------------------------------- reading what cvxpy compiled
def _read(problem: cp.Problem, u: _Unknowns, low: cp.Variable | None, layout: Layout, began: float) -> NetworkBlock:
    data, _, _ = problem.get_problem_data(cp.CLARABEL)
    matrix, zero, nonneg = sp.csc_array(data["A"]), int(data["dims"].zero), int(data["dims"].nonneg)
    place = _Place(data["param_prob"].var_id_to_col)
    given = np.concatenate([place.of(v) for v in u.put_in()])
    own = np.setdiff1d(np.arange(matrix.shape[1]), given)
    position = np.full(matrix.shape[1], -1)
    position[own] = np.arange(own.size)
    p, q, l, v = (position[place.of(x)] for x in (u.flow.P, u.flow.Q, u.flow.l, u.flow.v))  # noqa: E741
    rows, sign = _balance(matrix[:zero], place.of(u.p_bus))
    period = _periods(u, place, matrix.shape[1])
    low_at = place.of(low) if low is not None else NOTHING
    limits = _limits(matrix, zero, nonneg, low_at) if u.elastic is None else (NOTHING, NOTHING)
    rhs = np.asarray(data["b"], dtype=np.float64)
    return NetworkBlock(
        matrix=matrix, rhs=rhs, zero=zero, nonneg=nonneg,
        soc_sizes=tuple(int(size) for size in data["dims"].soc), cost=np.asarray(data["c"], dtype=np.float64)[own],
        own=own, p=p, q=q, l=l, v=v, p_bus=place.of(u.p_bus), q_bus=place.of(u.q_bus),
        p_behind=place.of(u.p_behind), p_cap=place.of(u.p_cap), correction=place.of(u.correction),
        balance_rows=rows, balance_sign=sign, line_mva=np.zeros(0), limit_rows=limits[0],
        limit_period=_period_of_rows(matrix, limits[0], period),
        penalty=_penalty(matrix, rhs, limits, position, v), compile_s=time.perf_counter() - began)


@dataclass(frozen=True)
class _Place:
    """Where cvxpy put each variable's columns."""

    start: dict[int, int]

    def of(self, variable: cp.Variable) -> Ints:
        """Its columns, F order; empty if no equation uses it."""
        at = self.start.get(variable.id)
        return NOTHING if at is None else np.arange(at, at + variable.size)


def _balance(zero_rows: sp.csc_array, p_bus: Ints) -> tuple[Ints, Floats]:
    """The rows of (1), the first to contain each bus's power, and the sign with which they do."""
    picked = sp.csc_array(zero_rows[:, p_bus])
    picked.sort_indices()
    return picked.indices[picked.indptr[:-1]].astype(np.int64), picked.data[picked.indptr[:-1]]


def _limits(matrix: sp.csc_array, zero: int, nonneg: int, low: Ints) -> tuple[Ints, Ints]:
    """Inequality rows that bound the flow, and the penalty's column where one serves that row alone."""
    block = sp.csr_array(matrix[zero : zero + nonneg])
    is_sign = np.diff(block.indptr) == 1
    is_low = np.zeros(matrix.shape[1], dtype=bool)
    is_low[low] = True
    touches = sp.coo_array(block[:, np.flatnonzero(is_low)]) if low.size else None
    spare = np.full(nonneg, -1)
    if touches is not None:
        spare[touches.row] = low[touches.col]
    rows = np.flatnonzero(~(is_sign & (spare >= 0)))
    return zero + rows, spare[rows]


def _penalty(matrix: sp.csc_array, rhs: Floats, limits: tuple[Ints, Ints], position: Ints, v: Ints) -> Penalty:
    """The penalty's rows among the limits (rows, spare columns); each reads -low - v <= -threshold."""
    row = np.flatnonzero(limits[1] >= 0)
    block = sp.csr_array(matrix)[limits[0][row]]
    is_v = np.zeros(position.max() + 2, dtype=bool)
    is_v[v] = True
    entries = sp.coo_array(block)
    picked = is_v[position[entries.col]]
    voltage = np.zeros(row.size, dtype=np.int64)
    voltage[entries.row[picked]] = position[entries.col[picked]]
    assert np.all(entries.data == -1.0), "a row of the voltage penalty holds other coefficients than -1"
    return Penalty(row=row, low=position[limits[1][row]], v=voltage, threshold_pu2=-rhs[limits[0][row]])


def _periods(u: _Unknowns, place: _Place, size: int) -> Ints:
    """Period of each column of flow and of power behind transformers, -1 elsewhere."""
    period = np.full(size, -1)
    for variable in (u.flow.P, u.flow.Q, u.flow.l, u.flow.v, u.p_behind):
        columns = place.of(variable)
        period[columns] = np.arange(columns.size) // variable.shape[0]
    return period


def _period_of_rows(matrix: sp.csc_array, rows: Ints, period: Ints) -> Ints:
    """Period of each row: that of its columns that have one."""
    entries = sp.coo_array(sp.csr_array(matrix)[rows])
    found = np.full(rows.size, -1)
    np.maximum.at(found, entries.row, period[entries.col])
    return found
