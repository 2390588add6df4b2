"""The rule of a stay, for arrays and for single cars: what a behaviour moves, and by how much."""

from __future__ import annotations

import numpy as np
import pytest

from models.drivers.behaviours import COMPLIED, code_of
from models.drivers.plug_in_habit import ALWAYS_SOC, NEVER_SOC
from models.mobility.stays import MIN_PLUGGED_S, NEVER_S, may_plug_in, stay_times
from models.mobility.uncontested_taxis import TAXI_EXTRA_CHARGE_S, charging_departure_s

H = 3600
EARLY, LATE, OVERRIDES = code_of("leaves_early"), code_of("arrives_late"), code_of("overrides")


@pytest.mark.parametrize(("dwell_s", "instant", "shift_s"), [
    (2 * H, 1.0, H), (2 * H, 0.5, H // 2), (6 * H, 1.0, 3 * H), (20 * H, 1.0, 3 * H), (20 * H, 0.25, 3 * H // 4),
    (7, 0.99, 3), (0, 0.9, 0)])
def test_who_leaves_early_or_comes_late_shifts_by_half_the_stay_and_at_most_three_hours(dwell_s, instant, shift_s):
    at_s = 5 * H
    assert stay_times(at_s, at_s + dwell_s, EARLY, instant) == (at_s, at_s + dwell_s - shift_s, NEVER_S)
    assert stay_times(at_s, at_s + dwell_s, LATE, instant) == (at_s + shift_s, at_s + dwell_s, NEVER_S)


def test_the_button_is_pressed_anywhere_in_the_stay():
    assert stay_times(H, 21 * H, OVERRIDES, 0.75) == (H, 21 * H, 16 * H)


def test_arrays_and_single_cars_are_ruled_alike():
    random = np.random.default_rng(4)
    at_s = random.integers(0, 50_000, 200)
    depart_s = at_s + random.integers(0, 80_000, 200)
    behaviour, instant = random.choice([COMPLIED, EARLY, LATE, OVERRIDES], 200), random.random(200)
    together = np.array(stay_times(at_s, depart_s, behaviour, instant))
    alone = [stay_times(*stay) for stay in zip(at_s.tolist(), depart_s.tolist(), behaviour.tolist(), instant.tolist(),
                                             strict=True)]
    assert np.array_equal(together.T, np.array(alone))


def test_nobody_plugs_in_for_less_than_half_an_hour_or_against_the_drivers_will():
    dwell_s, limit = np.array([MIN_PLUGGED_S - 1, MIN_PLUGGED_S, H]), np.array([ALWAYS_SOC, ALWAYS_SOC, NEVER_SOC])
    assert may_plug_in(dwell_s, limit).tolist() == [False, True, False]
    alone = [may_plug_in(*stay) for stay in zip(dwell_s.tolist(), limit.tolist(), strict=True)]
    assert alone == [False, True, False]


def test_a_low_taxi_that_would_soon_go_on_stays_to_charge():
    depart_s = np.array([H, H, 2 * H])
    stays = charging_departure_s(np.full(3, H), depart_s, np.array([True, False, True]))
    assert stays.tolist() == [H + TAXI_EXTRA_CHARGE_S, H, 2 * H]
