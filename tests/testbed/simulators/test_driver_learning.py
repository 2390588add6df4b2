"""Learning within a run: the channel from meters to plans, and what `deliverable` costs after the fact."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.spatial.expecting import Expecting
from models.drivers.behaviours import BEHAVIOURS
from models.records.groups import THREE_CLASSES
from testbed.results.reading import Result
from testbed.results.recording import traces_path
from testbed.results.vehicle_traces import read_traces
from testbed.simulators.mobility import MobilitySimulator
from testbed.simulators.power_system import PowerSystemSimulator
from testbed.simulators.spatial import SpatialSimulator
from testbed.wiring.attributes import ATTRIBUTES
from tests.testbed import learning_controller, small_run

LEARNING = f"{Path(learning_controller.__file__)}:Learning"
IGNORING = ("drivers.compliance_mean=0.6", "drivers.modes.ignores=1", "drivers.modes.overrides=0",
            "drivers.modes.leaves_early=0", "drivers.modes.arrives_late=0", "drivers.modes.never_plugs_in=0",
            "drivers.compliance_concentration=1000")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Three days in which 60 % of stays follow, and what mobility and lower layer were told in each step."""
    told, patch = {"mobility": {}, "spatial": {}}, pytest.MonkeyPatch()
    advance, district = MobilitySimulator.advance, SpatialSimulator._district

    def mobility(self, now_s, inputs):
        told["mobility"][now_s] = {name: inputs[name]["learned_compliance"] for name in self.entities}
        return advance(self, now_s, inputs)

    def spatial(self, name, now_s, received):
        told["spatial"].setdefault(now_s, {})[name] = received["learned_compliance"]
        return district(self, name, now_s, received)
    with patch.context() as during:
        during.setattr(MobilitySimulator, "advance", mobility)
        during.setattr(SpatialSimulator, "_district", spatial)
        path = small_run.run(tmp_path_factory.mktemp("learned"), *IGNORING, "days=3", "districts.0.private=60",
                             controller=LEARNING)
    return SimpleNamespace(result=Result(path), told=told)


@pytest.mark.slow
def test_a_run_learns_what_is_true(learned):
    mean = learned.result.system("learned_compliance_mean")
    assert mean[0] == pytest.approx(0.95)
    assert mean[-1] == pytest.approx(0.6, abs=0.1)
    assert abs(mean[-1] - 0.6) < abs(mean[24] - 0.6)


@pytest.mark.slow
def test_it_learns_in_the_controlled_warmup(tmp_path):
    """So that the first counted plan stands on what the day before has taught, from its first step on."""
    path = small_run.run(tmp_path, *IGNORING, "warmup_controlled_days=1", "districts.0.private=60",
                         controller=LEARNING)
    mean = Result(path).system("learned_compliance_mean")
    assert 0.5 < mean[0] < 0.85


@pytest.mark.slow
def test_the_reserve_rule_is_judged_with_what_cars_could_do(tmp_path, monkeypatch):
    nets = []
    dispatch = PowerSystemSimulator._reserve

    def seen(self, terms, pev):
        nets.append((terms, dispatch(self, terms, pev)))
        return nets[-1][1]
    monkeypatch.setattr(PowerSystemSimulator, "_reserve", seen)
    path = small_run.run(tmp_path, "system.reserve_rule=deliverable", "record.vehicles=true")
    result = Result(path)
    _every_instruction_ends_as_requested_limited_applied(path)
    phi = result.system("delivery_quantile")
    assert ((phi > 0.5) & (phi < 1)).all()
    assert [net["delivery_quantile"] for _, net in nets] == pytest.approx(phi)
    assert max(net["reserve_credit_mw"] for _, net in nets) > 0


def _every_instruction_ends_as_requested_limited_applied(path):
    """The traces hold all three and the reason: whoever complied did what his car can do of what was asked."""
    requested, limited, applied, reason = (read_traces(traces_path(path), "feeder33", name) for name in (
        "setpoint_vehicle_kw", "limited_vehicle_kw", "p_vehicle_kw", "reason_vehicle"))
    asked = np.isfinite(requested)
    assert asked.any() and not asked.all() and np.array_equal(asked, np.isfinite(limited))
    assert np.abs(requested[asked]).max() > 1
    assert np.all(np.abs(limited[asked]) <= np.abs(requested[asked]) + 1e-4)
    full = asked & (reason == 0) & (requested != 0) & (np.abs(applied - requested) < 0.2)
    assert full.any() and np.abs(limited - applied)[full].max() < 0.25
    assert set(np.unique(reason).tolist()) <= set(range(len(BEHAVIOURS)))


@pytest.mark.slow
def test_plans_and_layers_are_told_the_same(learned):
    """From the first evidence on, envelopes and set-points of an hour count with the same learned numbers."""
    last = max(learned.told["spatial"])
    for name, values in learned.told["spatial"][last].items():
        assert values.by_group == pytest.approx(learned.told["mobility"][last][name].by_group)
        assert 0 < values.mean < 0.95
    assert set(learned.told["mobility"][0].values()) == {None}


def test_the_learner_reads_operators_data_only():
    inputs = [a.name for a in ATTRIBUTES if "temporal" in (*a.now, *a.shifted)]
    assert "delivery" in inputs and "presence" not in inputs
    assert {a.audience for a in ATTRIBUTES if "temporal" in (*a.now, *a.shifted)} == {"operator"}


class _Layer:
    """Remembers what it was told."""

    def step(self, view, compliance=None):
        self.view, self.compliance = view, compliance


def test_set_points_come_out_as_target_over_the_groups_own_compliance():
    @dataclass(frozen=True)
    class View:
        time_s: int
        compliance_by_group: np.ndarray
        compliance_mean: float
        pc_target_kw: np.ndarray
        pd_target_kw: np.ndarray

    by_group = np.linspace(0.4, 0.9, THREE_CLASSES.count)
    target = np.ones((THREE_CLASSES.count * 3, 2))
    layer, nothing = _Layer(), np.zeros(0)
    expecting = Expecting(layer)
    expecting.step(View(0, nothing, float("nan"), target, target))
    assert layer.compliance is None and layer.view.pc_target_kw is target
    expecting.step(View(3600, by_group, 0.7, target, target))
    expecting.step(View(4500, by_group, 0.1, target, target))  # held within the hour
    assert layer.compliance == 0.7
    told = layer.view.pc_target_kw / layer.compliance
    assert told == pytest.approx(target / np.repeat(by_group, 3)[:, None])
