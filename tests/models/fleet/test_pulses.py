"""Sums of constant powers, against each of them worked out alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fleet.pulses import pulse_energy_kwh, pulse_kw

EDGES_S = np.array([7200, 8100, 9000, 10_800, 14_400, 18_000, 90_000])


def one_by_one(begin_s, hours, power_kw, row, count, edges_s):
    energy = np.zeros((count, edges_s.size))
    for begin, length, power, place in zip(begin_s, hours, power_kw, row, strict=True):
        energy[place] += power * np.clip((edges_s - begin) / 3600, 0.0, max(length, 0.0))
    return energy


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), size=st.integers(0, 60))
def test_the_sum_is_that_of_the_powers_one_by_one(seed, size):
    random = np.random.default_rng(seed)
    begin_s, hours = random.integers(0, 100_000, size), random.uniform(-1, 30, size)
    power_kw, row = random.uniform(-60 * (seed % 2), 60, size), random.integers(0, 4, size)
    expected = one_by_one(begin_s, hours, power_kw, row, 5, EDGES_S)
    np.testing.assert_allclose(pulse_energy_kwh(begin_s, hours, power_kw, row, 5, EDGES_S), expected, atol=1e-8)
    mean = np.maximum(np.diff(expected, axis=1), 0.0) / (np.diff(EDGES_S) / 3600)
    np.testing.assert_allclose(pulse_kw(begin_s, hours, power_kw, EDGES_S, row, 5), mean, atol=1e-8)


def test_what_has_ended_is_nothing_at_all():
    """100,000 cars leave no rounding behind, or an optimiser would see a power of 1e-10 kW as one."""
    random = np.random.default_rng(1)
    begin_s, power_kw = random.uniform(7200, 9000, 100_000), random.uniform(1, 60, 100_000)
    power = pulse_kw(begin_s, random.uniform(0, 1.0, 100_000), power_kw, EDGES_S, np.zeros(100_000, np.int64), 1)
    assert power[0, 0] > 0
    np.testing.assert_array_equal(power[0, 4:], 0.0)


def test_each_power_has_a_row_of_its_own_unless_told_otherwise():
    power = pulse_kw(np.array([7200, 9000]), np.array([0.25, 0.5]), np.array([8.0, 4.0]), EDGES_S)
    np.testing.assert_allclose(power[:, :4], [[8, 0, 0, 0], [0, 0, 4, 0]])
