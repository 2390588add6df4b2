"""One decision hour by search: the best candidate found, judged by AC; if it breaks a limit, the fallback acts.

Unlike the SOCP the search decides the present hour alone, gives no reactive power, and proves nothing: there is no
bound, and in the certificate all that compares a relaxation with AC is NaN.
"""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider, Decision, slack_kwh
from controllers.spatial.branch_flow.fallback import scaled_pro_rata
from controllers.spatial.branch_flow.forecast import Forecast, forecast
from controllers.spatial.branch_flow.guidance import expected_stay, guidance_rank, no_guidance, zone_plan
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.sharing import without_dust
from controllers.spatial.heuristics.cost import HourCost, HourJudge
from controllers.spatial.heuristics.encoding import Encoding, Powers
from controllers.spatial.heuristics.search import Budget, Found, Method, search
from controllers.spatial.judge import Judge, named
from models.records.arrays import Floats, Ints


class CostsPowers(Protocol):
    """What powers of one hour cost, by AC."""

    def cost(self, powers: Powers) -> HourCost: ...


PROBE_KW = 1.0
"""Load by which nodal prices are measured."""


class HeuristicDecider(Decider):
    """Makes decisions for one feeder."""

    def __init__(self, knowledge: SpatialKnowledge, method: Method) -> None:
        super().__init__(knowledge)
        self._method: Method = method

    def _alike(self, knowledge: SpatialKnowledge) -> HeuristicDecider:
        return HeuristicDecider(knowledge, self._method)

    def decide(self, view: FeederView) -> Decision:
        """The decision for the hour that begins; raises PlanError only with on_inexact `stop`."""
        if (standing := self.as_it_stands(view)) is not self:
            return standing.decide(view)
        layout = make_layout(self.knowledge, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
        now = forecast(self.knowledge, layout, view)
        began = time.perf_counter()
        powers, _ = searched(self.knowledge, layout, now, self._method, hour_seed(self.knowledge, view.time_s))
        seconds = time.perf_counter() - began
        hour = HourJudge(self.knowledge, layout, now)
        p_bus, p_slow = (hour.at_buses(powers, slow_only=slow)[0] for slow in (False, True))
        q_bus = now.q_fixed_kvar.T[: layout.steps]
        flow = self.judge.replay(p_bus, q_bus)
        violated = self.judge.violations(flow, p_slow, q_bus)
        if not violated:
            tight = self.judge.is_tight(flow, p_slow, q_bus)
            return self._answer(view, layout, now, powers, tight, "accepted", "", seconds)
        reason = f"best of {self._method}: {named(violated)}"
        if self.knowledge.on_inexact == "stop":
            raise PlanError(f"district {self.knowledge.district} at {view.time_s} s: {reason}")
        acts = scaled_pro_rata(self.judge, layout, now)
        return self._answer(view, layout, now, Powers(acts.pc_kw[None], acts.pd_kw[None]), True, "fallback",
                            f"{reason}; {acts.text}", seconds)

    def _answer(self, view: FeederView, layout: Layout, now: Forecast, powers: Powers, is_tight: bool, status: str,
                binding: str, seconds: float) -> Decision:
        pc, pd = without_dust(powers.pc_kw[0]), without_dust(powers.pd_kw[0])
        p_bus = now.p_fixed_kw.T.copy()
        p_bus[: layout.steps, 1:] += (layout.pair_bus @ (pc - pd)).T
        flow = self.judge.replay(p_bus, now.q_fixed_kvar.T)
        price = nodal_price(self.knowledge, self.judge, now, p_bus)
        unknown = float("nan")
        return Decision(
            time_s=view.time_s, layout=layout, forecast=now, pc_kw=pc, pd_kw=pd,
            q_plan_bus_kvar=np.zeros(p_bus.shape), p_plan_bus_kw=p_bus, answer=None, vm_ac_pu=flow.vm_pu,
            losses_ac_kw=flow.losses_kw, nodal_price_usd_per_mwh=price, guidance=self._guide(layout, now, price),
            is_tight=is_tight, status=status, binding=binding, vm_error_max_pu=unknown, loss_error_rel=unknown,
            gap_rel=unknown, solver_s=seconds, compile_s=0.0, target_slack_kwh=slack_kwh(layout, now, pc, pd))

    def _guide(self, layout: Layout, now: Forecast, price: Floats) -> Ints:
        """As under branch flow, with prices measured by AC; later hours without the cars that will act in them."""
        if self.knowledge.placement != "guided" or np.isnan(price).any():
            return no_guidance(self.knowledge.site)
        net_kw, capacity_kw = zone_plan(self.knowledge, layout, now)
        stays = expected_stay(self.knowledge, layout, now)
        return guidance_rank(self.knowledge.site, layout, price, net_kw, capacity_kw, stays)


def searched(knowledge: SpatialKnowledge, layout: Layout, now: Forecast, method: Method, seed: int,
             hour: CostsPowers | None = None) -> tuple[Powers, Found]:
    """The best powers [1, K, Q] that the method finds within the knowledge's budget, and how.

    Pro rata is in the first population, so that no answer is worse than it. Targets may be cut only where pro rata
    breaks a limit: elsewhere two genes more would only slow the search. hour: what judges; None: AC of one phase.
    """
    hour = HourJudge(knowledge, layout, now) if hour is None else hour
    encoding = Encoding(layout, now, may_curtail=False)
    pro_rata = encoding.pro_rata()
    first = hour.cost(encoding.decode(pro_rata[None]))
    if first.excess_rel[0] > 0:
        encoding = Encoding(layout, now, may_curtail=True)
        pro_rata = encoding.pro_rata()
    if encoding.gene_count == 0:
        keeps_limits = bool(first.excess_rel[0] <= 0)
        return encoding.decode(pro_rata[None]), Found(pro_rata, float(first.fitness_usd[0]), keeps_limits, 1)

    def fitness(genes: Floats) -> tuple[Floats, Floats]:
        cost = hour.cost(encoding.decode(genes))
        return cost.fitness_usd, cost.excess_rel

    budget = Budget(knowledge.search_evaluations, knowledge.search_population)
    best = search(method, fitness, pro_rata[None], budget, seed)
    return encoding.decode(best.genes[None]), best


def hour_seed(knowledge: SpatialKnowledge, time_s: int) -> int:
    """Seed of the search at that instant: another each hour, the same in each repetition of the run."""
    sequence = np.random.SeedSequence((knowledge.search_seed, max(time_s, 0)))
    return int(sequence.generate_state(1)[0])


def nodal_price(knowledge: SpatialKnowledge, judge: Judge, now: Forecast, p_bus_kw: Floats) -> Floats:
    """[T, B] price of one more MWh at each bus: the system's, its losses and its part of the voltage penalty, by AC.

    Forward differences around p_bus_kw [T, B]: one batch of T x B cases. NaN where there is no power flow.
    """
    periods, buses = p_bus_kw.shape
    probe = PROBE_KW * np.eye(buses)
    # the first case is the unmoved one; the slack's row is not moved: its price is the system's
    p_kw = np.concatenate([p_bus_kw[:, None, :], p_bus_kw[:, None, :] + probe[None, 1:]], axis=1)
    q_kvar = np.repeat(now.q_fixed_kvar.T[:, None, :], buses, axis=1)
    flow = judge.replay(p_kw.reshape(-1, buses), q_kvar.reshape(-1, buses))
    low = np.maximum(knowledge.voltage_penalty_below_pu**2 - flow.vm_pu[:, 1:] ** 2, 0.0).sum(axis=1)
    usd_per_h = (now.price_usd_per_mwh[:, None] * flow.losses_kw.reshape(periods, buses) / 1e3
                 + knowledge.voltage_penalty_usd_per_pu2h * low.reshape(periods, buses))
    rise = (usd_per_h - usd_per_h[:, :1]) / (PROBE_KW / 1e3)
    return np.asarray(now.price_usd_per_mwh[:, None] + rise, dtype=np.float64)
