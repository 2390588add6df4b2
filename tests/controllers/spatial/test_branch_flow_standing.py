"""A network whose tap changer moves: each hour is decided for the network as it stands, and only learned once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.heuristics.decision import HeuristicDecider
from models.network.power_flow import ac_engine
from models.records.feeder import RadialFeeder
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19


def standing_at(slack_pu: float) -> RadialFeeder:
    return replace(case.FEEDER, v_slack_pu=slack_pu)


def knowledge(feeder: RadialFeeder = case.FEEDER) -> SpatialKnowledge:
    return case.knowledge(case.fleet(), feeder, step_s=3600, look_ahead_h=2, search_evaluations=20,
                          search_population=10)


def with_tap_changer() -> tuple[SpatialKnowledge, list[float]]:
    """The operator, and slack voltages at which its network was asked for."""
    asked: list[float] = []

    def at_slack(slack_pu: float) -> tuple[RadialFeeder, object]:
        asked.append(slack_pu)
        return standing_at(slack_pu), ac_engine(standing_at(slack_pu)).power_flow

    return replace(knowledge(), at_slack=at_slack), asked


def view(known: SpatialKnowledge, slack_pu: float) -> FeederView:
    seen = case.view(known, *case.parked(known.vehicles, HOUR * 3600), HOUR)
    return replace(seen, vm_pu=np.full(known.site.bus_count, slack_pu))


@pytest.mark.parametrize("decider", [Decider, lambda known: HeuristicDecider(known, "pso")])
def test_an_hour_is_decided_for_the_network_as_it_stands(decider: type[Decider]) -> None:
    """To the last bit as by an operator whose network has that voltage at its slack."""
    known, _ = with_tap_changer()
    own = decider(known)
    for slack_pu in (1.025, 0.98):
        decision = own.decide(view(known, slack_pu))
        other = decider(knowledge(standing_at(slack_pu))).decide(view(known, slack_pu))
        assert np.array_equal(decision.p_plan_bus_kw, other.p_plan_bus_kw)
        assert np.array_equal(decision.vm_ac_pu, other.vm_ac_pu)
        assert decision.vm_ac_pu[0, 0] == pytest.approx(slack_pu)


def test_what_was_learned_of_one_standing_is_used_when_it_comes_back() -> None:
    known, asked = with_tap_changer()
    own = Decider(known)
    first, other, again = (own.as_it_stands(view(known, slack_pu)) for slack_pu in (1.025, 0.98, 1.025))
    assert again is first and other is not first and asked == [1.025, 0.98, 1.025]
    assert first.feeder.v_slack_pu == 1.025 and first.knowledge.at_slack is None
    assert first.as_it_stands(view(known, 0.98)) is first, "it is the network at that voltage itself"


def test_without_a_tap_changer_that_moves_the_network_is_what_it_is() -> None:
    known = knowledge()
    assert known.as_it_stands(np.full(known.site.bus_count, 1.02)) is known
    own = Decider(known)
    assert own.as_it_stands(view(known, 1.02)) is own
