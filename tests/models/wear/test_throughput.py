"""Wear by throughput: one price per kWh out of the battery."""

from __future__ import annotations

import numpy as np
import pytest

from models.wear.cells.throughput import Throughput
from models.wear.contract import WearModel, loss_cost_usd


def test_default_price_is_53_6_usd_per_mwh() -> None:
    """900 CNY/kWh over 3,000 cycles of depth 0.8 = 0.375 CNY/kWh at 7 CNY/USD (docs/model.md 7.2)."""
    model: WearModel = Throughput()
    price = model.life_average_usd_per_kwh(np.array([50.0, 60.0]))
    assert price * 7 == pytest.approx([0.375, 0.375])
    assert price * 1000 == pytest.approx([53.571, 53.571], abs=1e-3)


def test_loss_times_price_is_energy_times_omega() -> None:
    model, capacity = Throughput(), np.array([50.0])
    fresh = model.initial_state(capacity, np.zeros(1), np.zeros(1))
    used = model.advance(fresh, capacity, np.array([[0.9, 0.4, 0.6, 0.5]]), 3600)
    assert used.drawn_kwh == pytest.approx([30])
    assert used.age_s == pytest.approx([3 * 3600])
    assert loss_cost_usd(used.loss - fresh.loss, capacity) == pytest.approx([30 * model.usd_per_kwh])


def test_loss_does_not_depend_on_the_step_and_never_falls() -> None:
    model, capacity = Throughput(), np.full(5, 55.0)
    start = model.initial_state(capacity, np.full(5, 3.0), np.full(5, 8.0))
    hourly = np.random.default_rng(2).uniform(0.2, 0.9, (5, 25))
    quarters = np.stack([np.interp(np.arange(0, 24.01, 0.25), np.arange(25), trace) for trace in hourly])
    coarse = model.advance(start, capacity, hourly, 3600)
    fine = model.advance(start, capacity, quarters, 900)
    halves = model.advance(model.advance(start, capacity, hourly[:, :13], 3600), capacity, hourly[:, 12:], 3600)
    for other in (fine, halves):
        assert other.loss == pytest.approx(coarse.loss)
        assert other.age_s == pytest.approx(coarse.age_s)
    assert np.all(coarse.loss > start.loss)
    assert np.all(start.loss > 0)
