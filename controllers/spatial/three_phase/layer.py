"""The lower layer on three phases: decides each hour, shares at each step, and has AC judge what cars are told."""

from __future__ import annotations

import numpy as np

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decision
from controllers.spatial.branch_flow.layer import BranchFlow, Decides
from controllers.spatial.judge import SCALES
from controllers.spatial.pro_rata import Cars
from controllers.spatial.three_phase.decision import PhaseDecider
from controllers.spatial.three_phase.judge import Fixed, PhaseJudge
from models.records.arrays import Floats

CUT_KW = 1e-3


class ThreePhase(BranchFlow):
    """SpatialLayer: convex problems around AC operating points (docs/model.md 4.15).

    Cars that came since the decision, or are in a hurry, may ask for more than was placed: what they are told is held
    against AC at every step, and cut where a limit would break.
    """

    def __init__(self, knowledge: SpatialKnowledge, decider: Decides | None = None) -> None:
        super().__init__(knowledge, PhaseDecider(knowledge) if decider is None else decider)
        self._judge = PhaseJudge(knowledge)

    def _allowed(self, view: FeederView, held: Decision, period: int, cars: Cars, mean_kw: Floats, compliance: float
                 ) -> tuple[Floats, str]:
        self._judge.stand(view.tap_pu)
        bus, buses = view.declared.bus_index[cars.index], self.knowledge.site.bus_count
        asked_kw = np.bincount(bus, mean_kw * compliance, buses).astype(np.float64)
        fixed = self._judge.fixed((view.bus_load_kw + view.flexibility.p_uncontrolled_kw)[None, :, period],
                                  view.bus_load_kvar[None, :, period])
        q_kvar = held.q_plan_bus_kvar[period]
        text = self._judge.text(fixed, fixed.p_kw + asked_kw, fixed.q_kvar + q_kvar)
        if not text:
            return mean_kw, ""
        told_kw = self._cut(fixed, asked_kw, held.p_plan_bus_kw[period] - held.forecast.p_fixed_kw[:, period], q_kvar)
        factor = np.divide(told_kw, asked_kw, out=np.ones(buses), where=np.abs(asked_kw) > CUT_KW)
        cut_kw = float(np.abs(asked_kw - told_kw).sum())
        return mean_kw * factor[bus], f"cars' powers cut by {cut_kw:.3g} kW at {view.time_s} s, uncut: {text}"

    def _cut(self, fixed: Fixed, asked_kw: Floats, planned_kw: Floats, q_kvar: Floats) -> Floats:
        """[B] what AC allows: first what goes beyond the decision is taken back, then all of it in proportion."""
        # only towards 0: nobody can be told to give or take more than the cars there can
        least = np.where(asked_kw > 0, np.clip(planned_kw, 0.0, asked_kw), np.clip(planned_kw, asked_kw, 0.0))
        cases = least + SCALES[:, None] * (asked_kw - least)
        # one period each, all in one batch
        kept = self._judge.excess(fixed, fixed.p_kw + cases, np.tile(fixed.q_kvar + q_kvar, (SCALES.size, 1))) <= 1.0
        if kept.any():
            return np.asarray(cases[np.argmax(kept)])
        scale = self._judge.largest_scale(fixed, least[None], np.broadcast_to(q_kvar, (1, q_kvar.size)))
        return np.asarray(scale * least)
