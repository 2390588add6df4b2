"""Cars between zones, buses and ports: small stories, and laws that hold for any fleet."""

from __future__ import annotations

import gc
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drivers.behaviours import REFUSALS, code_of
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.mobility import MIN_PLUGGED_S, NEVER_S, TAXI_EXTRA_CHARGE_S, Mobility
from models.mobility.trips import DAY_S, DayTrips, TripWishes
from models.records.feeder import Site
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL
from models.records.vehicles import TRIPS_PER_DAY, DeclaredTable, PresenceTable, Vehicles

GOVERNMENT, PRIVATE, TAXI = 2, 0, 1

SEED = district_seed(11, 0)
H = 3600
Trip = tuple[int, int, int, float]
"""depart_s, duration_s, zone, km"""
Run = list[tuple[int, DeclaredTable, PresenceTable]]


class ScriptedTrips(TripWishes):
    """The same written day of each vehicle, once; nothing on other days but a drive far away at noon."""

    def __init__(self, vehicles: Vehicles, days: list[list[Trip]]) -> None:
        super().__init__(vehicles.class_index, SEED)
        self.trips = days

    def day(self, day: int) -> DayTrips:
        table = np.tile(np.array([-1, 0, -1, 0.0]), (len(self.trips), TRIPS_PER_DAY, 1))
        for vehicle, trips in enumerate(self.trips):
            for place, trip in enumerate(trips if day == 0 else [(DAY_S // 2, 60, RESIDENTIAL, 1.0)]):
                table[vehicle, place] = trip
        depart_s, duration_s, zone = (table[:, :, i].astype(np.int64) for i in range(3))
        return DayTrips(np.where(zone >= 0, depart_s + day * DAY_S, -1), duration_s, zone, table[:, :, 3])


def one_bus_per_zone(slow: int = 1_000, fast: int = 1_000) -> Site:
    return Site(np.arange(3), np.full(3, slow), np.array([0, fast, 0]))


def story(trips: list[list[Trip]], site: Site | None = None, classes: tuple[int, int, int] | None = None,
          **drivers: object) -> tuple[Vehicles, Mobility]:
    """A few cars whose every trip is written here; all comply unless said otherwise."""
    private, taxi, government = classes or (len(trips), 0, 0)
    vehicles = draw_vehicles(FleetParameters(private, taxi, government), SEED)
    willing = DriverParameters(**{"compliance_mean": 1.0, **drivers})  # type: ignore[arg-type]
    return vehicles, Mobility(vehicles, site or one_bus_per_zone(), ScriptedTrips(vehicles, trips),
                              Drivers(vehicles, SEED, willing))


def run(mobility: Mobility, soc: np.ndarray, until_s: int = DAY_S, step_s: int = 900,
        rank: np.ndarray | None = None) -> Run:
    steps = []
    for now_s in range(mobility.now_s, until_s, step_s):
        steps.append((now_s, mobility.declared(), mobility.advance(now_s + step_s, soc, rank)))
    return steps


def fleet(private: int = 60, taxi: int = 20, government: int = 20, site: Site | None = None,
          **drivers: object) -> tuple[Vehicles, Mobility]:
    vehicles = draw_vehicles(FleetParameters(private, taxi, government), SEED)
    willing = Drivers(vehicles, SEED, DriverParameters(**drivers))  # type: ignore[arg-type]
    wishes = TripWishes(vehicles.class_index, SEED)
    return vehicles, Mobility(vehicles, site or one_bus_per_zone(), wishes, willing)


def sessions(steps: Run, vehicle: int, step_s: int = 900) -> list[list[float]]:
    """[begin, end, bus] of each stay of a vehicle, as the tables tell it."""
    stays: list[list[float]] = []
    for now_s, declared, presence in steps:
        if now_s == steps[0][0] and declared.bus_index[vehicle] >= 0:
            stays.append([declared.plugged_since_s[vehicle], np.inf, declared.bus_index[vehicle]])
        if presence.departs[vehicle]:
            stays[-1][1] = now_s + presence.stay_fraction[vehicle] * step_s
        if presence.arrived_bus_index[vehicle] >= 0:
            begin_s = now_s + (1 - presence.arrived_fraction[vehicle]) * step_s
            stays.append([begin_s, np.inf, presence.arrived_bus_index[vehicle]])
    return stays


# ---------------------------------------------------------------- stories
def test_a_day_of_one_car() -> None:
    """Home until 7:10, half an hour to the office, back from 17:00 to 17:30."""
    vehicles, mobility = story([[(25_800, 1_800, OFFICE, 20.0), (17 * H, 1_800, RESIDENTIAL, 20.0)]])
    steps = run(mobility, vehicles.soc_wanted)
    assert sessions(steps, 0) == [[0, 25_800, 0], [27_600, 17 * H, 2], [63_000, np.inf, 0]]
    at_seven = steps[28][2]
    assert at_seven.stay_fraction[0] == pytest.approx(600 / 900) and at_seven.departs[0]
    assert steps[29][1].bus_index[0] == -1 and steps[29][2].stay_fraction[0] == 0
    arrival = steps[30][2]
    assert arrival.arrived_fraction[0] == pytest.approx(300 / 900)
    assert arrival.arrived_departure_s[0] == 17 * H
    assert arrival.driven_kwh[0] == pytest.approx(20 * vehicles.consumption_kwh_per_km[0])
    assert sum(p.driven_kwh[0] for _, _, p in steps) == pytest.approx(40 * vehicles.consumption_kwh_per_km[0])
    declared = steps[31][1]
    assert (declared.bus_index[0], declared.plugged_since_s[0]) == (2, 27_600)
    assert declared.declared_departure_s[0] == 17 * H


def test_cars_parked_when_it_begins_are_declared_at_once() -> None:
    _, mobility = story([[(8 * H, 60, OFFICE, 1.0)]] * 3, classes=(1, 1, 1))
    declared = mobility.declared()
    np.testing.assert_array_equal(declared.bus_index, [RESIDENTIAL, COMMERCIAL, OFFICE])
    np.testing.assert_array_equal(declared.declared_departure_s, 8 * H)
    np.testing.assert_array_equal(declared.plugged_since_s, 0)


def test_events_at_exactly_t_belong_to_the_step_that_begins_at_t() -> None:
    vehicles, mobility = story([[(7_200, 900, OFFICE, 5.0)]])
    steps = run(mobility, vehicles.soc_wanted, 4 * H)
    before, at, after = (steps[i] for i in (7, 8, 9))
    assert before[2].stay_fraction[0] == 1 and not before[2].departs[0]
    assert at[1].bus_index[0] == 0 and at[2].stay_fraction[0] == 0 and at[2].departs[0]
    assert at[2].driven_kwh[0] == 0 and at[2].arrived_bus_index[0] == -1
    assert after[1].bus_index[0] == -1 and after[2].arrived_fraction[0] == 1 and after[2].driven_kwh[0] > 0


def test_short_stops_are_not_plugged_in() -> None:
    stop_s = MIN_PLUGGED_S - 1
    vehicles, mobility = story([[(8 * H, 600, COMMERCIAL, 1), (8 * H + 600 + stop_s, 600, RESIDENTIAL, 1)]])
    assert [bus for _, _, bus in sessions(run(mobility, vehicles.soc_wanted), 0)] == [0, 0]


def test_a_stay_within_one_step_is_not_plugged_in() -> None:
    """Hourly steps: 8:10-8:50 is inside one, 8:40-9:20 is not."""
    trips: list[list[Trip]] = [[(8 * H, 600, COMMERCIAL, 1), (8 * H + 3_000, 600, RESIDENTIAL, 1)],
                               [(8 * H, 2_400, COMMERCIAL, 1), (8 * H + 4_800, 600, RESIDENTIAL, 1)]]
    vehicles, mobility = story(trips)
    steps = run(mobility, vehicles.soc_wanted, step_s=H)
    assert [bus for _, _, bus in sessions(steps, 0, H)] == [0, 0]
    assert [bus for _, _, bus in sessions(steps, 1, H)] == [0, 1, 0]


def test_the_second_car_waits_for_the_only_port() -> None:
    """A leaves the office at 10:00, B (there since 9:00) then plugs in; C gives up at 9:45."""
    trips: list[list[Trip]] = [[(8 * H, 600, OFFICE, 1), (10 * H, 600, RESIDENTIAL, 1)],
                               [(8 * H, H, OFFICE, 1), (12 * H, 600, RESIDENTIAL, 1)],
                               [(8 * H, H - 60, OFFICE, 1), (9 * H + 2_700, 600, RESIDENTIAL, 1)]]
    vehicles, mobility = story(trips, Site(np.arange(3), np.array([9, 9, 1]), np.array([0, 0, 0])))
    steps = run(mobility, vehicles.soc_wanted)
    assert sessions(steps, 0)[1] == [8 * H + 600, 10 * H, 2]
    assert sessions(steps, 1)[1] == [10 * H, 12 * H, 2]
    assert [bus for _, _, bus in sessions(steps, 2)] == [0, 0]
    queue = [int(p.queue_length[2]) for now_s, _, p in steps if 8.5 * H <= now_s < 10.5 * H]
    assert queue == [0, 1, 2, 2, 2, 1, 0, 0]


def test_without_ports_nobody_plugs_in() -> None:
    site = Site(np.array([-1, 2]), np.array([5, 0]), np.array([5, 5]))
    vehicles, mobility = story([[(8 * H, 600, OFFICE, 1)]], site)
    steps = run(mobility, vehicles.soc_wanted)
    assert not any(declared.is_plugged.any() for _, declared, _ in steps)
    assert sum(p.driven_kwh[0] for _, _, p in steps) > 0


def test_guided_arrivals_take_the_best_bus_with_a_free_port() -> None:
    site = Site(np.array([0, 2, 2, 2]), np.array([9, 1, 1, 1]), np.zeros(4, dtype=np.int64))
    rank = np.array([[0, 3, 1, 2], [0, 1, 2, 3]])
    trips: list[list[Trip]] = [[(8 * H + 60 * i, 600, OFFICE, 1), (20 * H, 60, RESIDENTIAL, 1)]
                               for i in range(3)]
    vehicles, mobility = story(trips, site, guidance_acceptance=1.0)
    steps = run(mobility, vehicles.soc_wanted, rank=rank)
    assert [sessions(steps, i)[1][2] for i in range(3)] == [2, 3, 1]


def test_refused_or_absent_guidance_leaves_the_driver_s_own_choice() -> None:
    site = Site(np.array([0, 2, 2, 2]), np.array([99, 99, 99, 99]), np.zeros(4, dtype=np.int64))
    trips: list[list[Trip]] = [[(8 * H, 600, OFFICE, 1), (20 * H, 60, RESIDENTIAL, 1)]] * 30
    chosen = []
    for acceptance, rank in ((0.0, np.tile([0, 0, 1, 2], (2, 1))), (1.0, None), (1.0, np.full((2, 4), -1))):
        vehicles, mobility = story(trips, site, guidance_acceptance=acceptance)
        steps = run(mobility, vehicles.soc_wanted, rank=rank)
        chosen.append([sessions(steps, i)[1][2] for i in range(30)])
    assert chosen[0] == chosen[1] == chosen[2]
    assert set(chosen[0]) == {1, 2, 3}


def only(behaviour: str) -> dict[str, object]:
    return {"compliance_mean": 0.0, "modes": {behaviour: 1.0}}


def test_declared_is_never_the_true_early_departure() -> None:
    trips: list[list[Trip]] = [[(8 * H, 600, OFFICE, 1), (18 * H, 600, RESIDENTIAL, 1)]] * 20
    vehicles, mobility = story(trips, **only("leaves_early"))
    steps = run(mobility, vehicles.soc_wanted)
    for vehicle in range(20):
        begin_s, end_s, _ = next(stay for stay in sessions(steps, vehicle) if stay[2] == OFFICE)
        planned_s = 18 * H
        declared = {int(d.declared_departure_s[vehicle]) for now_s, d, _ in steps if begin_s < now_s < end_s}
        assert declared == {planned_s}
        assert planned_s - 3 * H <= end_s < planned_s
    assert {f.name for f in fields(DeclaredTable)} == {"bus_index", "plugged_since_s", "declared_departure_s",
                                                       "soc_wanted"}


def test_late_comers_plug_in_after_they_parked() -> None:
    trips: list[list[Trip]] = [[(8 * H, 600, OFFICE, 1), (18 * H, 600, RESIDENTIAL, 1)]] * 20
    vehicles, mobility = story(trips, **only("arrives_late"))
    steps = run(mobility, vehicles.soc_wanted)
    at_work = [next(stay for stay in sessions(steps, i) if stay[2] == OFFICE) for i in range(20)]
    late_s = np.array([begin_s for begin_s, _, _ in at_work]) - (8 * H + 600)
    assert np.all((late_s >= 0) & (late_s <= 3 * H)) and np.ptp(late_s) > H
    assert {end_s for _, end_s, _ in at_work} == {18 * H}


def test_overrides_happen_within_the_stay() -> None:
    trips: list[list[Trip]] = [[(8 * H, 600, OFFICE, 1), (18 * H, 600, RESIDENTIAL, 1)]] * 20
    vehicles, mobility = story(trips, **only("overrides"))
    steps = run(mobility, vehicles.soc_wanted)
    _, _, at_noon = steps[48]
    assert np.all(at_noon.behaviour == code_of("overrides"))
    assert np.all((at_noon.override_s >= 8 * H + 600) & (at_noon.override_s <= 18 * H))
    assert np.ptp(at_noon.override_s) > H
    vehicles, complying = story(trips)
    assert np.all(run(complying, vehicles.soc_wanted)[48][2].override_s == NEVER_S)


def test_an_empty_taxi_charges_between_its_regular_charges() -> None:
    trips: list[list[Trip]] = [[(600, 3_000, COMMERCIAL, 30.0), (H + 300, 3_000, COMMERCIAL, 30.0)]]
    _, mobility = story(trips, classes=(0, 1, 0))
    full = sessions(run(mobility, np.array([0.8]), 3 * H), 0)
    assert full == [[H + 3_300, np.inf, COMMERCIAL]]  # after both trips
    _, mobility = story(trips, classes=(0, 1, 0))
    low = sessions(run(mobility, np.array([0.35]), 3 * H), 0)  # 0.35 less 5 kWh of 60 is below 0.3
    assert low[0] == [3_600, 3_600 + TAXI_EXTRA_CHARGE_S, COMMERCIAL]


def test_no_cars_at_all() -> None:
    _, mobility = fleet(0, 0, 0)
    presence = run(mobility, np.zeros(0), 2 * H)[-1][2]
    assert presence.stay_fraction.shape == (0,) and presence.queue_length.shape == (3,)


def test_wrong_times_are_refused() -> None:
    vehicles, mobility = fleet(3, 0, 0)
    with pytest.raises(ValueError, match="cannot advance to 0 s"):
        mobility.advance(0, vehicles.soc_wanted)
    wishes, drivers = TripWishes(vehicles.class_index, SEED), Drivers(vehicles, SEED)
    with pytest.raises(ValueError, match="midnight"):
        Mobility(vehicles, one_bus_per_zone(), wishes, drivers, start_s=900)


def test_the_garbage_collector_is_left_as_it_was() -> None:
    vehicles, mobility = fleet(3, 0, 0)
    assert gc.isenabled()
    gc.disable()
    try:
        mobility.advance(900, vehicles.soc_wanted)
        assert not gc.isenabled()
    finally:
        gc.enable()
    mobility.advance(1_800, vehicles.soc_wanted)
    assert gc.isenabled()


def test_what_is_handed_out_cannot_be_changed() -> None:
    vehicles, mobility = fleet(3, 0, 0)
    with pytest.raises(ValueError, match="read-only"):
        mobility.declared().bus_index[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        mobility.advance(900, vehicles.soc_wanted).behaviour[0] = 5


# ---------------------------------------------------------------- laws
def test_energy_driven_is_km_times_consumption() -> None:
    """Over a day, for all who are home before midnight."""
    vehicles, mobility = fleet(compliance_mean=1.0)
    driven = sum(p.driven_kwh for _, _, p in run(mobility, vehicles.soc_wanted))
    trips = TripWishes(vehicles.class_index, SEED).day(0)
    done = ((trips.depart_s + trips.duration_s).max(axis=1) < 86_000) & (vehicles.class_index != TAXI)
    assert done.sum() > 60
    expected = trips.distance_km.sum(axis=1) * vehicles.consumption_kwh_per_km
    np.testing.assert_allclose(driven[done], expected[done])


def test_driving_is_the_same_whatever_guidance_and_compliance() -> None:
    """As long as taxis do not run low; those who leave early drive earlier, not more."""
    tables = []
    site = Site(np.array([0, 0, 1, 1, 2]), np.full(5, 200), np.array([0, 0, 200, 200, 0]))
    for acceptance, compliance, rank in ((0.0, 1.0, None), (1.0, 1.0, np.array([[1, 0, 1, 0, 0]] * 2)),
                                         (1.0, 0.3, np.array([[0, 1, 0, 1, 0]] * 2))):
        vehicles, mobility = fleet(site=site, guidance_acceptance=acceptance, compliance_mean=compliance,
                                   modes={mode.name: 1.0 for mode in REFUSALS if mode.name != "leaves_early"})
        steps = run(mobility, vehicles.soc_wanted, rank=rank)
        tables.append(np.array([p.driven_kwh for _, _, p in steps]))
    np.testing.assert_array_equal(tables[0], tables[1])
    np.testing.assert_array_equal(tables[0], tables[2])


def test_more_vehicles_change_nobody_where_ports_suffice() -> None:
    vehicles, small = fleet(20, 0, 0)
    _, large = fleet(60, 20, 20)
    for (_, _, few), (_, _, many) in zip(run(small, vehicles.soc_wanted),
                                         run(large, np.full(100, 0.8)), strict=True):
        for name in ("stay_fraction", "driven_kwh", "arrived_fraction", "arrived_bus_index", "behaviour"):
            np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:20], err_msg=name)


def test_a_run_is_reproducible_and_its_days_differ() -> None:
    results = []
    for _ in range(2):
        vehicles, mobility = fleet(site=one_bus_per_zone(slow=15, fast=3))
        steps = run(mobility, vehicles.soc_wanted, 2 * DAY_S)
        results.append(np.array([p.stay_fraction for _, _, p in steps]))
    np.testing.assert_array_equal(*results)
    assert np.any(results[0][:96] != results[0][96:])


def test_it_may_begin_before_zero() -> None:
    vehicles, _ = fleet(20, 5, 5)
    mobility = Mobility(vehicles, one_bus_per_zone(), TripWishes(vehicles.class_index, SEED),
                        Drivers(vehicles, SEED), start_s=-DAY_S)
    steps = run(mobility, vehicles.soc_wanted, DAY_S)
    assert steps[0][0] == -DAY_S and sum(p.driven_kwh.sum() for _, _, p in steps) > 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(private=st.integers(0, 25), taxi=st.integers(0, 8), government=st.integers(0, 8),
       slow=st.integers(0, 6), fast=st.integers(0, 3), compliance=st.sampled_from([0.0, 0.6, 1.0]),
       step_s=st.sampled_from([300, 900, H]), soc=st.floats(0.2, 0.9), guided=st.booleans())
def test_laws_of_presence(private: int, taxi: int, government: int, slow: int, fast: int, compliance: float,
                          step_s: int, soc: float, guided: bool) -> None:
    site = Site(np.array([-1, 0, 0, 1, 1, 2, 2]), np.full(7, slow), np.array([0, 0, 0, fast, fast, 0, 0]))
    vehicles, mobility = fleet(private, taxi, government, site, compliance_mean=compliance)
    rank = np.tile(np.array([-1, 0, 1, 0, 1, 1, 0]), (2, 1)) if guided else None
    steps = run(mobility, np.full(vehicles.count, soc), DAY_S, step_s, rank)
    for i, (now_s, declared, presence) in enumerate(steps):
        check_ports(declared, vehicles, site)
        check_presence(declared, presence, now_s)
        if i + 1 < len(steps):
            following = steps[i + 1][1]
            stays_on = declared.is_plugged & ~presence.departs
            np.testing.assert_array_equal(following.is_plugged, stays_on | (presence.arrived_bus_index >= 0))
            arrived = presence.arrived_bus_index >= 0
            np.testing.assert_array_equal(following.bus_index[arrived], presence.arrived_bus_index[arrived])
    for vehicle in range(vehicles.count):
        stays = np.array(sessions(steps, vehicle, step_s)).reshape(-1, 3)
        assert np.all(stays[:, 0] <= stays[:, 1]) and np.all(stays[1:, 0] >= stays[:-1, 1])
    for kind in range(2):
        taken = np.bincount(mobility.declared().bus_index[mobility.declared().is_plugged
                                                          & (vehicles.charger_kind == kind)], minlength=7)
        np.testing.assert_array_equal(mobility.free_ports(kind) + taken, np.maximum(site.ports(kind), 0))


def check_ports(declared: DeclaredTable, vehicles: Vehicles, site: Site) -> None:
    for kind in range(2):
        at_bus = declared.bus_index[declared.is_plugged & (vehicles.charger_kind == kind)]
        assert np.all(np.bincount(at_bus, minlength=site.bus_count) <= site.ports(kind))
    assert not np.any(declared.bus_index[declared.is_plugged] == 0)  # nobody parks at the slack bus


def check_presence(declared: DeclaredTable, presence: PresenceTable, now_s: int) -> None:
    for fraction in (presence.stay_fraction, presence.arrived_fraction):
        assert np.all((fraction >= 0) & (fraction <= 1))
    assert not np.any(presence.stay_fraction[~declared.is_plugged])
    whole = declared.is_plugged & ~presence.departs
    assert np.all(presence.stay_fraction[whole] == 1)
    assert np.all(presence.driven_kwh[whole] == 0) and np.all(presence.arrived_bus_index[whole] == -1)
    assert np.all(presence.stay_fraction + presence.arrived_fraction <= 1 + 1e-12)
    assert np.all((presence.arrived_fraction > 0) == (presence.arrived_bus_index >= 0))
    assert np.all(presence.behaviour[~declared.is_plugged] == 0)
    assert not np.any(presence.departs & ~declared.is_plugged)
    assert np.all(declared.plugged_since_s[declared.is_plugged] <= now_s)


def test_class_zones() -> None:
    vehicles, mobility = fleet(compliance_mean=1.0)
    buses = mobility.declared().bus_index
    assert set(buses[vehicles.class_index == PRIVATE]) <= {RESIDENTIAL, -1}
    assert set(buses[vehicles.class_index == GOVERNMENT]) == {OFFICE}
    assert set(buses[vehicles.class_index == TAXI]) == {-1}  # on their shift
    night = run(mobility, vehicles.soc_wanted, 4 * H)[-1][1].bus_index[vehicles.class_index == TAXI]
    assert np.mean(night == COMMERCIAL) > 0.5


def test_enrolment_leaves_presence_as_it_is() -> None:
    """Cars outside the programme keep their times; only the behaviour differs."""
    vehicles = draw_vehicles(FleetParameters(40, 0, 0), SEED)
    outside = replace(vehicles, is_enrolled=np.zeros(40, dtype=np.bool_))
    tables = []
    for cars in (vehicles, outside):
        mobility = Mobility(cars, one_bus_per_zone(), TripWishes(cars.class_index, SEED),
                            Drivers(cars, SEED, DriverParameters(compliance_mean=1.0)))
        tables.append(np.array([p.stay_fraction for _, _, p in run(mobility, cars.soc_wanted)]))
    np.testing.assert_array_equal(*tables)
