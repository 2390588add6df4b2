"""Who ran when, after whom, with which inputs: state is shifted by one step, commands never are."""

from itertools import pairwise

import numpy as np
import pytest

from models.records.arrays import Table
from testbed.running.world import edges, entity_names
from testbed.simulators import adapter
from testbed.wiring.attributes import ATTRIBUTES, RECORD, SIMULATORS, recorded_of, traced
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

ORDER = ("profiles", "temporal", "spatial", "fleet", "feeder", "power_system", "recorder")
STEP_S = 3600


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """[(simulator, now_s, inputs, outputs)] of one whole run."""
    seen = []
    original = adapter.Adapter._advance

    def traced(self, now_s, inputs):
        flat = {eid: self._flat(eid, values) for eid, values in inputs.items()}
        original(self, now_s, inputs)
        seen.append((self.simulator, now_s, flat, self.values))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter.Adapter, "_advance", traced)
        small_run.run(tmp_path_factory.mktemp("trace"))
    return seen


def of(trace, simulator):
    return {now_s: (inputs, outputs) for name, now_s, inputs, outputs in trace if name == simulator}


def test_every_simulator_runs_every_step_of_warm_up_and_day(trace):
    expected = list(range(-86_400, 86_400, STEP_S))
    for simulator in SIMULATORS:
        assert sorted(of(trace, simulator)) == expected


def test_the_order_within_a_step(trace):
    for now_s in (-86_400, 0, 43_200):
        ran = [name for name, at_s, *_ in trace if at_s == now_s]
        assert [name for name in ran if name in ORDER] == list(ORDER)
        assert ran.index("mobility") < ran.index("temporal")


def test_commands_act_in_the_step_in_which_they_are_given(trace):
    spatial, fleet = of(trace, "spatial"), of(trace, "fleet")
    feeder, flows = of(trace, "feeder"), of(trace, "fleet")
    for now_s in (0, 3600, 68_400):
        given = spatial[now_s][1]["feeder33"]["instructions"].setpoint_kw
        np.testing.assert_array_equal(fleet[now_s][0]["feeder33"]["instructions"].setpoint_kw, given)
        made = flows[now_s][1]["feeder33"]["pev_flows"].p_kw
        np.testing.assert_array_equal(feeder[now_s][0]["feeder33"]["pev_flows"].p_kw, made)
    assert any(np.any(spatial[t][1]["rest"]["instructions"].setpoint_kw > 0) for t in spatial)


@pytest.mark.parametrize(("consumer", "entity", "attribute", "producer"), [
    ("mobility", "feeder33", "soc", "fleet"), ("spatial", "feeder33", "soc_reported", "fleet"),
    ("spatial", "feeder33", "vm_pu", "feeder"), ("temporal", "system", "units_state", "power_system"),
    ("mobility", "feeder33", "guidance", "spatial"),
])
def test_state_is_that_of_the_step_before(trace, consumer, entity, attribute, producer):
    received, made = of(trace, consumer), of(trace, producer)
    for now_s in (-82_800, 0, 3600, 72_000):
        before = made[now_s - STEP_S][1][entity][attribute]
        got = received[now_s][0][entity][attribute]
        for a, b in zip(_arrays(got), _arrays(before), strict=True):
            np.testing.assert_array_equal(a, b)


def test_soc_moves_so_that_the_shift_can_be_seen(trace):
    fleet = of(trace, "fleet")
    soc = [fleet[t][1]["feeder33"]["soc"] for t in sorted(fleet)]
    assert sum(not np.array_equal(a, b) for a, b in pairwise(soc)) > 10


def test_the_first_step_reads_the_initial_state(trace):
    received = of(trace, "mobility")[-86_400][0]["feeder33"]
    assert np.all((received["soc"] > 0) & (received["soc"] < 1))
    assert np.all(received["guidance"].rank == -1)


def test_nobody_is_dispatched_in_the_warm_up(trace):
    spatial = of(trace, "spatial")
    for now_s, (_, made) in spatial.items():
        if now_s < 0:
            assert not made["feeder33"]["instructions"].is_dispatched.any()


def test_every_connection_comes_from_the_table(tmp_path):
    spec = RunSpec(small_run.scenario(cache_dir=tmp_path), small_run.PLAIN, 1, tmp_path / "x.h5")
    wired = {(source, attribute, target, shifted) for source, _, target, _, attribute, shifted in edges(spec)}
    for a in ATTRIBUTES:
        for consumer in a.now:
            assert (a.producer, a.name, consumer, False) in wired
        for consumer in a.shifted:
            assert (a.producer, a.name, consumer, True) in wired
        if a.recorded:
            assert (a.producer, a.name if a.is_record else RECORD, "recorder", False) in wired
            assert a.is_record or a.name in recorded_of(a.producer, a.scope)
    assert not {name for _, name, target, _ in wired if target == "recorder"} & {a.name for a in traced()}
    assert entity_names(spec, "feeder") == ("feeder33",)


def test_no_truth_reaches_a_controller():
    """Temporal and Spatial read only what an operator may know."""
    for a in ATTRIBUTES:
        if {"temporal", "spatial"} & set(a.now + a.shifted):
            assert a.audience == "operator", f"{a.producer}.{a.name}"


def _arrays(value):
    return list(value.to_arrays().values()) if isinstance(value, Table) else [value]
