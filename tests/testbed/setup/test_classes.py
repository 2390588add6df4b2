"""Classes of cars and kinds of chargers as a scenario names them: what they are, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.record import Scenario
from testbed.setup.classes import class_mistakes, fleet_parameters, groups_of_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.knowledge import charger_curves, eta_discharge_of_groups, marginal_wear_usd_per_kwh
from testbed.wiring.run_spec import RunSpec

FLEETS = load_scenario("fleets_day")
BUS_TRIPS = "car,days,departure,arrival,zone,distance_km\n1,weekdays,06:30,09:00,office,{}\n"


def districts(scenario: Scenario) -> dict[str, District]:
    return build_districts(RunSpec(scenario, "bilayer", 1, Path("none.h5")))


def named(tmp_path: Path, text: str) -> str:
    file = tmp_path / "own.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def mistakes(tmp_path: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(named(tmp_path, text))
    return str(refused.value)


# ---------------------------------------------------------------- the three of the paper, written out
@pytest.mark.parametrize("overrides", [(), ("drivers.profile=home",), ("fleet.trips=survey", "wear.model=naumann")],
                         ids=("laws", "home", "survey"))
def test_the_three_classes_written_out_are_those_of_the_short_keys(overrides: tuple[str, ...]) -> None:
    short, full = load_scenario("smoke", overrides), load_scenario("named_classes", overrides)
    assert groups_of_scenario(full) == groups_of_scenario(short)
    np.testing.assert_array_equal(marginal_wear_usd_per_kwh(full), marginal_wear_usd_per_kwh(short))
    np.testing.assert_array_equal(eta_discharge_of_groups(full), eta_discharge_of_groups(short))
    for mine, theirs in zip(districts(full).values(), districts(short).values(), strict=True):
        for name, values in theirs.vehicles.to_arrays().items():
            np.testing.assert_array_equal(mine.vehicles.to_arrays()[name], values, err_msg=name)
        np.testing.assert_array_equal(mine.site.ports_by_kind(), theirs.site.ports_by_kind())
        assert mine.pairs.count == theirs.pairs.count
        for day in (-1, 0):
            assert all(np.array_equal(a, b) for a, b in zip(_day(mine, day), _day(theirs, day), strict=True))


def _day(district: District, day: int) -> list[Any]:
    """Trips of a day and the willingness of their drivers, array by array."""
    trips = district.wishes().day(day)
    home = district.vehicles.groups.home_zone[district.vehicles.class_index]
    zone = np.concatenate([home[:, None], trips.zone], axis=1)
    stays = district.drivers().day(day, zone)
    return [*vars(trips).values(), *vars(stays).values()]


# ---------------------------------------------------------------- what a class is
def test_classes_have_batteries_chargers_and_ports_of_their_own() -> None:
    fleet = fleet_parameters(FLEETS, FLEETS.districts[1])
    counts = {c.name: c.count for c in fleet.classes}
    assert counts == {"commuter": 0, "shared": 0, "van": 12, "school_bus": 40}
    town, depot = districts(FLEETS).values()
    buses = depot.vehicles.class_index == 3
    assert set(depot.vehicles.capacity_kwh[buses]) == {226.0}
    assert set(depot.vehicles.p_charge_max_kw[buses]) == {60.0}
    assert not town.site.slow_ports.any() and not town.site.fast_ports.any(), "no class uses them"
    by_zone = [depot.site.ports(kind).tolist() for kind in range(2, 6)]
    assert by_zone == [[0, 0, 52], [52, 52, 0], [0, 52, 0], [0, 0, 52]], "workplace, kerb, vans, buses"
    kinds = groups_of_scenario(FLEETS).kinds
    assert [kind.name for kind in kinds if not kind.behind_transformer] == ["fast", "bus_depot"]
    assert [curve is None for curve in charger_curves(FLEETS)] == [False, True, False, False, False, True]


BOX = "fleet: {charger_kinds: {box: {power_kw: [11, 11], curve: %s}}}"
MEASURED = "{load: [0.1, 0.375, 1.0], charging: [0.695, 0.889, 0.933], discharging: [0.695, 0.889, 0.933]}"


def test_a_charger_s_efficiency_by_load_may_be_numbers_of_one_s_own(tmp_path: Path) -> None:
    named_one, own = (charger_curves(load_scenario(named(tmp_path, f"extends: smoke\n{BOX % curve}\n")))[2]
                      for curve in ("ac_onboard", MEASURED))
    assert named_one is not None and own is not None
    for part in ("load", "charging", "discharging"):
        np.testing.assert_array_equal(getattr(own, part), getattr(named_one, part))


def test_a_class_more_moves_no_number_of_the_others(tmp_path: Path) -> None:
    more = """
extends: named_classes
fleet: {classes: {van: {home_zone: commercial, trips: delivery_van}}}
districts: [{name: feeder33, feeder: ieee33, peak_scale: 0.83, cars: {private: 12, taxi: 2, government: 1, van: 3}}]
"""
    few, many = (next(iter(districts(s).values())) for s in (
        load_scenario("named_classes"), load_scenario(named(tmp_path, more))))
    assert many.vehicles.count == few.vehicles.count + 3
    np.testing.assert_array_equal(many.vehicles.capacity_kwh[:15], few.vehicles.capacity_kwh)
    np.testing.assert_array_equal(many.wishes().day(0).depart_s[:15], few.wishes().day(0).depart_s)
    np.testing.assert_array_equal(many.drivers().p_complies[:15], few.drivers().p_complies)


# ---------------------------------------------------------------- what is refused
WRONG = {
    "fleet: {classes: {van: {charger: depot}}}": "fleet.classes.van.charger = 'depot': must be a kind of",
    "fleet: {zones: [home, mall]}": "fleet.zones = ['home', 'mall']: must begin with residential, commercial, office: "
                                    "trips of cars without fleet.classes follow a law that leads there",
    "fleet: {zones: [residential, commercial, office, office]}": "fleet.zones = ['office']: names zones twice",
    "fleet: {zones: [residential, commercial, office, quay]}": "zone_map = 'contiguous': knows residential, "
                                                               "commercial, office alone; give lists of buses or",
    "fleet: {classes: {van: {home_zone: ofice}}}": "home_zone = 'ofice': is none of fleet.zones: residential, "
                                                   "commercial, office (did you mean office?)",
    "fleet: {charger_kinds: {box: {power_kw: [11, 11], zones: [quay]}}}": "box.zones = 'quay': is none of fleet.zones",
    "fleet: {zones: [home], classes: {van: {home_zone: home, charger: fast, trips: delivery_van}}}":
        "van.charger = 'fast': has ports in zone commercial alone, which is none of fleet.zones",
    "faults: [{kind: chargers_out, district: feeder33, zone: quay, from_h: 1, until_h: 2}]":
        "faults.0.zone = 'quay': is none of fleet.zones: residential, commercial, office",
    "fleet: {charger_kinds: {slow: {power_kw: [3, 3]}}}": "fleet.charger_kinds.slow = 'slow': is a kind that every",
    "fleet: {charger_kinds: {box: {power_kw: [11, 11], curve: ac_onboard, eta_charge: 0.8}}}":
        "fleet.charger_kinds.box.eta_charge = 0.8: must be within 0.05 of 0.933",
    BOX % "{load: [0.1, 0.5], charging: [0.7, 0.9], discharging: [0.7, 0.9]}":
        "box.curve = 'its own': is none: load=[0.1 0.5] does not rise from above 0 to 1",
    BOX % "{load: [0.5, 1.0], charging: [0.9], discharging: [0.7, 0.9]}":
        "is none: charging=[0.9] is not one efficiency in (0, 1] for each load",
    BOX % "{load: [1.0], charging: [0.9]}": "is none: needs load, charging, discharging, lacks discharging",
    BOX % "{load: [1.0], charging: [0.99], discharging: [0.9]}":
        "0.933: must be within 0.05 of 0.99, what curve=its own",
    "fleet: {classes: {van: {soc_wanted: [0.3, 0.95]}}}": "must lie between 0.35 and fleet.soc_max=0.9",
    "fleet: {classes: {Van: {}}}": "fleet.classes.Van",
    "fleet: {classes: {van: {}}}": "districts.0.private = 12: must be 0 with fleet.classes",
    "districts: [{name: a, cars: {van: 3}}]": "districts.0.cars.van = 3: is no class of cars: fleet.classes names none",
    "districts: [{name: a, private: 2, cars_file: cars.csv}]": "cars_file = 'cars.csv': is in place of numbers of cars",
    "districts: [{name: a, private: 2, ports_per_bus: {box: 2}}]": "is no kind of charger of fleet.charger_kinds",
    "fleet: {charger_kinds: {box: {power_kw: [11, 11]}}, classes: {van: {charger: box}}}\n"
    "districts: [{name: a, cars: {van: 2}, ports_per_bus: {box: 0}}]": "= 0: must be above 0 for 2 cars",
    "fleet: {classes: {van: {}}}\ndistricts: [{name: a, cars: {van: 2}, strategies: {private: free}}]":
        "is a key of each class with fleet.classes: strategy",
    "fleet: {classes: {van: {}}}\ndistricts: [{name: a, cars: {van: 2}, sessions: jpl2019, "
    "sessions_start_date: 2019-01-07}]": "districts.0.sessions = 'jpl2019': is not for a scenario with fleet.classes",
    "districts: [{name: a, cars_file: cars.csv, sessions: jpl2019, sessions_start_date: 2019-01-07}]":
        "districts.0.cars_file = 'cars.csv': is not for recorded sessions",
    "fleet: {charger_kinds: {box: {power_kw: [11, 11]}}, classes: {van: {charger: box}}}\n"
    "districts: [{name: a, feeder: ieee33, cars: {van: 2}, ports_per_bus: {box: null}}]":
        "districts.0.ports_per_bus.box = None: must be a number in a district with a feeder",
    "fleet: {classes: {van: {}}}\ndistricts: [{name: a, cars: {van: 2}, slow_ports_per_bus: 0}]":
        "districts.0.slow_ports_per_bus = 0: must be above 0 for 2 cars that use such ports",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_contradicts_itself_is_refused(tmp_path: Path, text: str) -> None:
    assert WRONG[text] in mistakes(tmp_path, f"extends: smoke\n{text}\n")


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """A battery too small for its trips, trips that overlap, and a car of no class: file, row and column each."""
    far, crossed, cars = (tmp_path / name for name in ("far.csv", "crossed.csv", "cars.csv"))
    far.write_text(BUS_TRIPS.format(400), encoding="utf-8")
    crossed.write_text(BUS_TRIPS.format(20) + "1,monday,08:00,10:00,office,20\n", encoding="utf-8")
    cars.write_text("class,capacity_kwh\nbus,226\ntram,500\n", encoding="utf-8")
    text = f"""
extends: smoke
fleet:
  classes:
    bus: {{home_zone: office, capacity_kwh: [226, 226], consumption_kwh_per_km: [1, 1], trips: {far}}}
    van: {{home_zone: office, trips: {crossed}}}
districts: [{{name: depot, cars_file: {cars}}}]
"""
    with pytest.raises(WrongRequest) as refused:
        checked_scenario(named(tmp_path, text))
    told = str(refused.value)
    assert f"class bus: trips {far}: row 1 (line 2): column distance_km makes 400 km since a charger was at hand: at " \
           "least 400.0 kWh, and the largest battery of the class holds 158.2 kWh" in told
    assert f"class van: trips {crossed}: row 2 (line 3): column departure '08:00' on monday is before" in told
    assert f"district depot: cars {cars}: row 2 (line 3): column class 'tram' is no class, allowed: bus, van" in told


def test_trips_are_judged_by_the_cars_that_a_file_describes(tmp_path: Path) -> None:
    """Not by what the class would draw; by both where another district draws some."""
    trips, cars = tmp_path / "trips.csv", tmp_path / "cars.csv"
    trips.write_text(BUS_TRIPS.format(200), encoding="utf-8")
    for capacity_kwh, of_class, others, is_near in (
            (400, [50, 60], 0, True), (60, [400, 400], 0, False), (60, [400, 400], 3, True)):
        cars.write_text(f"class,capacity_kwh\nbus,{capacity_kwh}\nbus,20\n", encoding="utf-8")
        bus = {"home_zone": "office", "capacity_kwh": of_class, "consumption_kwh_per_km": [1, 1], "trips": str(trips)}
        more = [{"name": "other", "cars": {"bus": others}}] if others else []
        given = [{"name": "depot", "cars_file": str(cars)}, *more]
        text = yaml.safe_dump({"extends": "smoke", "fleet": {"classes": {"bus": bus}}, "districts": given})
        told = class_mistakes(load_scenario(named(tmp_path, text)))
        assert (not told) == is_near, (told, capacity_kwh, of_class)


def test_cars_that_a_file_describes_are_the_fleet_and_a_class_that_it_lacks_has_none(tmp_path: Path) -> None:
    trips, cars = tmp_path / "trips.csv", tmp_path / "cars.csv"
    trips.write_text(BUS_TRIPS.format(20), encoding="utf-8")
    cars.write_text("class,capacity_kwh\nbus,226\nbus,300\n", encoding="utf-8")
    lengthy = {"home_zone": "office", "trips": str(trips)}
    scenario = load_scenario(named(tmp_path, yaml.safe_dump({
        "extends": "smoke", "fleet": {"classes": {"bus": lengthy, "van": lengthy}},
        "districts": [{"name": "depot", "cars_file": str(cars)}]})))
    assert class_mistakes(scenario) == [], "vans are judged by what the class says"
    fleet = fleet_parameters(scenario, scenario.districts[0])
    assert [(c.name, c.count) for c in fleet.classes] == [("bus", 2), ("van", 0)]
    assert next(iter(districts(scenario).values())).vehicles.capacity_kwh.tolist() == [226.0, 300.0]
