"""Laws of flexibility: envelopes can be followed, and no set-point within the limits ever leaves them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.disaggregation import vehicle_limits_kw
from models.fleet.flexibility import known_sessions
from models.records.arrays import Floats
from models.records.flexibility import Sessions
from models.records.vehicles import DeclaredTable, Vehicles
from tests.models.fleet.one_stay import mean_plugged_fraction, session_envelope

TINY = 1e-9
shares = st.floats(0, 1)


def one_car(soc_wanted: float, p_charge: float, p_discharge: float, eta: float, soc_floor: float) -> Vehicles:
    def column(value: float) -> Floats:
        return np.array([value], dtype=np.float64)

    return Vehicles(
        class_index=np.zeros(1, dtype=np.int64), capacity_kwh=column(50), p_charge_max_kw=column(p_charge),
        p_discharge_max_kw=column(p_discharge), eta_charge=column(eta), eta_discharge=column(eta),
        soc_min=column(0.2), soc_max=column(0.9), soc_floor_v2g=column(soc_floor), soc_wanted=column(soc_wanted),
        soc_initial=column(0.5), taper_start_soc=column(1), consumption_kwh_per_km=column(0.2),
        age_years=column(1), is_enrolled=np.ones(1, dtype=np.bool_))


cars = st.builds(one_car, st.floats(0.3, 1), st.floats(1, 60), st.sampled_from([0.0, 3.0, 7.0, 60.0]),
                 st.floats(0.8, 1), st.floats(0.2, 0.6))


def stay(car: Vehicles, soc: float, departure_s: int, now_s: int) -> tuple[DeclaredTable, Sessions]:
    declared = DeclaredTable(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64),
                             np.array([departure_s]), car.soc_wanted)
    return declared, known_sessions(car, declared, np.array([soc]), np.zeros(1, dtype=np.int64), now_s)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(cars, st.floats(0.1, 0.95), st.integers(1, 90_000), st.integers(60, 7200))
def test_bounds_never_cross_and_obey_the_power_limits(car: Vehicles, soc: float, departure_s: int,
                                                      dt_s: int) -> None:
    _, sessions = stay(car, soc, departure_s, 0)
    t_s = np.arange(0, 100_000, dt_s)
    x_min, x_max = session_envelope(sessions, t_s)
    hours = mean_plugged_fraction(sessions, t_s)[0] * dt_s / 3600
    up = car.eta_charge * car.p_charge_max_kw * hours
    down = car.p_discharge_max_kw / car.eta_discharge * hours
    assert np.all(x_min <= x_max + TINY)
    for bound in (x_min[0], x_max[0]):
        assert np.all(np.diff(bound) <= up + TINY)
        assert np.all(np.diff(bound) >= -down - TINY)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(cars, st.floats(0.1, 0.95), st.integers(1, 20_000), st.lists(shares, min_size=5, max_size=25))
def test_any_set_points_within_limits_follow_the_envelope(car: Vehicles, soc: float, departure_s: int,
                                                          choices: list[float]) -> None:
    """Limits rebuilt at each step never cross, and what was feasible at plug-in is reached at departure."""
    _, sessions = stay(car, soc, departure_s, 0)
    energy_kwh = start_kwh = soc * 50
    for step, choice in enumerate(choices):
        now_s = 900 * step
        if now_s >= departure_s:
            break
        declared, _ = stay(car, energy_kwh / 50, departure_s, now_s)
        lo, hi = vehicle_limits_kw(car, declared, np.array([energy_kwh / 50]), now_s, 900)
        assert lo[0] <= hi[0] + TINY
        power = lo[0] + choice * (hi[0] - lo[0])
        energy_kwh += (max(power, 0) * car.eta_charge[0] - max(-power, 0) / car.eta_discharge[0]) / 4
        x_min, x_max = session_envelope(sessions, np.array([now_s + 900]))
        assert x_min[0, 0] - 1e-7 <= energy_kwh - start_kwh <= x_max[0, 0] + 1e-7


@settings(deadline=None, derandomize=True, max_examples=100)
@given(cars, st.floats(0.1, 0.95), st.integers(1, 20_000), st.sampled_from([300, 900, 3600]))
def test_limits_are_the_envelope_after_one_step(car: Vehicles, soc: float, departure_s: int, dt_s: int) -> None:
    declared, sessions = stay(car, soc, departure_s, 0)
    lo, hi = vehicle_limits_kw(car, declared, np.array([soc]), 0, dt_s)
    x_min, x_max = (bound[0, 0] for bound in session_envelope(sessions, np.array([dt_s])))
    hours = dt_s / 3600
    low = x_min / car.eta_charge[0] if x_min > 0 else x_min * car.eta_discharge[0]
    assert np.isclose(hi[0] * hours, x_max / car.eta_charge[0], atol=1e-9)
    assert np.isclose(lo[0] * hours, low, atol=1e-9)
