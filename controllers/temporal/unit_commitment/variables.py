"""The upper layer's unknowns, and sums over them that several equations use.

Unit variables are flat vectors [U*H], row by row; cohort variables are vectors over active entries.
Powers in MW, energies in MWh, money in $. Indices: i unit or cluster of n identical units, t hour, g cohort.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cvxpy as cp
import numpy as np
from scipy import sparse

from controllers.temporal.unit_commitment.problem import Case
from models.records.arrays import Bools, Floats, Ints
from models.records.thermal_units import ThermalUnits

Constraints = list[cp.Constraint]
Equation = Callable[["Case", "Variables"], Constraints]


def _none() -> cp.Expression:
    return cp.Constant(np.zeros(0))


@dataclass(frozen=True)
class Variables:
    """Unknowns, or constants where a stage has fixed them."""

    u: cp.Expression
    """[U*H] on; 0 .. n in a cluster"""
    y: cp.Expression
    """[U*H] start"""
    z: cp.Expression
    """[U*H] stop"""
    hot: cp.Expression
    """[W*H] start of each warm category: any but its unit's coldest"""
    p: cp.Expression
    """[U*H] MW"""
    cost: cp.Expression
    """[U*H] w1 F1 + w4 F4 without start-ups, $/h"""
    wind_cut: cp.Expression
    pv_cut: cp.Expression
    short: cp.Expression
    """[(K + 1) * H * Q] missing reserve MW by piece of its demand curve, then load shed beyond it; step by step"""
    counted: cp.Expression
    """[H] R: what units and cars count towards reserve, less charging"""
    charge_extra: cp.Expression
    """[H * Q] charging of each step beyond its hour's mean; empty where there is none"""
    charge: cp.Expression
    """[C] Pc / Pcmax of the entries `charge_at`"""
    discharge: cp.Expression
    """[D] Pd / Pdmax of the entries `discharge_at`"""
    x: cp.Expression
    """[E] X over `x_scale_mwh`"""
    stored_reserve: cp.Expression
    """[2, H] reserve of cars beyond their schedule: more discharge, less charge"""
    direction: cp.Expression
    """[K] 1 = may charge, 0 = may discharge, of the entries `cycling_at`"""
    charge_at: Ints
    discharge_at: Ints
    cycling_at: Ints
    missing: cp.Expression
    surplus: cp.Expression
    """[H] elastic balance: zero except in a diagnosis"""
    rest: cp.Expression = field(default_factory=_none)
    """[R] warm starts of a cluster by stop and start, in the order of `short_rests`"""
    beyond: cp.Expression = field(default_factory=_none)
    """[K*H] power above each kink of a cost curve, MW"""
    reach: cp.Expression = field(default_factory=_none)
    """[U*H] power with its reserve, MW; empty where whole capacities count"""


# ------------------------------------------------------------------ sums used by several equations
def unit_sum(case: Case) -> sparse.csr_matrix:
    """[H, U*H] adds the units in each hour."""
    return sparse.csr_matrix(sparse.kron(np.ones((1, case.knowledge.units.count)), sparse.eye(case.horizon_h)))


def charging_mw(case: Case, v: Variables) -> cp.Expression:
    """[H] sum of Pc."""
    if v.charge_at.size == 0:
        return np.zeros(case.horizon_h)
    scale = sparse.diags(case.rows.pc_max_mw[v.charge_at])
    return (case.rows.hour_matrix(case.horizon_h, v.charge_at) @ scale) @ v.charge


def discharging_mw(case: Case, v: Variables) -> cp.Expression:
    """[H] sum of Pd."""
    if v.discharge_at.size == 0:
        return np.zeros(case.horizon_h)
    scale = sparse.diags(case.rows.pd_max_mw[v.discharge_at])
    return (case.rows.hour_matrix(case.horizon_h, v.discharge_at) @ scale) @ v.discharge


def per_unit(case: Case, values: Floats | Ints) -> Floats:
    """[U*H] one value per unit, repeated over the hours."""
    return np.repeat(np.asarray(values, dtype=np.float64), case.horizon_h)


def window(case: Case, newest: Ints, oldest: Ints) -> sparse.csr_matrix:
    """[N*H, N*H] sums v(t-k) for k = newest_i .. oldest_i hours back, inside the horizon; N rows of hours."""
    hours = np.arange(case.horizon_h)
    back = hours[:, None] - hours[None, :]
    blocks = [sparse.csr_matrix((back >= a) & (back <= b), dtype=np.float64)
              for a, b in zip(newest, oldest, strict=True)]
    # a block for each unit: windows never reach into the next unit's hours
    return sparse.csr_matrix(sparse.block_diag(blocks))


def before(case: Case) -> sparse.csr_matrix:
    """[U*H, U*H] takes v(t) to v(t-1), 0 in the first hour."""
    ones = np.ones(case.knowledge.units.count, dtype=np.int64)
    return window(case, ones, ones)


def first_hour(case: Case, values: Floats | Ints) -> Floats:
    """[U*H] one value per unit in the first hour, else 0."""
    out = np.zeros((case.knowledge.units.count, case.horizon_h))
    out[:, 0] = values
    return out.ravel()


def at_rows(case: Case, keep: Floats | Ints | Bools) -> Ints:
    """Flat positions of all hours of the rows whose `keep` [U] is true."""
    return np.asarray(np.flatnonzero(np.repeat(np.asarray(keep, dtype=np.float64) > 0, case.horizon_h)), dtype=np.int64)


def start_and_stop_mw(units: ThermalUnits) -> tuple[Floats, Floats]:
    """(SU, SD) [U]: highest power in the first and in the last hour on, Pmax where there is no limit."""
    return (np.minimum(units.p_startup_max_mw, units.p_max_mw), np.minimum(units.p_shutdown_max_mw, units.p_max_mw))
