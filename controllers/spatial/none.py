"""No lower layer: every car is free."""

from __future__ import annotations

import numpy as np

from controllers.port import FeederView, Setpoints, SpatialCertificate, SpatialKnowledge
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints


class NoDispatch:
    """No car gets an instruction; the expected PEV power is that of the cars outside control."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        self.knowledge = knowledge

    def step(self, view: FeederView) -> Setpoints:
        """Set-points 0 for all, no car dispatched."""
        free = np.zeros(self.knowledge.vehicles.count, dtype=np.int64)
        return unsolved(self.knowledge, view, free.astype(np.float64), free, np.zeros(view.vm_pu.size))


def unsolved(knowledge: SpatialKnowledge, view: FeederView, setpoint_kw: Floats, is_dispatched: Ints,
             p_dispatched_bus_kw: Floats, target_slack_kwh: float = 0.0) -> Setpoints:
    """Set-points without an optimisation: no voltages, no proof, no guidance.

    setpoint_kw, is_dispatched [V]; p_dispatched_bus_kw [B] is what dispatched cars are expected to draw, to
    which the forecast of the cars outside control is added.
    """
    period = view.time_s % SECONDS_PER_HOUR // knowledge.step_s
    buses = knowledge.site.bus_count
    unknown = np.full(buses, np.nan)
    return Setpoints(
        setpoint_kw=setpoint_kw, is_dispatched=is_dispatched,
        p_plan_bus_kw=p_dispatched_bus_kw + view.flexibility.p_uncontrolled_kw[:, period],
        q_plan_bus_kvar=np.zeros(buses), vm_socp_pu=unknown, vm_ac_pu=unknown,
        losses_socp_kw=float("nan"), losses_ac_kw=float("nan"), nodal_price_usd_per_mwh=unknown,
        guidance_rank=np.full((knowledge.site.groups.kind_count, buses), -1, dtype=np.int64),
        certificate=SpatialCertificate(
            status="none", relaxation_gap_max_rel=float("nan"), vm_error_max_pu=float("nan"),
            loss_error_rel=float("nan"), solver_s=0.0, compile_s=0.0, solved_now=False, binding="",
            target_slack_kwh=target_slack_kwh),
    )
