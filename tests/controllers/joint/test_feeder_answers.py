"""The feeder's own side: its power flow, its answers, its published limits."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.joint.coordination import reply_to
from controllers.joint.limits import operating_envelope, place_limits_mw
from controllers.joint.network import NoPowerFlow
from controllers.joint.operation import excesses, overload_mw
from models.network.power_flow import ac_engine
from tests.controllers.joint import joint_case as small

POWER = st.lists(st.floats(-0.15, 0.6), min_size=4 * small.HOURS, max_size=4 * small.HOURS)


@cache
def known():
    return small.knowledge(substation_kva=3900.0)


@cache
def network():
    return small.network(known())


@cache
def case():
    return small.case(known())


def powers(values):
    return np.array(values).reshape(4, small.HOURS)


def test_lines_carry_what_the_operators_power_flow_says():
    """Currents and powers of the lines, from voltages and loads alone, are those of the engine's complex voltages."""
    y = np.full((4, small.HOURS), 0.1)
    flow, feeder = network().flow(y), network().feeder
    p_kw = np.concatenate([np.zeros((1, small.HOURS)), network().p_fixed + network().share @ y]).T * 1e3
    q_kvar = np.concatenate([np.zeros((1, small.HOURS)), network().q_fixed]).T * 1e3
    engine = ac_engine(feeder).power_flow(p_kw, q_kvar)
    current_pu = engine.line_loading_percent[:, 1:].T / 100.0 * feeder.i_max_pu[1:, None]
    from_slack = feeder.parent[1:] == 0
    assert np.allclose(np.sqrt(flow.v).T, engine.vm_pu[:, 1:], atol=1e-12)
    assert np.allclose(np.sqrt(flow.current2), current_pu, atol=1e-10)
    assert np.allclose(flow.losses_mw(feeder) * 1e3, engine.losses_kw, atol=1e-8)
    assert np.allclose(flow.p[from_slack].sum(axis=0) * 1e3, engine.p_slack_kw, atol=1e-7)
    assert np.allclose(flow.q[from_slack].sum(axis=0) * 1e3, engine.q_slack_kvar, atol=1e-7)


def test_no_power_flow_is_said():
    with pytest.raises(NoPowerFlow, match="north"):
        network().flow(np.full((4, small.HOURS), 30.0))


def test_far_too_much_is_answered_at_less():
    assert np.all(np.isfinite(reply_to(network(), np.full((4, small.HOURS), 30.0)).losses.constant))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(POWER, POWER)
def test_an_answer_given_once_holds_for_every_other_power(asked, other):
    """Losses and excesses are convex while the feeder imports: no answer is ever above the truth."""
    y = powers(other)
    said, flow = reply_to(network(), powers(asked)), network().flow(y)
    assert np.all(said.losses.at(y) <= flow.losses_mw(network().feeder)[said.losses.hour] + 1e-6)
    worst = excesses(network(), flow, y).max(axis=0)
    assert np.all(said.overload.at(y) <= np.maximum(worst, 0.0)[said.overload.hour] + 1e-5)


def test_an_answer_is_exact_where_it_was_given():
    y = np.full((4, small.HOURS), 0.2)
    said, flow = reply_to(network(), y), network().flow(y)
    assert np.allclose(said.losses.at(y), flow.losses_mw(network().feeder), atol=1e-12)
    assert said.overload.at(y).max() == pytest.approx(overload_mw(network(), flow, y).max(), abs=1e-9)


def test_published_limits_can_be_used_to_the_full_and_not_beyond():
    """Within the cars' own power, a little more than the import limit overloads whatever the split over places."""
    imports, exports = operating_envelope(case(), 0, network())
    charge, discharge = place_limits_mw(case(), 0, network())
    assert np.all(imports <= charge.sum(axis=0) + 1e-9)
    assert np.all(exports <= discharge.sum(axis=0) + 1e-9)
    tight = imports < charge.sum(axis=0) - 1e-6
    assert tight.any()
    rng = np.random.default_rng(1)
    for share in rng.dirichlet(np.ones(4), 30).T[:, :, None].transpose(1, 0, 2):
        y = np.minimum(share * (imports + 0.01), charge)
        reached = y.sum(axis=0) >= imports + 0.01 - 1e-9
        assert np.all(overload_mw(network(), network().flow(y), y)[tight & reached] > 0.0)
