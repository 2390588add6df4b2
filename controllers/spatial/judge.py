"""The AC replay: judge of every lower layer's answer, and the fallback that needs no optimisation.

A layer claims voltages and losses at its own bus powers; the operator's AC power flow at the same powers says
whether they exist. Knows nothing of how the claim was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np

from controllers.port import PowerFlowCall
from models.records.arrays import Floats
from models.records.feeder import PowerFlow, RadialFeeder

VM_TOLERANCE_PU = 1e-5
LOSS_TOLERANCE_REL = 1e-3
LOSS_FLOOR_KW = 0.01
"""Below it losses are compared absolutely."""
LIMIT_TOLERANCE = 1e-4
"""A limit counts as violated beyond this share of it (voltages: pu)."""
BELOW_V_MIN, ABOVE_V_MAX = "vm_pu below v_min_pu", "vm_pu above v_max_pu"
SCALES = np.linspace(1.0, 0.0, 41)


@dataclass(frozen=True)
class Verdict:
    """What the AC replay says of a claim over T periods."""

    agrees: bool
    vm_error_max_pu: float
    loss_error_rel: float
    flow: PowerFlow


@dataclass(frozen=True)
class Violation:
    """The worst excess of one kind of limit."""

    limit: str
    bus_number: int
    period: int
    value: float
    allowed: float
    excess_rel: float
    bus: str = ""
    """As people call it."""

    def __str__(self) -> str:
        if np.isnan(self.value):
            return f"{self.limit} in period {self.period}"
        return (f"{self.limit}={self.value:.5g} against {self.allowed:.5g} at bus {self.bus or self.bus_number}, "
                f"period {self.period}")


class Judge:
    """AC power flow and limits of one feeder."""

    def __init__(self, feeder: RadialFeeder, power_flow: PowerFlowCall) -> None:
        self.feeder = feeder
        self.replay = power_flow

    def compare(self, p_kw: Floats, q_kvar: Floats, vm_pu: Floats, losses_kw: Floats) -> Verdict:
        """Claimed vm_pu [T, B] and losses_kw [T] against AC at p_kw, q_kvar [T, B].

        Agreement: 1e-5 pu at every bus and 0.1 % of each period's loss (docs/model.md 4.7).
        """
        flow = self.replay(p_kw, q_kvar)
        vm_error = float(np.max(np.abs(vm_pu - flow.vm_pu)))
        # losses as well as voltages: a relaxation may hide invented losses at a bus where voltage hardly moves
        loss_error = float(np.max(np.abs(losses_kw - flow.losses_kw) / np.maximum(flow.losses_kw, LOSS_FLOOR_KW)))
        agrees = bool(vm_error <= VM_TOLERANCE_PU and loss_error <= LOSS_TOLERANCE_REL)
        return Verdict(agrees, vm_error, loss_error, flow)

    def violations(self, flow: PowerFlow, p_behind_kw: Floats, q_kvar: Floats, margin: float = -LIMIT_TOLERANCE
                   ) -> tuple[Violation, ...]:
        """Worst violation of each kind of limit; p_behind_kw, q_kvar [T, B] pass the bus's own transformer.

        margin: how far inside a limit a value must stay; negative allows that much. No power flow at all
        (NaN) counts as a violation.
        """
        feeder = self.feeder
        if np.any(np.isnan(flow.vm_pu)):
            period = int(np.flatnonzero(np.isnan(flow.losses_kw))[0])
            return (Violation("no power flow", int(feeder.bus_number[0]), period, np.nan, np.nan, np.inf),)
        s_kva, rating = np.hypot(p_behind_kw, q_kvar), feeder.transformer_kva.copy()
        # what passes the substation is only known from the flow, losses included
        s_kva[:, 0] = np.hypot(flow.p_slack_kw, flow.q_slack_kvar)
        vm = flow.vm_pu[:, 1:]
        possible = (
            self._worst(BELOW_V_MIN, vm, feeder.v_min_pu, (feeder.v_min_pu - vm) + margin, 1),
            self._worst(ABOVE_V_MAX, vm, feeder.v_max_pu, (vm - feeder.v_max_pu) + margin, 1),
            self._worst("line loading_percent", flow.line_loading_percent, 100.0,
                        flow.line_loading_percent / 100.0 - 1.0 + margin, 0),
            self._worst("transformer kVA", s_kva, rating, s_kva / rating - 1.0 + margin, 0),
        )
        return tuple(v for v in possible if v is not None)

    def _worst(self, limit: str, value: Floats, allowed: Floats | float, excess: Floats, first_bus: int
               ) -> Violation | None:
        period, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
        worst = float(excess[period, column])
        if worst <= 0:
            return None
        bound = float(np.broadcast_to(allowed, excess.shape[1:])[column])
        row = int(column) + first_bus
        return Violation(limit, int(self.feeder.bus_number[row]), int(period), float(value[period, column]), bound,
                         worst, self.feeder.bus_label(row))

    def is_tight(self, flow: PowerFlow, p_behind_kw: Floats, q_kvar: Floats) -> bool:
        """Some limit is reached or nearly so: more power may not be moved about freely."""
        return bool(self.violations(flow, p_behind_kw, q_kvar, margin=10.0 * LIMIT_TOLERANCE))

    def best_scale(self, fixed_kw: Floats, q_kvar: Floats, pev_kw: Floats, pev_slow_kw: Floats
                   ) -> tuple[float, tuple[Violation, ...]]:
        """Greatest of SCALES for which AC at fixed + scale x pev keeps all limits in all periods [T, B].

        If none does: the one with the least violation, and what it violates.
        """
        cases = SCALES[:, None, None]
        shape = (-1, fixed_kw.shape[1])
        # all scales in one batch of power flows: a search by halving would need them one after the other
        flow = self.replay((fixed_kw + cases * pev_kw).reshape(shape), np.tile(q_kvar, (SCALES.size, 1)))
        best: tuple[float, float, tuple[Violation, ...]] = (np.inf, 0.0, ())
        for i, scale in enumerate(SCALES):
            part = slice(i * fixed_kw.shape[0], (i + 1) * fixed_kw.shape[0])
            broken = self.violations(_rows(flow, part), fixed_kw + scale * pev_slow_kw, q_kvar)
            if not broken:
                return float(scale), ()
            total = fsum(v.excess_rel for v in broken)
            if total < best[0] or np.isinf(best[0]):  # without any power flow: the least, which is none
                best = (total, float(scale), broken)
        return best[1], best[2]


def named(violations: tuple[Violation, ...]) -> str:
    """All violations in one line; empty if none."""
    return "; ".join(str(v) for v in violations)


def _rows(flow: PowerFlow, part: slice) -> PowerFlow:
    return PowerFlow(vm_pu=flow.vm_pu[part], losses_kw=flow.losses_kw[part],
                     line_loading_percent=flow.line_loading_percent[part],
                     p_slack_kw=flow.p_slack_kw[part], q_slack_kvar=flow.q_slack_kvar[part])
