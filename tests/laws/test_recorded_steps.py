"""What a recorded session charges does not depend on the step at which it is simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fleet.battery import Curves
from models.fleet.charger_curves import CURVES
from models.mobility.recorded_sessions import DAY_S, RecordedSessions
from tests.models.mobility.replayed import HOUR, session_kwh

STEPS = (60, 300, 900, 3600)
ROUNDING_KWH = 1e-9
ON_CURVE_KWH = 1e-6
"""A charger's curve is worked out on a grid of loads."""
stays = st.tuples(st.integers(0, DAY_S - 1), st.integers(1800, 9 * HOUR), st.floats(0, 30), st.floats(0, 30))


def recorded(rows: list[tuple[int, int, float, float]]) -> RecordedSessions:
    """From (arrival, length, delivered, requested), declared as they came true."""
    arrival, length, delivered, requested = (np.array(column) for column in zip(*sorted(rows), strict=True))
    none = np.zeros(arrival.size, dtype=np.int64)
    return RecordedSessions(np.datetime64("2019-05-06"), arrival, arrival + length, arrival + length,
                            requested.astype(np.float64), delivered.astype(np.float64), none, none == 0)


@settings(max_examples=8, deadline=None)
@given(st.lists(stays, min_size=1, max_size=8))
def test_kwh_of_a_session_are_equal_at_every_step(rows: list[tuple[int, int, float, float]]) -> None:
    kwh = [session_kwh(recorded(rows), step_s, 1, cars=8) for step_s in STEPS[1:]]
    for other in kwh[1:]:
        np.testing.assert_allclose(other, kwh[0], atol=ROUNDING_KWH)


@pytest.mark.parametrize(("curves", "rounding_kwh"), [((None, None), ROUNDING_KWH),
                                                      ((CURVES["ac_onboard"], None), ON_CURVE_KWH)])
def test_stays_within_one_step_and_small_requests_of_one_car(curves: Curves, rounding_kwh: float) -> None:
    """After a session of 30 kWh 50 minutes within an hour, and a stay that crosses one by a second."""
    rows = [(8 * HOUR, 8 * HOUR, 30.0, 30.0), (18 * HOUR + 300, 3000, 5.0, 5.0), (21 * HOUR + 1770, 1831, 1.0, 1.0)]
    kwh = [session_kwh(recorded(rows), step_s, 1, cars=1, curves=curves) for step_s in STEPS]
    for other in kwh:
        np.testing.assert_allclose(other, kwh[0], atol=rounding_kwh)
    assert curves[0] is not None or kwh[0] == pytest.approx([30, 5, 1])
