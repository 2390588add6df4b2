"""Where energy may be worth less than nothing, feeders are not where it goes (docs/model.md 4.14, J9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.joint import equations as jeq
from controllers.joint.coordination import Schedule, propose, reply_to
from controllers.joint.equations import Prices
from controllers.joint.layer import FeederAware
from controllers.joint.monolith import cone_answer
from controllers.joint.operation import redispatch
from tests.controllers.joint import joint_case as small

PRICES = Prices()
KNOWN = small.knowledge()
WINDY = replace(small.view(KNOWN), wind_mw=np.full(small.HOURS, 4.0))
"""More than the load in every hour but one."""
CASE, NETWORKS = FeederAware(KNOWN).case(WINDY), FeederAware(KNOWN).networks(WINDY)
NET = NETWORKS[0]
ALL_ON = Schedule(np.ones((3, small.HOURS), dtype=np.int64), np.ones(int(CASE.cycling_pays().sum())))


def told_mw(schedule, without=()):
    """(told, by AC) [H] losses of a proposal."""
    replies = {0: reply_to(NET, np.zeros((NET.place_count, NET.horizon_h)))}
    offer = propose(CASE, NETWORKS, replies, PRICES, schedule, 1e-4, 100, without=without)
    y = jeq.place_power_mw(CASE, 0, NET, offer.pc_mw, offer.pd_mw)
    return offer.losses[0], NET.flow(y).losses_mw(NET.feeder)


@pytest.mark.parametrize("schedule", [ALL_ON, None])
def test_a_surplus_does_not_vanish_in_a_feeder(schedule):
    told, _ = told_mw(schedule)
    most = jeq.most_losses_mw(CASE, 0, NET)
    assert np.all(told <= most * (1 + 1e-6)) and most.max() < 1.0


def test_without_the_limit_it_does():
    told, by_ac = told_mw(ALL_ON, ("losses_at_most",))
    assert (told - by_ac).max() > 1.0


@pytest.mark.parametrize("is_limited", [True, False])
def test_the_cones_price_a_surplus_as_ac_does_but_for_what_feeders_can_lose(is_limited, monkeypatch):
    if not is_limited:
        monkeypatch.setattr(jeq, "j9_losses_at_most", lambda *_: [])
    value, pc, pd = cone_answer(CASE, NETWORKS, PRICES, ALL_ON)
    too_low_usd = redispatch(CASE, NETWORKS, ALL_ON.u, pc, pd, PRICES).j_usd - value
    allowed_usd = KNOWN.curtailment_penalty_usd_per_mwh * jeq.most_losses_mw(CASE, 0, NET).sum()
    assert too_low_usd > 0 and (too_low_usd <= allowed_usd) == is_limited


def test_no_limit_where_energy_is_worth_something():
    known = small.knowledge()
    layer = FeederAware(known)
    case = layer.case(small.view(known))
    losses = jeq.cp.Variable(small.HOURS)
    assert jeq.j9_losses_at_most(case, 0, NET, losses) == []
    assert len(jeq.j9_losses_at_most(CASE, 0, NET, losses)) == 1


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_no_powers_within_the_cars_reach_lose_more(seed):
    draw, rows = np.random.default_rng(seed), CASE.rows
    corner = draw.integers(0, 2, (2, rows.entries)) * draw.uniform(0.5, 1.0)
    y = jeq.place_power_mw(CASE, 0, NET, corner[0] * rows.pc_max_mw, corner[1] * rows.pd_max_mw)
    assert np.all(NET.flow(y).losses_mw(NET.feeder) <= jeq.most_losses_mw(CASE, 0, NET) + 1e-12)
