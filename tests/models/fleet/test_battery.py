"""A battery behind its charger: exact in time, whatever the taper and the charger's own losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.drivers.population import FleetParameters
from models.fleet.battery import Batteries, at_bus_kw, exchange, exchange_by_kind
from models.fleet.charger_curves import CURVES, ChargerCurve, charger_curve
from models.records.arrays import Floats, RecordError
from tests.models.fleet import fleet_case

PART_LOAD = ChargerCurve(np.array([0.1, 0.5, 1.0]), np.array([0.5, 0.8, 0.9]), np.array([0.4, 0.7, 0.8]))


def battery(taper_start_soc: float) -> Batteries:
    """50 kWh up to 45, floor 17.5; 50 kW both ways; efficiency 0.9 and 0.8."""
    constants = (50.0, 50.0, 50.0, 0.9, 0.8, 45.0, 17.5, taper_start_soc)
    return Batteries(*(np.array([value]) for value in constants))


def held(cars: Batteries, energy_kwh: float, power_kw: float, pieces: int, curve: ChargerCurve | None = None
         ) -> Floats:
    """(energy, charged, discharged) after an hour at power_kw, done in pieces."""
    energy, bus = np.array([energy_kwh]), np.zeros(2)
    for _ in range(pieces):
        done = exchange(cars, energy, np.array([power_kw]), np.full(1, 1.0 / pieces), cars.max_kwh, curve)
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


@pytest.mark.parametrize("curve", [None, PART_LOAD])
def test_chargers_give_no_more_than_they_are_rated_for(curve: ChargerCurve | None) -> None:
    """Set-points come from any controller: 400 kW asked of 50 kW, both ways."""
    cars = battery(1.0)
    for asked_kw, rated_kw in ((400.0, 50.0), (-400.0, -50.0)):
        done, right = (exchange(cars, np.array([30.0]), np.array([kw]), np.full(1, 0.1), cars.max_kwh, curve)
                       for kw in (asked_kw, rated_kw))
        assert done.charged_kwh - done.discharged_kwh == pytest.approx(rated_kw * 0.1)
        assert done.stored_kwh == right.stored_kwh and done.drawn_kwh == right.drawn_kwh


@pytest.mark.parametrize("power_kw", [40.0, 50.0])
def test_taper_with_part_load_follows_its_differential_equation(power_kw: float) -> None:
    """Euler's steps again, for what is stored and what is drawn from the bus, over several pieces of the curve."""
    cars, energy, bus, steps = battery(0.5), 20.0, 0.0, 40_000
    cars = Batteries(*(getattr(cars, f) if f != "max_kwh" else np.array([49.9]) for f in cars.__dataclass_fields__))
    for _ in range(steps):
        load = min(power_kw / 50, (1 - energy / 50) / 0.5)
        energy += 50 * np.interp(load, [0, 0.1, 0.5, 1], [0, 0.05, 0.4, 0.9]) * 2 / steps
        bus += 50 * load * 2 / steps
    at_once = np.zeros(2)
    done = exchange(cars, np.array([20.0]), np.array([power_kw]), np.full(1, 2.0), cars.max_kwh, PART_LOAD)
    at_once[:] = 20 + done.stored_kwh[0], done.charged_kwh[0]
    assert energy < 49.9
    assert at_once == pytest.approx([energy, bus], abs=2e-3)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.floats(0.2, 1), st.floats(-60, 60), st.floats(0.5, 1), st.sampled_from([None, PART_LOAD, *CURVES.values()]))
@example(0.75, 2.2e-313, 0.5, None)
@example(0.75, 2.2e-313, 0.5, PART_LOAD)
def test_outcome_does_not_depend_on_the_step(soc: float, power_kw: float, taper: float,
                                             curve: ChargerCurve | None) -> None:
    cars = battery(taper)
    at_once, in_pieces = (held(cars, soc * 50, power_kw, pieces, curve) for pieces in (1, 4))
    assert at_once == pytest.approx(in_pieces, abs=1e-9)


def test_full_and_empty_batteries_stop() -> None:
    for curve, into, out in ((None, 0.9, 0.8), (PART_LOAD, 0.9, 0.8)):
        cars = battery(1.0)
        assert held(cars, 44.1, 50.0, 1, curve) == pytest.approx([45, 0.9 / into, 0])
        assert held(cars, 18.0, -50.0, 1, curve) == pytest.approx([17.5, 0, 0.5 * out])
        assert held(cars, 10.0, -50.0, 1, curve) == pytest.approx([10, 0, 0])


def test_efficiency_is_that_of_the_load() -> None:
    """25 kW of 50 store 20 kWh and cost 25/0.7; half-way to full load the power lost is half-way too."""
    cars = battery(1.0)
    assert held(cars, 20.0, 25.0, 1, PART_LOAD) == pytest.approx([40, 25, 0])
    assert held(cars, 44.0, -10.0, 1, PART_LOAD) == pytest.approx(
        [44 - 50 * (0.1 / 0.4 + 0.25 * (0.5 / 0.7 - 0.1 / 0.4)), 0, 10])
    assert held(cars, 25.0, 0.0, 1, PART_LOAD) == pytest.approx([25, 0, 0])
    assert held(cars, 25.0, 2.5, 1, PART_LOAD) == pytest.approx([26.25, 2.5, 0])  # below the first point as there


def test_a_curve_of_one_point_is_the_constant_pair() -> None:
    pair = ChargerCurve(np.array([1.0]), np.array([0.9]), np.array([0.8]))
    for energy, power in ((20.0, 40.0), (44.0, 50.0), (44.0, -30.0), (18.0, -50.0)):
        assert held(battery(0.6), energy, power, 1, pair) == pytest.approx(held(battery(0.6), energy, power, 1))


def test_mismatch_is_what_the_plan_did_not_know() -> None:
    """12.5 of 50 kW: the plan stores 11.25, the charger 50 x 0.18125; a filled battery counts what it drew more."""
    cars = battery(1.0)

    def mismatch(energy_kwh: float, power_kw: float, curve: ChargerCurve) -> float:
        done = exchange(cars, np.array([energy_kwh]), np.array([power_kw]), np.ones(1), cars.max_kwh, curve)
        return float(done.mismatch_kwh[0])

    assert mismatch(20.0, 12.5, PART_LOAD) == pytest.approx(11.25 - 50 * (0.05 + 0.375 * 0.35))
    assert mismatch(44.0, 5.0, PART_LOAD) == pytest.approx(0.9 * 2 - 1)
    assert mismatch(44.0, -5.0, PART_LOAD) == pytest.approx(5 / 0.4 - 5 / 0.8)
    better = ChargerCurve(np.array([1.0]), np.array([0.95]), np.array([0.85]))
    assert mismatch(20.0, 10.0, better) < 0 and mismatch(44.0, -5.0, better) < 0


def test_each_kind_of_charger_has_its_own_curve() -> None:
    two = Batteries(*(np.repeat(getattr(battery(1.0), f), 2) for f in battery(1.0).__dataclass_fields__))
    args = (np.full(2, 20.0), np.full(2, 25.0), np.ones(2), two.max_kwh)
    done = exchange_by_kind(two, np.array([1, 0]), *args, (None, PART_LOAD))
    assert done.stored_kwh == pytest.approx([20, 22.5])
    assert exchange_by_kind(two, np.array([1, 0]), *args, (None, None)).stored_kwh == pytest.approx([22.5, 22.5])


def test_cable_takes_its_share_of_the_rated_power() -> None:
    """5 % at rated power is 2.5 kW of 50 both ways, a hundredth of that at a tenth of the power."""
    curve = charger_curve("constant", 0.9, 0.8, 0.05)
    assert held(battery(1.0), 0.0, 50.0, 1, curve)[0] == pytest.approx(0.9 * 47.5)
    assert held(battery(1.0), 0.0, 5.0, 1, curve)[0] == pytest.approx(0.9 * 4.975)
    assert held(battery(1.0), 44.0, -10.0, 1, curve)[0] == pytest.approx(44 - 10.1 / 0.8)
    assert charger_curve("constant", 0.9, 0.8) is None
    assert charger_curve("dc_400v", 0.9, 0.8) is CURVES["dc_400v"]


def test_classes_stand_in_order_of_voltage() -> None:
    """At every load 800 V loses less than 400 V; all lose most at little load."""
    load = np.linspace(0.05, 1, 20)
    low, high = CURVES["dc_400v"], CURVES["dc_800v"]
    assert np.all(high.into_battery(load) > low.into_battery(load))
    assert np.all(high.out_of_battery(load) < low.out_of_battery(load))
    for curve in CURVES.values():
        assert np.all(np.diff(curve.into_battery(load) / load) >= -1e-12)


def test_curves_that_cannot_be_are_refused() -> None:
    with pytest.raises(RecordError, match="does not rise"):
        ChargerCurve(np.array([0.5, 0.9]), np.array([0.9, 0.9]), np.array([0.9, 0.9]))
    with pytest.raises(RecordError, match="one efficiency"):
        ChargerCurve(np.array([1.0]), np.array([1.1]), np.array([0.9]))
    with pytest.raises(RecordError, match="more load"):
        ChargerCurve(np.array([0.9, 1.0]), np.array([0.99, 0.8]), np.array([0.9, 0.9]))


@pytest.mark.parametrize("curve", CURVES.values())
def test_the_load_for_a_power_of_the_battery_is_the_way_back(curve: ChargerCurve) -> None:
    load = np.linspace(0, 1, 23)
    assert curve.load_for(curve.into_battery(load)) == pytest.approx(load)
    assert curve.load_for(-curve.out_of_battery(load)) == pytest.approx(-load)
    assert curve.load_for(np.array([2.0, -2.0])).tolist() == [1.0, -1.0]


def test_power_at_the_bus_by_kind_of_charger() -> None:
    """The slow one of 8 kW stores 2.88 of 4 kW at half load (0.72) by its curve, the fast one has 0.8 at any load."""
    two = fleet_case.cars(2, class_index=np.array([0, 1]))
    assert at_bus_kw(two, np.array([2.88, 2.88]), (fleet_case.PART_LOAD, None)) == pytest.approx([4.0, 3.6])
    assert at_bus_kw(two, np.array([-5.5, -5.5]), (fleet_case.PART_LOAD, None)) == pytest.approx([-4.0, -4.4])


def test_the_plans_pair_is_what_the_onboard_charger_gives_at_rated_power() -> None:
    """0.933 each way are the 87 % there and back measured at 3 x 16 A; less power gives back less."""
    curve, plan = CURVES["ac_onboard"], FleetParameters(private=1, taxi=0, government=0)
    assert (plan.eta_charge, plan.eta_discharge) == (curve.charging[-1], curve.discharging[-1])
    assert plan.eta_charge * plan.eta_discharge == pytest.approx(0.870, abs=5e-4)
    half = np.array([0.5])
    there_and_back = curve.into_battery(half) / curve.out_of_battery(half)
    assert there_and_back == pytest.approx([0.8215], abs=5e-5)
