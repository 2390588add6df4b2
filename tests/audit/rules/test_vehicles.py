"""Rules of single cars and of groups: who they are, and what wear is booked on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.classes import CarClass, CarClasses, Kind
from audit.rules.districts import wear_of_groups, zones
from audit.rules.steps_of_vehicles import soc_counted
from audit.rules.vehicles import who_they_are
from audit.run import District, Run
from tests.audit.made import district, run, said
from tests.audit.test_tables import BUS, FLEET

SLOW = Kind("slow", (7.0, 7.0), 0.9, 0.8, "constant", 1.0, ("residential",), True)


def classes(two_way: float = 1.0, enrolled: float = 1.0) -> CarClasses:
    return CarClasses((CarClass("bus", 0, (50.0, 60.0), (7.0, 7.0), two_way, enrolled, "dispatched"),
                       CarClass("van", 0, (50.0, 60.0), (7.0, 7.0), 0.0, enrolled, "free")), (SLOW,), ("residential",))


CARS: dict[str, Any] = {
    "vehicle_class_index": [0, 0, 1], "vehicle_is_bidirectional": [1, 1, 0], "vehicle_is_enrolled": [1, 1, 0],
    "vehicle_age_years": [1.0, 8.0, 3.0], "vehicle_p_discharge_max_kw": [7.0, 7.0, 0.0],
    "vehicle_plugged_h": [10.0] * 3, "vehicle_charged_kwh": [70.0, 0.0, 70.0],
    "vehicle_discharged_kwh": [0.0, 70.0, 0.0]}


def street(of_classes: CarClasses | None = None, cars_file: str | None = None, name: str = "street",
           **arrays: Any) -> District:
    return district(CARS | arrays, name=name, classes=of_classes or classes(), cars={"bus": 2, "van": 1},
                    cars_file=cars_file)


def of(of_classes: CarClasses | None = None, cars_file: str | None = None, **arrays: Any) -> Run:
    return with_fleet(street(of_classes, cars_file, **arrays))


def with_fleet(*districts: District) -> Run:
    return run(*districts, steps=2, fleet={"age_years": [0.5, 8.0], "connection_loss_share": 0.0})


@pytest.mark.parametrize(("name", "values", "told"), [
    ("vehicle_class_index", [0, 1, 1], ["bus cars, -1: 1 cars", "van cars, -1: 1 cars"]),
    ("vehicle_is_bidirectional", [1, 0, 0], ["bidirectional bus cars, 1: 1"]),
    ("vehicle_is_enrolled", [1, 0, 0], ["enrolled bus cars, 1: 1"]),
    ("vehicle_is_enrolled", [1, 1, 1], ["enrolled van cars, 0: 1"]),
    ("vehicle_age_years", [1.0, 8.5, 3.0], ["age of vehicle, 1: 0.5 a"]),
    ("vehicle_p_discharge_max_kw", [7.0, 7.0, 1.0], ["discharging power of vehicle, 2: 1 kW"]),
    ("vehicle_charged_kwh", [71.0, 0.0, 70.0], ["charged beyond its charger and its hours by vehicle, 0: 1 kWh"])])
def test_cars_that_are_not_the_scenarios_are_told(name: str, values: list[float], told: list[str]) -> None:
    assert said(who_they_are, of()) == []
    found = said(who_they_are, of(**{name: values}))
    assert set(found) >= {f"street: {words}" for words in told}


def test_a_district_of_which_no_car_was_written_is_told_unless_no_district_has_any() -> None:
    """Under a controller without cars there are none at all, whatever the scenario says."""
    none: dict[str, Any] = {name: np.zeros(0) for name in CARS}
    assert said(who_they_are, with_fleet(street(), street(name="rest", **none))) == [
        "rest: bus cars, -1: 2 cars", "rest: van cars, -1: 1 cars"]
    assert said(who_they_are, with_fleet(street(**none), street(name="rest", **none))) == []


def test_shares_between_none_and_all_are_drawn_and_not_judged() -> None:
    drawn = classes(two_way=0.5, enrolled=0.5)
    mixed = {"vehicle_is_bidirectional": [1, 0, 0], "vehicle_is_enrolled": [0, 1, 0],
             "vehicle_p_discharge_max_kw": [7.0, 0.0, 0.0], "vehicle_discharged_kwh": [0.0] * 3}
    assert said(who_they_are, of(drawn, **mixed)) == []
    assert said(who_they_are, of(drawn, **mixed | {"vehicle_is_enrolled": [0, 1, 1]})) == [
        "street: enrolled van cars, 0: 1"], "who answers to nobody has no contract"


def test_cars_that_a_file_describes_have_the_numbers_that_it_says() -> None:
    odd = {"vehicle_age_years": [20.0, 8.0, 3.0], "vehicle_p_discharge_max_kw": [11.0, 7.0, 0.0],
           "vehicle_class_index": [0, 1, 1], "vehicle_is_bidirectional": [1, 1, 0], "vehicle_is_enrolled": [1, 0, 0]}
    assert said(who_they_are, of(cars_file="cars.csv", **odd)) == []
    assert len(said(who_they_are, of(**odd))) == 5


# ---------------------------------------------------------------- zones
@pytest.mark.parametrize(("zone_map", "feeder", "zone", "told"), [
    ("contiguous", "mine.json", [0, 0], []),  # shares by distance, which the network alone does not give
    ({"residential": [1, 2]}, "mine.json", [0, 0], []),
    ({"residential": [1]}, "mine.json", [0, 0], ["street: zone of bus, 1: 1"])])
def test_buses_lie_in_the_zones_of_the_scenarios_map(zone_map: Any, feeder: str, zone: list[int], told: list[str]
                                                     ) -> None:
    street = district({"bus_zone": zone}, axes={"bus": [1, 2]}, classes=classes(), zone_map=zone_map, feeder=feeder)
    assert said(zones, run(street, steps=1)) == told


# ---------------------------------------------------------------- wear
def worn(model: str, wear_usd: Any, discharge_kw: Any = ((0.0, 8.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))) -> Run:
    street = district({"discharge_kw": discharge_kw, "wear_usd": wear_usd}, classes=classes(),
                      axes={"group": ["b1", "b2", "v1", "v2"]})
    return run(street, steps=2, step_s=1800, wear={"model": model}, objective={"wear_usd_per_mwh": 50.0},
               fleet=FLEET | {"connection_loss_share": 0.0, "classes": {"bus": BUS | {"charger": "slow"}}},
               drivers={"enrolled_share": 1.0})


def test_wear_by_throughput_is_a_price_on_what_leaves_the_battery() -> None:
    """8 kW for half an hour at an efficiency of 0.8 are 5 kWh, of 5 cents each."""
    right = np.zeros((2, 4))
    right[0, 1] = 0.25
    assert said(wear_of_groups, worn("throughput", right)) == []
    assert len(said(wear_of_groups, worn("throughput", right * 1.01))) == 1


def test_wear_of_a_cells_model_is_any_sum_but_where_nothing_is_given_back() -> None:
    any_sum = np.zeros((2, 4))
    any_sum[0, 1] = 0.7
    assert said(wear_of_groups, worn("naumann", any_sum)) == []
    any_sum[1, 1] = 0.01
    found, = said(wear_of_groups, worn("naumann", any_sum))
    assert found.startswith("street: wear without discharging of") and found.endswith("1: 0.01 USD")


# ---------------------------------------------------------------- bands of charge
def test_cars_are_counted_in_the_band_in_which_they_stand_where_they_are_counted() -> None:
    soc = np.array([[0.1, 0.6, 0.6], [0.1, 0.4, 1.0]])
    counted = np.zeros((2, 2, 2))
    counted[0], counted[1] = [[1, 1], [0, 1]], [[2, 0], [0, 1]]
    street = district({"vehicle_class_index": [0, 0, 1], "soc_count": counted}, classes=classes())
    honest = run(replace(street, traces={"soc": soc}), steps=2)
    assert said(soc_counted, honest) == []
    moved = run(replace(street, traces={"soc": soc + np.array([[0, 0, 0], [0, 0.2, 0]])}), steps=2)
    assert len(said(soc_counted, moved)) == 2, "one band has a car too many, another one too few"
    older = district({"vehicle_class_index": [0, 0, 1]}, classes=classes())
    assert said(soc_counted, run(replace(older, traces={"soc": soc}), steps=2)) == []
