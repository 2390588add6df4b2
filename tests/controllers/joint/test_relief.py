"""Plans do not hang on what feeders lose less while cars give back (docs/model.md 4.14)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.joint import equations as jeq
from controllers.joint.coordination import Schedule, propose, reply_to
from controllers.joint.equations import Prices
from controllers.joint.layer import FeederAware
from controllers.joint.operation import redispatch
from controllers.joint.relief import carried
from models.records.groups import THREE_CLASSES
from tests.controllers.joint import joint_case as small

PRICES = Prices()


def relieved_offer(without=()):
    """(case, offer, schedule) of a morning in which an hour needs dear cars, reserve on cars, all units on."""
    known = small.knowledge(wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.5), reserve_rule="deliverable")
    load = np.where(np.arange(small.HOURS) == 5, 5.6, small.LOAD_MW)
    view = replace(small.view(known), load_mw=load)
    layer = FeederAware(known)
    case, networks = layer.case(view), layer.networks(view)
    schedule = Schedule(np.ones((3, small.HOURS), dtype=np.int64), np.zeros(int(case.cycling_pays().sum())))
    replies = {k: reply_to(net, np.zeros((net.place_count, net.horizon_h))) for k, net in networks.items()}
    return case, propose(case, networks, replies, PRICES, schedule, 1e-4, 100, without=without), schedule


def shed_mw(case, u, pc_mw, pd_mw):
    """[H] without the relief of feeders."""
    return redispatch(case, {}, u, pc_mw, pd_mw, PRICES, quick_starts=False).shed_mw


@pytest.mark.parametrize(("without", "is_short"), [((), False), ((jeq.RELIEF,), True)])
def test_units_carry_a_plan_without_the_relief_of_feeders(without, is_short):
    """In an hour that needs dear cars, with reserve on cars: what feeders lose less must not stand for units' power."""
    case, offer, schedule = relieved_offer(without)
    short_mw = shed_mw(case, schedule.u, offer.pc_mw, offer.pd_mw)
    assert offer.pd_mw.sum() > 0.1 and (short_mw.max() > 1e-3) == is_short


def test_cars_move_no_more_than_what_relief_left_unserved():
    """And no car moves where nothing is left."""
    case, offer, schedule = relieved_offer((jeq.RELIEF,))
    short_mw = shed_mw(case, schedule.u, offer.pc_mw, offer.pd_mw)
    pc, pd = carried(case, schedule.u, offer.pc_mw, offer.pd_mw, PRICES)
    more = np.bincount(case.rows.hour, pd - pc - (offer.pd_mw - offer.pc_mw))
    assert shed_mw(case, schedule.u, pc, pd).max() < 1e-4
    assert more[5] == pytest.approx(short_mw[5], abs=1e-4)
    assert np.abs(np.delete(more, 5)).sum() < 1.2 * short_mw[5] / 0.95**2
    again = carried(case, schedule.u, pc, pd, PRICES)
    assert again[0] is pc and again[1] is pd
