"""One contract for all controllers: what they say is possible, passes the independent checker, and stays in bounds."""

from types import SimpleNamespace

import numpy as np
import pytest

from controllers.temporal.unit_commitment.checking.plan import check_plan
from models.drivers.behaviours import BEHAVIOURS
from models.mobility.mobility import Mobility
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import open_result
from testbed.setup.controller_loading import controller_names, load_controller
from testbed.setup.districts import _build
from testbed.simulators.spatial import SpatialSimulator
from testbed.simulators.temporal import TemporalSimulator
from testbed.wiring.run_spec import DAY_S, RunSpec
from tests.testbed import small_run

ROUNDING_KW = 1e-6
SHORT = ("planning.horizon_h=25", "spatial.look_ahead_h=2", "planning.redispatch=none")
"""A plan that is found again is no longer that of the view it was made from; test_check_result judges those."""

SLOW = {"no_pev", "temporal", "tariff", "joint", "oracle", "bilayer_coordinated", "bilayer_chance", "bilayer_envelope",
        "bilayer_sga", "bilayer_pso"}
"""Kin of those that every run of the fast tests looks at."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module", params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
                                        for name in controller_names()])
def run(request, cache):
    """A whole hourly day of the controller, with everything its two layers saw and said."""
    seen = SimpleNamespace(name=request.param, steps=[], plans=[], result=None, districts=None, drawn={})
    district, view_of, draws_of = SpatialSimulator._district, TemporalSimulator.view, Mobility._draws

    def spoken(self, name, now_s, received):
        values = district(self, name, now_s, received)
        seen.steps.append((name, now_s, received, values))
        seen.districts = self.districts
        return values

    def viewed(self, now_s, inputs):
        view = view_of(self, now_s, inputs)
        seen.plans.append((self, view))
        return view

    def drawn(self, day):
        draws = draws_of(self, day)
        seen.drawn[self._vehicles.count, day] = draws
        return draws

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mobility, "_draws", drawn)
        patch.setattr(SpatialSimulator, "_district", spoken)
        patch.setattr(TemporalSimulator, "view", viewed)
        path = small_run.run(cache, *SHORT, controller=request.param, name=f"{request.param}.h5")
    seen.result = open_result(path)
    return seen


def test_the_run_completes(run):
    assert run.result.status == "completed"
    assert run.result.controller == run.name


@pytest.fixture(scope="module")
def fresh(cache):
    """Wishes and willingness of the same scenario and seed, drawn by nobody's run; by number of cars and day."""
    def by_day(*overrides):
        spec = RunSpec(small_run.scenario(*SHORT, *overrides, cache_dir=cache), small_run.PLAIN, 1, cache / "none.h5")
        made = [district.mobility(spec.start_s, DAY_S) for district in _build.__wrapped__(
            spec.scenario.model_dump_json(), 1, has_vehicles=True, content="").values()]
        return {(district._vehicles.count, day): district._draws(day) for district in made for day in (-1, 0)}

    return by_day


def test_wishes_and_willingness_are_the_same_whoever_controls(run, fresh):
    known = fresh()
    if not load_controller(run.name).has_vehicles:
        assert all(count == 0 for count, _ in run.drawn)
        return
    assert run.drawn.keys() >= known.keys()
    for key, draws in known.items():
        for name, values in draws._asdict().items():
            assert np.array_equal(values, getattr(run.drawn[key], name)), (key, name)


def test_wishes_are_the_same_at_any_compliance_and_willingness_only_grows(fresh):
    few, many = fresh("drivers.compliance_mean=0.3"), fresh("drivers.compliance_mean=0.9")
    changed = 0
    for key, draws in few.items():
        other = many[key]
        for name in ("exists", "depart_s", "duration_s", "energy_kwh", "zone", "instant", "bus_choice",
                     "accepts_guidance"):
            assert np.array_equal(getattr(draws, name), getattr(other, name)), (key, name)
        assert np.all((other.behaviour == draws.behaviour) | (other.behaviour == 0)), "only from refusing to following"
        changed += np.count_nonzero(other.behaviour != draws.behaviour)
    assert changed > 0


def test_plans_pass_the_independent_checker(run):
    for simulator, view in run.plans:
        control = load_controller(run.name).car_control
        assert [str(v) for v in check_plan(simulator.knowledge, view, simulator.plan, control)] == []


def test_set_points_are_for_plugged_enrolled_cars_within_their_chargers(run):
    for name, _, received, values in run.steps:
        vehicles, told = run.districts[name].vehicles, values["instructions"]
        p_kw, is_told = told.setpoint_kw, told.is_dispatched > 0
        assert np.all(np.isfinite(p_kw))
        assert not p_kw[~is_told].any()
        assert not is_told[~received["declared"].is_plugged].any()
        assert not is_told[~vehicles.is_enrolled].any()
        assert np.all(p_kw <= vehicles.p_charge_max_kw + ROUNDING_KW)
        assert np.all(p_kw >= -vehicles.p_discharge_max_kw - ROUNDING_KW)


def test_only_controllers_that_may_dispatch_do(run):
    controller = load_controller(run.name)
    dispatched = sum(values["instructions"].is_dispatched.sum() for *_, values in run.steps)
    assert (dispatched > 0) == (controller.car_control != "none")
    if controller.car_control == "charge_only":
        assert all(values["instructions"].setpoint_kw.min(initial=0.0) >= -ROUNDING_KW for *_, values in run.steps)


def test_guidance_names_each_bus_at_most_once_per_kind(run):
    for *_, values in run.steps:
        for ranks in values["guidance"].rank:
            named = ranks[ranks >= 0]
            assert np.unique(named).size == named.size


def test_planned_flows_are_numbers(run):
    for *_, values in run.steps:
        for name in ("p_setpoint_kw", "q_setpoint_kvar"):
            assert np.all(np.isfinite(getattr(values["planned_flows"], name)))


def test_every_answer_of_the_optimisation_agrees_with_ac_or_says_it_fell_back(run):
    """1e-5 pu and 0.1 % of loss (docs/model.md 4.7)."""
    result = run.result
    solved = result.district("feeder33", "spatial_solved") > 0
    fallback = result.district("feeder33", "spatial_fallback") > 0
    accepted = solved & ~fallback
    if run.name in ("bilayer", "smart_charging"):
        assert solved.sum() == 24
    if run.name in ("bilayer_pso", "bilayer_sga"):  # nothing is relaxed, so nothing can be compared
        assert solved.sum() == 24
        assert np.isnan(result.district("feeder33", "relaxation_vm_error_pu")).all()
        return
    assert np.all(result.district("feeder33", "relaxation_vm_error_pu")[accepted] <= 1e-5)
    assert np.all(result.district("feeder33", "relaxation_loss_error_rel")[accepted] <= 1e-3)


def test_metrics_are_there_and_counts_are_whole(run):
    metrics = compute_metrics(run.result)
    assert np.isfinite(metrics["total_cost_usd_adjusted"])
    assert metrics["unit_hours"] == round(metrics["unit_hours"])
    refusals = sum(np.nansum(run.result.district(d, "refusals"), axis=0) for d in run.result.districts)
    assert refusals.shape == (len(BEHAVIOURS),)
