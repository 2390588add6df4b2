"""Laws of the fleet: no energy out of nothing, no favourites, and obedience never delivers less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drivers.behaviours import BEHAVIOURS, COMPLIED, IGNORES, code_of
from models.fleet.charger_curves import ChargerCurve
from models.fleet.fleet import ChargingParameters, Fleet, FleetStep
from models.records.vehicles import Vehicles
from tests.models.fleet.fleet_case import HOUR, PART_LOAD, STEP, cars, declared_of, fleet_of, presence_of, run


def random_step(rng: np.random.Generator, count: int) -> dict[str, Any]:
    bus = rng.integers(-1, 2, count)
    arrives = rng.random(count) < 0.3
    stay = np.where(bus >= 0, np.where(arrives, rng.uniform(0, 0.5, count), 1.0), 0.0)
    return {
        "setpoint_kw": rng.uniform(-70, 70, count), "told": rng.integers(0, 2, count), "bus": bus,
        "departure_s": rng.integers(-HOUR, 5 * HOUR, count), "stay_fraction": stay,
        "driven_kwh": np.where(arrives, rng.uniform(0, 30, count), 0.0),
        "arrived_fraction": np.where(arrives, rng.uniform(0, 0.5, count), 0.0),
        "arrived_bus_index": np.where(arrives, rng.integers(0, 2, count), -1),
        "behaviour": rng.integers(0, len(BEHAVIOURS) - 1, count),
        "arrived_behaviour": rng.integers(0, len(BEHAVIOURS) - 1, count),
        "override_s": rng.integers(0, STEP, count), "departs": (bus >= 0) & (stay < 1)}


def random_cars(rng: np.random.Generator, count: int) -> Vehicles:
    return cars(count, class_index=rng.integers(0, 3, count), capacity_kwh=rng.uniform(40, 70, count),
                p_discharge_max_kw=rng.choice([0.0, 8.0], count), eta_charge=rng.uniform(0.8, 1, count),
                eta_discharge=rng.uniform(0.8, 1, count), soc_initial=rng.uniform(0.2, 0.9, count),
                taper_start_soc=rng.uniform(0.7, 1, count), is_enrolled=rng.random(count) < 0.8)


def do(fleet: Fleet, now_s: int, drawn: dict[str, Any]) -> FleetStep:
    declared = declared_of(fleet.vehicles, drawn["bus"], now_s, now_s + drawn["departure_s"])
    presence = presence_of(fleet.vehicles.count, **{
        name: value for name, value in drawn.items() if name not in ("setpoint_kw", "told", "bus", "departure_s")})
    return run(fleet, drawn["setpoint_kw"], told=drawn["told"], declared=declared, presence=presence, now_s=now_s,
               behaviour="price_response")


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([None, PART_LOAD]))
def test_a_battery_makes_no_energy(seed: int, curve: ChargerCurve | None) -> None:
    """Stored energy changes by what is booked, to 1e-9 of throughput; SOC stays in its window."""
    rng, count = np.random.default_rng(seed), 60
    vehicles = random_cars(rng, count)
    fleet = fleet_of(vehicles, parameters=ChargingParameters((curve, curve)))
    for k in range(6):
        before = fleet.energy_kwh.copy()
        step = do(fleet, k * STEP, random_step(rng, count))
        fast_kwh = step.fast_charged_kwh * fleet.parameters.fast_charge_eta
        booked = step.stored_kwh - step.drawn_kwh + fast_kwh - step.driven_kwh
        through = step.charged_kwh + step.discharged_kwh + step.driven_kwh + step.fast_charged_kwh
        assert np.all(np.abs(fleet.energy_kwh - before - booked) <= 1e-9 * (1 + through))
        if curve is None:
            assert step.stored_kwh == pytest.approx(step.charged_kwh * vehicles.eta_charge)
            assert step.drawn_kwh == pytest.approx(step.discharged_kwh / vehicles.eta_discharge)
        grid = step.charged_kwh - step.discharged_kwh + step.fast_charged_kwh
        assert fleet.energy_kwh - before == pytest.approx(grid - step.driven_kwh - step.lost_kwh)
        assert np.all(step.lost_kwh >= -1e-12) and step.model_mismatch_kwh >= -1e-12
        assert np.all(np.abs(step.p_slow_bus_kw) <= np.abs(step.p_kw).sum() + 1e-12)
        assert np.all(fleet.soc >= vehicles.soc_min - 1e-12) and np.all(fleet.soc <= vehicles.soc_max + 1e-12)
        assert step.p_bus_kw.sum() == pytest.approx(step.p_kw.sum())
        assert step.charge_group_kw.sum() - step.discharge_group_kw.sum() == pytest.approx(step.p_kw.sum())
        assert step.tariff_group_usd.sum() == pytest.approx(step.tariff_usd.sum())
        assert step.wear_group_usd.sum() == pytest.approx(step.wear_usd.sum())
        assert 0 <= step.delivered_up_kwh <= step.instructed_up_kwh + 1e-12
        assert 0 <= step.delivered_down_kwh <= step.instructed_down_kwh + 1e-12


def test_relabelling_vehicles_permutes_the_outcome() -> None:
    rng = np.random.default_rng(5)
    vehicles, order = random_cars(rng, 40), rng.permutation(40)
    drawn = random_step(rng, 40)
    plain = fleet_of(vehicles)
    mixed = fleet_of(Vehicles(**{name: column[order] for name, column in vehicles.to_arrays().items()}))
    first = do(plain, 0, drawn)
    second = do(mixed, 0, {name: column[order] for name, column in drawn.items()})
    for name, value in first.to_arrays().items():
        other = second.to_arrays()[name]
        if isinstance(value, np.ndarray) and value.size == 40:
            assert np.array_equal(value[order], other), name
        else:
            assert other == pytest.approx(value), name


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 10**6))
def test_more_compliance_never_delivers_less_of_frozen_discharge(seed: int) -> None:
    rng, count = np.random.default_rng(seed), 30
    vehicles = random_cars(rng, count)
    behaviours = rng.choice([COMPLIED, IGNORES, code_of("telemetry_lost")], count)
    better = np.where(rng.random(count) < 0.5, COMPLIED, behaviours)
    setpoint_kw = -rng.uniform(0, 10, count)
    worse_step, better_step = (run(fleet_of(vehicles), setpoint_kw, presence=presence_of(count, behaviour=behaviour))
                               for behaviour in (behaviours, better))
    assert np.all(better_step.discharged_kwh >= worse_step.discharged_kwh - 1e-12)
    assert better_step.delivered_up_kwh >= worse_step.delivered_up_kwh - 1e-12
