"""One decision hour on three phases: rounds until AC keeps every limit, or the fallback, and what stood in the way.

The answer is the branch flow's `Decision`, so both layers share a decision among cars in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decision, slack_kwh
from controllers.spatial.branch_flow.fallback import shares_of_targets
from controllers.spatial.branch_flow.forecast import Forecast, forecast, inputs_of
from controllers.spatial.branch_flow.guidance import expected_stay, guidance_rank, no_guidance, zone_plan
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.sharing import without_dust
from controllers.spatial.three_phase.judge import PhaseJudge
from controllers.spatial.three_phase.limits import Bounds, broken_without, named, tolerance
from controllers.spatial.three_phase.problem import Solution
from controllers.spatial.three_phase.rounds import Rounds, Trace
from models.records.arrays import Bools, Floats, Ints

MISSED_KWH = 1e-2
"""Energy of a customer's cars below its envelope that is named."""
TIGHT_SHARES = 20.0
"""A limit is near that leaves less room than so many times what counts as kept."""
NAMED_CUSTOMERS = 5
Room = Callable[[FeederView], tuple[Floats, Floats]]
"""(least, most) [B, T] of power that cars at each connection may draw in a decision's periods; infinite: no limit."""


class PhaseDecider:
    """Makes decisions for one three-phase network; room: what limits of customers leave their cars, None: all of it."""

    def __init__(self, knowledge: SpatialKnowledge, room: Room | None = None) -> None:
        if knowledge.network is None or knowledge.network_flow is None:
            raise PlanError(f"district {knowledge.district}: a three-phase layer needs a network and its power flow")
        self.knowledge, self.network = knowledge, knowledge.network
        self.judge, self.rounds, self._room = PhaseJudge(knowledge), Rounds(knowledge), room

    def decide(self, view: FeederView) -> Decision:
        """The decision for the hour that begins; raises PlanError only with on_inexact `stop`."""
        self.rounds.call = self.judge.stand(view.tap_pu)
        layout = make_layout(self.knowledge, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
        now = forecast(self.knowledge, layout, view)
        trace = self.rounds.run(layout, self._inputs(view, layout, now))
        solution = trace.best.solution
        before = self._before(trace.bounds)
        if not trace.stands or solution is None:
            reason = f"no answer that AC accepts in {trace.rounds} rounds (solver: {trace.status}){before}"
            return self._refused(view, layout, now, trace, reason)
        missed = self._missed(layout, solution, trace)
        if missed and self.knowledge.on_inexact != "repair":
            return self._refused(view, layout, now, trace, f"{missed}{before}")
        status = "repaired" if missed else "accepted"
        return self._of_solution(view, layout, now, trace, solution, status, f"{missed}{before}".removeprefix("; "))

    def _inputs(self, view: FeederView, layout: Layout, now: Forecast) -> Inputs:
        inputs = inputs_of(self.knowledge, layout, now)
        if self._room is None:
            return inputs
        # limits are those of all cars that are told something, powers of the problem those of the expected followers
        compliance = self.knowledge.assumed_compliance
        least, most = (compliance * room[1:] / 1e3 for room in self._room(view))
        return replace(inputs, cars_least=least, cars_most=most)

    # ------------------------------------------------------------ texts
    def _before(self, bounds: Bounds) -> str:
        text = broken_without(self.network, bounds)
        return f"; broken without cars, so no worse than that: {text}" if text else ""

    def _missed(self, layout: Layout, solution: Solution, trace: Trace) -> str:
        """Whose cars cannot have what they need in this hour, how much, and at which limits; empty if all can."""
        by_connection = np.pad(layout.pair_bus @ solution.short_kwh, (1, 0))
        at = np.flatnonzero(by_connection > MISSED_KWH)
        if not at.size:
            return ""
        order = at[np.argsort(-by_connection[at], kind="stable")]
        whose = [f"customer {self.network.connection[b]} phase {self.network.phases[b]}: {by_connection[b]:.3g} kWh"
                 for b in order[:NAMED_CUSTOMERS]]
        more = order.size - NAMED_CUSTOMERS
        text = ", ".join(whose) + (f" and {more} more" if more > 0 else "")
        value = trace.best.flow.value[: layout.steps]
        reached = trace.bounds.first(layout.steps)
        limits = named(self.network, reached, value, self._is_near(reached, value, 1.0))
        return f"limits leave less than cars need: {text}; at their limits: {limits or self._no_limits}"

    @property
    def _no_limits(self) -> str:
        return "none in this hour" if self._room is None else "those published for customers"

    def _is_near(self, bounds: Bounds, value: Floats, shares: float) -> Bools:
        return np.asarray(bounds.excess(value) > -shares * tolerance(self.network))

    # ------------------------------------------------------------ answers
    def _of_solution(self, view: FeederView, layout: Layout, now: Forecast, trace: Trace, solution: Solution,
                     status: str, binding: str) -> Decision:
        best, part = trace.best, slice(0, layout.steps)
        pc, pd = solution.pc * 1e3, np.zeros(solution.pc.shape)
        pd[layout.rows_d] = solution.pd * 1e3
        pc, pd = without_dust(pc), without_dust(pd)
        price = np.repeat(now.price_usd_per_mwh[:, None], best.p_kw.shape[1], axis=1)
        price[:, self.network.driven] += (solution.price_usd_per_mw / layout.period_h).T
        tight = bool(self._is_near(trace.bounds, best.flow.value, TIGHT_SHARES)[part].any())
        # no claim of a model is passed on: what is planned is the AC operating point itself
        unknown = float("nan")
        return Decision(
            time_s=view.time_s, layout=layout, forecast=now, pc_kw=pc, pd_kw=pd,
            q_plan_bus_kvar=best.q_kvar - now.q_fixed_kvar.T, p_plan_bus_kw=best.p_kw, answer=None,
            vm_ac_pu=best.flow.vm_pu, losses_ac_kw=best.flow.losses_kw, nodal_price_usd_per_mwh=price,
            guidance=self._guidance(layout, now, price), is_tight=tight, status=status, binding=binding,
            vm_error_max_pu=unknown, loss_error_rel=unknown, gap_rel=unknown, solver_s=trace.seconds,
            compile_s=trace.overhead_s, target_slack_kwh=slack_kwh(layout, now, pc, pd))

    def _guidance(self, layout: Layout, now: Forecast, price: Floats) -> Ints:
        if self.knowledge.placement != "guided":
            return no_guidance(self.knowledge.site)
        net_kw, capacity_kw = zone_plan(self.knowledge, layout, now)
        stays = expected_stay(self.knowledge, layout, now)
        return guidance_rank(self.knowledge.site, layout, price, net_kw, capacity_kw, stays)

    def _refused(self, view: FeederView, layout: Layout, now: Forecast, trace: Trace, reason: str) -> Decision:
        """Pro rata, scaled down until AC keeps all limits in this hour; with `stop` the run ends."""
        if self.knowledge.on_inexact == "stop":
            raise PlanError(f"district {self.knowledge.district} at {view.time_s} s: {reason}")
        return fallback(self.judge, self.knowledge, layout, now, view.time_s, reason, trace.seconds, trace.overhead_s)


def fallback(judge: PhaseJudge, knowledge: SpatialKnowledge, layout: Layout, now: Forecast, time_s: int, reason: str,
             solver_s: float, compile_s: float) -> Decision:
    """What acts when no optimum stands: each pair takes its share of its cohort's target, as far as AC allows."""
    pc, pd = shares_of_targets(layout, now)
    steps = layout.steps
    fixed = judge.fixed(now.p_fixed_kw.T[:steps], now.q_fixed_kvar.T[:steps])
    cars = np.pad((layout.pair_bus @ (pc - pd)).T, ((0, 0), (1, 0)))
    scale = judge.largest_scale(fixed, cars)
    p_bus = now.p_fixed_kw.T.copy()
    p_bus[:steps] += scale * cars
    flow = judge.call(p_bus, now.q_fixed_kvar.T)
    pc, pd, unknown = scale * pc, scale * pd, float("nan")
    return Decision(
        time_s=time_s, layout=layout, forecast=now, pc_kw=pc, pd_kw=pd, q_plan_bus_kvar=np.zeros(p_bus.shape),
        p_plan_bus_kw=p_bus, answer=None, vm_ac_pu=flow.vm_pu, losses_ac_kw=flow.losses_kw,
        nodal_price_usd_per_mwh=np.full(p_bus.shape, np.nan), guidance=no_guidance(knowledge.site), is_tight=True,
        status="fallback", binding=f"{reason}; pro rata at {100 * scale:.3g} %", vm_error_max_pu=unknown,
        loss_error_rel=unknown, gap_rel=unknown, solver_s=solver_s, compile_s=compile_s,
        target_slack_kwh=slack_kwh(layout, now, pc, pd))

