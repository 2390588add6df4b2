"""A stored plan is used only for exactly the same question."""

from dataclasses import fields, replace

import numpy as np
import pytest

from controllers.port import SystemView
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.tuning import Tuning
from testbed.scenario.loading import load_scenario
from testbed.setup import plan_cache
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


def test_any_change_of_the_tuning_or_of_what_is_left_out_is_another_question(layer, view):
    keys = {plan_key(layer, view), plan_key(UnitCommitment(layer.knowledge, "none", without=["reserve"]), view)}
    for field in fields(Tuning):
        value = getattr(layer.tuning, field.name)
        other = not value if isinstance(value, bool) else value / 2 if np.isfinite(value) else 1.0
        keys.add(plan_key(UnitCommitment(layer.knowledge, "none", replace(Tuning(), **{field.name: other})), view))
    assert len(keys) == 2 + len(fields(Tuning))


def test_other_code_or_another_version_of_a_solver_is_another_question(layer, view, monkeypatch):
    keys = {plan_key(layer, view)}
    monkeypatch.setattr(plan_cache, "CODE", b"changed")
    keys.add(plan_key(layer, view))
    for solver in plan_cache.SOLVERS:
        monkeypatch.setattr("testbed.wiring.content_cache._version", lambda name, new=solver: str(name == new))
        keys.add(plan_key(layer, view))
    assert len(keys) == 2 + len(plan_cache.SOLVERS)


def test_networks_on_offer_that_it_does_not_read_are_no_part_of_the_question(layer, view):
    offered = replace(layer.knowledge, offers=(None,))
    assert plan_key(UnitCommitment(offered, "none"), view) == plan_key(layer, view)


def test_a_plan_with_one_bit_turned_is_solved_again(layer, view, tmp_path, capsys):
    cached = CachedUnitCommitment(layer, tmp_path)
    first = cached.plan(view)
    (file,) = tmp_path.glob("plan-*.kept")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 4
    file.write_bytes(bytes(raw))
    again = cached.plan(view)
    np.testing.assert_array_equal(again.p_mw, first.p_mw)
    assert again.objective_usd == first.objective_usd
    assert capsys.readouterr().err.count("damaged entry of the cache") == 1
