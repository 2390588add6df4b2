"""How far an expected objective moves."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.system.receding import DAYS, UNDELIVERED, drift_row
from testbed.running.preflight import checked_scenario


def test_the_change_is_from_midnight_s_and_the_still_hours_end_before_it() -> None:
    name, midnight, change, share, still = drift_row("x", np.array([100.0, 100.0, 100.0 + 1e-6, 99.0, 100.5]))
    assert (name, midnight, change, still) == ("x", 100.0, 1.0, 2)
    assert share == pytest.approx(0.01)


def test_a_day_that_never_moves_is_still_to_its_end() -> None:
    assert drift_row("x", np.full(24, 5.0))[2:] == (0.0, 0.0, 23)


def test_settings_are_of_scenarios_that_are_there() -> None:
    for day in DAYS.values():
        assert checked_scenario(day.scenario, day.keys).planning.redispatch == "hourly"
    for name, _, _ in UNDELIVERED.values():
        checked_scenario(name, ())
