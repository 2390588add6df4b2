"""Willingness and the answer to prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.drivers.behaviours import COMPLIED, NOT_ENROLLED, REFUSALS, ZONE_OUT, code_of
from models.drivers.plug_in_habit import ALWAYS_SOC, NEVER_SOC
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import (
    CNY_PER_USD,
    STAYS_OF_CLASS,
    STAYS_PER_DAY,
    DriverParameters,
    Drivers,
    PriceResponse,
    StayDraws,
    compliance_probability,
    complies_in_stay,
    discharge_spread_usd_per_kwh,
    on_arrival,
    price_response,
)
from models.records.arrays import RecordError
from models.records.vehicles import Vehicles

PRIVATE, TAXI = 0, 1

SEED = district_seed(5, 0)
CARS = draw_vehicles(FleetParameters(2_000, 200, 200), SEED)


def draws(vehicles: Vehicles = CARS, day: int = 0, **parameters: object) -> StayDraws:
    zone = np.tile(np.arange(STAYS_PER_DAY) % 3, (vehicles.count, 1))
    return Drivers(vehicles, SEED, DriverParameters(**parameters)).day(day, zone)  # type: ignore[arg-type]


def used(values: np.ndarray, vehicles: Vehicles = CARS) -> np.ndarray:
    """The values of stays that happen: each class uses the first columns only."""
    width = np.array([STAYS_OF_CLASS[c] for c in range(3)])[vehicles.class_index]
    return values[np.arange(STAYS_PER_DAY)[None, :] < width[:, None]]


# ---------------------------------------------------------------- compliance
@pytest.mark.parametrize("mean", [0.05, 0.5, 0.95])
def test_compliance_has_the_mean_and_spread_of_its_beta(mean: float) -> None:
    p = compliance_probability((np.arange(20_000) + 0.5) / 20_000, mean, 20.0)
    assert p.mean() == pytest.approx(mean, abs=1e-3)
    assert p.var() == pytest.approx(mean * (1 - mean) / 21, rel=0.01)


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_none_and_all_are_exact(mean: float) -> None:
    behaviour = draws(compliance_mean=mean, zone_shock_rho=0.3).behaviour
    assert np.mean(used(behaviour) == COMPLIED) == mean


@pytest.mark.parametrize("rho", [0.0, 0.05])
def test_more_compliance_only_turns_refusers_into_compliers(rho: float) -> None:
    low, high = (draws(compliance_mean=mean, zone_shock_rho=rho) for mean in (0.7, 0.9))
    complied_low, complied_high = low.behaviour == COMPLIED, high.behaviour == COMPLIED
    assert np.all(complied_high[complied_low]) and complied_high.sum() > complied_low.sum()
    np.testing.assert_array_equal(low.behaviour[~complied_high], high.behaviour[~complied_high])
    for name in ("instant", "bus_choice", "accepts_guidance"):
        np.testing.assert_array_equal(getattr(low, name), getattr(high, name))


@pytest.mark.parametrize(("rho", "sd_percent"), [(0.0, 1.96), (0.05, 5.22)])
def test_spread_of_the_aggregate(rho: float, sd_percent: float) -> None:
    """sqrt(mu (1-mu) (1 + (N-1) rho) / N) with N = 124, mu = 0.05 refusing: 2.0 % and 5.2 %."""
    random = np.random.default_rng(1)
    groups, n = 20_000, 124
    own, follows = random.random((2, groups, n))
    of_quantile = compliance_probability((np.arange(1_000) + 0.5) / 1_000, 0.95, 20.0)
    p = of_quantile[random.integers(0, 1_000, (groups, n))]
    shares = complies_in_stay(own, p, follows, random.random((groups, 1)),
                              DriverParameters(compliance_mean=0.95, zone_shock_rho=rho)).mean(axis=1)
    assert 100 * shares.std() == pytest.approx(sd_percent, rel=0.04)
    assert shares.mean() == pytest.approx(0.95, abs=0.002)


def test_the_shock_is_common_to_zone_and_day_only() -> None:
    """At rho 1 all of a zone and day agree; zones and days differ."""
    behaviours = [draws(day=day, compliance_mean=0.5, zone_shock_rho=1.0).behaviour == COMPLIED for day in range(12)]
    by_zone = np.array([[complies[:200, zone] for zone in range(3)] for complies in behaviours])
    assert np.all(by_zone == by_zone[:, :, :1])
    assert 0.2 < by_zone[:, :, 0].mean() < 0.8
    assert np.any(by_zone[:, 0, 0] != by_zone[:, 1, 0])


def test_modes_follow_their_weights() -> None:
    weights = dict(zip([behaviour.name for behaviour in REFUSALS], [0.1, 0.2, 0.3, 0.15, 0.05, 0.2], strict=True))
    behaviour = used(draws(compliance_mean=0.0, modes=weights).behaviour[:2_000], replace(
        CARS, **{name: values[:2_000] for name, values in CARS.to_arrays().items()}))
    shares = [np.mean(behaviour == code_of(name)) for name in weights]
    np.testing.assert_allclose(shares, list(weights.values()), atol=0.02)


def test_taxis_always_plug_in() -> None:
    stays = draws(compliance_mean=0.0, plug_in_probability=0.0, modes={"never_plugs_in": 1.0})
    is_taxi = CARS.class_index == TAXI
    assert np.all(stays.plug_in_soc[is_taxi] == ALWAYS_SOC) and np.all(stays.plug_in_soc[~is_taxi] == NEVER_SOC)
    others = used(np.repeat(~is_taxi[:, None], STAYS_PER_DAY, 1))
    assert np.all(used(stays.behaviour)[others] == code_of("never_plugs_in"))


def test_plugging_in_is_not_complying() -> None:
    stays = draws(plug_in_probability=0.35, compliance_mean=1.0)
    private = CARS.class_index == PRIVATE
    assert (stays.plug_in_soc[private][:, :4] == ALWAYS_SOC).mean() == pytest.approx(0.35, abs=0.02)
    assert np.all(used(stays.behaviour) == COMPLIED)


def test_who_is_not_enrolled_is_neither_instructed_nor_guided() -> None:
    some = replace(CARS, is_enrolled=np.arange(CARS.count) % 2 == 0)
    stays = draws(some, compliance_mean=0.5)
    assert np.all(stays.behaviour[1::2] == NOT_ENROLLED) and not stays.accepts_guidance[1::2].any()
    assert not np.any(stays.behaviour[::2] == NOT_ENROLLED)


def test_an_outage_is_a_zone_s_and_a_day_s_and_no_driver_s() -> None:
    behaviour = draws(zone_outages_per_day=9.0, compliance_mean=0.8).behaviour
    assert not np.any(behaviour == ZONE_OUT) and np.mean(used(behaviour) == COMPLIED) == pytest.approx(0.8, abs=0.02)
    drivers = Drivers(CARS, district_seed(1, 0), DriverParameters(zone_outages_per_day=-np.log(0.7)))
    out = np.array([drivers.zones_out(day) for day in range(400)])
    assert out.mean(axis=0) == pytest.approx(0.3, abs=0.08)
    assert not np.array_equal(out[:, 0], out[:, 1])


def test_a_larger_fleet_changes_no_driver() -> None:
    few = {name: values[:60] for name, values in CARS.to_arrays().items()}
    small, large = draws(Vehicles(**few)), draws()
    np.testing.assert_array_equal(small.behaviour, large.behaviour[:60])
    np.testing.assert_array_equal(small.bus_choice, large.bus_choice[:60])


def test_days_differ_and_may_be_negative() -> None:
    assert np.any(draws(day=-1).bus_choice != draws(day=0).bus_choice)


def test_wrong_parameters_are_named() -> None:
    with pytest.raises(RecordError, match=r"compliance_mean=1\.2.*concentration=0.*modes\.naps is unknown, .*ignores"):
        DriverParameters(compliance_mean=1.2, compliance_concentration=0, modes={"naps": 1.0})
    for weights in ({}, {"ignores": 0.0}, {"ignores": 2.0, "overrides": -1.0}):
        with pytest.raises(RecordError, match="positive sum"):
            DriverParameters(modes=weights)


# ---------------------------------------------------------------- prices
HOURS = np.arange(48) % 24
PEAK = ((HOURS >= 10) & (HOURS < 15)) | ((HOURS >= 18) & (HOURS < 21))
VALLEY = (HOURS >= 23) | (HOURS < 7)
BEIJING_CHARGE = np.where(PEAK, 1.0853, np.where(VALLEY, 0.2833, 0.6725)) / CNY_PER_USD
BEIJING_DISCHARGE = 0.453 * np.where(PEAK, 1.7, np.where(VALLEY, 0.38, 1.0)) / CNY_PER_USD
DEFAULT_WEAR = 0.375 / CNY_PER_USD


def cars(n: int, soc_wanted: float = 0.8, **changes: float) -> Vehicles:
    """n equal cars: 50 kWh, 7 kW, 0.95 each way."""
    fleet = FleetParameters(n, 0, 0, private_capacity_kwh=(50, 50), soc_wanted=(soc_wanted, soc_wanted),
                            eta_charge=0.95, eta_discharge=0.95)
    vehicles = draw_vehicles(fleet, SEED)
    return replace(vehicles, **{name: np.full(n, value) for name, value in changes.items()})


def answer(soc: float, hour: float, departs_h: float, quantile: float = 0.0, wear: float = DEFAULT_WEAR,
           n: int = 1) -> float:
    """Desired kW at `hour` of the Beijing day of a car that leaves at departs_h (same clock)."""
    first = int(hour)
    power = price_response(cars(n), np.full(n, soc), np.full(n, int(departs_h * 3600)), int(hour * 3600), 900,
                           BEIJING_CHARGE[first:], BEIJING_DISCHARGE[first:], np.full(n, wear),
                           np.full(n, quantile))
    return float(power[0])


def test_responsive_share_has_dead_zone_and_saturation() -> None:
    spread = np.array([-1.0, 0.10, 0.35, 0.60, 9.0]) / CNY_PER_USD
    np.testing.assert_allclose(PriceResponse().share(spread), [0, 0, 0.5, 1, 1], atol=1e-12)
    logit = PriceResponse(model="logit").share(spread)
    assert logit[2] == pytest.approx(0.5) and np.all(np.diff(logit) >= 0)


def test_spread_at_default_wear_lies_in_the_dead_zone() -> None:
    spread = discharge_spread_usd_per_kwh(BEIJING_DISCHARGE.max(), np.array([BEIJING_CHARGE.min()]),
                                          np.array([DEFAULT_WEAR]), cars(1))
    assert spread[0] * CNY_PER_USD == pytest.approx(0.0614, abs=5e-4)


def test_nobody_discharges_at_default_wear() -> None:
    """beijing2015: even the most willing (quantile 0), full and staying for a day, at any hour."""
    for hour in range(24):
        assert answer(soc=0.9, hour=hour, departs_h=hour + 24) >= 0


def test_without_wear_a_full_car_discharges_in_the_dearest_hour_only() -> None:
    assert answer(soc=0.8, hour=10, departs_h=31, wear=0.0) == pytest.approx(-7)
    assert answer(soc=0.8, hour=16, departs_h=31, wear=0.0) == 0
    assert answer(soc=0.8, hour=10, departs_h=31, wear=0.0, quantile=0.999) == 0


def test_no_discharge_below_the_floor_or_without_time_to_recharge() -> None:
    """A generous price. After half an hour's 3.5 kWh, 0.5 to 0.8 of 50 kWh takes 2.81 h more."""
    def power(soc: float, departs_h: float) -> float:
        price = np.full(24, 1.0)
        return float(price_response(cars(1), np.array([soc]), np.array([int(departs_h * 3600)]), 0, 1_800,
                                    0 * price, price, np.zeros(1), np.zeros(1))[0])

    assert power(soc=0.35, departs_h=20) == 7
    assert power(soc=0.36, departs_h=20) == pytest.approx(-0.5 * 0.95 * 2)
    assert power(soc=0.5, departs_h=3.30) == 7
    assert power(soc=0.5, departs_h=3.32) == -7


def test_waits_for_the_valley_if_that_suffices() -> None:
    """From 0.4 to 0.8 of 50 kWh: 20 / (0.95 * 7) = 3.01 h."""
    assert answer(soc=0.4, hour=18.25, departs_h=31) == 0
    assert answer(soc=0.4, hour=23, departs_h=31) == 7
    assert answer(soc=0.4, hour=18.25, departs_h=24.5) == 0  # 2 h flat + 1.5 h valley are cheaper
    assert answer(soc=0.4, hour=18.25, departs_h=23.75) == 7  # only 2.75 h are
    assert answer(soc=0.4, hour=21, departs_h=25) == 7  # only 2 h are cheaper than flat
    assert answer(soc=0.4, hour=21, departs_h=26.5) == 0  # 3.5 h are


def test_the_unresponsive_charge_at_once() -> None:
    assert answer(soc=0.4, hour=18.25, departs_h=31, quantile=1.0) == 7


def test_a_car_past_its_departure_charges() -> None:
    assert answer(soc=0.4, hour=18.25, departs_h=17) == 7


def test_equal_prices_make_nobody_wait() -> None:
    price = np.full(24, 0.1)
    power = price_response(cars(3), np.full(3, 0.5), np.full(3, 90_000), 0, 900, price, price, np.zeros(3),
                           np.zeros(3))
    np.testing.assert_array_equal(power, 7)


def paid(prices: list[float], soc: float = 0.8, quantile: float = 0.0, hours: int = 24) -> float:
    """Power in the first hour of a car that wants 0.8, may hold 0.9 and stays for so many hours."""
    price = np.array(prices)
    return float(price_response(cars(1), np.array([soc]), np.array([hours * 3600]), 0, 3600, price, price, np.ones(1),
                                np.full(1, quantile))[0])


def test_who_is_paid_for_charging_fills_the_battery_in_the_cheapest_hours() -> None:
    """0.1 of 50 kWh takes 0.75 h: one hour below zero that is cheaper still is enough to wait for."""
    below = -0.5
    assert paid([below, *[0.1] * 23]) == pytest.approx(5 / 0.95)
    assert paid([below, below - 0.1, *[0.1] * 22]) == 0
    assert paid([below, below - 0.1, *[0.1] * 22], hours=1) == pytest.approx(5 / 0.95)
    assert paid([below, *[0.1] * 23], soc=0.9) == 0
    assert paid([0.0, *[0.1] * 23]) == 0, "wanted is reached, and nothing is paid"


def test_who_does_not_answer_prices_stops_at_what_is_wanted_below_zero_too() -> None:
    assert paid([-0.5, *[0.1] * 23], quantile=1.0) == 0
    assert paid([-0.01, *[0.1] * 23]) == 0, "within the dead zone"


def test_the_share_of_waiting_cars_is_the_responsive_share() -> None:
    n = 1_000
    price = np.where(np.arange(24) < 12, 0.35 / CNY_PER_USD, 0.0)
    power = price_response(cars(n), np.full(n, 0.5), np.full(n, 86_400), 0, 900, price, price * 0, np.ones(n),
                           (np.arange(n) + 0.5) / n)
    assert np.mean(power == 0) == pytest.approx(0.5, abs=0.002)


def test_on_arrival_charges_fully_and_stops_at_wanted() -> None:
    power = on_arrival(cars(4), np.array([0.3, 0.79, 0.8, 0.9]), 900)
    np.testing.assert_allclose(power, [7, 0.5 / 0.95 * 4, 0, 0])
