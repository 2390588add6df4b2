"""One decision hour: solve, have the AC replay judge it, repair or fall back, and say so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow.fallback import scaled_pro_rata
from controllers.spatial.branch_flow.forecast import Forecast, forecast, inputs_of
from controllers.spatial.branch_flow.guidance import expected_stay, guidance_rank, no_guidance, zone_plan
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.network import NetworkAnswer, answer_of
from controllers.spatial.branch_flow.problem import LowerProblem, Solution
from controllers.spatial.branch_flow.sharing import without_dust
from controllers.spatial.judge import ABOVE_V_MAX, Judge, Verdict, Violation, named
from models.records.arrays import Floats, Ints

REPAIR_ROUNDS = 6
NO_CORRECTION_PU2 = 1.0
"""Leaves equation (9) without effect until a replay has measured it."""
SETTLED_PU2 = 1e-6
LEAST_CURTAILED_SHARE = 1e-4
"""Of what generators give: less is a solver's rounding, and no limit that would hold back a brighter hour."""


@dataclass(frozen=True)
class Decision:
    """What holds from one decision hour to the next; T periods, K pairs of the layout, kW."""

    time_s: int
    layout: Layout
    forecast: Forecast
    pc_kw: Floats
    """[K, Q]"""
    pd_kw: Floats
    """[K, Q]"""
    q_plan_bus_kvar: Floats
    """[T, B]"""
    p_plan_bus_kw: Floats
    """[T, B] load, cars outside control and dispatched cars as the decision has them."""
    answer: NetworkAnswer | None
    """None in the fallback."""
    vm_ac_pu: Floats
    """[T, B]"""
    losses_ac_kw: Floats
    """[T]"""
    nodal_price_usd_per_mwh: Floats
    """[T, B]; NaN in the fallback."""
    guidance: Ints
    is_tight: bool
    """A network limit is reached in this hour: cohorts may not take more than was placed."""
    status: str
    binding: str
    vm_error_max_pu: float
    loss_error_rel: float
    gap_rel: float
    solver_s: float
    compile_s: float
    target_slack_kwh: float
    generation_limit_kw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """[C, T] the most that generators may give, NaN: what comes; empty: what comes everywhere."""


@dataclass(frozen=True)
class Attempt:
    """One solve and its verdict; answer and verdict are None without an optimum."""

    solution: Solution
    answer: NetworkAnswer | None
    verdict: Verdict | None
    p_bus_kw: Floats
    """[T, B]"""
    q_bus_kvar: Floats
    violations: tuple[Violation, ...]

    @property
    def is_accepted(self) -> bool:
        return self.verdict is not None and self.verdict.agrees

    @property
    def stands(self) -> bool:
        """Accepted, and no limit is broken: a load that alone breaks one is not passed on in silence."""
        return self.is_accepted and not self.violations


class Decider:
    """Makes decisions for one feeder."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        if knowledge.feeder is None or knowledge.power_flow is None:
            raise PlanError(f"district {knowledge.district}: branch flow needs a feeder and its power flow")
        self.knowledge = knowledge
        self.feeder = knowledge.feeder
        self.judge = Judge(knowledge.feeder, knowledge.power_flow)
        self.problem = LowerProblem(knowledge)
        self._by_slack_vm_pu: dict[float, Decider] = {}

    def as_it_stands(self, view: FeederView) -> Decider:
        """The decider of the network as its tap changer stands; itself where none moves."""
        if self.knowledge.at_slack is None:
            return self
        known = self.knowledge.as_it_stands(view.vm_pu)
        assert known.feeder is not None
        if known.feeder.v_slack_pu not in self._by_slack_vm_pu:
            self._by_slack_vm_pu[known.feeder.v_slack_pu] = self._alike(known)
        return self._by_slack_vm_pu[known.feeder.v_slack_pu]

    def _alike(self, knowledge: SpatialKnowledge) -> Decider:
        return Decider(knowledge)

    def decide(self, view: FeederView) -> Decision:
        """The decision for the hour that begins; raises PlanError only with on_inexact `stop`."""
        if (standing := self.as_it_stands(view)) is not self:
            return standing.decide(view)
        layout, now, attempts = self._relaxed(view)
        first = attempts[-1]
        if first.stands:
            return self._of_attempt(view, layout, now, attempts, "accepted", "")
        reason = self._refusal(first)
        if self.knowledge.on_inexact == "stop":
            raise PlanError(f"district {self.knowledge.district} at {view.time_s} s: {reason}")
        if self.knowledge.on_inexact == "fallback":
            return self._fallback(view, layout, now, attempts, reason)
        attempts = (*attempts, *self._repair(layout, now, first))
        last = attempts[-1]
        if not last.is_accepted:
            return self._fallback(view, layout, now, attempts, f"{reason}; not repaired: {self._refusal(last)}")
        if last.violations:
            reason = f"{reason}; unavoidable: {named(last.violations)}"
        return self._of_attempt(view, layout, now, attempts, "repaired", reason)

    # ------------------------------------------------------------ solving
    def _relaxed(self, view: FeederView) -> tuple[Layout, Forecast, tuple[Attempt, ...]]:
        """The relaxation's answer; where later hours by neighbourhood have none that stands, again bus by bus.

        A bus that is at its limit holds up its neighbourhood, whose shares are fixed.
        """
        # pairs without cars in this hour would be columns fixed at 0
        held = np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0)
        layout = make_layout(self.knowledge, held)
        now = forecast(self.knowledge, layout, view)
        self.problem.begin(view.time_s, layout)
        attempts: tuple[Attempt, ...] = (self._attempt(layout, now, None),)
        if not attempts[0].stands and layout.later_eta_c.size < layout.row_bus.size:
            layout = make_layout(replace(self.knowledge, look_ahead_neighbourhoods=self.feeder.bus_count), held)
            now = forecast(self.knowledge, layout, view)
            attempts = (*attempts, self._attempt(layout, now, None))
        return layout, now, attempts

    def _attempt(self, layout: Layout, now: Forecast, correction: Floats | None) -> Attempt:
        solution = self.problem.solve(layout, inputs_of(self.knowledge, layout, now, correction))
        p_bus, q_bus = now.p_fixed_kw.T.copy(), now.q_fixed_kvar.T.copy()
        if not solution.run.is_optimal:
            return Attempt(solution, None, None, p_bus, q_bus, ())
        p_bus[:, 1:] += (solution.p_pev + solution.curtailed).T * 1e3
        q_bus[:, 1:] += solution.q_pev.T * 1e3
        answer = answer_of(self.feeder, solution.flow, solution.price_usd_per_mw, layout.period_h, solution.run)
        verdict = self.judge.compare(p_bus, q_bus, answer.vm_pu, answer.losses_kw)
        behind = now.p_fixed_kw.T.copy()
        behind[:, 1:] += (solution.p_slow + solution.curtailed).T * 1e3
        violations = self.judge.violations(verdict.flow, behind, q_bus)
        return Attempt(solution, answer, verdict, p_bus, q_bus, violations)

    def _repair(self, layout: Layout, now: Forecast, first: Attempt) -> tuple[Attempt, ...]:
        """Re-solves with elastic limits and the voltage ceiling on the lossless flow, corrected by each replay.

        The correction u - v of a replay is exact at its powers; it settles in a few rounds.
        """
        attempts: list[Attempt] = []
        correction = self._correction(first)
        for _ in range(REPAIR_ROUNDS):
            last = self._attempt(layout, now, correction)
            attempts.append(last)
            too_high = any(v.limit == ABOVE_V_MAX for v in last.violations)
            if last.verdict is None or (last.is_accepted and not too_high):
                break
            # a fixed point: the correction belongs to the powers that were found under the one before
            before, correction = correction, self._correction(last)
            if np.abs(correction - before).max() < SETTLED_PU2:
                break
        return tuple(attempts)

    def _correction(self, attempt: Attempt) -> Floats:
        """u - v [L, T] of the replay of an attempt: how far losses pull voltages below the lossless flow."""
        lines = (self.feeder.bus_count - 1, attempt.p_bus_kw.shape[0])
        if attempt.verdict is None:
            return np.full(lines, NO_CORRECTION_PU2)
        lossless = eq.lossless_voltage(self.feeder, attempt.p_bus_kw[:, 1:].T / 1e3, attempt.q_bus_kvar[:, 1:].T / 1e3)
        # without a power flow nothing was measured, and 0 is the strictest ceiling
        measured = lossless - attempt.verdict.flow.vm_pu[:, 1:].T ** 2
        return np.where(np.isnan(measured), 0.0, np.maximum(measured, 0.0))

    def _refusal(self, attempt: Attempt) -> str:
        """Why an attempt does not stand."""
        if attempt.verdict is None:
            return f"solver {self.knowledge.solver} says {attempt.solution.run.status}; {self._limits_of_load(attempt)}"
        vm_pu, loss_percent = attempt.verdict.vm_error_max_pu, 100 * attempt.verdict.loss_error_rel
        if attempt.is_accepted:
            return (f"limits broken, AC agrees to {vm_pu:.3g} pu and {loss_percent:.3g} % of losses: "
                    f"{named(attempt.violations)}")
        if np.isnan(vm_pu):
            return f"AC refuses: {named(attempt.violations)}"
        gap = attempt.answer.relaxation_gap_max_rel if attempt.answer else float("nan")
        text = (f"AC refuses: voltages differ by {vm_pu:.3g} pu, losses by {loss_percent:.3g} %, "
                f"relaxation gap {gap:.3g}")
        return f"{text}; {named(attempt.violations)}" if attempt.violations else text

    def _limits_of_load(self, attempt: Attempt) -> str:
        """Limits that load and uncontrolled cars alone violate."""
        flow = self.judge.replay(attempt.p_bus_kw, attempt.q_bus_kvar)
        broken = self.judge.violations(flow, attempt.p_bus_kw, attempt.q_bus_kvar)
        return f"without dispatched cars: {named(broken)}" if broken else "load alone keeps all limits"

    # ------------------------------------------------------------ answers
    def _of_attempt(self, view: FeederView, layout: Layout, now: Forecast, attempts: tuple[Attempt, ...],
                    status: str, binding: str) -> Decision:
        last = attempts[-1]
        assert last.answer is not None and last.verdict is not None
        pc, pd = pair_powers(last.solution, layout)
        # the problem prices losses, not energy: the system's own price is added
        price = now.price_usd_per_mwh[:, None] + last.answer.loss_price_usd_per_mwh
        part = slice(0, layout.steps)
        beside = last.solution.p_slow + last.solution.curtailed
        p_slow = now.p_fixed_kw.T[part] + np.pad(beside.T[part] * 1e3, ((0, 0), (1, 0)))
        flow = self.judge.replay(last.p_bus_kw[part], last.q_bus_kvar[part])
        return Decision(
            time_s=view.time_s, layout=layout, forecast=now, pc_kw=pc, pd_kw=pd,
            q_plan_bus_kvar=last.q_bus_kvar - now.q_fixed_kvar.T, p_plan_bus_kw=last.p_bus_kw, answer=last.answer,
            vm_ac_pu=last.verdict.flow.vm_pu, losses_ac_kw=last.verdict.flow.losses_kw,
            nodal_price_usd_per_mwh=price, guidance=self._guidance(layout, now, price),
            is_tight=self.judge.is_tight(flow, p_slow, last.q_bus_kvar[part]), status=status, binding=binding,
            vm_error_max_pu=last.verdict.vm_error_max_pu, loss_error_rel=last.verdict.loss_error_rel,
            gap_rel=last.answer.relaxation_gap_max_rel, solver_s=sum(a.solution.run.seconds for a in attempts),
            compile_s=sum(a.solution.run.overhead_s for a in attempts), target_slack_kwh=slack_kwh(layout, now, pc, pd),
            generation_limit_kw=self._generation_limit_kw(last.solution, now),
        )

    def _generation_limit_kw(self, solution: Solution, now: Forecast) -> Floats:
        """[C, T] forecast less what is not taken of it; no limit where all is, whatever comes."""
        if not now.generation_kw.size:
            return np.zeros((0, 0))
        curtailed_kw = without_dust(solution.curtailed[self.knowledge.generation_buses - 1] * 1e3)
        is_limited = curtailed_kw > LEAST_CURTAILED_SHARE * now.generation_kw
        return np.where(is_limited, np.maximum(now.generation_kw - curtailed_kw, 0.0), np.nan)

    def _guidance(self, layout: Layout, now: Forecast, price: Floats) -> Ints:
        if self.knowledge.placement != "guided":
            return no_guidance(self.knowledge.site)
        net_kw, capacity_kw = zone_plan(self.knowledge, layout, now)
        stays = expected_stay(self.knowledge, layout, now)
        return guidance_rank(self.knowledge.site, layout, price, net_kw, capacity_kw, stays)

    def _fallback(self, view: FeederView, layout: Layout, now: Forecast, attempts: tuple[Attempt, ...], reason: str
                  ) -> Decision:
        """Pro rata, scaled down until AC keeps all limits in this hour."""
        acts = scaled_pro_rata(self.judge, layout, now)
        p_bus = now.p_fixed_kw.T.copy()
        p_bus[: layout.steps, 1:] += (layout.pair_bus @ (acts.pc_kw - acts.pd_kw)).T
        flow = self.judge.replay(p_bus, now.q_fixed_kvar.T)
        worst = max((a for a in attempts if a.verdict is not None), key=lambda a: a.verdict.vm_error_max_pu,  # type: ignore[union-attr]
                    default=None)
        return Decision(
            time_s=view.time_s, layout=layout, forecast=now, pc_kw=acts.pc_kw, pd_kw=acts.pd_kw,
            q_plan_bus_kvar=np.zeros(p_bus.shape), p_plan_bus_kw=p_bus, answer=None, vm_ac_pu=flow.vm_pu,
            losses_ac_kw=flow.losses_kw, nodal_price_usd_per_mwh=np.full(p_bus.shape, np.nan),
            guidance=no_guidance(self.knowledge.site), is_tight=True, status="fallback",
            binding=f"{reason}; {acts.text}",
            vm_error_max_pu=worst.verdict.vm_error_max_pu if worst and worst.verdict else float("nan"),
            loss_error_rel=worst.verdict.loss_error_rel if worst and worst.verdict else float("nan"),
            gap_rel=worst.answer.relaxation_gap_max_rel if worst and worst.answer else float("nan"),
            solver_s=sum(a.solution.run.seconds for a in attempts),
            compile_s=sum(a.solution.run.overhead_s for a in attempts),
            target_slack_kwh=slack_kwh(layout, now, acts.pc_kw, acts.pd_kw),
        )


def pair_powers(solution: Solution, layout: Layout) -> tuple[Floats, Floats]:
    """Solved charging and discharging power [K, Q] in kW; a solver's 1e-8 is 0, else a car would be `discharging`."""
    pc, pd = solution.pc * 1e3, np.zeros(solution.pc.shape)
    pd[layout.rows_d] = solution.pd * 1e3
    return without_dust(pc), without_dust(pd)


def slack_kwh(layout: Layout, now: Forecast, pc_kw: Floats, pd_kw: Floats) -> float:
    """Cohort energy of this hour that the pairs' powers [K, Q] leave undelivered, kWh."""
    short = 0.0
    for cohort_kw, target_kw, power_kw in ((now.cohort_c_kw, now.target_c_kw, pc_kw),
                                           (now.cohort_d_kw, now.target_d_kw, pd_kw)):
        served = (layout.pair_cohort @ power_kw).mean(axis=1)
        # targets of cohorts without a car here have no row, but are missed all the same
        without_cars = max(float(cohort_kw.sum() - target_kw.sum()), 0.0)
        short += without_cars + float(np.maximum(target_kw - served, 0.0).sum())
    return short
