"""What the powers of one hour cost: the branch-flow objective (15) of this hour, with AC in place of the relaxation.

Prices are those of the SOCP: losses at the forecast marginal price, wear of discharge, slack of targets, quarters'
deviations, the penalty below 0.95 pu and the tie-break. Limits (5)-(8) cost what they cost in the SOCP's repair.
Powers and flows are per unit on 1 MVA inside, as there. Letters: N candidates, K pairs, Q steps, B buses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.fleet_equations import QUARTER_SHARE, SMALLEST_SHARE_MW, TIE_BREAK_USD_PER_MWH
from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.statement import ELASTIC_USD_PER_PU2_VOLTAGE_H, ELASTIC_USD_PER_PU_H
from controllers.spatial.heuristics.encoding import Powers
from controllers.spatial.judge import LIMIT_TOLERANCE
from models.records.arrays import Floats
from models.records.feeder import PowerFlow

NO_FLOW_USD = 1.0e9
"""Cost of powers at which no power flow exists."""


@dataclass(frozen=True)
class HourCost:
    """N candidates judged; $ of this hour, arrays [N]."""

    losses_usd: Floats
    losses_kwh: Floats
    wear_usd: Floats
    slack_usd: Floats
    """Missed targets and uneven quarters."""
    voltage_usd: Floats
    tie_break_usd: Floats
    limits_usd: Floats
    """Violated limits, priced as in the repair."""
    excess_rel: Floats
    """Worst excess over any limit, as a share of it (voltages: pu), less the judge's tolerance; <= 0: none."""

    @property
    def objective_usd(self) -> Floats:
        """[N] what the SOCP minimises, for this hour."""
        return np.asarray(self.losses_usd + self.wear_usd + self.slack_usd + self.voltage_usd + self.tie_break_usd)

    @property
    def fitness_usd(self) -> Floats:
        """[N] the same and the price of violated limits."""
        return np.asarray(self.objective_usd + self.limits_usd)


class HourPrices:
    """What one decision hour's powers cost apart from the network."""

    def __init__(self, knowledge: SpatialKnowledge, layout: Layout, now: Forecast) -> None:
        self.knowledge, self.layout, self.now = knowledge, layout, now
        self.fixed_kw = now.p_fixed_kw.T[: layout.steps]
        self.q_kvar = now.q_fixed_kvar.T[: layout.steps]
        self._pair_bus, self._pair_slow, self._pair_cohort = (
            matrix.toarray() for matrix in (layout.pair_bus, layout.pair_bus_slow, layout.pair_cohort))

    def at_buses(self, powers: Powers, slow_only: bool = False) -> Floats:
        """[N, Q, B] load, cars outside control and these pairs; with `slow_only` what passes the bus's transformer."""
        matrix = self._pair_slow if slow_only else self._pair_bus
        return self._at_buses(np.swapaxes(powers.pc_kw - powers.pd_kw, 1, 2), matrix)

    def _at_buses(self, net_kw: Floats, matrix: Floats) -> Floats:
        p_kw = np.repeat(self.fixed_kw[None], net_kw.shape[0], axis=0)
        p_kw[:, :, 1:] += net_kw @ matrix.T
        return p_kw

    def slack_usd(self, powers: Powers) -> Floats:
        """[N] of charging and discharging targets."""
        return self._slack(powers.pc_kw, self.now.target_c_kw) + self._slack(powers.pd_kw, self.now.target_d_kw)

    def _slack(self, power_kw: Floats, target_kw: Floats) -> Floats:
        """Equation (13): |hour's mean - target| at the slack price, |step - mean| at a tenth of it."""
        served = self._pair_cohort @ power_kw
        mean = served.mean(axis=2)
        missed = np.abs(mean - target_kw).sum(axis=1)
        uneven = np.abs(served - mean[:, :, None]).sum(axis=(1, 2)) / served.shape[2]
        return np.asarray(self.knowledge.target_slack_usd_per_mwh * (missed + QUARTER_SHARE * uneven) / 1e3)

    def tie_break_usd(self, powers: Powers) -> Floats:
        """[N] per hour of step."""
        flex, rows = self.now.flexibility, self.layout.pairs
        total = np.zeros(powers.pc_kw.shape[0])
        for power_kw, limit_kw in ((powers.pc_kw, flex.pc_max_now_kw[rows]), (powers.pd_kw, flex.pd_max_now_kw[rows])):
            weight = 1.0 / np.maximum(limit_kw / 1e3, SMALLEST_SHARE_MW)
            total += ((power_kw / 1e3) ** 2 * weight).sum(axis=(1, 2))
        return TIE_BREAK_USD_PER_MWH * total


class HourJudge(HourPrices):
    """Costs of one decision hour; every call is one batch of N x Q AC power flows."""

    def __init__(self, knowledge: SpatialKnowledge, layout: Layout, now: Forecast) -> None:
        super().__init__(knowledge, layout, now)
        assert knowledge.feeder is not None and knowledge.power_flow is not None
        self.feeder, self._power_flow = knowledge.feeder, knowledge.power_flow
        self.flows = 0
        """AC cases computed so far."""

    def cost(self, powers: Powers) -> HourCost:
        """All parts of the cost of pair powers [N, K, Q]."""
        net_kw = np.swapaxes(powers.pc_kw - powers.pd_kw, 1, 2)
        p_kw = self._at_buses(net_kw, self._pair_bus)
        count, steps, buses = p_kw.shape
        flow = self._power_flow(p_kw.reshape(-1, buses), np.tile(self.q_kvar, (count, 1)))
        self.flows += count * steps
        return self.cost_of_flow(powers, flow, self._at_buses(net_kw, self._pair_slow))

    def cost_of_flow(self, powers: Powers, flow: PowerFlow, behind_kw: Floats) -> HourCost:
        """The same at a flow [N x Q] that may be any engine's or the relaxation's; behind_kw [N, Q, B]."""
        count, steps = behind_kw.shape[:2]
        hours = 1.0 / steps
        price = self.now.price_usd_per_mwh[:steps]
        lost_kw = flow.losses_kw.reshape(count, steps)
        limits_usd, excess = self._limits(flow, behind_kw)
        # powers beyond the feeder's capacity have no power flow: dear, but finite, so that a search may still compare
        none = np.isnan(lost_kw).any(axis=1)
        lost_kw = np.nan_to_num(lost_kw)
        return HourCost(
            losses_usd=lost_kw @ price * hours / 1e3, losses_kwh=lost_kw.sum(axis=1) * hours,
            wear_usd=powers.pd_kw.sum(axis=2) @ self.layout.wear_usd_per_mwh * hours / 1e3,
            slack_usd=self.slack_usd(powers),
            voltage_usd=self._low_voltage(flow.vm_pu.reshape(count, steps, -1)) * hours,
            tie_break_usd=self.tie_break_usd(powers) * hours,
            limits_usd=np.where(none, NO_FLOW_USD, limits_usd), excess_rel=np.where(none, np.inf, excess))

    # ------------------------------------------------------------ parts
    def _low_voltage(self, vm_pu: Floats) -> Floats:
        """$ per hour of step of squared voltages below the penalty's threshold, buses without the slack."""
        low = np.maximum(self.knowledge.voltage_penalty_below_pu**2 - vm_pu[:, :, 1:] ** 2, 0.0)
        return np.asarray(self.knowledge.voltage_penalty_usd_per_pu2h * np.nan_to_num(low).sum(axis=(1, 2)))

    def _limits(self, flow: PowerFlow, behind_kw: Floats) -> tuple[Floats, Floats]:
        """Limits (5)-(8): $ of all excesses [N], and the worst excess as a share of its limit."""
        feeder, shape = self.feeder, behind_kw.shape
        vm = flow.vm_pu.reshape(shape)[:, :, 1:]
        below = np.maximum(feeder.v_min_pu**2 - vm**2, 0.0) + np.maximum(vm**2 - feeder.v_max_pu**2, 0.0)
        loading = flow.line_loading_percent.reshape(shape)[:, :, 1:] / 100.0
        current = np.maximum(loading**2 - 1.0, 0.0) * feeder.i_max_pu[1:] ** 2
        s_kva = np.hypot(behind_kw, self.q_kvar)
        # column 0 is the substation, whose power is the flow's own
        s_kva[:, :, 0] = np.hypot(flow.p_slack_kw, flow.q_slack_kvar).reshape(shape[:2])
        rating = feeder.transformer_kva
        above_mva = np.maximum(s_kva - rating, 0.0) / 1e3
        usd_per_h = (ELASTIC_USD_PER_PU2_VOLTAGE_H * below.sum(axis=(1, 2))
                     + ELASTIC_USD_PER_PU_H * (np.where(loading > 1.0, current, 0.0).sum(axis=(1, 2))
                                               + above_mva.sum(axis=(1, 2))))
        worst = np.stack([(feeder.v_min_pu - vm).max(axis=(1, 2)), (vm - feeder.v_max_pu).max(axis=(1, 2)),
                          loading.max(axis=(1, 2)) - 1.0, (s_kva / rating).max(axis=(1, 2)) - 1.0])
        return usd_per_h / shape[1], worst.max(axis=0) - LIMIT_TOLERANCE
