"""Expected load of cars that act on their own."""

import numpy as np
import pytest

from models.fleet.free_load import at_once_kw, price_answer_kw
from models.records.flexibility import Sessions


def stays(**changes):
    """One car, 60 kWh wanted from 40, 10 kW, plugged in from 00:30 to 08:00."""
    base = {
        "group": [1], "bus_index": [-1], "start_s": [1800], "departure_s": [28_800], "energy_kwh": [40.0],
        "wanted_kwh": [59.0], "max_kwh": [60.0], "floor_v2g_kwh": [20.0], "p_charge_max_kw": [10.0],
        "p_discharge_max_kw": [10.0], "eta_charge": [0.95], "eta_discharge": [0.95], "weight": [1.0],
    }
    return Sessions(**{name: np.array(value) for name, value in {**base, **changes}.items()})


HOURS = 3600 * np.arange(9)


def test_a_car_charges_at_once_until_it_has_what_it_wants():
    power_kw = at_once_kw(stays(), HOURS)[0]
    assert power_kw == pytest.approx([5.0, 10.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_a_stay_too_short_charges_until_departure():
    power_kw = at_once_kw(stays(departure_s=[5400]), HOURS)[0]
    assert power_kw.sum() == pytest.approx(10.0)


def test_quarter_hours_add_up_to_the_hours():
    quarters = at_once_kw(stays(), 900 * np.arange(33))[0].reshape(8, 4).mean(axis=1)
    assert quarters == pytest.approx(at_once_kw(stays(), HOURS)[0])


def test_price_answer_moves_charging_to_cheap_hours_but_delivers_the_same():
    price = np.array([0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1])
    many = stays(**{name: np.repeat(getattr(stays(), name), 50) for name in stays().to_arrays()})
    none = np.zeros(8)
    answer_kw = price_answer_kw(many, HOURS, price, none, np.full(50, 0.05), None)
    assert answer_kw.sum(axis=1) == pytest.approx(np.full(50, 20.0), abs=1e-9)
    assert answer_kw[:, 4:].sum() > 0.9 * answer_kw.sum()


def test_flat_prices_change_nothing():
    flat = np.full(8, 0.3)
    answer_kw = price_answer_kw(stays(), HOURS, flat, 0 * flat, np.array([0.05]))
    assert answer_kw == pytest.approx(at_once_kw(stays(), HOURS))


@pytest.mark.parametrize("minutes", [15, 30, 45])
def test_who_answers_prices_and_plugs_in_within_an_hour_charges_at_full_power_for_what_is_left_of_it(minutes):
    """As the fleet does: 4 kW for an hour would do, but the car is there for a part of it."""
    lacking = stays(start_s=[3600 - 60 * minutes], wanted_kwh=[40.0 + 4.0 * 0.95])
    flat = np.full(8, 0.3)
    answer_kw = price_answer_kw(lacking, HOURS, flat, 0 * flat, np.array([0.05]))
    assert answer_kw == pytest.approx(at_once_kw(lacking, HOURS))
    assert answer_kw[0, 0] == pytest.approx(min(10.0 * minutes / 60, 4.0))
