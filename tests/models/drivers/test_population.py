"""The same cars, whatever else is in the run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.drivers.car_classes import ClassParameters
from models.drivers.population import FleetParameters, district_seed, draw_vehicles, stream
from models.records.arrays import RecordError
from models.records.groups import THREE_CLASSES
from models.records.vehicles import Vehicles

SEED = district_seed(7, 0)


def rows_of(vehicles: Vehicles, class_name: str) -> dict[str, np.ndarray]:
    rows = vehicles.class_index == THREE_CLASSES.class_names.index(class_name)
    return {name: values[rows] for name, values in vehicles.to_arrays().items()}


@pytest.mark.parametrize("class_name", THREE_CLASSES.class_names)
def test_a_larger_fleet_changes_no_vehicle_of_a_smaller_one(class_name: str) -> None:
    counts = {"private": 9, "taxi": 9, "government": 9}
    small = rows_of(draw_vehicles(FleetParameters(**{**counts, class_name: 50}), SEED), class_name)
    large = rows_of(draw_vehicles(FleetParameters(**{**counts, class_name: 100}), SEED), class_name)
    for name, values in small.items():
        np.testing.assert_array_equal(values, large[name][:50], err_msg=name)


def test_other_classes_change_nothing() -> None:
    alone = rows_of(draw_vehicles(FleetParameters(30, 0, 0), SEED), "private")
    among = rows_of(draw_vehicles(FleetParameters(30, 20, 10), SEED), "private")
    for name, values in alone.items():
        np.testing.assert_array_equal(values, among[name], err_msg=name)


def test_numbers_of_model_section_6() -> None:
    vehicles = draw_vehicles(FleetParameters(4_000, 600, 400), SEED)
    taxi, private = rows_of(vehicles, "taxi"), rows_of(vehicles, "private")
    assert set(private["p_charge_max_kw"]) == {7.0}
    assert set(taxi["capacity_kwh"]) == {60.0}
    for values, low, high in ((private["capacity_kwh"], 50, 60), (taxi["p_charge_max_kw"], 30, 60),
                              (vehicles.consumption_kwh_per_km, 0.15, 0.20), (vehicles.age_years, 0.5, 8),
                              (vehicles.soc_wanted, 0.8, 0.9)):
        assert low <= values.min() and values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, rel=0.03)
    assert not taxi["p_discharge_max_kw"].any()
    np.testing.assert_array_equal(private["p_discharge_max_kw"], 7.0)
    assert set(taxi["taper_start_soc"]) == {0.8} and set(private["taper_start_soc"]) == {1.0}


def test_each_class_has_its_battery() -> None:
    fleet = FleetParameters(5, 5, 5, private_capacity_kwh=(40, 40), government_capacity_kwh=(50, 50),
                            taxi_capacity_kwh=(60, 60))
    np.testing.assert_array_equal(draw_vehicles(fleet, SEED).capacity_kwh, np.repeat([40.0, 60.0, 50.0], 5))


def test_enrolling_more_only_adds_cars() -> None:
    few, many = (draw_vehicles(FleetParameters(2_000, 0, 0, enrolled_share=share), SEED).is_enrolled
                 for share in (0.3, 0.6))
    assert few.mean() == pytest.approx(0.3, abs=0.04) and many.mean() == pytest.approx(0.6, abs=0.04)
    assert np.all(many[few])


@pytest.mark.parametrize(("strategy", "differs"), [("charge_only", "p_discharge_max_kw"), ("free", "is_enrolled")])
def test_a_strategy_changes_one_thing_of_one_class(strategy: str, differs: str) -> None:
    fleet = {"private": 30, "taxi": 30, "government": 30, "taxi_bidirectional_share": 0.5, "enrolled_share": 0.7}
    usual = draw_vehicles(FleetParameters(**fleet), SEED)
    agreed = draw_vehicles(FleetParameters(**fleet, strategies={"private": strategy}), SEED)
    for name in THREE_CLASSES.class_names:
        for key, values in rows_of(agreed, name).items():
            if (name, key) == ("private", differs):
                assert not values.any() and rows_of(usual, name)[key].any()
            else:
                np.testing.assert_array_equal(values, rows_of(usual, name)[key], err_msg=f"{name} {key}")


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(RecordError, match=r"strategies\.taxi=sometimes is none of dispatched, charge_only, free"):
        FleetParameters(1, 1, 1, strategies={"taxi": "sometimes"})


def test_districts_differ_and_do_not_depend_on_their_number() -> None:
    fleet = FleetParameters(20, 0, 0)
    first, second = (draw_vehicles(fleet, district_seed(7, i)).capacity_kwh for i in (0, 1))
    assert np.all(first != second)
    np.testing.assert_array_equal(first, draw_vehicles(fleet, district_seed(7, 0)).capacity_kwh)


def test_a_stream_leaves_the_seed_as_it_was() -> None:
    before = stream(SEED, "trips", 0).random()
    assert stream(SEED, "stays", 0).random() != before
    assert stream(SEED, "trips", 0).random() == before


def test_no_vehicles_and_fifty_thousand() -> None:
    assert draw_vehicles(FleetParameters(0, 0, 0), SEED).count == 0
    begin = time.perf_counter()
    assert draw_vehicles(FleetParameters(40_000, 6_000, 4_000), SEED).count == 50_000
    assert time.perf_counter() - begin < 1.0


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(RecordError, match=r"private=-1.*private_capacity_kwh=\(60, 50\).*enrolled_share=1.5"):
        FleetParameters(-1, 0, 0, private_capacity_kwh=(60, 50), enrolled_share=1.5)


OWN = ClassParameters("bus", 3, (200.0, 300.0), (100.0, 150.0), 0.95, 0.95, 0.8, 1.0, (1.0, 1.4), 0.1, 0.9, 0.3,
                      (0.8, 0.9), (0.4, 0.6), (1.0, 8.0), 1.0)
BUSES = replace(THREE_CLASSES, classes=(replace(THREE_CLASSES.classes[1], name="bus"),))


@pytest.mark.parametrize(("changes", "words"), [
    ({"count": -1}, "class bus: count=-1 is negative"),
    ({"capacity_kwh": (300.0, 200.0)}, r"class bus: capacity_kwh=\(300.0, 200.0\) is not an increasing span"),
    ({"age_years": (-1.0, 8.0)}, r"class bus: age_years=\(-1.0, 8.0\) is not an increasing span of numbers >= 0"),
    ({"soc_initial": (0.4, np.nan)}, r"class bus: soc_initial=\(0.4, nan\) is not"),
    ({"eta_charge": 1.2}, r"class bus: eta_charge=1.2 is outside 0\.\.1"),
    ({"strategy": "sometimes"}, "class bus: strategy=sometimes is none of dispatched, charge_only, free"),
    ({"count": -2, "enrolled_share": np.nan}, r"class bus: count=-2 is negative; enrolled_share=nan is")])
def test_a_class_that_cannot_be_is_told_by_name_field_and_value(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordError, match=f"^{words}"):
        replace(OWN, **changes)


def test_classes_in_numbers_are_those_of_the_groups() -> None:
    fleet = FleetParameters(groups=BUSES, own=(OWN,))
    assert draw_vehicles(fleet, SEED).count == 3
    with pytest.raises(RecordError, match=r"^fleet: numbers of the classes bus, there are private, taxi, government$"):
        FleetParameters(own=(OWN,))


def test_a_smaller_fleet_of_classes_of_ones_own_keeps_all_but_their_numbers() -> None:
    """The days from which plans are made have fewer cars, and these must be of the same kinds."""
    fleet = FleetParameters(groups=BUSES, own=(OWN,))
    small = fleet.with_counts([2])
    assert small.counts == (2,) and replace(small, own=fleet.own) == fleet
    few, many = (draw_vehicles(each, SEED).to_arrays() for each in (small, fleet))
    for name, values in few.items():
        np.testing.assert_array_equal(values, many[name][:2], err_msg=name)
    with pytest.raises(ValueError, match="shorter"):
        fleet.with_counts([])


def test_slow_and_fast_chargers_have_a_pair_each() -> None:
    vehicles = draw_vehicles(FleetParameters(2, 2, 2, eta_charge=0.9, eta_discharge=0.8, fast_eta_charge=0.7,
                                             fast_eta_discharge=0.6), district_seed(1, 0))
    assert vehicles.eta_charge.tolist() == [0.9, 0.9, 0.7, 0.7, 0.9, 0.9]
    assert vehicles.eta_discharge.tolist() == [0.8, 0.8, 0.6, 0.6, 0.8, 0.8]
    with pytest.raises(RecordError, match=r"fast_eta_charge=1\.2 is outside 0\.\.1"):
        FleetParameters(1, 1, 1, fast_eta_charge=1.2)
