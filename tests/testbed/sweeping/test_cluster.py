"""A cluster of workers on this machine that does not come to be."""

from __future__ import annotations

import pytest

from testbed.sweeping import cluster
from testbed.sweeping.case import SchedulerLost


def test_a_worker_that_is_lost_as_it_begins_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(**given: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(cluster, "LocalCluster", lost)
    with pytest.raises(SchedulerLost, match=r"stood still as it began \(Nanny failed"), cluster.connected(None, 1, 5.0):
        pytest.fail("went on without a cluster")
