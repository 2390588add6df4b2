"""The search on three phases: the powers asked for where nothing stands against them, and no answer that AC refutes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.heuristics.cost import NO_FLOW_USD
from controllers.spatial.heuristics.encoding import Encoding, Powers
from controllers.spatial.heuristics.phases import EXCESS_USD_PER_KEPT, PhaseHourJudge, PhaseSearch
from controllers.spatial.placing import searching
from controllers.spatial.three_phase.decision import PhaseDecider
from controllers.spatial.three_phase.judge import PhaseJudge
from controllers.spatial.three_phase.layer import ThreePhase
from controllers.spatial.three_phase.limits import tolerance
from models.records.three_phase import VOLTAGE
from tests.controllers.spatial import street_case as case
from tests.controllers.spatial.test_three_phase import HOUSE_KW

FEW = {"search_evaluations": 40, "search_population": 20}


def evening(limits: dict[str, float] | None = None, house_kw: float = HOUSE_KW, **changes: Any
            ) -> tuple[SpatialKnowledge, FeederView]:
    """Six cars in a street of five houses, and a plan that asks them all for all they can."""
    rng = np.random.default_rng(3)
    known = case.knowledge(case.street(**(limits or {})), case.cars(rng, 6, (7.4,)), **(FEW | changes))
    return known, case.full_charge(known, case.hour(known, rng, house_kw))


def lowest_pu(known: SpatialKnowledge, p_kw: Any, q_kvar: Any) -> float:
    assert known.network is not None and known.network_flow is not None
    return float(known.network_flow(p_kw, q_kvar).value[:, known.network.watched.kind == VOLTAGE].min())


def test_a_wide_street_gives_every_car_what_it_asks_for_and_proves_nothing() -> None:
    known, view = evening({"v_min_pu": 0.7})
    layer = searching(known, "pso")
    assert isinstance(layer, ThreePhase)
    answer, decision = layer.step(view), PhaseSearch(known, "pso").decide(view)
    assert (decision.status, decision.binding, decision.is_tight) == ("accepted", "", False)
    optimum = PhaseDecider(known).decide(view)  # one car is nearly full, the others charge at full power
    assert decision.pc_kw.sum() == pytest.approx(optimum.pc_kw.sum(), abs=1e-3) and not decision.pd_kw.any()
    assert decision.target_slack_kwh == pytest.approx(optimum.target_slack_kwh, abs=1e-3)
    assert answer.setpoint_kw == pytest.approx(ThreePhase(known).step(view).setpoint_kw, abs=1e-3)
    assert np.isnan([decision.gap_rel, decision.vm_error_max_pu, decision.loss_error_rel]).all()
    assert np.isnan(decision.nodal_price_usd_per_mwh).all() and not decision.q_plan_bus_kvar.any()


def test_a_voltage_that_holds_cars_back_is_kept_and_near() -> None:
    known, view = evening({"v_min_pu": 0.97}, search_evaluations=1000)
    decision = PhaseSearch(known, "sga").decide(view)
    q_kvar = decision.forecast.q_fixed_kvar.T[:1]
    assert decision.status == "accepted" and decision.is_tight
    assert lowest_pu(known, decision.p_plan_bus_kw[:1], q_kvar) > 0.97 - 1e-4
    assert 1.0 < decision.pc_kw.sum() < view.pc_target_kw[:, 0].sum() - 1.0
    assert decision.target_slack_kwh == pytest.approx(view.pc_target_kw[:, 0].sum() - decision.pc_kw.sum())


def test_a_best_that_ac_refutes_ends_in_pro_rata_as_far_as_ac_allows_or_stops() -> None:
    """Four candidates find none of the few that keep a limit that houses leave next to nothing of."""
    known, view = evening({"v_min_pu": 0.9865}, search_evaluations=4, search_population=4, on_inexact="fallback")
    decision = PhaseSearch(known, "pso").decide(view)
    assert decision.status == "fallback" and decision.is_tight
    assert decision.binding.startswith("best of pso: voltage at bus ") and "; pro rata at " in decision.binding
    assert lowest_pu(known, decision.p_plan_bus_kw[:1], decision.forecast.q_fixed_kvar.T[:1]) > 0.9865 - 1e-4
    with pytest.raises(PlanError, match=r"^district street at 0 s: best of pso: voltage at bus \d phase \d.* is "
                                        r"0\.\d+ pu, at least 0\.9865, period 0"):
        PhaseSearch(replace(known, on_inexact="stop"), "pso").decide(view)


def test_houses_without_a_power_flow_leave_no_car_anything() -> None:
    known, view = evening(house_kw=2000.0)
    decision = PhaseSearch(known, "pso").decide(view)
    assert decision.binding == "best of pso: no power flow in period 0; pro rata at 0 %"
    assert decision.status == "fallback" and not decision.pc_kw.any() and not decision.pd_kw.any()


def test_an_excess_costs_what_it_is_beyond_what_counts_as_kept() -> None:
    """By hand, from AC's own values; without a power flow nothing is dearer."""
    known, view = evening({"v_min_pu": 0.97})
    judge = PhaseJudge(known)
    decision = PhaseSearch(known, "pso").decide(view)
    hour = PhaseHourJudge(known, judge, decision.layout, decision.forecast)
    pro_rata = Encoding(decision.layout, decision.forecast, may_curtail=False)
    full = pro_rata.decode(pro_rata.pro_rata()[None])
    cost = hour.cost(full)
    value = judge.call(hour.at_buses(full)[0], hour.q_kvar).value
    beyond = np.maximum(hour.fixed.bounds.excess(value) / tolerance(judge.network) - 1.0, 0.0)
    assert cost.limits_usd[0] == pytest.approx(EXCESS_USD_PER_KEPT * beyond.sum())
    assert cost.excess_rel[0] == pytest.approx(beyond.max())
    far = hour.cost(Powers(full.pc_kw * 1e4, full.pd_kw))
    assert far.limits_usd[0] == NO_FLOW_USD and far.excess_rel[0] == np.inf
