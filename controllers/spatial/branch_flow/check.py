"""An independent checker of a lower-layer answer: plain numpy and the AC power flow, nothing of the problem.

It knows the records, not the optimisation: a fault in an equation cannot hide in its own check.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.port import PowerFlowCall
from models.records.arrays import Floats, Ints
from models.records.feeder import RadialFeeder
from models.records.flexibility import BusFlexibility, PairIndex

POWER_TOLERANCE_KW = 1e-3
ENERGY_TOLERANCE_KWH = 1e-3
VM_TOLERANCE_PU = 1e-5
LOSS_TOLERANCE_REL = 1e-3
LOSS_FLOOR_KW = 0.01
RATING_TOLERANCE = 1e-4


@dataclass(frozen=True)
class LowerAnswer:
    """What a lower layer claims for the Q steps of one hour."""

    pc_kw: Floats
    """[K, Q] rows of PairIndex."""
    pd_kw: Floats
    q_bus_kvar: Floats
    """[Q, B] reactive power of chargers."""
    vm_pu: Floats
    """[Q, B]"""
    losses_kw: Floats
    """[Q]"""
    under_kwh: tuple[float, float]
    """Charging and discharging energy of the targets that the layer admits it leaves undelivered."""


@dataclass(frozen=True)
class Asked:
    """What was asked of it, for the same steps."""

    load_kw: Floats
    """[Q, B] without any car."""
    load_kvar: Floats
    flexibility: BusFlexibility
    target_c_kw: Floats
    """[K'] one per (group, departure bin): rows of `cohort_of_pair`."""
    target_d_kw: Floats
    cohort_of_pair: Ints
    """[K]"""
    eta_charge: Floats
    """[K]"""
    eta_discharge: Floats
    is_fast: Ints
    """[K] 1 where the pair's chargers have their own transformer."""


def violations(answer: LowerAnswer, asked: Asked, pairs: PairIndex, feeder: RadialFeeder, power_flow: PowerFlowCall
               ) -> list[str]:
    """Everything wrong with an answer, one line each; empty if nothing is."""
    broken = _powers(answer, asked) + _envelopes(answer, asked) + _targets(answer, asked)
    return broken + _network(answer, asked, pairs, feeder, power_flow)


def _powers(answer: LowerAnswer, asked: Asked) -> list[str]:
    """0 <= pc <= pc_max, 0 <= pd <= pd_max, pc/pc_max + pd/pd_max <= 1."""
    flex, broken = asked.flexibility, []
    for name, power, limit in (("pc", answer.pc_kw, flex.pc_max_now_kw), ("pd", answer.pd_kw, flex.pd_max_now_kw)):
        excess = np.maximum(power - limit, -power)
        broken += _worst(f"{name} outside 0..{name}_max", excess, POWER_TOLERANCE_KW, "kW", "pair")
    used = _share(answer.pc_kw, flex.pc_max_now_kw) + _share(answer.pd_kw, flex.pd_max_now_kw)
    # shares have no unit: back in kW, since a tiny charger's share would be lost in rounding
    both = (used - 1.0) * flex.pc_max_now_kw
    return broken + _worst("charging and discharging at once", both, POWER_TOLERANCE_KW, "kW", "pair")


def _envelopes(answer: LowerAnswer, asked: Asked) -> list[str]:
    """x_min <= sum (eta_c pc - pd/eta_d) dt <= x_max at each step's end."""
    step_h = 1.0 / answer.pc_kw.shape[1]
    rate = asked.eta_charge[:, None] * answer.pc_kw - answer.pd_kw / asked.eta_discharge[:, None]
    x = np.cumsum(rate * step_h, axis=1)
    low, high = asked.flexibility.x_min_now_kwh - x, x - asked.flexibility.x_max_now_kwh
    return (_worst("x below x_min", low, ENERGY_TOLERANCE_KWH, "kWh", "pair")
            + _worst("x above x_max", high, ENERGY_TOLERANCE_KWH, "kWh", "pair"))


def _targets(answer: LowerAnswer, asked: Asked) -> list[str]:
    """What cohorts lack of their hour's targets is what the answer admits."""
    broken = []
    both = (("charging", answer.pc_kw, asked.target_c_kw), ("discharging", answer.pd_kw, asked.target_d_kw))
    for (name, power, target), admitted in zip(both, answer.under_kwh, strict=True):
        # the hour's mean: within the hour the layer may shift power between its steps
        served = np.bincount(asked.cohort_of_pair, power.mean(axis=1), target.size)
        lacking = float(np.maximum(target - served, 0.0).sum())
        if lacking > admitted + ENERGY_TOLERANCE_KWH * max(target.size, 1):
            broken.append(f"{name} targets lack {lacking:.6g} kWh, admitted {admitted:.6g}")
    return broken


def _network(answer: LowerAnswer, asked: Asked, pairs: PairIndex, feeder: RadialFeeder, power_flow: PowerFlowCall
             ) -> list[str]:
    """AC replay: voltages and losses as claimed, limits of voltage, lines and transformers."""
    net_kw = answer.pc_kw - answer.pd_kw
    steps = answer.pc_kw.shape[1]
    fixed_kw = asked.load_kw + asked.flexibility.p_uncontrolled_kw.T[:steps]
    q_kvar = asked.load_kvar + answer.q_bus_kvar
    p_kw, behind_kw = fixed_kw.copy(), fixed_kw.copy()
    np.add.at(p_kw.T, pairs.bus_index, net_kw)
    np.add.at(behind_kw.T, pairs.bus_index, net_kw * (1 - asked.is_fast)[:, None])
    flow = power_flow(p_kw, q_kvar)
    if np.any(np.isnan(flow.vm_pu)):
        return ["AC power flow does not exist at these powers"]
    vm_error = np.abs(answer.vm_pu - flow.vm_pu)
    loss_error = np.abs(answer.losses_kw - flow.losses_kw) / np.maximum(flow.losses_kw, LOSS_FLOOR_KW)
    s_kva = np.hypot(behind_kw, q_kvar)
    # the substation carries the losses too, which no bus's own load shows
    s_kva[:, 0] = np.hypot(flow.p_slack_kw, flow.q_slack_kvar)
    vm = flow.vm_pu[:, 1:]
    return (_worst("claimed voltage differs from AC", vm_error, VM_TOLERANCE_PU, "pu", "step")
            + _worst("claimed losses differ from AC", loss_error[:, None], LOSS_TOLERANCE_REL, "", "step")
            + _worst("vm_pu below v_min_pu", feeder.v_min_pu - vm, VM_TOLERANCE_PU, "pu", "step")
            + _worst("vm_pu above v_max_pu", vm - feeder.v_max_pu, VM_TOLERANCE_PU, "pu", "step")
            + _worst("line above its rating", flow.line_loading_percent / 100.0 - 1.0, RATING_TOLERANCE, "", "step")
            + _worst("transformer above its rating", s_kva / feeder.transformer_kva - 1.0, RATING_TOLERANCE, "",
                     "step"))


def _worst(what: str, excess: Floats, tolerance: float, unit: str, row_name: str) -> list[str]:
    if not excess.size or not excess.max() > tolerance:
        return []
    row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
    return [f"{what}: by {excess[row, column]:.6g} {unit} ({row_name} {row}, column {column})"]


def _share(power: Floats, limit: Floats) -> Floats:
    return np.divide(power, limit, out=np.zeros(power.shape), where=limit > 0)
