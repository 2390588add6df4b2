"""How much power at which buses lifts the lowest voltage of a feeder to a given value: active, reactive, or both.

Per hour the least total of chargers is sought, sum over buses of s_b with ||(p_b, q_b)|| <= s_b, such that every bus
stays at or above the wanted voltage: the branch-flow relaxation finds it, AC power flow at its powers judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import cvxpy as cp
import numpy as np

from controllers.port import PowerFlowCall
from controllers.spatial.branch_flow import equations as eq
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder

By = Literal["active", "reactive", "both"]
MEANS: tuple[By, ...] = ("active", "reactive", "both")
AC_TOLERANCE_PU = 1e-5
LOWEST_PU = 0.5
"""Where a voltage shall be found, not kept."""
LOSS_PRICE = 1e-3
"""MW of charger that a MW of loss counts as: breaks ties, and keeps the relaxation from inventing losses."""


@dataclass(frozen=True)
class Support:
    """Least injection over T hours; powers fed into the feeder, positive."""

    by: By
    wanted_vm_pu: float
    vm_min_before_pu: Floats
    """[T] AC, without injection."""
    vm_min_after_pu: Floats
    """[T] AC, with it."""
    p_bus_kw: Floats
    """[T, B]"""
    q_bus_kvar: Floats
    feasible: bool
    """Every hour has an answer that AC confirms."""
    losses_change_kw: Floats
    """[T] AC, with less without injection."""

    @property
    def kva(self) -> Floats:
        """[T] sum over buses of sqrt(p^2 + q^2)."""
        return np.asarray(np.hypot(self.p_bus_kw, self.q_bus_kvar).sum(axis=1))

    @property
    def hours(self) -> int:
        """Hours that need any."""
        return int(np.count_nonzero(self.vm_min_before_pu < self.wanted_vm_pu))

    @property
    def hour_of_need(self) -> int:
        """Hour of the greatest need, counted from 0."""
        return int(np.argmax(self.kva))

    @property
    def energy_mwh(self) -> float:
        """Active energy of hourly periods."""
        return float(self.p_bus_kw.sum() / 1e3)


def least_support(feeder: RadialFeeder, power_flow: PowerFlowCall, p_kw: Floats, q_kvar: Floats, wanted_vm_pu: float,
                  by: By, kva_per_bus: Floats | None = None) -> Support:
    """Least chargers for loads [T, B]; kva_per_bus [B] limits each bus (None: no limit).

    Hours that no injection within the limits lifts so far have NaN powers, and `feasible` is False.
    """
    before = power_flow(p_kw, q_kvar)
    vm_before = before.vm_pu.min(axis=1)
    p_in, q_in = np.zeros(p_kw.shape), np.zeros(p_kw.shape)
    problem = _Problem(replace(feeder, v_min_pu=wanted_vm_pu, v_max_pu=max(feeder.v_max_pu, wanted_vm_pu + 0.05)),
                       by, kva_per_bus)
    for hour in np.flatnonzero(vm_before < wanted_vm_pu):
        p_in[hour, 1:], q_in[hour, 1:] = problem.solve(p_kw[hour, 1:], q_kvar[hour, 1:])
    known = ~np.isnan(p_in).any(axis=1)
    after = power_flow(p_kw - np.nan_to_num(p_in), q_kvar - np.nan_to_num(q_in))
    reached = known & (after.vm_pu.min(axis=1) >= np.minimum(wanted_vm_pu, vm_before) - AC_TOLERANCE_PU)
    reached &= (after.vm_pu.min(axis=1) >= wanted_vm_pu - AC_TOLERANCE_PU) | (vm_before >= wanted_vm_pu)
    return Support(by, wanted_vm_pu, vm_before, after.vm_pu.min(axis=1), p_in, q_in, bool(reached.all()),
                   after.losses_kw - before.losses_kw)


def highest_vm_pu(feeder: RadialFeeder, power_flow: PowerFlowCall, p_kw: Floats, q_kvar: Floats, total_kva: float,
                  by: By, kva_per_bus: Floats | None = None) -> float:
    """Highest lowest voltage (AC) that total_kva of chargers can reach at loads [B] of one hour."""
    free = _Problem(replace(feeder, v_min_pu=LOWEST_PU), by, kva_per_bus)
    lowest = cp.Variable()
    cost = LOSS_PRICE * cp.sum(free.losses) - lowest
    limits = [free.flow.v >= lowest, cp.sum(free.s) <= total_kva / 1e3]
    free.problem = cp.Problem(cp.Minimize(cost), [*free.constraints, *limits])
    p_in, q_in = free.solve(p_kw[1:], q_kvar[1:])
    p_in, q_in = np.pad(p_in, (1, 0)), np.pad(q_in, (1, 0))
    return float(power_flow((p_kw - p_in)[None], (q_kvar - q_in)[None]).vm_pu.min())


class _Problem:
    """One hour's problem with the loads as parameters."""

    def __init__(self, feeder: RadialFeeder, by: By, kva_per_bus: Floats | None) -> None:
        lines = feeder.bus_count - 1
        self.load_p, self.load_q = cp.Parameter((lines, 1)), cp.Parameter((lines, 1))
        self.p, self.q = cp.Variable((lines, 1), nonneg=True), cp.Variable((lines, 1))
        self.s = cp.Variable((lines, 1), nonneg=True)
        net, self.flow = eq.incidence(feeder), eq.flow_variables(lines, 1)
        self.losses = net.r.T @ self.flow.l
        _, network = eq.bare_network(feeder, net, self.flow, self.load_p - self.p, self.load_q - self.q)
        limits: list[cp.Constraint] = [cp.SOC(cp.vec(self.s, order="F"), cp.vstack(
            [cp.vec(self.p, order="F"), cp.vec(self.q, order="F")]), axis=0)]
        if by == "active":
            limits.append(self.q == 0.0)
        elif by == "reactive":
            limits.append(self.p == 0.0)
        if kva_per_bus is not None:
            limits.append(self.s <= kva_per_bus[1:, None] / 1e3)
        self.constraints = [*network, *limits]
        self.problem = cp.Problem(cp.Minimize(cp.sum(self.s) + LOSS_PRICE * cp.sum(self.losses)), self.constraints)

    def solve(self, p_kw: Floats, q_kvar: Floats) -> tuple[Floats, Floats]:
        """Injection [L] in kW and kvar; NaN if there is none."""
        self.load_p.value, self.load_q.value = p_kw[:, None] / 1e3, q_kvar[:, None] / 1e3
        self.problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-9, tol_gap_abs=1e-9, tol_feas=1e-9)
        if self.problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
            return np.full(p_kw.size, np.nan), np.full(p_kw.size, np.nan)
        return _clean(self.p.value), _clean(self.q.value)


def _clean(values: Floats) -> Floats:
    kw = np.asarray(values).ravel() * 1e3
    return np.asarray(np.where(np.abs(kw) < 1e-3, 0.0, kw))


def slack_needed_pu(feeder_at: Callable[[float], PowerFlowCall], p_kw: Floats, q_kvar: Floats, wanted_vm_pu: float
                    ) -> float:
    """Least substation voltage at which no bus falls below the wanted value without any injection (bisection)."""
    low, high = wanted_vm_pu, 1.2
    for _ in range(14):
        middle = 0.5 * (low + high)
        is_enough = float(feeder_at(middle)(p_kw, q_kvar).vm_pu.min()) >= wanted_vm_pu
        low, high = (low, middle) if is_enough else (middle, high)
    return high
