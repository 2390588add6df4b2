"""The search on three phases: the same prices and cars, AC of the three-phase network as the judge.

Prices of broken limits only lead the search; an answer that AC refutes is never passed on.
"""

from __future__ import annotations

import time

import numpy as np

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decision, slack_kwh
from controllers.spatial.branch_flow.forecast import Forecast, forecast
from controllers.spatial.branch_flow.guidance import no_guidance
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.sharing import without_dust
from controllers.spatial.heuristics.cost import NO_FLOW_USD, HourCost, HourPrices
from controllers.spatial.heuristics.decision import hour_seed, searched
from controllers.spatial.heuristics.encoding import Powers
from controllers.spatial.heuristics.search import Method
from controllers.spatial.three_phase.decision import fallback
from controllers.spatial.three_phase.judge import PhaseJudge
from controllers.spatial.three_phase.limits import tolerance
from models.records.arrays import Floats

EXCESS_USD_PER_KEPT = 0.1
"""Price of an excess as large as what counts as kept, an hour of it: far above target slack of one car (A)."""
NEAR = 20.0


class PhaseHourJudge(HourPrices):
    """Costs of one decision hour; every call is one batch of N x Q AC power flows, two where taps move."""

    def __init__(self, knowledge: SpatialKnowledge, judge: PhaseJudge, layout: Layout, now: Forecast) -> None:
        super().__init__(knowledge, layout, now)
        self.judge = judge
        self.fixed = judge.fixed(self.fixed_kw, self.q_kvar)

    def cost(self, powers: Powers) -> HourCost:
        """All parts of the cost of pair powers [N, K, Q]."""
        p_kw = self.at_buses(powers)
        count, steps, buses = p_kw.shape
        flows = self.judge.flows(self.fixed, p_kw.reshape(-1, buses), np.tile(self.q_kvar, (count, 1)))
        excess = np.max([self.fixed.bounds.excess(flow.value.reshape(count, steps, -1)) for flow in flows], axis=0)
        excess = excess / tolerance(self.judge.network)
        hours, price = 1.0 / steps, self.now.price_usd_per_mwh[:steps]
        lost_kw, vm_pu = flows[0].losses_kw.reshape(count, steps), flows[0].vm_pu.reshape(count, steps, buses)
        # a choice without power flow costs more than any that breaks limits: the search must find its way back
        none = np.isnan(lost_kw).any(axis=1) | np.isnan(excess).any(axis=(1, 2))
        beyond = np.maximum(np.nan_to_num(excess) - 1.0, 0.0).sum(axis=(1, 2))
        return HourCost(
            losses_usd=np.nan_to_num(lost_kw) @ price * hours / 1e3,
            losses_kwh=np.nan_to_num(lost_kw).sum(axis=1) * hours,
            wear_usd=powers.pd_kw.sum(axis=2) @ self.layout.wear_usd_per_mwh * hours / 1e3,
            slack_usd=self.slack_usd(powers), tie_break_usd=self.tie_break_usd(powers) * hours,
            voltage_usd=self._low_voltage(vm_pu) * hours,
            limits_usd=np.where(none, NO_FLOW_USD, EXCESS_USD_PER_KEPT * hours * beyond),
            excess_rel=np.where(none, np.inf, np.nan_to_num(excess).max(axis=(1, 2)) - 1.0))

    def _low_voltage(self, vm_pu: Floats) -> Floats:
        k = self.knowledge
        driven, weight = self.judge.network.driven, self.judge.network.voltage_weight
        low = np.maximum(k.voltage_penalty_below_pu**2 - np.nan_to_num(vm_pu, nan=1.0)[:, :, driven] ** 2, 0.0)
        return np.asarray(k.voltage_penalty_usd_per_pu2h * (low @ weight[driven]).sum(axis=1))


class PhaseSearch:
    """Makes decisions for one three-phase network by a search; no bound, no prices of connections, no guidance."""

    def __init__(self, knowledge: SpatialKnowledge, method: Method) -> None:
        self.knowledge, self._method = knowledge, method
        self.judge = PhaseJudge(knowledge)

    def decide(self, view: FeederView) -> Decision:
        """The decision for the hour that begins; raises PlanError only with on_inexact `stop`."""
        k = self.knowledge
        self.judge.stand(view.tap_pu)
        layout = make_layout(k, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
        now = forecast(k, layout, view)
        began = time.perf_counter()
        hour = PhaseHourJudge(k, self.judge, layout, now)
        powers, _ = searched(k, layout, now, self._method, hour_seed(k, view.time_s), hour)
        seconds, p_bus, q_bus = time.perf_counter() - began, hour.at_buses(powers)[0], hour.q_kvar
        broken = self.judge.text(hour.fixed, p_bus, q_bus)
        if broken:
            reason = f"best of {self._method}: {broken}"
            if k.on_inexact == "stop":
                raise PlanError(f"district {k.district} at {view.time_s} s: {reason}")
            return fallback(self.judge, k, layout, now, view.time_s, reason, seconds, 0.0)
        tight = bool(self.judge.excess(hour.fixed, p_bus, q_bus)[0] > -NEAR)
        return self._answer(view, layout, now, powers, tight, seconds)

    def _answer(self, view: FeederView, layout: Layout, now: Forecast, powers: Powers, is_tight: bool, seconds: float
                ) -> Decision:
        pc, pd = without_dust(powers.pc_kw[0]), without_dust(powers.pd_kw[0])
        p_bus, unknown = now.p_fixed_kw.T.copy(), float("nan")
        p_bus[: layout.steps, 1:] += (layout.pair_bus @ (pc - pd)).T
        flow = self.judge.call(p_bus, now.q_fixed_kvar.T)
        return Decision(
            time_s=view.time_s, layout=layout, forecast=now, pc_kw=pc, pd_kw=pd, q_plan_bus_kvar=np.zeros(p_bus.shape),
            p_plan_bus_kw=p_bus, answer=None, vm_ac_pu=flow.vm_pu, losses_ac_kw=flow.losses_kw,
            nodal_price_usd_per_mwh=np.full(p_bus.shape, np.nan), guidance=no_guidance(self.knowledge.site),
            is_tight=is_tight, status="accepted", binding="", vm_error_max_pu=unknown, loss_error_rel=unknown,
            gap_rel=unknown, solver_s=seconds, compile_s=0.0, target_slack_kwh=slack_kwh(layout, now, pc, pd))
