"""The upper layer as a simulator: what is spoken belongs to the hour in which it is spoken."""

from types import SimpleNamespace

import numpy as np
import pytest

from testbed.simulators.temporal import TemporalSimulator

DAY_S = 86_400


@pytest.mark.parametrize(("now_s", "hour"), [(-DAY_S, 0), (-DAY_S + 900, 0), (-DAY_S + 3600, 1), (-900, 23)])
def test_units_are_told_the_hour_of_the_plan_that_has_come(now_s, hour):
    """Not the hour before, nor the first one again: plans may begin days before counted time."""
    simulator, hours = TemporalSimulator(), np.arange(24)[None, :]
    simulator.plan = SimpleNamespace(time_s=-DAY_S, committed=hours % 2, p_mw=100.0 * hours)
    spoken = simulator._commitment(now_s)
    assert (spoken.committed.tolist(), spoken.p_mw.tolist()) == ([hour % 2], [100.0 * hour])
