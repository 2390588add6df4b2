"""Three-phase networks that contradict themselves are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.records.arrays import RecordError
from models.records.three_phase import CURRENT, VOLTAGE, ThreePhaseNetwork, Watched

WATCHED = Watched(np.array([VOLTAGE, CURRENT]), ("b1", "line 2"), ("1", "2"), np.array([1, -1]),
                  np.array([0.9, -np.inf]), np.array([1.1, 1.0]))


@pytest.mark.parametrize(("changes", "words"), [
    ({"phase": ("1",)}, "phase has 1 entries for 2 values"),
    ({"low": np.zeros(3), "high": np.zeros(1)}, "low has 3 entries for 2 values; high has 1 entries for 2 values"),
    ({"low": np.array([0.9, 1.2])}, "value 1 at line 2: low=1.2 is above high=1")])
def test_watched_values_that_cannot_be_are_told(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordError) as told:
        replace(WATCHED, **changes)
    assert str(told.value) == f"watched values: {words}"


def test_connections_have_phases_weights_and_the_voltages_that_are_watched() -> None:
    network = ThreePhaseNetwork("street", ("source", "b1"), ("", "1"), WATCHED)
    assert network.driven.tolist() == [1] and network.voltage_weight.tolist() == [1.0, 1.0]
    with pytest.raises(RecordError, match=r"^network street: phases of 1 connections are given, there are 2$"):
        replace(network, phases=("1",))
    beyond = replace(WATCHED, connection=np.array([2, -1]))
    with pytest.raises(RecordError, match=r"^network street: a watched voltage is that of connection 2, there are 2$"):
        replace(network, watched=beyond)
