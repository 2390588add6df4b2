"""Hot spot and life of MV/LV transformers, and what they lose themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.network.transformers.ageing import (
    LOSS_TABLES,
    ONAN,
    ThermalConstants,
    ageing,
    ageing_rate,
    steady_rises,
    transformer_losses_kw,
)
from models.records.arrays import RecordError

STEP_S = 900


def test_rated_load_at_20_degrees_costs_an_hour_of_life_an_hour() -> None:
    """IEC 60076-7: 20 + 55 + 23 = 98 degrees, where V = 1; six degrees more double it."""
    day = ageing(np.ones((96, 1)), np.full(96, 20.0), STEP_S)
    assert day.life_h[0] == pytest.approx(24) and day.hot_spot_max_celsius[0] == pytest.approx(98)
    warm = ageing(np.ones((96, 2)), np.full(96, 26.0), STEP_S)
    assert warm.life_h.tolist() == pytest.approx([48, 48])
    assert ageing_rate(np.array([98.0, 86.0])).tolist() == [1, 0.25]


def test_half_load_by_hand() -> None:
    """((1 + 5/4)/6)^0.8 55 = 25.093 K of oil, 0.5^1.6 23 = 7.587 K of winding; at rest (1/6)^0.8 55 = 13.117 K."""
    assert steady_rises(np.array([0.5]))[:, 0].tolist() == pytest.approx([25.0937, 7.5871, 0], abs=2e-3)
    assert steady_rises(np.zeros(1))[0, 0] == pytest.approx(13.117, abs=1e-3)


def test_warming_follows_the_differential_equations() -> None:
    """Against 0.5 s steps of the standard's difference equations, after a jump from rest to 1.4 of the rating."""
    constants = ThermalConstants(k11=0.5, k21=2.0, k22=2.0)  # ONAN power transformer: all three terms act
    load = np.concatenate([np.zeros(96), np.full(8, 1.4), np.zeros(96)])
    c, dt, hottest, life = constants, 0.5, 0.0, 0.0
    oil, first, second = steady_rises(np.zeros(1), c)[:, 0]
    oil += 10.0
    for k in load:
        target = steady_rises(np.array([k]), c)[:, 0]
        for _ in range(round(STEP_S / dt)):
            oil += dt / (c.k11 * c.oil_s) * (target[0] - (oil - 10.0))
            first += dt / (c.k22 * c.winding_s) * (target[1] - first)
            second += dt * c.k22 / c.oil_s * (target[2] - second)
            hottest = max(hottest, oil + first - second)
            life += 2 ** ((oil + first - second - 98) / 6) * dt / 3600
    aged = ageing(load[:, None], np.full(load.size, 10.0), STEP_S, constants)
    assert hottest > 98 + 20
    assert aged.hot_spot_max_celsius[0] == pytest.approx(hottest, abs=0.05)
    assert aged.life_h[0] == pytest.approx(life, rel=2e-3)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 10**6))
def test_life_depends_neither_on_the_step_nor_on_neighbours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    load, air = rng.uniform(0, 1.5, (24, 3)), rng.uniform(-10, 35, 24)
    hourly = ageing(load, air, 3600)
    quarters = ageing(np.repeat(load, 4, axis=0), np.repeat(air, 4), 900)
    assert hourly.life_h == pytest.approx(quarters.life_h, rel=1e-9)
    assert ageing(load[:, [2]], air, 3600).life_h[0] == pytest.approx(hourly.life_h[2], rel=1e-12)
    assert np.all(ageing(load * 1.1, air, 3600).life_h > hourly.life_h)


def test_time_that_repeats_begins_as_warm_as_it_ends() -> None:
    rng = np.random.default_rng(1)
    load, air = rng.uniform(0, 1.5, (24, 2)), np.full(24, 20.0)
    twice = ageing(np.tile(load, (2, 1)), np.tile(air, 2), 3600)
    assert twice.life_h == pytest.approx(2 * ageing(load, air, 3600).life_h, rel=1e-9)


def test_less_than_nothing_is_no_load() -> None:
    with pytest.raises(RecordError, match="below 0"):
        ageing(np.array([[-0.1]]), np.array([20.0]), STEP_S)
    assert ONAN.top_oil_rise_k + ONAN.hot_spot_gradient_k == 78


def test_losses_of_a_transformer() -> None:
    """400 kVA of tier 2: 387 W at rest, 387 + 3250 W at its rating; none where there is no transformer."""
    rating = np.array([400.0, np.inf, 4000.0, 450.0])
    power = np.array([[0.0, 100.0, 0.0, 0.0], [400.0, 100.0, 4000.0, 450.0]])
    losses = transformer_losses_kw(power, rating, LOSS_TABLES["tier2"])
    assert losses[:, 0] == pytest.approx([0.387, 3.637]) and losses[:, 1].tolist() == [0, 0]
    assert losses[:, 2] == pytest.approx(np.array([1.98, 24.98]) * 4000 / 3150)
    assert losses[:, 3] == pytest.approx([0.423, 0.423 + 3.575])
    assert np.all(transformer_losses_kw(power, rating, LOSS_TABLES["tier1"])[:, [0, 2, 3]] > losses[:, [0, 2, 3]])
