"""The upper layer as a simulator: what is spoken belongs to the hour in which it is spoken."""

from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError, SystemView
from controllers.temporal.replay import ReplayPlan
from testbed.results.reading import stored_plans
from testbed.scenario.loading import load_scenario
from testbed.simulators.plans import temporal_layer
from testbed.simulators.temporal import TemporalSimulator
from testbed.wiring.run_spec import RunSpec

DAY_S = 86_400


@pytest.mark.parametrize(("now_s", "hour"), [(-DAY_S, 0), (-DAY_S + 900, 0), (-DAY_S + 3600, 1), (-900, 23)])
def test_units_are_told_the_hour_of_the_plan_that_has_come(now_s, hour):
    """Not the hour before, nor the first one again: plans may begin days before counted time."""
    simulator, hours = TemporalSimulator(), np.arange(24)[None, :]
    simulator.plan = SimpleNamespace(time_s=-DAY_S, committed=hours % 2, p_mw=100.0 * hours)
    spoken = simulator._commitment(now_s)
    assert (spoken.committed.tolist(), spoken.p_mw.tolist()) == ([hour % 2], [100.0 * hour])


# ---------------------------------------------------------------- a plan of another run
@pytest.fixture
def replaying(write_result, toy):
    """The upper layer of a run that is given the plans of a file, and the file."""
    file = write_result(plans=tuple(toy.plan_arrays(toy.layout(), time_s) for time_s in (0, DAY_S)))
    simulator = TemporalSimulator()
    simulator.spec = RunSpec(load_scenario("smoke"), "bilayer", 1, file.with_name("run.h5"), plan=file)
    simulator.layer = temporal_layer(simulator.spec, SimpleNamespace(), SimpleNamespace())
    simulator.answer, simulator.solver_s, simulator.compile_s = SimpleNamespace(check=lambda plan: None), 0.0, 0.0
    return simulator, file


def test_a_replayed_plan_is_the_stored_one_at_its_time_and_was_solved_elsewhere(replaying):
    simulator, file = replaying
    assert isinstance(simulator.layer, ReplayPlan)
    plan = simulator._next_plan(SimpleNamespace(time_s=DAY_S))
    stored = stored_plans(file)[1]
    assert (plan.time_s, plan.objective_usd) == (DAY_S, stored.objective_usd) and np.array_equal(plan.p_mw, stored.p_mw)
    simulator._set_plan(plan)
    assert simulator.plan is plan and simulator.extra_ledger() == {"solver_s": 0.0, "compile_s": 0.0}
    with pytest.raises(PlanError, match="no stored plan for time 3600 s, stored times: 0, 86400"):
        simulator._next_plan(SimpleNamespace(time_s=3600))


def test_an_hour_that_cannot_be_dispatched_leaves_the_plan_and_is_recorded():
    def fails(view, plan, hourly_usd):
        raise PlanError("no dispatch")

    simulator, plan = TemporalSimulator(), SimpleNamespace(time_s=0)
    simulator.plan, simulator.hourly_usd, simulator.redispatch_failed = plan, np.zeros(24), 0.0
    simulator.redispatch = SimpleNamespace(update=fails)
    simulator._redispatch(plan, SystemView(0, *[np.zeros(24)] * 5, (), np.zeros(1), np.zeros(1), np.zeros(24)))
    assert simulator.plan is plan and simulator.redispatch_failed == 1.0
