"""What the upper layer sees of its own last plan in a run of two days."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.port import SystemView
from testbed.results.reading import open_result
from testbed.simulators.temporal import TemporalSimulator
from tests.testbed import small_run

DAY_S = 86_400


@pytest.mark.slow
def test_each_midnight_sees_the_last_plan_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views: dict[int, SystemView] = {}
    view_of = TemporalSimulator.view

    def kept(self: TemporalSimulator, now_s: int, inputs: Any) -> SystemView:
        views[now_s] = view_of(self, now_s, inputs)
        return views[now_s]

    monkeypatch.setattr(TemporalSimulator, "view", kept)
    result = open_result(small_run.run(tmp_path, "days=2"))
    assert views[0].last_committed.size == 0
    first = np.asarray(result.plan(0)["committed"])
    hours = first.shape[1]
    seen = views[DAY_S].last_committed
    assert seen.shape == first.shape
    np.testing.assert_array_equal(seen[:, :hours - 24], first[:, 24:])
    np.testing.assert_array_equal(seen[:, hours - 24:], first[:, hours - 24:])
