"""Published and recomputed numbers of the IEEE 33-bus feeder (docs/model.md 9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.judge import Judge, named
from models.network.power_flow import PandapowerEngine, ac_engine
from models.network.sources.ieee33 import ieee33, tie_configuration
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import branch_flow_case as case
from tests.controllers.spatial.network_relaxation import solve_network

FEEDER = ieee33()
AC = ac_engine(FEEDER).power_flow
BASE = FEEDER.p_base_kw[None], FEEDER.q_base_kvar[None]
BUS_18 = 17


def test_base_case() -> None:
    flow = AC(*BASE)
    assert flow.losses_kw[0] == pytest.approx(202.677, abs=5e-4)
    assert flow.q_slack_kvar[0] - FEEDER.q_base_kvar.sum() == pytest.approx(135.14, abs=5e-3)
    assert flow.vm_pu.min() == pytest.approx(0.91309, abs=5e-6)
    assert FEEDER.bus_number[flow.vm_pu[0].argmin()] == 18


def test_best_reconfiguration() -> None:
    feeder = tie_configuration()
    flow = ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert flow.losses_kw[0] == pytest.approx(139.551, abs=5e-4)
    assert flow.vm_pu.min() == pytest.approx(0.9378, abs=5e-5)
    assert feeder.bus_number[flow.vm_pu[0].argmin()] == 32


def test_a_day_at_083() -> None:
    shape = 0.83 * case.LOAD_SHAPE[:, None]
    flow = AC(shape * FEEDER.p_base_kw, shape * FEEDER.q_base_kvar)
    assert flow.losses_kw.sum() == pytest.approx(1879.0, abs=0.1)
    assert flow.vm_pu.min() == pytest.approx(0.9289, abs=5e-5)


def test_two_engines_agree() -> None:
    fast, reference = AC(*BASE), PandapowerEngine(FEEDER).power_flow(*BASE)
    assert np.abs(fast.vm_pu - reference.vm_pu).max() < 1e-8


@pytest.mark.parametrize("solver", ["CLARABEL", "QOCO"])
def test_relaxation_without_control_is_the_power_flow(solver: str) -> None:
    answer = solve_network(FEEDER, *BASE, solver=solver)
    assert answer.losses_kw[0] == pytest.approx(202.677, abs=1e-3)
    assert answer.relaxation_gap_max_rel < 1e-6
    verdict = Judge(FEEDER, AC).compare(*BASE, answer.vm_pu, answer.losses_kw)
    assert verdict.agrees and verdict.vm_error_max_pu < 1e-7


def test_marginal_losses_at_the_ends() -> None:
    answer = solve_network(FEEDER, *BASE, price_usd_per_mwh=20.0)
    marginal = answer.loss_price_usd_per_mwh[0] / 20.0
    assert marginal[1] == pytest.approx(0.005, abs=5e-4)
    assert marginal[BUS_18] == pytest.approx(0.147, abs=5e-4)
    step = np.zeros((1, 33))
    step[0, BUS_18] = 0.5
    rise = AC(BASE[0] + step, BASE[1]).losses_kw - AC(BASE[0] - step, BASE[1]).losses_kw
    assert marginal[BUS_18] == pytest.approx(rise[0], rel=1e-3)


def test_two_megawatt_at_bus_18_are_claimed_and_refused() -> None:
    feeder = case.unlimited_transformers(replace(FEEDER, v_max_pu=1.05))
    p_kw, q_kvar = 0.4 * BASE[0], 0.4 * BASE[1]
    p_kw[0, BUS_18] -= 2000.0
    answer = solve_network(feeder, p_kw, q_kvar)
    judge = Judge(feeder, AC)
    verdict = judge.compare(p_kw, q_kvar, answer.vm_pu, answer.losses_kw)
    assert answer.status == "optimal" and answer.vm_pu.max() <= 1.05 + 1e-6
    assert not verdict.agrees and answer.relaxation_gap_max_rel > 1.0
    assert verdict.flow.losses_kw[0] / 1e3 == pytest.approx(0.1818, abs=5e-5)
    assert verdict.flow.vm_pu.max() == pytest.approx(1.090, abs=5e-4)
    assert "vm_pu above v_max_pu=1.09" in named(judge.violations(verdict.flow, p_kw, q_kvar))


def test_two_megawatt_with_slack_are_cut_to_the_ac_limit() -> None:
    feeder = case.unlimited_transformers(replace(FEEDER, v_max_pu=1.05))
    known = case.knowledge(case.fleet(), feeder, step_s=3600, look_ahead_h=2,
                           wear_usd_per_kwh=np.zeros(THREE_CLASSES.count))
    decision = Decider(known).decide(case.injection_view(known, 18, 2000.0, 0.4))

    def excess(injection_kw: float) -> float:
        p_kw = 0.4 * BASE[0]
        p_kw[0, BUS_18] -= injection_kw
        return float(AC(p_kw, 0.4 * BASE[1]).vm_pu.max() - 1.05)

    limit_kw = brentq(excess, 100.0, 2000.0)
    assert decision.status == "repaired" and "AC refuses" in decision.binding
    assert decision.pd_kw.sum() == pytest.approx(limit_kw, rel=0.02)
    assert decision.vm_ac_pu.max() <= 1.05 + 5e-5
