"""A stored plan is used only for exactly the same question."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.port import SystemView
from controllers.temporal.unit_commitment.solve import UnitCommitment
from testbed.scenario.loading import load_scenario
from testbed.setup.knowledge import temporal_knowledge
from testbed.setup.plan_cache import CachedUnitCommitment, plan_key


@pytest.fixture
def layer():
    scenario = load_scenario("smoke", ["planning.horizon_h=24", "spatial.look_ahead_h=2", "planning.binding_h=12"])
    return UnitCommitment(replace(temporal_knowledge(scenario), district_names=()), "none")


@pytest.fixture
def view(layer):
    h, units = layer.knowledge.horizon_h, layer.knowledge.units
    return SystemView(time_s=0, load_mw=700 + 20.0 * np.arange(h), wind_mw=np.full(h, 50.0), pv_mw=np.zeros(h),
                      price_charge_usd_per_kwh=np.zeros(h), price_discharge_usd_per_kwh=np.zeros(h), districts=(),
                      hours_on=units.initial_h, p_mw=np.zeros(units.count))


def test_the_second_answer_comes_from_the_file_and_is_the_same(layer, view, tmp_path, monkeypatch):
    first = CachedUnitCommitment(layer, tmp_path).plan(view)
    monkeypatch.setattr(UnitCommitment, "plan", lambda *_: pytest.fail("solved again"))
    second = CachedUnitCommitment(layer, tmp_path).plan(view)
    np.testing.assert_array_equal(first.committed, second.committed)
    np.testing.assert_array_equal(first.p_mw, second.p_mw)
    assert (second.objective_usd, second.bound_usd, second.solver_s) == (first.objective_usd, first.bound_usd, 0.0)


@pytest.mark.parametrize("change", [
    {"time_s": 86_400}, {"load_mw": 701 + 20.0 * np.arange(24)}, {"hours_on": np.arange(1, 11)},
])
def test_any_change_of_the_view_is_another_question(layer, view, change):
    assert plan_key(layer, view) == plan_key(layer, replace(view))
    assert plan_key(layer, view) != plan_key(layer, replace(view, **change))


def test_any_change_of_the_knowledge_is_another_question(layer, view):
    for change in ({"mip_gap": 0.02}, {"carbon_price_usd_per_t": 8.0}, {"reserve_rule": "thermal_only"}):
        other = UnitCommitment(replace(layer.knowledge, **change), "none")
        assert plan_key(other, view) != plan_key(layer, view)
    assert plan_key(UnitCommitment(layer.knowledge, "charge_only"), view) != plan_key(layer, view)


def test_a_damaged_file_is_solved_again(layer, view, tmp_path):
    cached = CachedUnitCommitment(layer, tmp_path)
    first = cached.plan(view)
    (file,) = tmp_path.glob("plan-*.json.gz")
    file.write_bytes(b"not a plan")
    assert cached.plan(view).objective_usd == pytest.approx(first.objective_usd)
