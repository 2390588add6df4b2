"""The upper bound `migrate`: each period's zone total may sit on any bus of its zone. Reported, never executed."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from controllers.port import PlanError, SpatialKnowledge
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.network import network_answer
from controllers.spatial.judge import Judge, Verdict
from models.records.arrays import Floats


@dataclass(frozen=True)
class MigrateBound:
    """Least losses if cars could move freely within their zone, over T periods."""

    losses_kwh: float
    """AC losses of all periods."""
    losses_kw: Floats
    """[T] AC."""
    p_bus_kw: Floats
    """[T, B] power of the cars."""
    agrees: bool
    """The AC replay agrees with the relaxation; if not, the bound is only the AC value of its powers."""
    vm_error_max_pu: float
    short_kwh: float
    """Zone energy that ports or limits leave undelivered."""


def migrate_bound(
    knowledge: SpatialKnowledge, load_kw: Floats, load_kvar: Floats, zone_charge_kw: Floats, zone_discharge_kw: Floats,
    port_kw: tuple[float, float] = (7.0, 30.0), period_h: float = 1.0, price_usd_per_mwh: float = 20.0,
) -> MigrateBound:
    """Bound for a day of zone totals (docs/model.md 4.11).

    load [T, B]; zone_charge_kw, zone_discharge_kw [zone, kind,
    T] >= 0; port_kw: power per port of each kind. A bus takes at most ports x kW of each kind,
    charging and discharging together.
    Raises PlanError if the network admits no answer.
    """
    feeder, site = knowledge.feeder, knowledge.site
    if feeder is None or knowledge.power_flow is None:
        raise PlanError(f"district {knowledge.district}: the migrate bound needs a feeder and its power flow")
    periods = load_kw.shape[0]
    net, flow = eq.incidence(feeder), eq.flow_variables(feeder.bus_count - 1, periods)
    constraints: list[cp.Constraint] = []
    p_bus: cp.Expression = cp.Constant(np.zeros((feeder.bus_count - 1, periods)))
    short: cp.Expression = cp.Constant(0.0)
    for kind in range(site.groups.kind_count):
        room_mw = np.tile(site.ports(kind)[1:, None] * port_kw[kind] / 1e3, periods)
        pc, pd = cp.Variable(room_mw.shape, nonneg=True), cp.Variable(room_mw.shape, nonneg=True)
        # one port serves one direction at a time, so both share its power
        constraints.append(pc + pd <= room_mw)
        p_bus = p_bus + pc - pd
        for power, totals in ((pc, zone_charge_kw), (pd, zone_discharge_kw)):
            belongs = (site.bus_zone[None, 1:] == np.arange(site.groups.zone_count)[:, None]).astype(float)
            under = cp.Variable((site.groups.zone_count, periods), nonneg=True)
            constraints.append(belongs @ power + under == totals[:, kind] / 1e3)
            short = short + cp.sum(under)
    balance, network = eq.bare_network(feeder, net, flow, load_kw[:, 1:].T / 1e3 + p_bus, load_kvar[:, 1:].T / 1e3)
    cost = price_usd_per_mwh * cp.sum(feeder.losses_pu(flow.l, flow.v)) + knowledge.target_slack_usd_per_mwh * short
    run = solve.run(cp.Problem(cp.Minimize(cost), constraints + network), knowledge.solver)
    if not run.is_optimal:
        raise PlanError(f"district {knowledge.district}: migrate bound is {run.status}")
    answer = network_answer(feeder, flow, balance, np.ones(periods), run)
    pev_kw = np.pad(p_bus.value.T * 1e3, ((0, 0), (1, 0)))
    verdict = Judge(feeder, knowledge.power_flow).compare(load_kw + pev_kw, load_kvar, answer.vm_pu, answer.losses_kw)
    return _bound(verdict, pev_kw, float(short.value) * 1e3 * period_h, period_h)


def _bound(verdict: Verdict, pev_kw: Floats, short_kwh: float, period_h: float) -> MigrateBound:
    losses = verdict.flow.losses_kw
    return MigrateBound(losses_kwh=float(losses.sum() * period_h), losses_kw=losses, p_bus_kw=pev_kw,
                        agrees=verdict.agrees, vm_error_max_pu=verdict.vm_error_max_pu, short_kwh=short_kwh)
