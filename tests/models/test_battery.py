"""A battery behind its charger: exact in time, whatever the taper and the charger's own losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.battery import Batteries, exchange
from models.records import Floats


def battery(taper_start_soc: float) -> Batteries:
    """50 kWh up to 45, floor 17.5; 50 kW both ways; efficiency 0.9 and 0.8."""
    constants = (50.0, 50.0, 50.0, 0.9, 0.8, 45.0, 17.5, taper_start_soc)
    return Batteries(*(np.array([value]) for value in constants))


def held(cars: Batteries, energy_kwh: float, power_kw: float, pieces: int, loss_kw: float = 0.0) -> Floats:
    """(energy, charged, discharged) after an hour at power_kw, done in pieces."""
    energy, bus = np.array([energy_kwh]), np.zeros(2)
    for _ in range(pieces):
        done = exchange(cars, energy, np.array([power_kw]), np.full(1, 1.0 / pieces), cars.max_kwh, loss_kw)
        energy = energy + done.stored_kwh - done.drawn_kwh
        bus += [done.charged_kwh[0], done.discharged_kwh[0]]
    return np.array([energy[0], *bus])


def test_taper_follows_its_differential_equation() -> None:
    """Against 20,000 small Euler steps: 40 kW until the limit is 40 kW, then ever less."""
    cars, energy = battery(0.5), 20.0
    for _ in range(20_000):
        energy += 0.9 * min(40.0, 50 * (1 - energy / 50) / 0.5) / 20_000
    assert energy < 45
    assert held(cars, 20.0, 40.0, 1)[0] == pytest.approx(energy, abs=1e-3)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.floats(0.2, 1), st.floats(-60, 60), st.floats(0.5, 1), st.sampled_from([0.0, 0.3]))
@example(0.75, 2.2e-313, 0.5, 0.0)
def test_outcome_does_not_depend_on_the_step(soc: float, power_kw: float, taper: float, loss_kw: float) -> None:
    cars = battery(taper)
    at_once, in_pieces = (held(cars, soc * 50, power_kw, pieces, loss_kw) for pieces in (1, 4))
    assert at_once == pytest.approx(in_pieces, abs=1e-9)


def test_full_and_empty_batteries_stop() -> None:
    cars = battery(1.0)
    assert held(cars, 44.1, 50.0, 1) == pytest.approx([45, 1, 0])
    assert held(cars, 18.0, -50.0, 1) == pytest.approx([17.5, 0, 0.4])
    assert held(cars, 10.0, -50.0, 1) == pytest.approx([10, 0, 0])


def test_charger_burns_its_own_share() -> None:
    """4 kW drawn with 0.4 kW burnt stores 3.24 kWh; 4 kW given costs 5.5 kWh; a charger at rest burns nothing."""
    cars = battery(1.0)
    assert held(cars, 25.0, 4.0, 1, 0.4) == pytest.approx([28.24, 4, 0])
    assert held(cars, 25.0, -4.0, 1, 0.4) == pytest.approx([19.5, 0, 4])
    assert held(cars, 25.0, 0.0, 1, 0.4) == pytest.approx([25, 0, 0])
