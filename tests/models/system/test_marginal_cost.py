"""What one more MWh of load costs in fuel and carbon, whatever the dispatch weighs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records.objective import Objective
from models.system.power_system import NetLoad, PowerSystem, PowerSystemParameters, PowerSystemStep
from models.system.units import ten_units

HOUR = 3600
PRICE = 7.0


def _step(load_mw: float, count: int, weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
          emissions: str = "linear", wind_mw: float = 0.0) -> PowerSystemStep:
    on = (np.arange(10) < count).astype(np.int64)
    system = PowerSystem(ten_units(emissions), PowerSystemParameters(Objective(*weights), PRICE))
    net = NetLoad(load_mw=load_mw, pev_charge_mw=0.0, pev_discharge_mw=0.0, wind_mw=wind_mw, pv_mw=0.0)
    return system.step(0, HOUR, on, net)


def _between(count: int, share: float) -> float:
    units = ten_units()
    least, most = units.p_min_mw[:count].sum(), units.p_max_mw[:count].sum()
    return float(least + share * (most - least))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.sampled_from(["linear", "quadratic"]), st.integers(1, 10), st.floats(0.02, 0.98),
       st.tuples(*[st.floats(0.1, 3.0)] * 4))
def test_it_is_the_derivative_of_fuel_and_carbon_at_any_weights(emissions: str, count: int, share: float,
                                                                weights: tuple[float, float, float, float]) -> None:
    """Differences over 1 kW to both sides, wherever no unit meets a limit within it."""
    load, h = _between(count, share), 1e-3
    steps = [_step(load + d, count, weights, emissions) for d in (-h, 0.0, h)]
    usd = [step.fuel_cost_usd + PRICE * step.carbon_t for step in steps]
    sides = [(usd[1] - usd[0]) / h, (usd[2] - usd[1]) / h]
    if abs(sides[1] - sides[0]) < 1e-3:
        assert steps[1].marginal_cost_usd_per_mwh == pytest.approx(np.mean(sides), abs=1e-3)


def test_with_weights_1_it_is_the_price_and_at_others_it_stays_in_dollars() -> None:
    plain, third = _step(700.0, 5), _step(700.0, 5, (0.3, 0.3, 0.3, 0.3))
    assert plain.marginal_cost_usd_per_mwh == pytest.approx(plain.marginal_price_usd_per_mwh)
    assert third.marginal_price_usd_per_mwh == pytest.approx(0.3 * plain.marginal_price_usd_per_mwh)
    assert third.marginal_cost_usd_per_mwh == pytest.approx(plain.marginal_cost_usd_per_mwh)


@pytest.mark.parametrize(("load_mw", "wind_mw"), [(100.0, 400.0), (100.0, 0.0), (5000.0, 0.0)])
def test_it_is_0_where_power_is_curtailed_dumped_or_shed(load_mw: float, wind_mw: float) -> None:
    assert _step(load_mw, 5, wind_mw=wind_mw).marginal_cost_usd_per_mwh == 0.0
